//! Reads a mail that came back.

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::reply::{self, Wish};
use super::status::{Class, Status};
use super::{Incoming, Says, report};
use crate::error::{Error, Result};

/// The largest mail that is read, in bytes; reports are small, and replies with pictures are still taken.
pub const MOST_BYTES: usize = 32 * 1024 * 1024;
/// The largest part that is looked at for a report, in characters.
const MOST_REPORT: usize = 256 * 1024;
/// The most messages inside one another: the parser recurses into each, and a stack that overflows ends the process.
const MOST_NESTED: usize = 64;
/// The most tokens that are tried: each costs a signature.
const MOST_TOKENS: usize = 64;

/// Reads a mail as it came, headers and body.
///
/// # Errors
/// Invalid when it is no mail, or larger than 32 MiB.
pub fn read(raw: &[u8]) -> Result<Incoming> {
    if raw.len() > MOST_BYTES {
        return Err(Error::invalid(format!("the mail has {} bytes; the most is {MOST_BYTES}", raw.len())));
    }
    if nested(raw) > MOST_NESTED {
        return Err(Error::invalid("the mail holds too many messages inside one another"));
    }
    let mail = MessageParser::default().parse(raw).filter(|mail| !mail.headers().is_empty());
    let mail = mail.ok_or_else(|| Error::invalid("this is not a mail: it has no headers"))?;
    Ok(Incoming { tokens: tokens(&mail), says: says(&mail) })
}

/// How deep messages may stand inside one another at most: each level is announced once.
fn nested(raw: &[u8]) -> usize {
    let lower = raw.to_ascii_lowercase();
    let count = |word: &[u8]| memchr::memmem::find_iter(&lower, word).count();
    count(b"message/") + count(b"/digest")
}

fn says(mail: &Message<'_>) -> Says {
    for part in &mail.parts {
        match kind(part).as_deref() {
            Some("message/delivery-status" | "message/global-delivery-status") => {
                return report::delivery_status(&text_of(part));
            }
            Some("message/feedback-report") => return report::feedback(&text_of(part)),
            _ => {}
        }
    }
    let subject = mail.subject().unwrap_or_default();
    let body = mail.body_text(0).unwrap_or_default();
    if from_a_mail_system(mail) {
        return free_form(subject, &body);
    }
    if is_automatic(mail) {
        return Says::Automatic;
    }
    let text = reply::without_quotes(&body);
    let wish = Wish::of(subject, &text);
    Says::Replied { wish, text }
}

/// A report that follows no standard: a status in its words tells, else that it says "undeliverable" in some way.
fn free_form(subject: &str, body: &str) -> Says {
    let words = format!("{subject}\n{}", body.chars().take(MOST_REPORT).collect::<String>());
    let lower = words.to_lowercase();
    let late = ["delayed", "will be retried", "will keep trying", "warning:"].iter().any(|sign| lower.contains(sign));
    let failed =
        ["undeliver", "failure", "failed", "returned mail", "rejected", "not be delivered", "couldn't be delivered"];
    match Status::find(&words) {
        _ if late => Says::Delayed,
        Some(status) => Says::Bounced { status: Some(status), class: status.class() },
        None if failed.iter().any(|sign| lower.contains(sign)) => Says::Bounced { status: None, class: Class::Soft },
        None => Says::Automatic,
    }
}

fn kind(part: &MessagePart<'_>) -> Option<String> {
    let kind = part.content_type()?;
    Some(format!("{}/{}", kind.ctype(), kind.subtype()?).to_ascii_lowercase())
}

fn text_of(part: &MessagePart<'_>) -> String {
    String::from_utf8_lossy(part.contents()).chars().take(MOST_REPORT).collect()
}

