//! The workspace's settings: `vizavi.toml` in the data folder, and the environment for secrets.
//!
//! | Name | Default | Purpose | Range |
//! |---|---|---|---|
//! | `currency` | EUR | the one currency of all amounts | ISO 4217 |
//! | `zone` | UTC | zone of a customer without one, and of schedules | IANA |
//! | `locale` | en | language of a customer without one | BCP 47 |
//! | `base_url` | <http://127.0.0.1:8080> | where links in messages point | http(s) URL |
//! | `listen` | 127.0.0.1:8080 | where the service listens | address:port |
//! | `holdout` | 0.05 | share of customers who get no marketing contact | 0..0.5 |
//! | `exploration` | 0.03 | share of the rest whose treatment is drawn at random | 0..0.5 |
//! | `margin` | 0.3 | margin on revenue where an order line has no cost | 0..1 |
//! | `discount_rate` | 0.1 | yearly rate for present values | 0..1 |
//! | `quiet_hours` | 21-8 | no marketing contact in the customer's own zone | hour-hour |
//! | `sender` | Vizavi <no-reply@localhost> | the From of e-mails | mailbox |
//! | `[brand]` | a shop that does not exist | name, postal_address, phone, website: what messages must show of the sender | |
//! | `[channels.NAME]` | files | transport: smtp, webhook (with url), file, or mbox for e-mails | |
//! | `[smtp]` | none | relay: host, port, user, tls (none, starttls, tls), weight | weight 1..1000 |
//! | `[[relays]]` | none | further relays: as `[smtp]`, with a name; `pace` limits one of them, in messages a second | |
//! | `[pace]` | no limit | messages a second by channel, or by channel and domain: `"email/example.org" = 5` | 1..1000000 |
//! | `[warmup.NAME]` | none | a sender who is not known yet, by channel or channel and domain: from (a day), first_day, growth, full: [`Warmup`] | growth 1.01..10 |
//! | `[mail]` | below | reply_to, return_path, maildir, connections, lateness_hours, dkim_selector, complaint_alert, complaint_limit, complaint_minimum: [`Mail`] | |
//! | `[imports]` | 1024, 32 | files over REST: limit_mib, the largest that is taken; sort_memory_mib, facts that are sorted at a time | 1..1048576, 1..1024 |
//! | `[history]` | the data folder | url: where sealed facts are: file:///shared/folder, s3://bucket/prefix, gs://, az:// | |
//! | `second_approver` | false | whether a campaign is approved by another person than the one who applied it | |
//! | `[schedule]` | below | what the worker does by itself: train, score, export (HH:MM of `zone`, or never), stages_hours | 0..24 |
//! | `protected_attributes` | none | attributes of customers that no model may use | names |
//! | `[context]` | none | what requests in real time may tell, as facts `context.NAME` of rules: text, number or flag | names |
//! | `[activity_rates]` | below | cost of one activity, in minor units; `delivery` is that of an order, `claim` of a claim | >= 0 |
//! | `[potential]` | below | quantile of look-alikes that a client's wallet is held for (0.5..0.99), attributes by which they are alike | |
//! | `[word_of_mouth]` | below | what unhappy clients and those won back tell others, and who stays: [`WordOfMouth`] | |
//! | `[process_reasons]` | below | reasons of contacts that the company caused, `always` or where the complaint was `upheld` | |

mod mail;
mod smtp;
mod warmup;
mod word_of_mouth;

use std::collections::BTreeMap;
use std::path::Path;

pub use mail::Mail;
pub use smtp::{Smtp, SmtpTls};
pub use warmup::Warmup;
pub use word_of_mouth::WordOfMouth;

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::error::{Error, Fault, Result};
use crate::money::Currency;

