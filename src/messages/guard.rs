//! What is refused in a template before any parser sees it.
//!
//! The template engine recurses once per level, both when it parses and when it renders, and a stack that overflows ends
//! the process. So depth is counted here, on the text, and every form that could recurse (inline partials, partial blocks,
//! decorators, raw blocks) is refused by its first characters.

use super::include::Expanded;
use crate::error::Fault;

/// The largest template after its includes, in bytes.
pub const MOST_BYTES: usize = 256 * 1024;
/// The deepest nesting of blocks, an `else if` counting as one level.
pub const MOST_DEPTH: usize = 32;
/// The most blocks in one template.
const MOST_BLOCKS: usize = 1_000;
/// The deepest nesting of `each`.
const MOST_LOOPS: usize = 3;
/// The deepest nesting of `(helper ...)` inside a tag.
const MOST_PARENTHESES: usize = 6;

/// Looks at the text of a template; `html` also asks for quoted attributes and checked addresses.
pub(super) fn inspect(source: &Expanded, html: bool) -> Vec<Fault> {
    let mut guard = Guard { source, html, faults: Vec::new(), open: Vec::new(), blocks: 0 };
    if source.text.len() > MOST_BYTES {
        let fault = format!("{} bytes with its includes; the most is {MOST_BYTES}", source.text.len());
        return vec![Fault::at("size", fault).in_file(&source.file)];
    }
    let mut at = 0;
    while let Some(found) = source.text[at..].find("{{") {
        match guard.tag(at + found) {
            Some(next) => at = next,
            None => break,
        }
    }
    if let Some(open) = guard.open.last() {
        let (name, at) = (open.name.clone(), open.at);
        guard.fault(at, "block", format!("{{{{#{name}}}}} is not closed; add {{{{/{name}}}}}"));
    }
    guard.faults
}

struct Open {
    name: String,
    at: usize,
    levels: usize,
}

struct Guard<'a> {
    source: &'a Expanded,
    html: bool,
    faults: Vec<Fault>,
    open: Vec<Open>,
    blocks: usize,
}

