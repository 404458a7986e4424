//! The transfer encoding of a text part (RFC 2045): as it is where it is ASCII with lines that pass, quoted-printable where most of it
//! is, base64 otherwise. Written for speed: a message is encoded once for each customer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::message::Body;
use lettre::message::header::ContentTransferEncoding;

/// The longest line that passes as it is, in bytes without CRLF (RFC 5322, 2.1.1).
const MOST_LINE: usize = 998;
/// The longest encoded line (RFC 2045, 6.7 and 6.8).
const ENCODED_LINE: usize = 76;
const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Encodes `text`, each line of it ended by CRLF.
pub(super) fn encode(text: &str) -> Body {
    let (mut seen, mut escaped) = (0u8, 0usize);
    for byte in text.bytes() {
        let kind = KIND[usize::from(byte)];
        seen |= kind;
        escaped += usize::from(kind & ESCAPED);
    }
    let longest = text.split('\n').map(str::len).max().unwrap_or_default();
    // A return that ends no line goes out encoded, as other controls do.
    let bare = seen & RETURN > 0 && text.match_indices('\r').any(|(at, _)| text.as_bytes().get(at + 1) != Some(&b'\n'));
    if seen & FOREIGN == 0 && longest <= MOST_LINE && !bare {
        return Body::dangerous_pre_encoded(with_crlf(text), ContentTransferEncoding::SevenBit);
    }
    // Two more bytes each, against a third more of everything.
    if escaped * 6 <= text.len() {
        Body::dangerous_pre_encoded(quoted_printable(text), ContentTransferEncoding::QuotedPrintable)
    } else {
        Body::dangerous_pre_encoded(base64_lines(&with_crlf(text)), ContentTransferEncoding::Base64)
    }
}

/// What quoted-printable writes as `=` and two digits.
const ESCAPED: u8 = 1;
/// A return, which may end a line.
const RETURN: u8 = 2;
/// What does not pass as it is: not ASCII, or a control that is neither tab nor the end of a line.
const FOREIGN: u8 = 4;

const KIND: [u8; 256] = {
    let mut kinds = [ESCAPED | FOREIGN; 256];
    let mut byte = b' ';
    while byte <= b'~' {
        kinds[byte as usize] = 0;
        byte += 1;
    }
    kinds[b'=' as usize] = ESCAPED;
    kinds[b'\t' as usize] = 0;
    kinds[b'\n' as usize] = 0;
    kinds[b'\r' as usize] = RETURN;
    kinds
};

fn with_crlf(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 32 + 2);
    for line in text.split_inclusive('\n') {
        match line.strip_suffix('\n') {
            Some(line) => {
                out.extend_from_slice(line.strip_suffix('\r').unwrap_or(line).as_bytes());
                out.extend_from_slice(b"\r\n");
            }
            None => out.extend_from_slice(line.as_bytes()),
        }
    }
    out
}

/// RFC 2045, 6.7.
fn quoted_printable(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 8);
    for line in text.split_inclusive('\n') {
        let (line, ended) = match line.strip_suffix('\n') {
            Some(line) => (line.strip_suffix('\r').unwrap_or(line), true),
            None => (line, false),
        };
        quoted_line(line.as_bytes(), &mut out);
        if ended {
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

fn quoted_line(mut line: &[u8], out: &mut Vec<u8>) {
    // One place is kept for the `=` of a soft line break.
    let mut room = ENCODED_LINE - 1;
    while let Some(&first) = line.first() {
        let most = line.len().min(room);
        let mut run =
            line[..most].iter().position(|byte| KIND[usize::from(*byte)] & (ESCAPED | RETURN) > 0).unwrap_or(most);
        // A blank at the end of a line may get lost on the way.
        if run == line.len() && matches!(line[run - 1], b' ' | b'\t') {
            run -= 1;
        }
        if run > 0 {
            out.extend_from_slice(&line[..run]);
            line = &line[run..];
            room -= run;
        } else if room < 3 {
            out.extend_from_slice(b"=\r\n");
            room = ENCODED_LINE - 1;
        } else {
            out.extend_from_slice(&[b'=', HEX[usize::from(first >> 4)], HEX[usize::from(first & 15)]]);
            line = &line[1..];
            room -= 3;
        }
    }
}

fn base64_lines(bytes: &[u8]) -> Vec<u8> {
    let encoded = STANDARD.encode(bytes);
    let mut out = Vec::with_capacity(encoded.len() + encoded.len() / ENCODED_LINE * 2 + 2);
    for (i, line) in encoded.as_bytes().chunks(ENCODED_LINE).enumerate() {
        if i > 0 {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use mail_parser::MessageParser;

    use super::*;

    /// What a receiver's library makes of it.
    fn read(body: Body) -> (String, String) {
        let encoding = body.encoding().to_string();
        let bytes = body.into_vec();
        let head = format!(
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
        );
        let mail = [head.as_bytes(), &bytes].concat();
        let lines_pass = bytes.split(|b| *b == b'\n').all(|line| line.len() <= MOST_LINE + 1);
        assert!(bytes.is_ascii() && lines_pass, "{encoding}");
        let text = MessageParser::default().parse(&mail).unwrap().body_text(0).unwrap().into_owned();
        (encoding, text)
    }

    #[test]
    fn receivers_read_what_was_written() {
        let long = "word ".repeat(400);
        for (text, encoding) in [
            ("Hello\nthere\r\n.dot\n", "7bit"),
            (&format!("{long}\nend = \t\n"), "quoted-printable"),
            ("Café au lait, naïve façade of an English sentence that is long enough\n trailing \n", "quoted-printable"),
            ("Здравствуйте, Анна!\nДо встречи.\n", "base64"),
            ("a\rb\n", "quoted-printable"),
            ("", "7bit"),
        ] {
            let body = encode(text);
            if body.encoding() == ContentTransferEncoding::QuotedPrintable {
                let bytes = body.clone().into_vec();
                assert!(bytes.split(|b| *b == b'\n').all(|line| line.len() <= ENCODED_LINE + 1));
            }
            let (used, read) = read(body);
            assert_eq!(used, encoding, "{text:?}");
            assert_eq!(read.replace("\r\n", "\n"), text.replace("\r\n", "\n"), "{encoding}");
        }
    }

    #[test]
    fn random_texts_come_back() {
        let mut draw = crate::random::Stream::new(6, "encodings");
        let letters = ["a", "b", " ", "\t", "=", "\n", "é", "ж", ".", "long word", "€"];
        for _ in 0..2_000 {
            let kinds = 2 + draw.below(letters.len() - 1);
            let text: String = (0..draw.below(300)).map(|_| letters[draw.below(kinds.min(letters.len()))]).collect();
            let (_, back) = read(encode(&text));
            assert_eq!(back.replace("\r\n", "\n"), text, "{text:?}");
        }
    }
}
