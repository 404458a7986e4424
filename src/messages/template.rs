//! A campaign's templates: checked with every fault at once, compiled once per version.
//!
//! ```text
//!  templates/<variant>/<locale>/{subject,html,mjml,text,call,sms}.hbs       mjml in place of html
//!  templates/parts/[<locale>/]<name>.hbs            included by {{> name}}
//! ```

use std::collections::{BTreeMap, BTreeSet};

use handlebars::{Context, Handlebars, Template};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::capped::Capped;
use super::context;
use super::header::HeaderText;
use super::include::{self, Expanded};
use super::locale::Locale;
use super::program::{Node, Program};
use super::{advice, guard, helpers, mjml, variables};
use crate::error::{Error, Fault, Result};

/// The largest rendered piece, in bytes.
pub const MOST_OUTPUT: usize = 2 * 1024 * 1024;
/// The parser recurses; its depth is bounded by the guard, and this is enough for it.
const PARSER_STACK: usize = 32 * 1024 * 1024;

/// One file of a variant in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Piece {
    /// The subject of an e-mail.
    Subject,
    /// The HTML of an e-mail.
    Html,
    /// The text of an e-mail; made from the HTML when it is absent.
    Text,
    /// What the phone team says.
    Call,
    /// A short message.
    Sms,
}

impl Piece {
    pub(super) const ALL: [Piece; 5] = [Piece::Subject, Piece::Html, Piece::Text, Piece::Call, Piece::Sms];

    fn name(self) -> &'static str {
        match self {
            Piece::Subject => "subject",
            Piece::Html => "html",
            Piece::Text => "text",
            Piece::Call => "call",
            Piece::Sms => "sms",
        }
    }
}

/// The pieces of a variant in one language, each with its program; none where only the engine can render it.
type Pieces = BTreeMap<Piece, Option<Program>>;

/// The checked and compiled templates of one campaign version.
pub struct CampaignTemplates {
    version: String,
    html: Handlebars<'static>,
    plain: Handlebars<'static>,
    variants: BTreeMap<String, BTreeMap<&'static str, Pieces>>,
    warnings: Vec<Fault>,
}

impl std::fmt::Debug for CampaignTemplates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CampaignTemplates({})", self.version)
    }
}

impl CampaignTemplates {
    /// Checks and compiles `files` (path below `templates/` -> text); `sample` is the campaign's `sample.json`.
    ///
    /// # Errors
    /// Invalid, with every fault at once: file, line, name, and what is allowed instead.
    pub fn check(files: &BTreeMap<String, String>, sample: &Value) -> Result<CampaignTemplates> {
        std::thread::scope(|scope| {
            let builder = std::thread::Builder::new().name("templates".into()).stack_size(PARSER_STACK);
            let thread = builder.spawn_scoped(scope, || Build::new(files, sample).run())?;
            thread.join().map_err(|_| Error::internal("the template parser failed"))
        })?
    }

    /// A digest of all files: a message keeps it, so that it is rendered by the very templates it was approved with.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What is allowed but unwise: no unsubscribe link, an image without text, a large message.
    pub fn warnings(&self) -> &[Fault] {
        &self.warnings
    }

    /// The variants' names.
    pub fn variants(&self) -> impl Iterator<Item = &str> {
        self.variants.keys().map(String::as_str)
    }