/// Settings as written; [`Settings::check`] makes them usable.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The one currency of all amounts.
    pub currency: Currency,
    /// Zone of a customer without one, and of schedules.
    pub zone: String,
    /// Language of a customer without one.
    pub locale: String,
    /// Where links in messages point.
    pub base_url: String,
    /// Where the service listens.
    pub listen: String,
    /// Share of customers who get no marketing contact.
    pub holdout: f64,
    /// Share of the rest whose treatment is drawn at random.
    pub exploration: f64,
    /// Margin on revenue where an order line has no cost.
    pub margin: f64,
    /// Yearly rate for present values.
    pub discount_rate: f64,
    /// No marketing contact between these hours in the customer's own zone: `[from, until)`, may pass midnight.
    pub quiet_hours: [u8; 2],
    /// The From of e-mails.
    pub sender: String,
    /// Who writes, as messages name it.
    pub brand: Brand,
    /// The relay that takes e-mails.
    pub smtp: Option<Smtp>,
    /// Further relays: they share the e-mails by weight, and take over from one that is out of reach.
    pub relays: Vec<Smtp>,
    /// Messages a second, by channel (`email`) or channel and domain (`email/example.org`).
    pub pace: BTreeMap<String, i32>,
    /// Senders who are not known to receivers yet, by channel or channel and domain.
    pub warmup: BTreeMap<String, Warmup>,
    /// Mail beside the relay.
    pub mail: Mail,
    /// How each channel delivers; a channel that is not named writes files.
    pub channels: BTreeMap<String, ChannelTransport>,
    /// Addresses that webhooks may call although they are private (`127.0.0.1:9000`).
    pub webhook_allow: Vec<String>,
    /// Where sealed facts are.
    pub history: HistorySettings,
    /// What is imported over REST.
    pub imports: ImportSettings,
    /// Whether a campaign is approved by another person than the one who applied it.
    pub second_approver: bool,
    /// What the worker does by itself, and when.
    pub schedule: Schedule,
    /// Attributes of customers that no model may use, since scores reach offers and prices: `gender`, `ethnicity`, ...
    pub protected_attributes: Vec<String>,
    /// What requests in real time may tell of the moment, by name.
    pub context: BTreeMap<String, ContextKind>,
    /// Cost of one activity in minor units, by name (`call`, `email`, `return`, `complaint`, ...).
    pub activity_rates: BTreeMap<String, i64>,
    /// Reasons of contacts that the company caused itself: their cost is charged to the process, never to the client.
    pub process_reasons: BTreeMap<String, Blame>,
    /// How a client's potential is estimated from look-alikes.
    pub potential: Potential,
    /// What unhappy clients and those won back tell others.
    pub word_of_mouth: WordOfMouth,
}

/// What a fact of a request in real time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContextKind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// Yes or no.
    Flag,
}

impl ContextKind {
    /// What a value must be.
    pub fn words(self) -> &'static str {
        match self {
            ContextKind::Text => "a text",
            ContextKind::Number => "a number",
            ContextKind::Flag => "true or false",
        }
    }
}

/// How a client's potential is estimated from look-alikes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Potential {
    /// The quantile of what look-alikes spend in a year that a client's whole spending is held for.
    pub quantile: f64,
    /// Attributes by which clients are alike, beside kind, country and years as a client: such as tell how much somebody could
    /// spend (income, size of the household or firm), not how much they do.
    pub attributes: Vec<String>,
}

impl Default for Potential {
    fn default() -> Potential {
        Potential { quantile: 0.8, attributes: Vec::new() }
    }
}

/// What the worker does by itself, and when.
///
/// | Name | Default | Purpose | Range |
/// |---|---|---|---|
/// | `train` | 02:00 | all models are trained | HH:MM of `zone`, or never |
/// | `score` | 04:00 | everybody is scored, and the reports of profitability are made | HH:MM of `zone`, or never |
/// | `export` | never | facts and tables are written below `<data>/exports`, and kept for two weeks | HH:MM of `zone`, or never |
/// | `stages_hours` | 6 | hours after which stages are brought up to now between scorings; 0 leaves them to scoring | 0..24 |
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// When models are trained.
    pub train: Daily,
    /// When everybody is scored.
    pub score: Daily,
    /// How often stages are brought up to now, in hours.
    pub stages_hours: u8,
    /// When everything is written as files for a warehouse.
    pub export: Daily,
}

