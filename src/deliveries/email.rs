//! An e-mail on the wire: RFC 5322 headers, multipart/alternative, one-click unsubscribe (RFC 8058), Feedback-ID.

use std::time::{Duration, SystemTime};

use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};

use super::dkim::Dkim;
use super::encoding;
use super::transport::Parcel;
use crate::error::{Error, Result};
use crate::messages::HeaderText;

/// Who e-mails come from.
#[derive(Debug, Clone)]
pub struct Sender {
    from: Mailbox,
    reply_to: Option<Mailbox>,
    return_path: Option<Address>,
    dkim: Option<Dkim>,
}

impl Sender {
    /// Reads mailboxes such as `Vizavi Shop <news@shop.example>`.
    ///
    /// # Errors
    /// Invalid when one is not a mailbox or holds a control character.
    pub fn parse(from: &str, reply_to: Option<&str>) -> Result<Sender> {
        let reply_to = reply_to.map(|to| mailbox("reply_to", to)).transpose()?;
        Ok(Sender { from: mailbox("sender", from)?, reply_to, return_path: None, dkim: None })
    }

    /// Has mail systems return what cannot be delivered to `bounces+<token>@domain` for `bounces@domain`, so that each report
    /// tells its message by the address alone (VERP).
    ///
    /// # Errors
    /// Invalid when it is no address, or one that leaves no room for the token.
    pub fn returning_to(mut self, path: &str) -> Result<Sender> {
        let path = address(path).map_err(|_| Error::invalid("mail.return_path: this is not an e-mail address"))?;
        // RFC 5321 allows 64 octets before the @; plus sign and token take 33.
        if path.user().len() > 31 || path.user().contains('+') {
            return Err(Error::invalid("mail.return_path: at most 31 characters and no + before the @"));
        }
        self.return_path = Some(path);
        Ok(self)
    }

    /// Signs each message (DKIM); for who has no relay that does.
    #[must_use]
    pub fn signed_by(self, dkim: Dkim) -> Sender {
        Sender { dkim: Some(dkim), ..self }
    }

    /// The domain that mail systems return to.
    pub fn envelope_domain(&self) -> &str {
        self.return_path.as_ref().map_or_else(|| self.domain(), Address::domain)
    }

    /// The envelope's sender for a message with this return token.
    fn envelope(&self, token: &str) -> Result<Address> {
        let Some(path) = &self.return_path else { return Ok(self.from.email.clone()) };
        Address::new(format!("{}+{token}", path.user()), path.domain())
            .map_err(|_| Error::internal("the return path cannot be made"))
    }

    /// The domain that stands in Message-IDs.
    pub fn domain(&self) -> &str {
        self.from.email.domain()
    }
}

fn mailbox(key: &str, text: &str) -> Result<Mailbox> {
    let text = HeaderText::parse(key, text)?;
    text.as_str()
        .parse()
        .map_err(|_| Error::invalid(format!("{key}: write a mailbox such as Shop <news@shop.example>")))
}

/// Checks an address to write to. The address itself is not repeated in the error.
///
/// # Errors
/// Invalid when it is no address, holds a control character, or is longer than 254 characters.
pub fn address(text: &str) -> Result<Address> {
    let text = HeaderText::parse("address", text)?;
    if text.as_str().len() > 254 {
        return Err(Error::invalid("address: longer than 254 characters"));
    }
    let refuse = || Error::invalid("address: this is not an e-mail address");
    let (local, domain) = text.as_str().rsplit_once('@').ok_or_else(refuse)?;
    // An international domain has an ASCII form that every relay takes; an international local part has none.
    let domain = match domain.is_ascii() {
        true => domain.to_owned(),
        false => url::Host::parse(domain).map_err(|_| refuse())?.to_string(),
    };
    format!("{local}@{domain}").parse().map_err(|_| refuse())
}

/// The bytes of the message, without dot-stuffing, and the two envelope addresses.
#[derive(Debug, Clone)]
pub struct Wire {
    /// The envelope's sender.
    pub from: Address,
    /// The envelope's recipient.
    pub to: Address,
    /// Headers and body, with CRLF.
    pub bytes: Vec<u8>,
}