    /// The languages of a variant.
    pub fn locales(&self, variant: &str) -> Vec<&'static str> {
        self.variants.get(variant).map(|locales| locales.keys().copied().collect()).unwrap_or_default()
    }

    /// The language in which `variant` has `piece` for a customer who speaks `wanted`: theirs, else the nearest of those that theirs is
    /// a variant of (`pt` for `pt-BR`), else English, else the first.
    pub fn locale_for(&self, variant: &str, wanted: &str, piece: Piece) -> Option<&'static str> {
        let locales = self.variants.get(variant)?;
        let asked = Locale::of(wanted).map(Locale::tags).unwrap_or_default().iter().map(String::as_str);
        let has = |tag: &&'static str| locales.get(tag).is_some_and(|pieces| pieces.contains_key(&piece));
        asked.chain(["en"]).chain(locales.keys().copied()).find(has)
    }

    /// Renders one piece with the variables of `root`; the output is capped.
    ///
    /// # Errors
    /// Invalid, naming file and line, when a value is of the wrong kind or the output grows beyond 2 MB.
    pub(super) fn render(&self, variant: &str, locale: &str, piece: Piece, root: &Node<'_>) -> Result<String> {
        let program = self.program(variant, locale, piece);
        match program.map(|program| program.run(root, &ground(root), MOST_OUTPUT)) {
            Some(Ok(text)) => Ok(text),
            _ => self.render_by_engine(variant, locale, piece, root.to_value()),
        }
    }

    pub(super) fn program(&self, variant: &str, locale: &str, piece: Piece) -> Option<&Program> {
        self.variants.get(variant)?.get(locale)?.get(&piece)?.as_ref()
    }

    /// The same by the template engine, which knows the whole language and the words for what is wrong.
    pub(super) fn render_by_engine(&self, variant: &str, locale: &str, piece: Piece, root: Value) -> Result<String> {
        let engine = if piece == Piece::Html { &self.html } else { &self.plain };
        let name = key(variant, locale, piece);
        let mut out = Capped::new(MOST_OUTPUT);
        // `Context::wraps` would copy the whole tree.
        let mut context = Context::null();
        *context.data_mut() = root;
        engine.render_with_context_to_write(&name, &context, &mut out).map_err(|error| {
            let reason = error.reason().to_string();
            let mut fault = Fault::at("", reason).in_file(format!("{name}.hbs"));
            fault.line = error.line_no.map(|line| line as u64);
            Error::faults("the message cannot be made", vec![fault])
        })?;
        Ok(out.into_text())
    }
}

/// What the helpers of a message read.
pub(super) fn ground<'n>(root: &'n Node<'_>) -> helpers::Ground<'n> {
    helpers::Ground::new(root.at("locale").as_str(), root.at("currency").as_str(), root.at("zone").as_str())
}

fn key(variant: &str, locale: &str, piece: Piece) -> String {
    format!("{variant}/{locale}/{}", piece.name())
}

/// The work of checking: collects faults and compiled pieces.
struct Build<'a> {
    files: &'a BTreeMap<String, String>,
    sample: Value,
    made: CampaignTemplates,
    faults: Vec<Fault>,
}