impl Default for Schedule {
    fn default() -> Schedule {
        Schedule { train: Daily(Some((2, 0))), score: Daily(Some((4, 0))), stages_hours: 6, export: Daily(None) }
    }
}

/// A time of the day, hour and minute, or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Daily(pub Option<(i8, i8)>);

impl TryFrom<String> for Daily {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Daily, String> {
        if text == "never" {
            return Ok(Daily(None));
        }
        let parts = text.split_once(':').and_then(|(hour, minute)| Some((hour.parse().ok()?, minute.parse().ok()?)));
        let time = parts.filter(|(hour, minute)| (0..24).contains(hour) && (0..60).contains(minute));
        time.map(|time| Daily(Some(time))).ok_or_else(|| format!("`{text}` is neither a time as 04:00 nor never"))
    }
}

impl From<Daily> for String {
    fn from(daily: Daily) -> String {
        daily.0.map_or_else(|| "never".to_owned(), |(hour, minute)| format!("{hour:02}:{minute:02}"))
    }
}

/// When a contact for a reason is the company's own doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Blame {
    /// Whatever came of it: a delivery that did not come, a wrong bill.
    Always,
    /// Where its outcome is one of [`UPHELD`]: the client was right.
    Upheld,
}

/// Outcomes that say that the client was right.
pub const UPHELD: [&str; 5] = ["upheld", "justified", "refunded", "replaced", "compensated"];

/// What is imported over REST.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImportSettings {
    /// The largest file that is taken, in MiB.
    pub limit_mib: u32,
    /// Facts that are sorted at a time, in MiB; an import that was interrupted goes on after the last of these.
    pub sort_memory_mib: u16,
}

impl Default for ImportSettings {
    fn default() -> ImportSettings {
        ImportSettings { limit_mib: 1024, sort_memory_mib: 32 }
    }
}

/// Where sealed facts are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HistorySettings {
    /// `file:///folder` that all nodes share, or an object store (`s3://bucket/prefix`, `gs://`, `az://`); the data folder when
    /// absent. It is chosen before the first fact comes: what is sealed elsewhere is not moved.
    pub url: Option<String>,
}

/// Who writes, as messages name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    /// The brand.
    pub name: String,
    /// The postal address, which commercial messages must show.
    pub postal_address: String,
    /// Where to call.
    #[serde(default)]
    pub phone: Option<String>,
    /// The site.
    pub website: String,
}

/// How a channel delivers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "transport", rename_all = "lowercase", deny_unknown_fields)]
pub enum ChannelTransport {
    /// To the relay of `[smtp]`.
    Smtp,
    /// To a service of yours, which is called with a signed body.
    Webhook {
        /// Its address.
        url: String,
    },
    /// Into the folder `out` of the data folder: `.eml` files, call lists.
    File,
    /// E-mails into the same folder, many in a file.
    Mbox,
}

impl Default for Settings {
    fn default() -> Self {
        let rates = [
            ("call", 450),
            ("email", 1),
            ("sms", 8),
            ("letter", 90),
            ("return", 700),
            ("complaint", 1500),
            ("visit", 300),
            ("self_service", 5),
        ];
        let always = ["delivery_fault", "late_delivery", "wrong_item", "defect", "billing_error", "outage"];
        let blame = always.map(|reason| (reason.to_owned(), Blame::Always));
        Settings {
            currency: Currency::parse("EUR").expect("EUR is a currency code"),
            zone: "UTC".into(),
            locale: "en".into(),
            base_url: "http://127.0.0.1:8080".into(),
            listen: "127.0.0.1:8080".into(),
            holdout: 0.05,
            exploration: 0.03,
            margin: 0.3,
            discount_rate: 0.1,
            quiet_hours: [21, 8],
            sender: "Vizavi <no-reply@localhost>".into(),
            brand: Brand {
                name: "Vizavi".into(),
                postal_address: "set [brand] postal_address in vizavi.toml".into(),
                phone: None,
                website: "http://127.0.0.1:8080".into(),
            },
            smtp: None,
            relays: Vec::new(),
            pace: BTreeMap::new(),
            warmup: BTreeMap::new(),
            mail: Mail::default(),
            channels: BTreeMap::new(),
            webhook_allow: Vec::new(),
            history: HistorySettings::default(),
            imports: ImportSettings::default(),
            second_approver: false,
            schedule: Schedule::default(),
            protected_attributes: Vec::new(),
            context: BTreeMap::new(),
            activity_rates: rates.into_iter().map(|(name, cost)| (name.to_owned(), cost)).collect(),
            potential: Potential::default(),
            word_of_mouth: WordOfMouth::default(),
            process_reasons: blame.into_iter().chain([("complaint".to_owned(), Blame::Upheld)]).collect(),
        }
    }
}

