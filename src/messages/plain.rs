//! The plain text of a message, made from its HTML when a campaign has no text of its own.

use std::borrow::Cow;

/// Turns HTML into text: links keep their address, list items their dash, scripts, styles and hidden parts go.
pub fn from_html(html: &str) -> String {
    let mut out = Text::default();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        out.words(&rest[..start]);
        rest = &rest[start..];
        if let Some(after) = rest.strip_prefix("<!--") {
            rest = after.find("-->").map_or("", |end| &after[end + 3..]);
            continue;
        }
        let Some(end) = rest.find('>') else { break };
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        let name = tag.trim_start_matches('/');
        let name = &name[..name.bytes().take_while(u8::is_ascii_alphanumeric).count()];
        // No name that means anything is longer.
        let mut lower = [0u8; 12];
        let lower = match lower.get_mut(..name.len()) {
            Some(lower) => lower,
            None => continue,
        };
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        let name = std::str::from_utf8(lower).unwrap_or_default();
        if !tag.starts_with('/') && is_unread(name, tag) {
            let found = closing(rest, name);
            rest = found.and_then(|at| rest[at..].find('>').map(|end| &rest[at + end + 1..])).unwrap_or("");
            continue;
        }
        out.tag(name, tag);
    }
    if !rest.starts_with('<') {
        out.words(rest);
    }
    out.finish()
}

/// Where `</name` begins, in whatever case.
fn closing(text: &str, name: &str) -> Option<usize> {
    let is = |at: usize| {
        text.as_bytes()[at + 2..].get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()))
    };
    text.match_indices("</").map(|(at, _)| at).find(|&at| is(at))
}

/// Elements whose text nobody reads, and those hidden by style (the preview line).
fn is_unread(name: &str, tag: &str) -> bool {
    matches!(name, "script" | "style" | "head" | "title")
        || (tag.contains("display") && tag.replace(' ', "").contains("display:none"))
}

#[derive(Default)]
struct Text {
    text: String,
    link: Option<(String, usize)>,
}

impl Text {
    fn words(&mut self, part: &str) {
        let decoded = decode(part);
        for (i, word) in decoded.split([' ', '\t', '\r', '\n']).enumerate() {
            let at_start = self.text.is_empty() || self.text.ends_with(['\n', ' ']);
            if i > 0 && !at_start {
                self.text.push(' ');
            }
            self.text.push_str(word);
        }
    }

    fn tag(&mut self, name: &str, tag: &str) {
        let closing = tag.starts_with('/');
        match name {
            "br" => self.line(1),
            "p" | "h1" | "h2" | "h3" | "h4" | "table" | "ul" | "ol" | "blockquote" | "hr" => self.line(2),
            "div" | "tr" => self.line(1),
            "li" if !closing => {
                self.line(1);
                self.text.push_str("- ");
            }
            "td" | "th" if !closing => self.words(" "),
            "img" => self.words(&attribute(tag, "alt").unwrap_or_default()),
            "a" if !closing => {
                self.link = attribute(tag, "href").map(|href| (decode(&href).into_owned(), self.text.len()));
            }
            "a" => {
                if let Some((href, from)) = self.link.take() {
                    let shown = self.text.get(from..).unwrap_or("").trim();
                    if shown.is_empty() {
                        self.text.push_str(&href);
                    } else if shown != href {
                        self.text.push_str(&format!(" ({href})"));
                    }
                }
            }
            _ => {}
        }
    }

    /// Ends the line, and leaves `lines - 1` empty ones.
    fn line(&mut self, lines: usize) {
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        if self.text.is_empty() {
            return;
        }
        let present = self.text.len() - self.text.trim_end_matches('\n').len();
        for _ in present..lines {
            self.text.push('\n');
        }
    }

    fn finish(self) -> String {
        let mut text = self.text.trim().to_owned();
        text.push('\n');
        text
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let is = |at: usize| {
        let after = &tag.as_bytes()[at + 1..];
        after.get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()))
            && after.get(name.len()) == Some(&b'=')
    };
    let at = tag.match_indices(' ').map(|(at, _)| at).find(|&at| is(at))? + name.len() + 2;
    let rest = &tag[at..];
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest[1..].split(quote).next().map(str::to_owned)
}

fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(12).position(|byte| byte == b';');
        match end.and_then(|end| Some((end, entity(&rest[1..end])?))) {
            Some((end, c)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "mdash" => '—',
        "ndash" => '–',
        "middot" => '·',
        "copy" => '©',
        "euro" => '€',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_what_a_reader_needs() {
        let html = "<html><head><title>T</title><style>p{}</style></head><body><!-- c --><div style=\"display: none\">hidden</div>\
            <h1>Hello,  Anna</h1><p>Save&nbsp;10&#37; &amp; more:<br>today</p><ul><li>one</li><li>two</li></ul>\
            <p><a href=\"https://a.example/?x=1&amp;y=2\">Shop</a></p><img src=\"l.png\" alt=\"Logo\"></body></html>";
        let text = from_html(html);
        assert_eq!(
            text,
            "Hello, Anna\n\nSave\u{a0}10% & more:\ntoday\n\n- one\n- two\n\nShop (https://a.example/?x=1&y=2)\n\nLogo\n"
        );
    }

    #[test]
    fn names_in_any_case_and_of_any_length_are_read() {
        let html = "<HEAD><Title>T</tItle></HEAD><STYLE>p{}</StYlE ><P>one<BR>two<averylongcustomname>three</averylongcustomname>\
            <A HREF='https://a.example'>go</A><iMg ALT=\"Ж\">";
        assert_eq!(from_html(html), "one\ntwothreego (https://a.example)Ж\n");
    }

    #[test]
    fn broken_html_ends_without_harm() {
        for bad in ["<", "<p", "a < b", "<style>never closed", "&#xffffffff; &; &ы; &", "<a href=x>y</a>", "<!--"] {
            assert!(from_html(bad).ends_with('\n'), "{bad}");
        }
    }
}