impl<'a> Build<'a> {
    fn new(files: &'a BTreeMap<String, String>, sample: &Value) -> Build<'a> {
        let made = CampaignTemplates {
            version: digest(files),
            html: helpers::engine(true),
            plain: helpers::engine(false),
            variants: BTreeMap::new(),
            warnings: Vec::new(),
        };
        Build { files, sample: context::with_sample(sample), made, faults: Vec::new() }
    }

    fn run(mut self) -> Result<CampaignTemplates> {
        for path in self.files.keys() {
            if !path.starts_with("parts/") {
                self.file(path);
            }
        }
        self.completeness();
        if self.faults.is_empty() {
            Ok(self.made)
        } else {
            Err(Error::faults("the templates cannot be used", self.faults))
        }
    }

    fn file(&mut self, path: &str) {
        let form = "name it <variant>/<locale>/{subject,html,mjml,text,call,sms}.hbs or parts/<name>.hbs";
        let parts: Vec<&str> = path.split('/').collect();
        let [variant, locale, file] = parts[..] else {
            self.faults.push(Fault::at("", form).in_file(path));
            return;
        };
        let name = file.strip_suffix(".hbs");
        let mjml = name == Some("mjml");
        let piece = Piece::ALL.into_iter().find(|piece| name == Some(piece.name()));
        let piece = if mjml { Some(Piece::Html) } else { piece };
        if mjml && self.files.contains_key(&format!("{variant}/{locale}/html.hbs")) {
            self.faults.push(Fault::at("mjml", "there is an html.hbs beside it; keep one of the two").in_file(path));
            return;
        }
        let Some(piece) = piece else {
            self.faults.push(Fault::at("", form).in_file(path));
            return;
        };
        let message = match Locale::of(locale) {
            Some(known) if known.tag() == locale => return self.piece(path, variant, known, piece),
            Some(known) => format!("the language `{locale}` has another canonical tag; write `{}`", known.tag()),
            None => format!("the language `{locale}` is not known; write its BCP 47 tag, such as `de` or `pt-BR`"),
        };
        self.faults.push(Fault::at("locale", message).in_file(path));
    }

    fn piece(&mut self, path: &str, variant: &str, locale: &'static Locale, piece: Piece) {
        let Some(source) = include::expand(self.files, path, locale.tags(), &mut self.faults) else { return };
        let locale = locale.tag();
        let found = guard::inspect(&source, piece == Piece::Html);
        if !found.is_empty() {
            self.faults.extend(found);
            return;
        }
        let source = if path.ends_with("/mjml.hbs") {
            match mjml::compile(&source) {
                Ok(html) => html,
                Err(fault) => {
                    self.faults.push(fault);
                    return;
                }
            }
        } else {
            source
        };
        let template = match Template::compile(&source.text) {
            Ok(template) => template,
            Err(error) => {
                let (file, line) = source.line(error.pos().map_or(1, |(line, _)| line));
                let message = format!("this does not parse: {}", error.reason());
                self.faults.push(Fault::at("tag", message).in_file(file).on_line(line));
                return;
            }
        };
        let before = self.faults.len();
        let used = variables::check(&template, &source, &self.sample, &mut self.faults);
        let program = Program::compile(&template, piece == Piece::Html);
        let engine = if piece == Piece::Html { &mut self.made.html } else { &mut self.made.plain };
        engine.register_template(&key(variant, locale, piece), template);
        let sound =
            self.faults.len() == before && self.try_out(&source, (variant, locale, piece), &used, program.as_ref());
        let program = program.filter(|_| sound);
        self.made.variants.entry(variant.to_owned()).or_default().entry(locale).or_default().insert(piece, program);
    }

    /// Renders the sample: what has the wrong kind of value shows here and not when it is sent. Whether the program may stand
    /// in for the engine: it does not where it gives anything else.
    fn try_out(
        &mut self,
        source: &Expanded,
        (variant, locale, piece): (&str, &str, Piece),
        used: &BTreeSet<String>,
        program: Option<&Program>,
    ) -> bool {
        let mut sample = self.sample.clone();
        sample["locale"] = Value::from(locale);
        let root = Node::of(&sample);
        let ours = program.map(|program| program.run(&root, &ground(&root), MOST_OUTPUT));
        let rendered =
            self.made.render_by_engine(variant, locale, piece, sample.clone()).and_then(|text| match piece {
                Piece::Subject => HeaderText::parse("subject", &text).map(|_| text),
                _ => Ok(text),
            });
        match rendered {
            Ok(text) => {
                self.advise(&source.file, piece, &text, used);
                !matches!(ours, Some(Ok(ours)) if ours != text)
            }
            Err(error) => {
                let first = error.fault_list().first().cloned();
                let (file, line) = source.line(first.as_ref().and_then(|fault| fault.line).unwrap_or(1) as usize);
                let message = first.map_or_else(|| error.message().to_owned(), |fault| fault.message);
                self.faults.push(Fault::at(piece.name(), message).in_file(file).on_line(line));
                false
            }
        }
    }

    fn advise(&mut self, file: &str, piece: Piece, text: &str, used: &BTreeSet<String>) {
        let hints = advice::advise(piece, text, used).into_iter();
        self.made.warnings.extend(hints.map(|(key, message)| Fault::at(key, message).in_file(file)));
    }

    fn completeness(&mut self) {
        if self.made.variants.is_empty() && self.faults.is_empty() {
            self.faults.push(Fault::at("", "there is no template; add a/en/subject.hbs and a/en/html.hbs"));
        }
        for (variant, locales) in &self.made.variants {
            for (locale, pieces) in locales {
                let body = pieces.contains_key(&Piece::Html) || pieces.contains_key(&Piece::Text);
                let missing = match (pieces.contains_key(&Piece::Subject), body) {
                    (true, false) => "html",
                    (false, true) => "subject",
                    _ => continue,
                };
                let fault = Fault::at(missing, "an e-mail has both a subject and a body; add this file");
                self.faults.push(fault.in_file(format!("{variant}/{locale}/{missing}.hbs")));
            }
        }
    }
}

fn digest(files: &BTreeMap<String, String>) -> String {
    let mut digest = Sha256::new();
    for (path, text) in files {
        digest.update((path.len() as u64).to_le_bytes());
        digest.update(path);
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text);
    }
    crate::ids::hex(&digest.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::compose::Form;
    use serde_json::json;

    fn check(pairs: &[(&str, &str)]) -> Result<CampaignTemplates> {
        let files = pairs.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        CampaignTemplates::check(&files, &json!({}))
    }

    #[test]
    fn every_fault_of_every_file_is_reported_at_once() {
        let error = check(&[
            ("a/en/subject.hbs", "Hi {{customer.nme}}"),
            ("a/en/html.hbs", "<p>\n{{env \"HOME\"}}</p>"),
            ("a/xx/html.hbs", "x"),
            ("a/pt_br/html.hbs", "x"),
            ("a/pl/sms.hbs", "{{plural customer.orders \"zamówienie\" \"zamówienia\"}}"),
            ("b/en/html.hbs", "{{#if offer}}"),
            ("c/en/html.hbs", "{{money offer.name}}"),
            ("notes.hbs", "x"),
        ])
        .unwrap_err();
        let shown = error.to_string();
        for part in [
            "a/en/subject.hbs:1: customer.nme",
            "a/en/html.hbs:2: env: there is no helper",
            "a/xx/html.hbs: locale: the language `xx` is not known",
            "a/pt_br/html.hbs: locale: the language `pt_br` has another canonical tag; write `pt-BR`",
            "a/pl/sms.hbs:1: sms: plural: `pl` needs 3 forms of the word: one, few, many",
            "b/en/html.hbs:1: block",
            "c/en/html.hbs:1: html: money: the amount is not",
            "c/en/subject.hbs: subject: an e-mail has both",
            "notes.hbs: name it",
        ] {
            assert!(shown.contains(part), "{part} is missing in:\n{shown}");
        }
    }

    #[test]
    fn bombs_end_as_faults_and_the_process_lives() {
        let recursive = "{{#*inline \"x\"}}{{> x}}{{/inline}}\n{{> x}}";
        let deep = "{{#if offer}}".repeat(20_000) + &"{{/if}}".repeat(20_000);
        let literal = format!("{{{{money {}}}}}", "[".repeat(20_000));
        for bomb in [recursive, &deep, &literal] {
            assert!(check(&[("a/en/text.hbs", bomb)]).is_err());
        }
    }

    #[test]
    fn nested_loops_stop_at_the_output_cap() {
        let list: Vec<i64> = (0..200).collect();
        let sample = json!({"properties": {"list": list}});
        let each = "{{#each @root.properties.list}}".repeat(3) + "xxxxxxxxxxxxxxxx" + &"{{/each}}".repeat(3);
        let files = BTreeMap::from([("a/en/sms.hbs".to_owned(), each)]);
        let error = CampaignTemplates::check(&files, &sample).unwrap_err();
        assert!(error.to_string().contains("grew beyond"), "{error}");
    }

    #[test]
    fn mjml_is_compiled_once_and_stands_for_html() {
        let body =
            "<mjml><mj-body><mj-section><mj-column><mj-text>Dear {{customer.first_name}}, {{> thanks}}\n</mj-text>\
            </mj-column></mj-section></mj-body></mjml>"
                .replace(", {{> thanks}}\n", ",\n{{> thanks}}\n");
        let files = [
            ("a/en/subject.hbs", "Hi"),
            ("a/en/mjml.hbs", &body),
            ("parts/thanks.hbs", "thank you & <b>see you</b>\n"),
        ];
        let made = check(&files).unwrap();
        let sample = context::with_sample(&json!({}));
        let html = made.render("a", "en", Piece::Html, &Node::of(&sample)).unwrap();
        assert!(html.contains("Dear Anna,") && html.contains("<b>see you</b>") && !html.contains("mj-text"), "{html}");
        let unknown = body.replace("first_name", "nickname");
        let error =
            check(&[("a/en/subject.hbs", "Hi"), ("a/en/mjml.hbs", &unknown), ("parts/thanks.hbs", "x\n")]).unwrap_err();
        assert!(error.to_string().contains("a/en/mjml.hbs") && error.to_string().contains("nickname"), "{error}");
        assert!(
            check(&[("a/en/mjml.hbs", &body), ("a/en/html.hbs", "x")]).unwrap_err().to_string().contains("keep one")
        );
    }

    #[test]
    fn languages_fall_back_and_versions_follow_the_text() {
        let made = check(&[("a/en/sms.hbs", "Hi"), ("a/ru/sms.hbs", "Привет")]).unwrap();
        assert_eq!(made.locale_for("a", "ru-RU", Piece::Sms), Some("ru"));
        assert_eq!(made.locale_for("a", "de", Piece::Sms), Some("en"));
        assert_eq!(made.locale_for("a", "de", Piece::Html), None);
        let variants = check(&[("a/de/sms.hbs", "Hallo"), ("a/pt/sms.hbs", "Oi"), ("a/pt-BR/sms.hbs", "Oi!")]).unwrap();
        for (wanted, found) in
            [("pt_BR", "pt-BR"), ("pt-PT", "pt"), ("de-CH", "de"), ("fr", "de"), ("xx", "de"), ("", "de")]
        {
            assert_eq!(variants.locale_for("a", wanted, Piece::Sms), Some(found), "{wanted}");
        }
        let other = check(&[("a/en/sms.hbs", "Hi!"), ("a/ru/sms.hbs", "Привет")]).unwrap();
        assert_ne!(made.version(), other.version());
        assert_eq!(made.version().len(), 32);
    }

    /// The examples' files, read from the source tree.
    fn example(name: &str) -> (BTreeMap<String, String>, Value) {
        fn collect(folder: &std::path::Path, prefix: &str, files: &mut BTreeMap<String, String>) {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
                if entry.path().is_dir() {
                    collect(&entry.path(), &format!("{path}/"), files);
                } else {
                    files.insert(path, std::fs::read_to_string(entry.path()).unwrap());
                }
            }
        }
        let root = std::path::Path::new(".").join("campaigns").join(name);
        let mut files = BTreeMap::new();
        collect(&root.join("templates"), "", &mut files);
        let sample = std::fs::read_to_string(root.join("sample.json")).unwrap();
        (files, serde_json::from_str(&sample).unwrap())
    }

