//! One message: the frozen variables, the signed links and a compiled template make what the customer reads.

use std::borrow::Cow;

use serde::Serialize;

use super::header::HeaderText;
use super::links::{LinkKeys, Purpose, Token};
use super::locale::Locale;
use super::plain;
use super::program::Node;
use super::template::{CampaignTemplates, Piece};
use crate::error::{Error, Result};
use crate::ids::{CustomerId, DeliveryId};

/// What kind of text a channel carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Subject, HTML and text.
    Email,
    /// A script for the phone team.
    Call,
    /// A short text: SMS, push, chat.
    Sms,
}

impl Form {
    /// The form of a channel's messages.
    pub fn of_channel(channel: &str) -> Form {
        match channel {
            "email" | "letter" => Form::Email,
            "call" | "visit" => Form::Call,
            _ => Form::Sms,
        }
    }

    /// The piece without which there is no such message.
    pub fn needs(self) -> Piece {
        match self {
            Form::Email => Piece::Subject,
            Form::Call => Piece::Call,
            Form::Sms => Piece::Sms,
        }
    }
}

/// A message ready for a transport.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The subject; e-mails only.
    pub subject: Option<HeaderText>,
    /// The HTML; e-mails only, and only where the campaign has one.
    pub html: Option<String>,
    /// The text, never empty.
    pub text: String,
    /// Where one click ends the subscription (RFC 8058).
    pub unsubscribe: String,
    /// The language it was written in.
    pub locale: String,
    /// By which what comes back is recognised; stands in the return path.
    #[serde(skip)]
    pub return_token: String,
}

/// What signs a message's links.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// Where links point, without a slash at the end.
    pub base_url: &'a str,
    /// The secrets.
    pub keys: &'a LinkKeys,
    /// The message.
    pub delivery: DeliveryId,
    /// Whose message it is.
    pub customer: CustomerId,
}

impl Signer<'_> {
    /// The URL of a link of this message.
    pub fn url(&self, purpose: Purpose, link: u16) -> String {
        let path = match purpose {
            Purpose::Click => "t",
            Purpose::Open => "o",
            Purpose::Unsubscribe => "u",
            Purpose::Preferences => "preferences",
        };
        let token = self.keys.sign(&Token { purpose, delivery: self.delivery, customer: self.customer, link });
        format!("{}/{path}/{token}", self.base_url.trim_end_matches('/'))
    }
}

/// Makes the message of `form` from the frozen `variables` (JSON of [`Variables`](super::Variables)).
///
/// # Errors
/// Invalid when the variables are not JSON, the variant does not exist or has no such form, or a value has the wrong kind.
pub fn compose(templates: &CampaignTemplates, form: Form, variables: &str, signer: Signer<'_>) -> Result<Message> {
    let mut root: Node<'_> = serde_json::from_str(variables)?;
    let variant = root.at("variant").as_str().unwrap_or("a").to_owned();
    let wanted = root.at("locale").as_str().unwrap_or("en");
    let locale = templates.locale_for(&variant, wanted, form.needs()).ok_or_else(|| {
        Error::invalid(format!("the templates have no {:?} in variant `{variant}`; add the file", form.needs()))
    })?;
    // The text is in the language of its folder; values in it are written as the customer's own variant of that language does.
    let own = Locale::of(wanted).filter(|own| own.is_variant_of(locale)).map_or(locale, Locale::tag);
    let unsubscribe = add_links(&mut root, signer);
    root.set("locale", Node::text(own));
    let render = |piece| templates.render(&variant, locale, piece, &root);
    let has = |piece| templates.locale_for(&variant, locale, piece) == Some(locale);
    let (subject, html, text) = match form {
        Form::Call => (None, None, render(Piece::Call)?),
        Form::Sms => (None, None, render(Piece::Sms)?.trim().to_owned()),
        Form::Email => {
            let subject = HeaderText::parse("subject", &render(Piece::Subject)?)?;
            let html = if has(Piece::Html) { Some(render(Piece::Html)?) } else { None };
            let text = if has(Piece::Text) { Some(render(Piece::Text)?) } else { None };
            let made = text.or_else(|| html.as_deref().map(plain::from_html)).unwrap_or_default();
            (Some(subject), html, made)
        }
    };
    if text.trim().is_empty() {
        return Err(Error::invalid("the message is empty; look at the template's conditions"));
    }
    let return_token = signer.keys.return_token(signer.delivery);
    Ok(Message { subject, html, text, unsubscribe, locale: locale.to_owned(), return_token })
}

/// Puts signed links into the variables; returns the one that unsubscribes. Clicks and opens are counted only for a
/// customer who agreed to it: for others links lead straight to their targets.
fn add_links(root: &mut Node<'_>, signer: Signer<'_>) -> String {
    let tracked = *root.at("tracking") == Node::Bool(true);
    let offer = match root.at("offer").at("url") {
        Node::Text(_) if tracked => Node::text(signer.url(Purpose::Click, 0)),
        Node::Text(target) => Node::text(target.clone()),
        _ => root.at("sender").at("website").clone(),
    };
    if tracked && let Some(Node::List(products)) = root.get_mut("products") {
        for (i, product) in products.iter_mut().enumerate() {
            product.set("url", Node::text(signer.url(Purpose::Click, i as u16 + 1)));
        }
    }
    let unsubscribe = signer.url(Purpose::Unsubscribe, 0);
    let links = [
        ("offer", offer),
        ("unsubscribe", Node::text(unsubscribe.clone())),
        ("preferences", Node::text(signer.url(Purpose::Preferences, 0))),
        ("open", if tracked { Node::text(signer.url(Purpose::Open, 0)) } else { Node::Null }),
    ];
    root.set("links", Node::Object(links.map(|(name, link)| (Cow::Borrowed(name), link)).into()));
    unsubscribe
}