/// An empty return path, or the names that mail systems go by.
fn from_a_mail_system(mail: &Message<'_>) -> bool {
    let empty_path = mail.header_raw("Return-Path").is_some_and(|path| path.trim() == "<>");
    let sender = mail.from().and_then(|from| from.first()).and_then(|from| from.address()).unwrap_or_default();
    let local = sender.split('@').next().unwrap_or_default().to_ascii_lowercase();
    let absent = header_words(mail, "Auto-Submitted").starts_with("auto-replied");
    (empty_path && !absent && !header_words(mail, "X-Autoreply").contains("yes"))
        || local == "mailer-daemon"
        || local == "postmaster"
}

/// Absences and other machines (RFC 3834), and mail of lists.
fn is_automatic(mail: &Message<'_>) -> bool {
    let submitted = header_words(mail, "Auto-Submitted");
    let precedence = header_words(mail, "Precedence");
    (!submitted.is_empty() && submitted != "no")
        || ["bulk", "junk", "list", "auto_reply"].contains(&precedence.as_str())
        || ["X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress", "List-Id"]
            .iter()
            .any(|name| mail.header_raw(*name).is_some())
}

fn header_words(mail: &Message<'_>, name: &'static str) -> String {
    mail.header_raw(name).unwrap_or_default().trim().to_ascii_lowercase()
}

/// What may be a token: after a plus sign in the addresses it came to, and before the @ of the Message-IDs it names, its own and
/// those of a message inside it.
fn tokens(mail: &Message<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for name in ["Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc"] {
        collect(mail.header_raw(name).unwrap_or_default(), &mut found);
    }
    for name in ["In-Reply-To", "References"] {
        collect(mail.header_raw(name).unwrap_or_default(), &mut found);
    }
    for part in &mail.parts {
        match &part.body {
            PartType::Message(inner) => {
                for name in ["Message-ID", "Return-Path", "X-Original-Message-ID"] {
                    collect(inner.header_raw(name).unwrap_or_default(), &mut found);
                }
            }
            _ if kind(part).is_some_and(|kind| kind == "text/rfc822-headers" || kind.starts_with("message/")) => {
                collect(&text_of(part), &mut found);
            }
            _ => {}
        }
    }
    // Systems that follow no standard quote the message in their text.
    if found.is_empty() && from_a_mail_system(mail) {
        collect(&mail.body_text(0).unwrap_or_default().chars().take(MOST_REPORT).collect::<String>(), &mut found);
    }
    found.truncate(MOST_TOKENS);
    found
}