impl Guard<'_> {
    fn fault(&mut self, at: usize, key: &str, message: impl Into<String>) {
        let (file, line) = self.source.origin(at);
        self.faults.push(Fault::at(key, message).in_file(file).on_line(line));
    }

    /// Looks at the tag that begins at byte `at`; returns where to go on, or `None` when the rest cannot be read.
    fn tag(&mut self, at: usize) -> Option<usize> {
        let text = &self.source.text[at..];
        if at > 0 && self.source.text.as_bytes()[at - 1] == b'\\' {
            self.fault(at, "tag", "a backslash before {{ is not allowed; write the braces as &#123;&#123;");
            return None;
        }
        if text.starts_with("{{{{") {
            self.fault(at, "tag", "raw blocks {{{{...}}}} are not allowed");
            return None;
        }
        if text.starts_with("{{!") {
            let end = if text.starts_with("{{!--") { "--}}" } else { "}}" };
            return match text.find(end) {
                Some(found) => Some(at + found + end.len()),
                None => self.unclosed(at),
            };
        }
        let triple = text.starts_with("{{{");
        let start = if triple { 3 } else { 2 };
        let Some(length) = self.inside(at, &text[start..]) else { return self.unclosed(at) };
        let inner = text[start..start + length].trim_matches(['~', ' ', '\t', '\n', '\r']).to_owned();
        self.attribute(at, &inner);
        if triple || inner.starts_with('&') {
            self.unescaped(at);
        }
        self.judge(at, &inner);
        Some(at + start + length + start)
    }

    fn unclosed(&mut self, at: usize) -> Option<usize> {
        self.fault(at, "tag", "the tag is not closed; add }}");
        None
    }

    /// How many bytes stand before the closing braces; quoted texts are passed over.
    fn inside(&mut self, at: usize, text: &str) -> Option<usize> {
        let (mut quote, mut escaped, mut depth) = (None, false, 0usize);
        for (i, c) in text.char_indices() {
            match (quote, c) {
                (Some(_), _) if escaped => escaped = false,
                (Some(_), '\\') => escaped = true,
                (Some(open), c) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') => quote = Some(c),
                (None, '}') if text[i..].starts_with("}}") => return Some(i),
                (None, '(') => {
                    depth += 1;
                    if depth == MOST_PARENTHESES + 1 {
                        self.fault(at, "tag", format!("more than {MOST_PARENTHESES} nested parentheses"));
                    }
                }
                (None, ')') => depth = depth.saturating_sub(1),
                (None, '[' | '{') => {
                    self.fault(at, "tag", format!("`{c}` is not allowed inside a tag; name a variable"));
                    return None;
                }
                (None, _) => {}
            }
        }
        None
    }

    fn unescaped(&mut self, at: usize) {
        if self.html {
            self.fault(at, "tag", "unescaped output is not allowed in HTML; write {{name}} with two braces");
        }
    }

    /// A value in `href` or `src` passes the `url` helper, and every attribute is quoted.
    fn attribute(&mut self, at: usize, inner: &str) {
        if !self.html || inner.starts_with(['#', '/', '^', '!']) || inner.starts_with("else") {
            return;
        }
        let tail = &self.source.text.as_bytes()[at.saturating_sub(16)..at];
        // The cut may fall into a character; what is asked of the tail is ASCII.
        let before = String::from_utf8_lossy(tail).to_ascii_lowercase();
        let before = before.as_str();
        if before.ends_with('=') {
            self.fault(at, "attribute", "quote the attribute: name=\"{{...}}\"");
        }
        let opened = before.strip_suffix(['"', '\'']).unwrap_or(before);
        let address = ["href=", "src=", "action="].iter().any(|name| opened.ends_with(name));
        if address && !inner.starts_with("url ") {
            self.fault(at, "attribute", "an address passes the url helper: {{url links.offer}}");
        }
    }

    fn judge(&mut self, at: usize, inner: &str) {
        let word = |text: &str| text.split([' ', '\t', '\n', '\r', '~']).next().unwrap_or("").to_owned();
        match inner.as_bytes().first() {
            Some(b'*') => self.fault(at, "tag", "decorators {{*...}} are not allowed"),
            Some(b'>') => {
                self.fault(at, "include", "an include stands alone on its line, without parameters: {{> name}}");
            }
            Some(b'#') => match inner[1..].trim_start_matches([' ', '~']).as_bytes().first() {
                Some(b'*' | b'>') => {
                    self.fault(
                        at,
                        "tag",
                        "inline partials and partial blocks are not allowed; use a file and {{> name}}",
                    );
                }
                _ => self.opened(at, word(inner[1..].trim_start())),
            },
            Some(b'/') => {
                let name = word(inner[1..].trim_start());
                match self.open.pop() {
                    Some(open) if open.name == name => {}
                    Some(open) => {
                        let expected = open.name;
                        self.fault(at, "block", format!("{{{{/{name}}}}} closes {{{{#{expected}}}}}"));
                    }
                    None => self.fault(at, "block", format!("{{{{/{name}}}}} closes nothing")),
                }
            }
            Some(b'^') => self.chained(at, &inner[1..]),
            _ if word(inner) == "else" => self.chained(at, &inner[4..]),
            _ => {}
        }
    }

    fn opened(&mut self, at: usize, name: String) {
        self.blocks += 1;
        self.open.push(Open { name, at, levels: 1 });
        self.measure(at);
        let loops = self.open.iter().filter(|open| open.name == "each").count();
        if loops == MOST_LOOPS + 1 {
            self.fault(at, "each", format!("more than {MOST_LOOPS} loops inside one another"));
        }
    }

    fn chained(&mut self, at: usize, rest: &str) {
        if let Some(open) = self.open.last_mut() {
            if !rest.trim_matches([' ', '~']).is_empty() {
                open.levels += 1;
                self.blocks += 1;
            }
            self.measure(at);
        }
    }

    fn measure(&mut self, at: usize) {
        let depth: usize = self.open.iter().map(|open| open.levels).sum();
        if depth == MOST_DEPTH + 1 {
            self.fault(at, "block", format!("blocks are nested deeper than {MOST_DEPTH}"));
        }
        if self.blocks == MOST_BLOCKS + 1 {
            self.fault(at, "block", format!("more than {MOST_BLOCKS} blocks"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let source = Expanded::plain("html.hbs", text);
        inspect(&source, true).into_iter().map(|fault| fault.to_string()).collect()
    }

    #[test]
    fn what_could_recurse_or_explode_is_refused_before_parsing() {
        let deep = |n: usize| "{{#if a}}".repeat(n) + &"{{/if}}".repeat(n);
        assert!(faults(&deep(32)).is_empty());
        assert!(faults(&deep(33))[0].contains("deeper than 32"));
        assert!(faults(&deep(10_000))[0].contains("deeper than 32"));
        assert!(faults(&"{{#if a}}{{/if}}".repeat(1_001))[0].contains("1000 blocks"));
        let chain = "{{#if a}}".to_owned() + &"{{else if b}}".repeat(40) + "{{/if}}";
        assert!(faults(&chain)[0].contains("deeper"));
        let loops = "{{#each a}}".repeat(4) + &"{{/each}}".repeat(4);
        assert!(faults(&loops)[0].contains("3 loops"));
        for bad in [
            "{{#*inline \"x\"}}{{> x}}{{/inline}}",
            "{{~#*inline \"x\"}}{{/inline}}",
            "{{# > x}}{{/x}}",
            "{{*deco}}",
            "a {{> x}} b",
            "{{{{raw}}}}{{{{/raw}}}}",
            "\\{{#if}}",
            "{{a.[b]}}",
            "{{x",
            "{{!-- x",
        ] {
            assert!(!faults(bad).is_empty(), "{bad}");
        }
        assert!(faults(&format!("{{{{a {}b{}}}}}", "(".repeat(5_000), ")".repeat(5_000)))[0].contains("parentheses"));
        assert!(faults(&"x".repeat(MOST_BYTES + 1))[0].contains("the most is"));
    }

    #[test]
    fn braces_in_quoted_text_do_not_hide_depth() {
        let hidden = "{{#if a}}{{plural n \"}}{{/if}}\" \"b\"}}".repeat(33) + &"{{/if}}".repeat(33);
        assert!(faults(&hidden).iter().any(|f| f.contains("deeper than 32")));
    }

    #[test]
    fn addresses_and_attributes_are_checked_in_html() {
        assert!(faults("<a href=\"{{url links.offer}}\">x</a>").is_empty());
        assert!(faults("<a href=\"{{links.offer}}\">x</a>")[0].contains("url helper"));
        assert!(faults("<b title={{a}}>x</b>")[0].contains("quote"));
        assert!(faults("{{{a}}}")[0].contains("two braces"));
        assert!(faults("line\n{{&a}}")[0].starts_with("html.hbs:2:"));
    }
}
