//! What the pages for customers say, in the customer's language.

/// The words of one language.
#[derive(Debug)]
pub struct Words {
    /// The language's code.
    pub language: &'static str,
    /// Heading and button of the page that unsubscribes.
    pub unsubscribe: &'static str,
    /// Heading when it is done.
    pub unsubscribed: &'static str,
    /// The question, before the channel.
    pub ask: &'static str,
    /// The answer, before the channel.
    pub done: &'static str,
    /// What still comes.
    pub still: &'static str,
    /// Heading of the preferences.
    pub preferences: &'static str,
    /// What is asked there.
    pub which: &'static str,
    /// The button.
    pub save: &'static str,
    /// After it.
    pub saved: &'static str,
    /// Other purposes than marketing: name in the store and in words.
    purposes: [(&'static str, &'static str); 2],
    /// Offers and news, the purpose of marketing.
    marketing: &'static str,
    /// Channels: name in the store and in words.
    channels: [(&'static str, &'static str); 5],
}

const ENGLISH: Words = Words {
    language: "en",
    unsubscribe: "Unsubscribe",
    unsubscribed: "You are unsubscribed",
    ask: "Do you want to get no more marketing messages from us by this channel:",
    done: "You will get no more marketing messages from us by this channel:",
    still: "Messages about your orders and contracts still reach you.",
    preferences: "Your preferences",
    which: "By which ways may we write to you, and about what?",
    save: "Save",
    saved: "Saved.",
    purposes: [("service", "help with what you have"), ("profiling", "offers made for you")],
    marketing: "offers and news",
    channels: [
        ("email", "e-mail"),
        ("sms", "text message"),
        ("call", "telephone"),
        ("letter", "letter"),
        ("visit", "visit"),
    ],
};

const RUSSIAN: Words = Words {
    language: "ru",
    unsubscribe: "Отписаться",
    unsubscribed: "Вы отписались",
    ask: "Больше не присылать вам рекламные сообщения по этому каналу:",
    done: "Мы больше не будем присылать вам рекламные сообщения по этому каналу:",
    still: "Сообщения о ваших заказах и договорах будут приходить по-прежнему.",
    preferences: "Ваши настройки",
    which: "Как и о чём мы можем вам писать?",
    save: "Сохранить",
    saved: "Сохранено.",
    purposes: [("service", "помощь с тем, что у вас есть"), ("profiling", "предложения лично для вас")],
    marketing: "предложения и новости",
    channels: [("email", "эл. почта"), ("sms", "SMS"), ("call", "телефон"), ("letter", "письмо"), ("visit", "визит")],
};

const BULGARIAN: Words = Words {
    language: "bg",
    unsubscribe: "Отписване",
    unsubscribed: "Отписахте се",
    ask: "Да не получавате повече рекламни съобщения по този канал:",
    done: "Няма да получавате повече рекламни съобщения от нас по този канал:",
    still: "Съобщенията за вашите поръчки и договори ще продължат да идват.",
    preferences: "Вашите предпочитания",
    which: "По какъв начин и за какво може да ви пишем?",
    save: "Запазване",
    saved: "Запазено.",
    purposes: [("service", "помощ за това, което имате"), ("profiling", "оферти лично за вас")],
    marketing: "оферти и новини",
    channels: [("email", "имейл"), ("sms", "SMS"), ("call", "телефон"), ("letter", "писмо"), ("visit", "посещение")],
};

impl Words {
    /// The words for whoever has this locale (a BCP 47 tag); English, where the pages do not speak their language.
    pub fn of(locale: &str) -> &'static Words {
        let language = locale.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        [&RUSSIAN, &BULGARIAN].into_iter().find(|words| words.language == language).unwrap_or(&ENGLISH)
    }

    /// A channel as customers call it; a name that is not known stays as it is.
    pub fn channel<'a>(&self, name: &'a str) -> &'a str {
        self.channels.iter().find(|(known, _)| *known == name).map_or(name, |(_, words)| words)
    }

    /// A purpose as customers call it.
    pub fn purpose<'a>(&self, name: &'a str) -> &'a str {
        if name == crate::customers::consent::MARKETING {
            return self.marketing;
        }
        self.purposes.iter().find(|(known, _)| *known == name).map_or(name, |(_, words)| words)
    }
}
