//! What is allowed in a message but unwise: hints for the person who writes it, none of which stops a campaign.

use std::collections::BTreeSet;

use super::plain;
use super::template::Piece;

/// The size from which Gmail cuts a message, in bytes.
const CLIPPED: usize = 102 * 1024;
/// Longer subjects are cut on telephones, in characters.
const LONG_SUBJECT: usize = 70;
/// Characters of one of several joined text messages, of the Latin alphabet or of others.
const SMS_LATIN: usize = 153;
const SMS_OTHER: usize = 67;
/// A text that takes more messages than this is dear, and few read to its end.
const MOST_SMS: usize = 3;
/// HTML that makes less text than this is a picture, in characters.
const LITTLE_TEXT: usize = 40;

/// Phrases that filters have learned from spam, in lower case.
const SPAM: [&str; 33] = [
    "100% free",
    "act now",
    "as seen on",
    "best price",
    "buy now",
    "cash bonus",
    "click here",
    "double your",
    "earn money",
    "extra income",
    "free money",
    "guaranteed",
    "limited time",
    "make money",
    "no obligation",
    "once in a lifetime",
    "order now",
    "risk-free",
    "risk free",
    "this is not spam",
    "urgent",
    "winner",
    "you have been selected",
    "you won",
    "бесплатно",
    "только сегодня",
    "жми сюда",
    "успей",
    "вы выиграли",
    "безплатно",
    "само днес",
    "натисни тук",
    "спечелихте",
];

/// Hints on a rendered piece: key and message of each. `used` holds the variables that its template names.
pub(super) fn advise(piece: Piece, text: &str, used: &BTreeSet<String>) -> Vec<(&'static str, String)> {
    let mut hints = Vec::new();
    match piece {
        Piece::Subject => subject(text.trim(), &mut hints),
        Piece::Html => html(text, &mut hints),
        Piece::Sms => sms(text.trim(), used, &mut hints),
        Piece::Text | Piece::Call => {}
    }
    if matches!(piece, Piece::Html | Piece::Text) {
        if !used.contains("links.unsubscribe") {
            hints.push(("links.unsubscribe", "a marketing message needs {{url links.unsubscribe}}".into()));
        }
        if !used.contains("sender.postal_address") {
            hints.push((
                "sender.postal_address",
                "a marketing message names who writes and where: {{sender.postal_address}}".into(),
            ));
        }
        if text.len() > CLIPPED {
            hints.push(("size", format!("{} bytes: Gmail cuts messages above {CLIPPED}", text.len())));
        }
    }
    if piece != Piece::Call {
        let words = if piece == Piece::Html { plain::from_html(text) } else { text.to_owned() };
        for phrase in spam(&words) {
            hints.push(("spam", format!("`{phrase}` is a phrase that filters know; say it in your own words")));
        }
    }
    hints
}

