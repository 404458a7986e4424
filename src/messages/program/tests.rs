//! A program gives the bytes of the engine, on the templates of `campaigns/` and on random ones, or leaves it to the engine.

use std::collections::BTreeMap;
use std::path::Path as FilePath;

use handlebars::Template;
use serde_json::{Value, json};

use super::{Node, Program};
use crate::messages::context;
use crate::messages::helpers;
use crate::messages::template::{CampaignTemplates, Piece, ground};
use crate::random::Stream;

const CAP: usize = 1 << 20;

/// Both ways to render: the engine's text or that it failed, and the program's; `None` where there is no program.
fn both(source: &str, html: bool, root: &Value) -> Option<(Option<String>, Option<String>)> {
    let template = Template::compile(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    let program = Program::compile(&template, html)?;
    let engine = helpers::engine(html).render_template(source, root).ok();
    let node = Node::of(root);
    Some((engine, program.run(&node, &ground(&node), CAP).ok()))
}

#[test]
fn the_steps_mean_what_the_engine_means() {
    let root = json!({
        "locale": "ru", "currency": "EUR", "zone": "Europe/Sofia", "a": {"b": {"c": "<x> & 'y'"}, "n": 3, "f": 2.5, "none": null, "yes": true},
        "list": [{"name": "one", "sub": [1, 2]}, {"name": "two=", "sub": []}], "empty": [], "map": {"k1": {"v": 1}, "k2": {"v": 2}},
    });
    for (source, wanted) in [
        ("{{a.b.c}} {{a/n}} {{a.f}} [{{a.none}}] {{a.yes}}", "&lt;x&gt; &amp; &#x27;y&#x27; 3 2.5 [] true"),
        ("{{#if a.none}}1{{else if a.n}}2{{else}}3{{/if}}{{#unless empty}}4{{/unless}}", "24"),
        (
            "{{#each list}}{{@index}}{{@first}}{{@last}}{{name}}{{this.name}}{{../a.n}};{{/each}}",
            "0truefalseoneone3;1falsetruetwo&#x3D;two&#x3D;3;",
        ),
        (
            "{{#each list}}{{#each sub}}{{this}}{{@../index}}{{../name}}{{../../a.n}} {{else}}none{{/each}}{{/each}}",
            "10one3 20one3 none",
        ),
        ("{{#each map}}{{@key}}{{@index}}{{v}}{{@root.a.n}};{{/each}}{{#each empty}}x{{/each}}", "k1013;k2123;"),
        (
            "{{#each list as |item i|}}{{i}}{{item.name}}{{#with ../a}}{{n}}{{item.name}}{{@index}}{{/with}}{{/each}}",
            "0one3one01two&#x3D;3two&#x3D;1",
        ),
        (
            "{{#each map as |value key|}}{{key}}={{value.v}}{{/each}}{{#with a.b as |it|}}{{it.c}}{{/with}}",
            "k1=1k2=2&lt;x&gt; &amp; &#x27;y&#x27;",
        ),
        (
            "{{#with a.none}}x{{else}}y{{/with}}{{list.1.name}}{{money a.n}} {{plural a.n \"a\" \"b\" \"c\"}}",
            "ytwo&#x3D;0,03\u{a0}€ b",
        ),
        (
            "{{#if (and (gt a.n 2) (not (eq a.b.c \"x\")) (or a.none a.yes))}}1{{/if}}{{gte a.n 3}}{{lt a.f 2.5}}",
            "1truefalse",
        ),
        ("a  {{~#if a.yes~}}  b  {{~/if~}}  c\n{{! a note }}\n{{#if a.yes}}\nline\n{{/if}}\nend", "abc\nline\nend"),
    ] {
        let (engine, ours) = both(source, true, &root).unwrap_or_else(|| panic!("{source} is not compiled"));
        assert_eq!(engine.as_deref(), Some(wanted), "{source}");
        assert_eq!(ours.as_deref(), Some(wanted), "{source}");
    }
}

#[test]
fn what_is_wrong_is_left_to_the_engine() {
    let root = json!({"a": {"n": 3}, "list": [1], "text": "x"});
    for source in [
        "{{missing}}",
        "{{a.m}}",
        "{{text.x}}",
        "{{money text}}",
        "{{url text}}",
        "{{#each text}}x{{/each}}",
        "{{#each missing}}{{/each}}",
        "{{#with missing}}x{{/with}}",
        "{{eq missing 1}}",
        "{{not missing}}",
        "{{#each list}}{{@key}}{{/each}}",
        "{{list.x}}",
        "{{number a.n 9}}",
    ] {
        let (engine, ours) = both(source, true, &root).unwrap_or_else(|| panic!("{source} is not compiled"));
        assert_eq!((engine, ours), (None, None), "{source}");
    }
    for source in [
        "{{url}}",
        "{{@index}}",
        "{{{text}}}",
        "{{#if text includeZero=true}}x{{/if}}",
        "{{#each list}}{{#each @index}}{{/each}}{{/each}}",
    ] {
        assert!(both(source, true, &root).is_none(), "{source} is compiled");
    }
    let long = json!({"list": vec!["x".repeat(4096); 300]});
    assert_eq!(both("{{#each list}}{{this}}{{/each}}", true, &long).unwrap().1, None, "the output is capped");
}

fn files(folder: &FilePath, below: &str, into: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        match entry.path().is_dir() {
            true => files(&entry.path(), &format!("{name}/"), into),
            false => drop(into.insert(name, std::fs::read_to_string(entry.path()).unwrap())),
        }
    }
}

