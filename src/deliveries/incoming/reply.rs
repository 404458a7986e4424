//! What a person who writes back wants, in English, Russian and Bulgarian.

use serde::{Deserialize, Serialize};

/// The longest text that is kept of a reply, in characters.
const MOST_TEXT: usize = 4_000;

/// Whole messages that end a subscription, in lower case. Those of text messages are the words that operators ask for.
const STOP: [&str; 22] = [
    "stop",
    "stopall",
    "stop all",
    "unsubscribe",
    "cancel",
    "end",
    "quit",
    "opt out",
    "optout",
    "remove me",
    "no more",
    "стоп",
    "отписаться",
    "отпишите меня",
    "отписка",
    "не присылайте",
    "отказ",
    "отпиши ме",
    "отписване",
    "спри",
    "спрете",
    "не желая",
];

/// First words of a question that people write without a question mark.
const QUESTIONS: [&str; 32] = [
    "when",
    "where",
    "how",
    "why",
    "what",
    "which",
    "who",
    "can",
    "could",
    "would",
    "is",
    "are",
    "do",
    "does",
    "please",
    "когда",
    "где",
    "как",
    "почему",
    "зачем",
    "можно",
    "сколько",
    "пожалуйста",
    "кога",
    "къде",
    "защо",
    "колко",
    "може",
    "моля",
    "какво",
    "what's",
    "подскажите",
];

/// What a reply wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wish {
    /// No more messages.
    Stop,
    /// An answer to a survey: the number that was asked for.
    Answer(u8),
    /// To be answered.
    Asks,
    /// To be heard.
    Tells,
}

impl Wish {
    /// What `text`, a whole reply without quotes, wants; a bare `unsubscribe` may stand in the subject alone.
    pub fn of(subject: &str, text: &str) -> Wish {
        let plain = words(text);
        let bare_subject = plain.is_empty() && is_stop(&words(subject));
        if bare_subject || is_stop(&plain) {
            return Wish::Stop;
        }
        if let Some(answer) = plain.parse::<u8>().ok().filter(|answer| *answer <= 10) {
            return Wish::Answer(answer);
        }
        let first = plain.split(|c: char| c.is_whitespace() || c == ',').next().unwrap_or_default();
        if text.contains('?') || QUESTIONS.contains(&first) { Wish::Asks } else { Wish::Tells }
    }
}

/// Lower case, one blank between words, no marks at either end.
fn words(text: &str) -> String {
    let joined = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    joined.trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

/// The whole message is one of the words, or politely so; "stop by tomorrow" is not.
fn is_stop(plain: &str) -> bool {
    let bare = ["please ", "пожалуйста ", "моля "].iter().fold(plain, |rest, polite| rest.trim_start_matches(polite));
    STOP.contains(&bare)
}

/// The text above what a reply quotes, at most 4,000 characters of it.
pub fn without_quotes(body: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for line in body.lines() {
        let trimmed = line.trim();
        let mark = trimmed.starts_with('>')
            || trimmed == "--"
            || trimmed.starts_with("-----")
            || trimmed.starts_with("_____")
            || introduces_quote(trimmed);
        if mark {
            break;
        }
        kept.push(line.trim_end());
    }
    kept.join("\n").trim().chars().take(MOST_TEXT).collect()
}

/// "On Monday, Shop wrote:" and its like.
fn introduces_quote(line: &str) -> bool {
    let ends = ["wrote:", "пишет:", "написал:", "написала:", "написа:"];
    ends.iter().any(|end| line.to_lowercase().ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_told_in_three_languages() {
        for stop in ["STOP", " Stop. ", "Please unsubscribe!", "СТОП", "отпишите меня", "Моля отпиши ме"]
        {
            assert_eq!(Wish::of("", stop), Wish::Stop, "{stop}");
        }
        assert_eq!(Wish::of("Unsubscribe", ""), Wish::Stop);
        for other in ["I will stop by tomorrow", "Do not stop", "The end of the offer is near"] {
            assert_ne!(Wish::of("", other), Wish::Stop, "{other}");
        }
        assert_eq!(Wish::of("Re: How was it?", " 9 "), Wish::Answer(9));
        assert_eq!(Wish::of("", "11"), Wish::Tells);
        for ask in ["Is it too late?", "когда кончается акция", "моля, обадете ми се", "Please call me"]
        {
            assert_eq!(Wish::of("", ask), Wish::Asks, "{ask}");
        }
        assert_eq!(Wish::of("Re: Do you like it?", "Thanks, got it."), Wish::Tells);
    }

    #[test]
    fn quotes_and_signatures_are_left_out() {
        assert_eq!(without_quotes("Thanks!\r\n\r\nAnna\r\n-- \r\nsent by x"), "Thanks!\n\nAnna");
        assert_eq!(without_quotes("Да\nВ понедельник Магазин пишет:\n> 1"), "Да");
        assert_eq!(without_quotes(&"x".repeat(9_000)).len(), 4_000);
    }
}