impl Settings {
    /// Reads `vizavi.toml` in `folder`; defaults where there is none.
    ///
    /// # Errors
    /// Invalid, with every fault, when the file does not parse or a value is out of its range.
    pub fn load(folder: &Path) -> Result<Settings> {
        let path = folder.join("vizavi.toml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Settings::default()),
            Err(error) => return Err(Error::from(error).context("vizavi.toml")),
        };
        let settings: Settings = toml::from_str(&text).map_err(|error| {
            let line = error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count() as u64);
            let fault = Fault { line, message: error.message().to_owned(), ..Fault::default() };
            Error::faults("the settings do not parse", vec![fault.in_file("vizavi.toml")])
        })?;
        settings.check()
    }

    /// Checks every range.
    ///
    /// # Errors
    /// Invalid, with every fault at once.
    pub fn check(self) -> Result<Settings> {
        let mut faults = Vec::new();
        let mut demand = |good: bool, key: &str, message: String| {
            if !good {
                faults.push(Fault::at(key, message).in_file("vizavi.toml"));
            }
        };
        for (key, value, most) in [
            ("holdout", self.holdout, 0.5),
            ("exploration", self.exploration, 0.5),
            ("margin", self.margin, 1.0),
            ("discount_rate", self.discount_rate, 1.0),
        ] {
            demand((0.0..=most).contains(&value), key, format!("{value} is outside 0..{most}"));
        }
        for (name, message) in self.word_of_mouth.faults() {
            demand(false, &format!("word_of_mouth.{name}"), message);
        }
        demand(clock::zone(&self.zone).is_ok(), "zone", format!("`{}` is not an IANA time zone", self.zone));
        demand(
            self.base_url.starts_with("http://") || self.base_url.starts_with("https://"),
            "base_url",
            "must begin with http:// or https://".into(),
        );
        demand(self.quiet_hours.iter().all(|&hour| hour < 24), "quiet_hours", "two hours of the day, 0 to 23".into());
        let mut names = std::collections::BTreeSet::new();
        for (i, relay) in self.smtp.iter().chain(&self.relays).enumerate() {
            let key = if i == 0 && self.smtp.is_some() {
                "smtp".to_owned()
            } else {
                format!("relays[{}]", i.saturating_sub(usize::from(self.smtp.is_some())))
            };
            demand((1..=1_000).contains(&relay.weight), &format!("{key}.weight"), "must be within 1..1000".into());
            let pace = relay.pace.is_none_or(|pace| (1..=1_000_000).contains(&pace));
            demand(pace, &format!("{key}.pace"), "must be within 1..1000000 messages a second".into());
            if i > 0 {
                let name = relay.name.as_deref().unwrap_or_default();
                let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                let good = !name.is_empty() && plain && names.insert(name.to_uppercase());
                demand(good, &format!("{key}.name"), "must be a name of its own, of letters, digits and `_`".into());
            }
        }
        demand(self.relays.is_empty() || self.smtp.is_some(), "relays", "the first relay is that of [smtp]".into());
        for (name, warmup) in &self.warmup {
            for (field, message) in warmup.faults() {
                demand(false, &format!("warmup.{name}.{field}"), message.into());
            }
        }
        for (name, &pace) in &self.pace {
            let key = format!("pace.{name}");
            demand((1..=1_000_000).contains(&pace), &key, format!("{pace} is outside 1..1000000 messages a second"));
            demand(
                !name.ends_with('/') && name.matches('/').count() <= 1,
                &key,
                "write channel, or channel/domain".into(),
            );
        }
        for fault in self.mail.faults() {
            demand(false, &fault.key.clone(), fault.message);
        }
        if let Some(url) = &self.history.url {
            let known =
                ["file:///", "s3://", "gs://", "az://", "memory://"].iter().any(|scheme| url.starts_with(scheme));
            demand(known, "history.url", "must begin with file:///, s3://, gs:// or az://".into());
        }
        let ImportSettings { limit_mib, sort_memory_mib } = self.imports;
        demand((1..=1 << 20).contains(&limit_mib), "imports.limit_mib", format!("{limit_mib} is outside 1..1048576"));
        demand(
            (1..=1024).contains(&sort_memory_mib),
            "imports.sort_memory_mib",
            format!("{sort_memory_mib} is outside 1..1024"),
        );
        for (name, &cost) in &self.activity_rates {
            demand(cost >= 0, &format!("activity_rates.{name}"), format!("{cost} is below 0"));
        }
        let is_word = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        for name in self.context.keys().filter(|name| !is_word(name) || name.len() > 60) {
            demand(false, &format!("context.{name}"), "must be 1 to 60 letters, digits or `_`".into());
        }
        demand(self.context.len() <= 50, "context", "at most 50 facts can be declared".into());
        let hours = self.schedule.stages_hours;
        demand(hours <= 24, "schedule.stages_hours", format!("{hours} is above 24"));
        let quantile = self.potential.quantile;
        demand(
            (0.5..=0.99).contains(&quantile),
            "potential.quantile",
            format!("{quantile} is outside 0.5..0.99; 0.8 is usual"),
        );
        for name in self.potential.attributes.iter().filter(|name| self.protected_attributes.contains(name)) {
            demand(
                false,
                "potential.attributes",
                format!("`{name}` is among protected_attributes: take it out of one of the two"),
            );
        }
        for (name, _) in self.channels.iter().filter(|(name, how)| **how == ChannelTransport::Mbox && *name != "email")
        {
            demand(false, &format!("channels.{name}"), "mbox files hold e-mail only; use file".into());
        }
        let smtp_channels = self.channels.iter().filter(|(_, how)| **how == ChannelTransport::Smtp);
        for (name, _) in smtp_channels {
            let key = format!("channels.{name}");
            demand(name == "email", &key, "smtp delivers e-mail only; use webhook or file".into());
            demand(self.smtp.is_some(), &key, "smtp needs the section [smtp] with the relay's host".into());
        }
        if faults.is_empty() { Ok(self) } else { Err(Error::faults("the settings cannot be used", faults)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_named_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let text = "holdout = 0.9\nzone = \"Mars/Base\"\n[imports]\nlimit_mib = 0\n";
        std::fs::write(folder.path().join("vizavi.toml"), text).unwrap();
        let error = Settings::load(folder.path()).unwrap_err();
        let keys: Vec<&str> = error.fault_list().iter().map(|f| f.key.as_str()).collect();
        assert_eq!(keys, ["holdout", "zone", "imports.limit_mib"]);
        let schedule = |text: &str| {
            std::fs::write(folder.path().join("vizavi.toml"), format!("[schedule]\n{text}\n")).unwrap();
            Settings::load(folder.path()).map(|settings| settings.schedule)
        };
        let good = schedule("score = \"05:30\"\ntrain = \"never\"").unwrap();
        assert_eq!((good.score, good.train, good.stages_hours), (Daily(Some((5, 30))), Daily(None), 6));
        let error = schedule("score = \"24:00\"").unwrap_err();
        assert!(error.fault_list()[0].line == Some(2) && error.to_string().contains("neither a time"), "{error}");
        assert!(schedule("stages_hours = 25").unwrap_err().to_string().contains("is above 24"));
        std::fs::write(folder.path().join("vizavi.toml"), "currency = \"EUR\"\nhold_out = 0.1\n").unwrap();
        let error = Settings::load(folder.path()).unwrap_err();
        assert_eq!(error.fault_list()[0].line, Some(2), "{error}");
    }
}