/// Other values of the same shape, and some that are not: nothing, empty lists, awkward texts, numbers of other kinds.
fn shaken(value: &Value, draw: &mut Stream) -> Value {
    match (value, draw.below(8)) {
        (Value::Object(map), 1..) => map.iter().map(|(key, value)| (key.clone(), shaken(value, draw))).collect(),
        (Value::Array(list), 1..) => {
            let count = draw.below(4);
            list.iter().cycle().take(if list.is_empty() { 0 } else { count }).map(|value| shaken(value, draw)).collect()
        }
        (Value::Object(_) | Value::Array(_), _) | (_, 0) => Value::Null,
        (Value::Number(_), 1..4) => Value::from(draw.below(100_000) as i64 - 500),
        (Value::Number(_), 4) => Value::from(draw.uniform() * 100.0),
        (Value::String(_), 1) => Value::from("a <b> & \"c\" = `d` 'e' Ünï—код"),
        (Value::String(_), 2) => Value::from(""),
        _ => value.clone(),
    }
}

#[test]
fn all_shipped_templates_are_programs_and_give_the_same_bytes() {
    let campaigns = FilePath::new(".").join("campaigns");
    let mut draw = Stream::new(6, "shaken samples");
    let (mut made, mut left) = (0, 0);
    for folder in std::fs::read_dir(campaigns).unwrap().flatten().map(|entry| entry.path()).filter(|path| path.is_dir())
    {
        let mut texts = BTreeMap::new();
        files(&folder.join("templates"), "", &mut texts);
        let sample: Value =
            serde_json::from_str(&std::fs::read_to_string(folder.join("sample.json")).unwrap()).unwrap();
        let templates = CampaignTemplates::check(&texts, &sample).unwrap();
        let whole = context::with_sample(&sample);
        for variant in templates.variants() {
            for locale in templates.locales(variant) {
                for piece in Piece::ALL {
                    if !texts.keys().any(|path| {
                        path.starts_with(&format!("{variant}/{locale}/{}", format!("{piece:?}").to_lowercase()))
                    }) {
                        continue;
                    }
                    let program = templates
                        .program(variant, locale, piece)
                        .unwrap_or_else(|| panic!("{folder:?} {variant}/{locale}/{piece:?}"));
                    for i in 0..60 {
                        let mut root = if i == 0 { whole.clone() } else { shaken(&whole, &mut draw) };
                        if !root.is_object() {
                            continue;
                        }
                        root["locale"] = Value::from(locale);
                        let node = Node::of(&root);
                        let engine = templates.render_by_engine(variant, locale, piece, root.clone()).ok();
                        match program.run(&node, &ground(&node), CAP).ok() {
                            None => left += 1,
                            ours => {
                                made += 1;
                                assert_eq!(ours, engine, "{variant}/{locale}/{piece:?}\n{root}");
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(made > 500 && left > 50, "{made} rendered, {left} left to the engine");
}

/// A random template over the names that [`data`] has, and some that it has not.
struct Writer<'d> {
    draw: &'d mut Stream,
    depth: usize,
}

impl Writer<'_> {
    fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.draw.below(of.len())]
    }

    fn path(&mut self) -> String {
        let up = self.pick(&["", "", "", "../", "../../", "@root.", "this.", "./"]);
        format!(
            "{up}{}",
            self.pick(&[
                "a", "b", "c", "n", "list", "map", "a.b", "a.n", "list.0.a", "item", "item.a", "place", "gone",
                "map.c", "this"
            ])
        )
    }

    fn value(&mut self) -> String {
        match self.draw.below(10) {
            0 => self.pick(&["@index", "@first", "@last", "@key", "@../index"]).to_owned(),
            1 => self.pick(&["1", "2.5", "\"x\"", "'<'", "true", "-3"]).to_owned(),
            2 if self.depth < 4 => {
                self.depth += 1;
                let call = format!("({})", self.call());
                self.depth -= 1;
                call
            }
            _ => self.path(),
        }
    }

    fn call(&mut self) -> String {
        let name = self.pick(&[
            "eq", "ne", "gt", "gte", "lt", "lte", "and", "or", "not", "number", "money", "percent", "url", "plural",
        ]);
        let count = match name {
            "eq" | "ne" | "gt" | "gte" | "lt" | "lte" | "and" | "or" => 2,
            "plural" => return format!("plural {} \"one\" \"other\"", self.value()),
            _ => 1,
        };
        let values: Vec<String> = (0..count).map(|_| self.value()).collect();
        format!("{name} {}", values.join(" "))
    }

    fn block(&mut self) -> String {
        let name = self.pick(&["if", "unless", "each", "with"]);
        let names = match name {
            "each" => self.pick(&["", "", " as |item|", " as |item place|"]),
            "with" => self.pick(&["", " as |item|"]),
            _ => "",
        };
        let value = self.value();
        let body = self.text();
        let rest = match self.draw.below(3) {
            0 => String::new(),
            1 => format!("{{{{else}}}}{}", self.text()),
            _ => format!("{{{{else if {}}}}}{}{{{{else}}}}{}", self.path(), self.text(), self.text()),
        };
        format!("{{{{#{name} {value}{names}}}}}{body}{rest}{{{{/{name}}}}}")
    }

    fn text(&mut self) -> String {
        self.depth += 1;
        let parts = 1 + self.draw.below(3);
        let mut text = String::new();
        for _ in 0..parts {
            text += &match self.draw.below(if self.depth > 4 { 5 } else { 9 }) {
                0 => self.pick(&["x", " y ", "\n", "\n  \n", "<p>é</p>", "{{! note }}"]).to_owned(),
                1..4 => format!("{{{{{}}}}}", self.path()),
                4 => format!("{{{{{}}}}}", self.call()),
                _ => self.block(),
            };
        }
        self.depth -= 1;
        text
    }
}

fn data(draw: &mut Stream, depth: usize) -> Value {
    let leaf = |draw: &mut Stream| match draw.below(9) {
        0 => Value::Null,
        1 => Value::from(draw.below(2) == 0),
        2 => Value::from(0),
        3 => Value::from(draw.below(50)),
        4 => Value::from(draw.uniform()),
        5 => Value::from(""),
        6 => Value::from("https://a.example/?x=1&y='2'"),
        _ => Value::from("<text> & more"),
    };
    if depth == 0 {
        return leaf(draw);
    }
    let mut object = serde_json::Map::new();
    for key in ["a", "b", "c", "n", "list", "map", "item"] {
        let value = match (draw.below(6), key) {
            (0, _) => continue,
            (1.., "list") => (0..draw.below(3)).map(|_| data(draw, depth - 1)).collect(),
            (2.., "a" | "map") => data(draw, depth - 1),
            (_, "n") => Value::from(draw.below(9)),
            _ => leaf(draw),
        };
        object.insert(key.to_owned(), value);
    }
    Value::Object(object)
}

#[test]
fn random_templates_give_the_same_bytes() {
    let mut draw = Stream::new(6, "random templates");
    let (mut same, mut left, mut unknown) = (0, 0, 0);
    for _ in 0..1_500 {
        let source = Writer { draw: &mut draw, depth: 0 }.text();
        for _ in 0..3 {
            let root = data(&mut draw, 3);
            let html = draw.below(2) == 0;
            match both(&source, html, &root) {
                None => unknown += 1,
                Some((_, None)) => left += 1,
                Some((engine, ours)) => {
                    same += 1;
                    assert_eq!(ours, engine, "{source}\n{root}");
                }
            }
        }
    }
    assert!(same > 500 && left > 200 && unknown > 30, "{same} the same, {left} left, {unknown} not compiled");
}