/// Where link `link` of a message leads: 0 is the offer, then the products in order. There is no other target, so a token
/// cannot be used to lead elsewhere.
pub fn target(variables: &str, link: u16) -> Result<String> {
    let root: Node<'_> = serde_json::from_str(variables)?;
    let found = match (link, root.at("products")) {
        (0, _) => root.at("offer").at("url").as_str(),
        (n, Node::List(products)) => products.get(usize::from(n) - 1).and_then(|product| product.at("url").as_str()),
        _ => None,
    };
    let safe = found.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    safe.map(str::to_owned).ok_or_else(|| Error::not_found("the message has no such link"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use crate::messages::context::catalogue;

    fn templates() -> CampaignTemplates {
        let files = [
            ("a/en/subject.hbs", "{{customer.first_name}}, {{offer.name}}"),
            (
                "a/en/html.hbs",
                "<p>{{customer.first_name}}</p><a href=\"{{url links.offer}}\">go</a>{{#if links.open}}<img alt=\"\" src=\"{{url links.open}}\">{{/if}}",
            ),
            ("a/en/sms.hbs", "{{#each products}}{{name}}: {{url url}}\n{{/each}}"),
        ];
        let files: BTreeMap<String, String> = files.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect();
        CampaignTemplates::check(&files, &json!({})).unwrap()
    }

    fn make(form: Form, variables: &Value) -> Result<Message> {
        let keys = LinkKeys::new([3; 32]);
        let signer =
            Signer { base_url: "https://m.example/", keys: &keys, delivery: DeliveryId(1), customer: CustomerId(2) };
        compose(&templates(), form, &variables.to_string(), signer)
    }

    #[test]
    fn text_is_made_from_html_and_links_are_signed_for_those_who_agreed() {
        let mut variables = catalogue();
        let message = make(Form::Email, &variables).unwrap();
        assert!(message.text.starts_with("Anna\n\ngo (https://m.example/t/"), "{}", message.text);
        assert!(message.html.unwrap().contains("https://m.example/o/"));
        assert_eq!(message.subject.unwrap().as_str(), "Anna, 10 % on your next order");
        variables["tracking"] = Value::from(false);
        let message = make(Form::Email, &variables).unwrap();
        assert!(message.text.contains("go (https://shop.example/offer)"));
        assert!(!message.html.unwrap().contains("/o/"));
        assert!(message.unsubscribe.starts_with("https://m.example/u/"));
    }

    #[test]
    fn a_name_cannot_inject_a_header_and_html_is_escaped() {
        let mut variables = catalogue();
        variables["customer"]["first_name"] = Value::from("Eve\r\nBcc: all@example.org");
        assert!(make(Form::Email, &variables).unwrap_err().message().contains("line break"));
        variables["customer"]["first_name"] = Value::from("<script>alert(1)</script>");
        assert!(make(Form::Email, &variables).unwrap().html.unwrap().contains("&lt;script&gt;"));
    }

    #[test]
    fn values_are_written_as_in_the_customers_variant_of_the_language() {
        let text = "{{date offer.valid_until}} {{money offer.discount}}".to_owned();
        let files = BTreeMap::from([("a/en/sms.hbs".to_owned(), text.clone()), ("a/de/sms.hbs".to_owned(), text)]);
        let templates = CampaignTemplates::check(&files, &json!({})).unwrap();
        for (locale, written, text) in [
            ("en", "en", "April 1, 2026 €5"),
            ("en_GB", "en", "1 April 2026 €5"),
            ("de-CH", "de", "1. April 2026 €\u{a0}5"),
            ("fr-CH", "en", "April 1, 2026 €5"),
            ("klingonish", "en", "April 1, 2026 €5"),
        ] {
            let mut variables = catalogue();
            variables["locale"] = Value::from(locale);
            let message =
                crate::messages::preview::preview(&templates, Form::Sms, &variables.to_string()).unwrap().message;
            assert_eq!((message.locale.as_str(), message.text.as_str()), (written, text), "{locale}");
        }
    }

    #[test]
    fn clicks_lead_only_to_links_of_the_message() {
        let text = catalogue().to_string();
        assert_eq!(target(&text, 0).unwrap(), "https://shop.example/offer");
        assert_eq!(target(&text, 1).unwrap(), "https://shop.example/mug");
        assert!(target(&text, 2).is_err());
        assert!(make(Form::Sms, &catalogue()).unwrap().text.starts_with("Ceramic mug: https://m.example/t/"));
        assert!(make(Form::Call, &catalogue()).unwrap_err().message().contains("Call"));
    }
}
