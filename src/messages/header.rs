//! Text that may stand in a header of a message: no control characters, so that nothing can be injected after it.

use serde::Serialize;

use crate::error::{Error, Result};

/// The longest header text, in characters; RFC 5322 forbids lines above 998 bytes, and four bytes is the longest character.
const MOST_CHARACTERS: usize = 240;

/// A subject, a display name or another header value without control characters. There is no other way into a header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct HeaderText(String);

impl HeaderText {
    /// Accepts `text` for the header called `what`; blanks at both ends are dropped.
    ///
    /// # Errors
    /// Invalid when it holds a control character (a line break would begin another header) or is longer than 240 characters.
    /// The text itself is not repeated, because it may be personal.
    pub fn parse(what: &str, text: &str) -> Result<HeaderText> {
        let text = text.trim_matches([' ', '\t', '\n', '\r']);
        if text.chars().any(is_control) {
            return Err(Error::invalid(format!("{what}: remove the line break or control character")));
        }
        if text.chars().count() > MOST_CHARACTERS {
            return Err(Error::invalid(format!("{what}: shorten it to {MOST_CHARACTERS} characters")));
        }
        Ok(HeaderText(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Unicode's controls, and the two separators that some software takes for line ends.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_and_controls_are_refused_without_repeating_the_text() {
        for bad in ["a\r\nBcc: x@y.z", "a\nb", "a\0b", "a\u{7f}", "a\u{85}b", "a\u{2028}b"] {
            let error = HeaderText::parse("subject", bad).unwrap_err();
            assert!(error.message().starts_with("subject: remove"), "{bad:?}");
            assert!(!error.to_string().contains("Bcc"));
        }
        assert_eq!(HeaderText::parse("subject", " Привет, Анна!\n").unwrap().as_str(), "Привет, Анна!");
        assert!(HeaderText::parse("subject", &"x".repeat(241)).is_err());
    }
}