    /// The examples, with their variants and forms.
    fn examples() -> Vec<(&'static str, &'static [&'static str], &'static [Form])> {
        const LETTERS: &[Form] = &[Form::Email];
        const ALL: &[Form] = &[Form::Email, Form::Call, Form::Sms];
        vec![
            ("win-back", &["a"], ALL),
            ("next-best-offer", &["a", "b"], ALL),
            ("welcome", &["a", "b", "c"], LETTERS),
            ("replenishment", &["a"], LETTERS),
            ("no-claims-bonus", &["a"], LETTERS),
            ("complaint-recovery", &["a", "b"], LETTERS),
            ("prospect-nurture", &["a", "b", "c"], LETTERS),
            ("tiered-trade-in", &["a", "b"], LETTERS),
            ("loyalty-anniversary", &["a"], LETTERS),
            ("internal-announcement", &["a"], LETTERS),
        ]
    }

    #[test]
    fn the_examples_render_in_every_variant_language_and_form() {
        for (name, variants, forms) in examples() {
            let (files, sample) = example(name);
            let made = CampaignTemplates::check(&files, &sample).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(made.warnings(), [], "{name}");
            assert_eq!(made.variants().collect::<Vec<_>>(), variants);
            let mut bare = context::with_sample(&sample);
            bare["offer"] = Value::Null;
            bare["products"] = json!([]);
            bare["customer"]["first_name"] = Value::Null;
            bare["customer"]["last_order_at"] = Value::Null;
            for full in [context::with_sample(&sample), bare] {
                for variant in variants {
                    for locale in ["en", "ru", "bg"] {
                        let mut variables = full.clone();
                        variables["variant"] = Value::from(*variant);
                        variables["locale"] = Value::from(locale);
                        for &form in forms {
                            let preview = crate::messages::preview::preview(&made, form, &variables.to_string())
                                .unwrap_or_else(|error| panic!("{name} {variant} {locale}: {error}"));
                            assert_eq!(preview.message.locale, locale);
                            assert!(!preview.message.text.contains("{{"));
                        }
                    }
                }
            }
        }
    }
}