fn subject(text: &str, hints: &mut Vec<(&'static str, String)>) {
    let length = text.chars().count();
    if length > LONG_SUBJECT {
        hints.push(("subject", format!("{length} characters: telephones show about {LONG_SUBJECT}")));
    }
    let letters: Vec<char> = text.chars().filter(|c| c.is_alphabetic()).collect();
    if letters.len() > 8 && letters.iter().filter(|c| c.is_uppercase()).count() * 2 > letters.len() {
        hints.push(("subject", "capitals shout, and filters listen".into()));
    }
    if text.contains("!!") || text.contains("??") {
        hints.push(("subject", "one mark is enough".into()));
    }
}

fn html(text: &str, hints: &mut Vec<(&'static str, String)>) {
    let lower = text.to_ascii_lowercase();
    if tags(&lower, "<img").any(|tag| attribute(tag, "alt").is_none()) {
        hints.push(("image", "give each image an alt text; many readers do not load pictures".into()));
    }
    let insecure = ["<a", "<img", "<form", "<link"].into_iter().flat_map(|name| tags(&lower, name));
    let insecure = insecure.filter(|tag| {
        ["href", "src", "action"].iter().any(|name| attribute(tag, name).is_some_and(|to| to.starts_with("http://")))
    });
    let count = insecure.count();
    if count > 0 {
        hints.push(("link", format!("{count} addresses begin with http://; use https://")));
    }
    if plain::from_html(text).trim().chars().count() < LITTLE_TEXT {
        hints.push((
            "text",
            "the HTML makes almost no text: add text.hbs, for those who see no pictures and for filters".into(),
        ));
    }
}

fn sms(text: &str, used: &BTreeSet<String>, hints: &mut Vec<(&'static str, String)>) {
    let length = text.chars().count();
    let parts = length.div_ceil(if text.is_ascii() { SMS_LATIN } else { SMS_OTHER });
    if parts > MOST_SMS {
        hints.push(("sms", format!("{length} characters are sent and charged as {parts} messages")));
    }
    let words = text.to_lowercase();
    if !used.contains("links.unsubscribe") && !["stop", "стоп"].iter().any(|word| words.contains(word)) {
        hints.push(("sms", "say how to end this: {{url links.unsubscribe}}, or a word such as STOP".into()));
    }
}

/// The insides of each tag that begins with `open`.
fn tags<'a>(lower: &'a str, open: &'a str) -> impl Iterator<Item = &'a str> {
    let insides = lower.split(open).skip(1).filter(|rest| rest.starts_with([' ', '\t', '\n', '\r', '/', '>']));
    insides.map(|rest| rest.split('>').next().unwrap_or_default())
}

/// The value of a quoted attribute.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    for (at, _) in tag.match_indices(name) {
        let alone = tag[..at].ends_with(|c: char| c.is_ascii_whitespace());
        let value = tag[at + name.len()..].trim_start().strip_prefix('=').map(str::trim_start);
        if let (true, Some(value)) = (alone, value) {
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            return Some(quote.map_or("", |quote| value[1..].split(quote).next().unwrap_or_default()));
        }
    }
    None
}

fn spam(text: &str) -> Vec<&'static str> {
    let lower = text.to_lowercase();
    let bounded = |phrase: &str| {
        lower.match_indices(phrase).any(|(at, _)| {
            !lower[..at].ends_with(char::is_alphanumeric)
                && !lower[at + phrase.len()..].starts_with(char::is_alphanumeric)
        })
    };
    SPAM.into_iter().filter(|phrase| bounded(phrase)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(piece: Piece, text: &str) -> Vec<&'static str> {
        let used = BTreeSet::from(["links.unsubscribe".to_owned(), "sender.postal_address".to_owned()]);
        advise(piece, text, &used).into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn a_good_message_has_no_hints() {
        let html = "<p>Dear Anna, thank you for your order; here is what goes with it.</p><a href=\"https://a.example\">See</a>\
            <img\n alt='' src=\"https://a.example/i.png\">";
        assert_eq!(keys(Piece::Html, html), Vec::<&str>::new());
        assert_eq!(keys(Piece::Subject, "Анна, спасибо за заказ"), Vec::<&str>::new());
    }

    #[test]
    fn each_weakness_has_its_hint() {
        let long = "<p>We have something new that you may like, and it is not far.</p>";
        assert_eq!(keys(Piece::Html, &format!("{long}<img src=\"https://a/alt=\">")), ["image"]);
        assert_eq!(keys(Piece::Html, &format!("{long}<A HREF='http://a.example'>x</A>")), ["link"]);
        assert_eq!(keys(Piece::Html, "<img alt=\"\" src=\"https://a/1.png\">"), ["text"]);
        assert_eq!(keys(Piece::Html, &format!("{long}{}", "x".repeat(103 * 1024))), ["size"]);
        assert_eq!(keys(Piece::Subject, "ACT NOW, ANNA!!"), ["subject", "subject", "spam"]);
        assert_eq!(keys(Piece::Subject, "Только сегодня для вас"), ["spam"]);
        assert_eq!(
            keys(Piece::Subject, "A customer who is exact now and then"),
            Vec::<&str>::new(),
            "not inside of words"
        );
        assert_eq!(keys(Piece::Sms, &"я".repeat(67 * 3)), Vec::<&str>::new());
        assert_eq!(keys(Piece::Sms, &"я".repeat(67 * 3 + 1)), ["sms"]);
        let bare = advise(Piece::Text, "Hello", &BTreeSet::new());
        assert_eq!(
            bare.iter().map(|(key, _)| *key).collect::<Vec<_>>(),
            ["links.unsubscribe", "sender.postal_address"]
        );
        assert_eq!(advise(Piece::Sms, "Hello", &BTreeSet::new()).len(), 1);
    }
}
