//! How numbers, amounts, dates and plurals are written in the customer's language (English, Russian, Bulgarian; after CLDR 46).

use jiff::civil::Date;

use crate::clock::Timestamp;
use crate::money::{Currency, Money};

/// A blank at which no line is broken; it groups digits in Russian and Bulgarian.
const NO_BREAK: char = '\u{a0}';

/// A language whose rules are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Locale {
    /// English.
    En,
    /// Russian.
    Ru,
    /// Bulgarian.
    Bg,
}

impl Locale {
    /// All of them, the fallback first.
    pub const ALL: [Locale; 3] = [Locale::En, Locale::Ru, Locale::Bg];

    /// Reads the language of a BCP 47 tag: `ru`, `ru-RU` and `ru_RU` are Russian. `None` when we have no rules for it.
    pub fn parse(tag: &str) -> Option<Locale> {
        match tag.split(['-', '_']).next().unwrap_or("").to_ascii_lowercase().as_str() {
            "en" => Some(Locale::En),
            "ru" => Some(Locale::Ru),
            "bg" => Some(Locale::Bg),
            _ => None,
        }
    }

    /// The language's code.
    pub fn code(self) -> &'static str {
        match self {
            Locale::En => "en",
            Locale::Ru => "ru",
            Locale::Bg => "bg",
        }
    }

    /// A number with `decimals` digits after the sign, grouped by thousands.
    pub fn number(self, value: f64, decimals: usize) -> String {
        let text = format!("{:.decimals$}", value.abs());
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let mut shown = if value < 0.0 { "-".to_owned() } else { String::new() };
        shown.push_str(&self.grouped(whole));
        if !fraction.is_empty() {
            shown.push(if self == Locale::En { '.' } else { ',' });
            shown.push_str(fraction);
        }
        shown
    }

    /// An amount with its currency's sign, exact: `€1,234.50`, `1 234,50 €`.
    pub fn money(self, amount: Money, currency: Currency) -> String {
        let plain = currency.show(Money(amount.0.saturating_abs()));
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        let mut digits = self.grouped(whole);
        // Whole amounts are shown without zeros after the sign, as shops do.
        if fraction.bytes().any(|b| b != b'0') {
            digits.push(if self == Locale::En { '.' } else { ',' });
            digits.push_str(fraction);
        }
        let minus = if amount.0 < 0 { "-" } else { "" };
        let sign = currency_sign(currency.code());
        match self {
            Locale::En if sign.chars().count() == 1 => format!("{minus}{sign}{digits}"),
            Locale::En => format!("{minus}{sign}{NO_BREAK}{digits}"),
            Locale::Ru | Locale::Bg => format!("{minus}{digits}{NO_BREAK}{sign}"),
        }
    }

    /// The day on which `at` falls in `zone`, with the month's name.
    pub fn date(self, at: Timestamp, zone: &jiff::tz::TimeZone) -> String {
        let day: Date = at.to_jiff().to_zoned(zone.clone()).date();
        let month = MONTHS[self as usize][(day.month() - 1) as usize];
        match self {
            Locale::En => format!("{month} {}, {}", day.day(), day.year()),
            Locale::Ru | Locale::Bg => {
                format!("{}{NO_BREAK}{month} {}{NO_BREAK}г.", day.day(), day.year())
            }
        }
    }

    /// Which of a word's forms goes with the whole number `n`: English and Bulgarian have one and other, Russian one, few, many.
    pub fn plural(self, n: i64) -> usize {
        let (ten, hundred) = (n.unsigned_abs() % 10, n.unsigned_abs() % 100);
        match self {
            Locale::En | Locale::Bg => usize::from(n.unsigned_abs() != 1),
            Locale::Ru if ten == 1 && hundred != 11 => 0,
            Locale::Ru if (2..=4).contains(&ten) && !(12..=14).contains(&hundred) => 1,
            Locale::Ru => 2,
        }
    }

    /// How many forms a word has.
    pub fn plural_forms(self) -> usize {
        if self == Locale::Ru { 3 } else { 2 }
    }

    fn grouped(self, digits: &str) -> String {
        // Bulgarian groups from five digits on.
        if digits.len() <= 3 || (self == Locale::Bg && digits.len() == 4) {
            return digits.to_owned();
        }
        let separator = if self == Locale::En { ',' } else { NO_BREAK };
        let mut shown = String::with_capacity(digits.len() + digits.len() / 3 * 2);
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                shown.push(separator);
            }
            shown.push(digit);
        }
        shown
    }
}

const MONTHS: [[&str; 12]; 3] = [
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    [
        "января",
        "февраля",
        "марта",
        "апреля",
        "мая",
        "июня",
        "июля",
        "августа",
        "сентября",
        "октября",
        "ноября",
        "декабря",
    ],
    [
        "януари",
        "февруари",
        "март",
        "април",
        "май",
        "юни",
        "юли",
        "август",
        "септември",
        "октомври",
        "ноември",
        "декември",
    ],
];

fn currency_sign(code: &str) -> &str {
    match code {
        "EUR" => "€",
        "USD" => "$",
        "GBP" => "£",
        "RUB" => "₽",
        "JPY" => "¥",
        "BGN" => "лв.",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_follow_each_language() {
        let (eur, bgn) = (Currency::parse("EUR").unwrap(), Currency::parse("BGN").unwrap());
        assert_eq!(Locale::En.money(Money(123_450), eur), "€1,234.50");
        assert_eq!(Locale::Ru.money(Money(123_450), eur), "1\u{a0}234,50\u{a0}€");
        assert_eq!(Locale::Bg.money(Money(123_400), eur), "1234\u{a0}€");
        assert_eq!(Locale::Bg.money(Money(1_234_500), eur), "12\u{a0}345\u{a0}€");
        assert_eq!(Locale::En.money(Money(-5), bgn), "-лв.\u{a0}0.05");
        assert_eq!(Locale::En.number(1_234_567.891, 1), "1,234,567.9");
        assert_eq!(Locale::Ru.number(-0.5, 1), "-0,5");
    }

    #[test]
    fn plurals_follow_cldr() {
        let russian: Vec<usize> = [1, 2, 5, 11, 12, 21, 22, 25, 111, 0].map(|n| Locale::Ru.plural(n)).to_vec();
        assert_eq!(russian, [0, 1, 2, 2, 2, 0, 1, 2, 2, 2]);
        assert_eq!((Locale::En.plural(1), Locale::Bg.plural(2), Locale::En.plural(0)), (0, 1, 1));
    }

    #[test]
    fn dates_are_days_in_the_customers_zone() {
        let late = Timestamp::parse("2026-01-31T23:30:00Z").unwrap();
        let sofia = crate::clock::zone("Europe/Sofia").unwrap();
        assert_eq!(Locale::En.date(late, &sofia), "February 1, 2026");
        assert_eq!(Locale::Ru.date(late, &jiff::tz::TimeZone::UTC), "31\u{a0}января 2026\u{a0}г.");
        assert_eq!(Locale::Bg.date(late, &sofia), "1\u{a0}февруари 2026\u{a0}г.");
    }
}