fn collect(text: &str, found: &mut Vec<String>) {
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        if word.len() == 32 && found.len() < MOST_TOKENS && !found.iter().any(|known| known == word) {
            found.push(word.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "aefqctr2wy5k7bplz4n3m6h2odjx5q4e";

    fn dsn(action: &str, status: &str, diagnostic: &str) -> String {
        format!(
            "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: back+{TOKEN}@shop.example\r\nSubject: Undelivered\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
             Final-Recipient: rfc822; anna@example.org\r\nAction: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp;\r\n  {diagnostic}\r\n\r\n\
             --b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{TOKEN}@shop.example>\r\nSubject: Hi\r\n\r\nBody\r\n--b--\r\n"
        )
    }

    fn said(raw: &str) -> Says {
        read(raw.as_bytes()).unwrap().says
    }

    #[test]
    fn reports_of_mail_systems_are_read() {
        let incoming = read(dsn("failed", "5.1.1", "550 5.1.1 no such user").as_bytes()).unwrap();
        assert_eq!(incoming.tokens, [TOKEN]);
        assert!(matches!(incoming.says, Says::Bounced { class: Class::Hard, status: Some(_) }), "{incoming:?}");
        let full = said(&dsn("failed", "5.0.0", "552 5.2.2 mailbox full"));
        assert!(
            matches!(full, Says::Bounced { class: Class::Soft, status: Some(s) } if s.to_string() == "5.2.2"),
            "{full:?}"
        );
        let policy = said(&dsn("failed (for now)", "5.7.1", "550 blocked"));
        assert!(matches!(policy, Says::Bounced { class: Class::Policy, .. }), "{policy:?}");
        assert_eq!(said(&dsn("delayed", "4.4.1", "no answer")), Says::Delayed);
        assert_eq!(said(&dsn("delivered", "2.0.0", "ok")), Says::Delivered);
        assert_eq!(said(&dsn("", "", "")), Says::Automatic);
    }

    #[test]
    fn headers_alone_and_free_words_tell_too() {
        let headers = dsn("failed", "5.1.1", "x")
            .replace("message/rfc822\r\n\r\n", "text/rfc822-headers\r\n\r\n")
            .replace(&format!("back+{TOKEN}"), "back");
        assert_eq!(read(headers.as_bytes()).unwrap().tokens, [TOKEN]);
        let free = format!(
            "From: postmaster@old.example\r\nTo: news@shop.example\r\nSubject: Returned mail\r\n\r\n\
             550 5.1.1 anna unknown\r\n> Message-ID: <{TOKEN}@shop.example>\r\n"
        );
        let incoming = read(free.as_bytes()).unwrap();
        assert_eq!(incoming.tokens, [TOKEN]);
        assert!(matches!(incoming.says, Says::Bounced { class: Class::Hard, .. }));
    }

    #[test]
    fn feedback_is_a_complaint_and_not_spam_is_none() {
        let arf = |kind: &str| {
            format!(
                "From: fbl@isp.example\r\nSubject: FW\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n\
                 --b\r\nContent-Type: text/plain\r\n\r\nThis is a report.\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n\
                 Feedback-Type: {kind}\r\nUser-Agent: X/1\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n\
                 Message-ID: <{TOKEN}@shop.example>\r\nTo: <redacted>\r\n\r\nBody\r\n--b--\r\n"
            )
        };
        let incoming = read(arf("abuse").as_bytes()).unwrap();
        assert_eq!((incoming.says, incoming.tokens), (Says::Complained, vec![TOKEN.to_owned()]));
        assert_eq!(said(&arf("not-spam")), Says::Automatic);
        assert_eq!(said(&arf("opt-out")), Says::OptedOut);
    }

    #[test]
    fn people_are_heard_and_absences_are_not() {
        let reply = |more: &str, body: &str| {
            format!(
                "From: Anna <anna@example.org>\r\nTo: help@shop.example\r\nSubject: Re: Offer\r\nIn-Reply-To: <{TOKEN}@shop.example>\r\n{more}\r\n{body}"
            )
        };
        let asked =
            read(reply("", "When does it end?\r\n\r\nOn Monday, Shop wrote:\r\n> Buy?\r\n").as_bytes()).unwrap();
        assert_eq!(asked.tokens, [TOKEN]);
        assert_eq!(asked.says, Says::Replied { wish: Wish::Asks, text: "When does it end?".into() });
        assert!(matches!(said(&reply("", "STOP\r\n")), Says::Replied { wish: Wish::Stop, .. }));
        assert_eq!(said(&reply("Auto-Submitted: auto-replied\r\n", "I am away. Who asks?")), Says::Automatic);
        assert_eq!(said(&reply("Return-Path: <>\r\nAuto-Submitted: auto-replied\r\n", "away 5.1.1")), Says::Automatic);
        assert_eq!(said(&reply("Precedence: bulk\r\n", "x?")), Says::Automatic);
    }

    #[test]
    fn nonsense_neither_panics_nor_passes() {
        assert!(read(b"").is_err() && read(b"\r\n\r\nno headers").is_err());
        let whole = dsn("failed", "5.1.1", "x");
        for cut in 0..whole.len() {
            drop(read(&whole.as_bytes()[..cut]));
        }
        for depth in [64, 65, 20_000] {
            let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(depth);
            assert_eq!(read(nested.as_bytes()).is_err(), depth > 64, "{depth}");
        }
        let digests = "Content-Type: multipart/digest; boundary=a\r\n\r\n--a\r\n\r\n".repeat(20_000);
        assert!(read(digests.as_bytes()).is_err());
    }
}