/// Builds the e-mail of a parcel. The same parcel gives the same bytes.
///
/// # Errors
/// Invalid when the address is not one, or the message has no subject.
pub fn build(sender: &Sender, parcel: &Parcel<'_>) -> Result<Wire> {
    let (row, message) = (parcel.delivery, parcel.message);
    let to = address(&row.address)?;
    let subject = message.subject.as_ref().ok_or_else(|| Error::invalid("an e-mail needs a subject"))?;
    let mut builder = lettre::Message::builder()
        .from(sender.from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(subject.as_str())
        .date(SystemTime::UNIX_EPOCH + Duration::from_micros(parcel.now.0.max(0) as u64))
        .message_id(Some(row.message_id.clone()))
        .raw_header(raw("List-Unsubscribe", format!("<{}>", message.unsubscribe))?)
        .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".into())?)
        .raw_header(raw("Feedback-ID", feedback_id(row.campaign_run_id.0, row.step, sender.domain()))?);
    if let Some(reply_to) = &sender.reply_to {
        builder = builder.reply_to(reply_to.clone());
    }
    let part = |kind, text| SinglePart::builder().header(kind).body(encoding::encode(text));
    let text = part(ContentType::TEXT_PLAIN, &message.text);
    let built = match &message.html {
        Some(html) => builder.multipart(
            MultiPart::alternative()
                .boundary(boundary(&row.message_id))
                .singlepart(text)
                .singlepart(part(ContentType::TEXT_HTML, html)),
        ),
        None => builder.singlepart(text),
    };
    let built = built.map_err(|error| Error::invalid(format!("the e-mail cannot be built: {error}")))?;
    let mut bytes = built.formatted();
    if let Some(dkim) = &sender.dkim {
        bytes = dkim.sign(&bytes, parcel.now)?;
    }
    Ok(Wire { from: sender.envelope(&message.return_token)?, to, bytes })
}

/// `campaign run : step : mail type : sender`, by which mailbox providers group complaints; no personal data.
fn feedback_id(run: i64, step: i32, domain: &str) -> String {
    format!("{run}:{step}:campaign:{domain}")
}

/// A boundary that cannot stand in a part: it hashes to nothing a template writes.
fn boundary(message_id: &str) -> String {
    let token: String = message_id.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
    format!("=_vizavi_{token}")
}

fn raw(name: &'static str, value: String) -> Result<HeaderValue> {
    // Every value passes the one type that keeps line breaks out.
    let value = HeaderText::parse(name, &value)?;
    let name =
        HeaderName::new_from_ascii(name.to_owned()).map_err(|_| Error::internal("a header name is not ASCII"))?;
    Ok(HeaderValue::new(name, value.as_str().to_owned()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::deliveries::{Delivery, State};
    use crate::ids::{CampaignRunId, CustomerId, DeliveryId};
    use crate::messages::Message;
    use crate::money::Money;

    pub(crate) fn row(address: &str) -> Delivery {
        Delivery {
            id: DeliveryId(42),
            campaign_run_id: CampaignRunId(7),
            customer_id: CustomerId(9),
            step: 0,
            occasion: "0".into(),
            channel: "email".into(),
            address: address.into(),
            state: State::Claimed,
            attempt: 1,
            lease_owner: Some("w".into()),
            lease_until: Timestamp(0),
            next_at: Timestamp(0),
            message_id: "<00112233445566778899aabbccddeeff@shop.example>".into(),
            template_version: "v".into(),
            reason: None,
            reply_code: None,
            reply_text: None,
            cost: Money(1),
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    pub(in crate::deliveries) fn message() -> Message {
        Message {
            subject: Some(HeaderText::parse("subject", "Привет, Анна").unwrap()),
            html: Some("<p>Здравствуйте</p>".into()),
            text: ".dot\nHello\n".into(),
            unsubscribe: "https://m.example/u/AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdEfGhIjKl".into(),
            locale: "ru".into(),
            return_token: "ab".repeat(16),
        }
    }

    fn built(address: &str) -> Result<String> {
        let sender = Sender::parse("Магазин <news@shop.example>", Some("help@shop.example")).unwrap();
        let at = Timestamp::parse("2026-01-31T12:00:00Z").unwrap();
        let wire = build(&sender, &Parcel { delivery: &row(address), message: &message(), now: at })?;
        Ok(String::from_utf8(wire.bytes).unwrap())
    }

    #[test]
    fn the_message_follows_the_standards() {
        let text = built("anna@example.org").unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        for line in [
            "To: anna@example.org",
            "Date: Sat, 31 Jan 2026 12:00:00 +0000",
            "Message-ID: <00112233445566778899aabbccddeeff@shop.example>",
            "Reply-To: help@shop.example",
            "List-Unsubscribe: <https://m.example/u/AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdEfGhIjKl>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            "Feedback-ID: 7:0:campaign:shop.example",
            "MIME-Version: 1.0",
        ] {
            assert!(unfolded.lines().any(|l| l == line), "{line} is missing in\n{head}");
        }
        assert!(head.contains("Subject: =?utf-8?b?") && head.contains("multipart/alternative"), "{head}");
        assert!(body.find("text/plain").unwrap() < body.find("text/html").unwrap(), "the text part stands first");
        assert!(text.is_ascii() && text.split("\r\n").all(|line| line.len() <= 998 && !line.contains('\n')));
        assert_eq!(built("anna@example.org").unwrap(), text, "the same parcel gives the same bytes");
    }

    #[test]
    fn nothing_is_injected_through_addresses() {
        for bad in ["a@b.c\r\nBcc: x@y.z", "a@b.c\n", "two@at@x.y", "a b@c.d", "", "no-at", "a@b.c>\u{0}"] {
            // A line break at the end alone is dropped, not passed on.
            if let Ok(text) = built(bad) {
                assert!(!text.contains("Bcc") && bad.trim() == "a@b.c", "{bad:?}");
            }
        }
        assert!(Sender::parse("a@b.c", None).unwrap().returning_to("a+b@c.d").is_err());
        let error = built("eve@x.y\r\nBcc: secret@y.z").unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
        assert!(Sender::parse("A\r\nB <a@b.c>", None).is_err());
    }

    #[test]
    fn the_return_path_tells_the_message() {
        let sender =
            Sender::parse("Shop <news@shop.example>", None).unwrap().returning_to("back@b.shop.example").unwrap();
        let wire =
            build(&sender, &Parcel { delivery: &row("anna@example.org"), message: &message(), now: Timestamp(0) })
                .unwrap();
        assert_eq!(wire.from.to_string(), format!("back+{}@b.shop.example", "ab".repeat(16)));
        let text = String::from_utf8(wire.bytes).unwrap();
        assert!(
            text.contains("From: Shop <news@shop.example>") || text.contains("From: \"Shop\" <news@shop.example>"),
            "{text}"
        );
        assert!(Sender::parse("a@b.c", None).unwrap().returning_to(&format!("{}@b.c", "x".repeat(32))).is_err());
    }

    #[test]
    fn international_and_quoted_addresses_are_taken_or_refused_clearly() {
        assert_eq!(address("anna@bücher.example").unwrap().to_string(), "anna@xn--bcher-kva.example");
        assert_eq!(address("анна@пример.бг").unwrap().to_string(), "анна@xn--e1afmkfd.xn--90ae");
        assert_eq!(address("\"anna b\"@example.org").unwrap().to_string(), "\"anna b\"@example.org");
        for bad in [
            "anna@",
            "@example.org",
            "anna@exa mple.org",
            "\"anna\r\nRCPT TO:<x@y.z>\"@example.org",
            "anna@\u{202e}example.org",
        ] {
            assert!(address(bad).is_err(), "{bad:?}");
        }
        assert!(address(&format!("{}@example.org", "x".repeat(65))).is_err());
    }
}
