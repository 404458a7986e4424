//! Includes: a line `{{> name}}` is replaced by a file of the campaign's own `parts` folder, before anything is compiled.
//!
//! Because includes are text and not calls, a message renders without a look-up, and a circle is found here.

use std::collections::BTreeMap;

use crate::error::Fault;

/// The deepest chain of includes.
const MOST_DEPTH: usize = 8;

/// A template with its includes in place, which still knows where each line comes from.
#[derive(Debug, Clone, Default)]
pub(super) struct Expanded {
    /// The file that was asked for.
    pub(super) file: String,
    /// The whole text.
    pub(super) text: String,
    /// File and line of each line of the text.
    origins: Vec<(String, u64)>,
}

impl Expanded {
    /// A text that was made from `file`; its lines are no longer those of the file.
    pub(super) fn made(file: &str, text: String) -> Expanded {
        Expanded { file: file.to_owned(), text, origins: Vec::new() }
    }

    /// A text without includes.
    #[cfg(test)]
    pub(super) fn plain(file: &str, text: &str) -> Expanded {
        let origins = (0..=text.matches('\n').count()).map(|line| (file.to_owned(), line as u64 + 1)).collect();
        Expanded { file: file.to_owned(), text: text.to_owned(), origins }
    }

    /// The file and line that byte `at` comes from.
    pub(super) fn origin(&self, at: usize) -> (String, u64) {
        self.line(self.text.as_bytes()[..at.min(self.text.len())].iter().filter(|&&b| b == b'\n').count() + 1)
    }

    /// The file and line that line `line` (from 1) of the whole text comes from.
    pub(super) fn line(&self, line: usize) -> (String, u64) {
        self.origins.get(line.saturating_sub(1)).or(self.origins.last()).cloned().unwrap_or((self.file.clone(), 1))
    }
}

/// Reads `file` and what it includes. Parts are sought as `parts/<locale>/<name>.hbs`, from the first of `locales` to the last, then as
/// `parts/<name>.hbs`.
pub(super) fn expand(
    files: &BTreeMap<String, String>,
    file: &str,
    locales: &[String],
    faults: &mut Vec<Fault>,
) -> Option<Expanded> {
    let mut whole = Expanded { file: file.to_owned(), ..Expanded::default() };
    let mut path = Vec::new();
    let before = faults.len();
    append(files, file, locales, &mut path, &mut whole, faults);
    (faults.len() == before).then_some(whole)
}

fn append(
    files: &BTreeMap<String, String>,
    file: &str,
    locales: &[String],
    path: &mut Vec<String>,
    whole: &mut Expanded,
    faults: &mut Vec<Fault>,
) {
    let Some(text) = files.get(file) else { return };
    path.push(file.to_owned());
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let number = number as u64 + 1;
        let Some(name) = included(line) else {
            whole.text.push_str(line);
            whole.origins.push((file.to_owned(), number));
            continue;
        };
        let own = locales.iter().map(|locale| format!("parts/{locale}/{name}.hbs"));
        let part = own.chain([format!("parts/{name}.hbs")]).find(|part| files.contains_key(part));
        let fault = match &part {
            None => {
                let locale = locales.first().map_or("en", String::as_str);
                format!("there is no parts/{name}.hbs and no parts/{locale}/{name}.hbs in the campaign's templates")
            }
            Some(part) if path.contains(part) => format!("{part} includes itself"),
            Some(_) if path.len() > MOST_DEPTH => format!("includes are nested deeper than {MOST_DEPTH}"),
            Some(_) if whole.text.len() > super::guard::MOST_BYTES => "the includes make the template too large".into(),
            Some(part) => {
                append(files, part, locales, path, whole, faults);
                continue;
            }
        };
        faults.push(Fault::at("include", fault).in_file(file).on_line(number));
    }
    path.pop();
}

/// The name in a line that is nothing but an include.
fn included(line: &str) -> Option<&str> {
    let name = line.trim().strip_prefix("{{>")?.strip_suffix("}}")?.trim();
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    plain.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn parts_are_found_by_locale_and_lines_keep_their_origin() {
        let files = files(&[
            ("a/ru/html.hbs", "one\n{{> foot}}\nlast\n"),
            ("parts/foot.hbs", "english\n"),
            ("parts/ru/foot.hbs", "two\nthree\n"),
        ]);
        let mut faults = Vec::new();
        let whole = expand(&files, "a/ru/html.hbs", &["ru".into()], &mut faults).unwrap();
        assert_eq!(whole.text, "one\ntwo\nthree\nlast\n");
        assert_eq!(whole.line(3), ("parts/ru/foot.hbs".to_owned(), 2));
        assert_eq!(whole.line(4), ("a/ru/html.hbs".to_owned(), 3));
        assert_eq!(whole.origin(4), ("parts/ru/foot.hbs".to_owned(), 1));
        let variant = expand(&files, "a/ru/html.hbs", &["ru-KZ".into(), "ru".into()], &mut faults).unwrap();
        assert_eq!(variant.text, whole.text);
    }

    #[test]
    fn circles_and_missing_parts_are_named() {
        let circle = files(&[("x.hbs", "{{> a}}"), ("parts/a.hbs", "{{> b}}"), ("parts/b.hbs", "{{> a}}")]);
        let mut faults = Vec::new();
        assert!(expand(&circle, "x.hbs", &["en".into()], &mut faults).is_none());
        assert_eq!(faults[0].to_string(), "parts/b.hbs:1: include: parts/a.hbs includes itself");
        let mut faults = Vec::new();
        assert!(
            expand(&files(&[("x.hbs", "\n{{> ../../secret}}\n{{> gone}}")]), "x.hbs", &["en".into()], &mut faults)
                .is_none()
        );
        assert_eq!((faults.len(), faults[0].line), (1, Some(3)));
    }
}
