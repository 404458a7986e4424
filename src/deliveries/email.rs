//! An e-mail on the wire: RFC 5322 headers, multipart/alternative, one-click unsubscribe (RFC 8058), Feedback-ID.

use std::time::{Duration, SystemTime};

use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};

use super::transport::Parcel;
use crate::error::{Error, Result};
use crate::messages::HeaderText;

/// Who e-mails come from.
#[derive(Debug, Clone)]
pub struct Sender {
    from: Mailbox,
    reply_to: Option<Mailbox>,
}

impl Sender {
    /// Reads mailboxes such as `Vizavi Shop <news@shop.example>`.
    ///
    /// # Errors
    /// Invalid when one is not a mailbox or holds a control character.
    pub fn parse(from: &str, reply_to: Option<&str>) -> Result<Sender> {
        Ok(Sender { from: mailbox("sender", from)?, reply_to: reply_to.map(|to| mailbox("reply_to", to)).transpose()? })
    }

    /// The domain that stands in Message-IDs.
    pub fn domain(&self) -> &str {
        self.from.email.domain()
    }
}

fn mailbox(key: &str, text: &str) -> Result<Mailbox> {
    let text = HeaderText::parse(key, text)?;
    text.as_str().parse().map_err(|_| Error::invalid(format!("{key}: write a mailbox such as Shop <news@shop.example>")))
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
    text.as_str().parse().map_err(|_| Error::invalid("address: this is not an e-mail address"))
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
    let text = SinglePart::plain(message.text.clone());
    let built = match &message.html {
        Some(html) => builder.multipart(
            MultiPart::alternative()
                .boundary(boundary(&row.message_id))
                .singlepart(text)
                .singlepart(SinglePart::html(html.clone())),
        ),
        None => builder.singlepart(text),
    };
    let built = built.map_err(|error| Error::invalid(format!("the e-mail cannot be built: {error}")))?;
    Ok(Wire { from: sender.from.email.clone(), to, bytes: built.formatted() })
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
    let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|_| Error::internal("a header name is not ASCII"))?;
    Ok(HeaderValue::new(name, value.as_str().to_owned()))
}
