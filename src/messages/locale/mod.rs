//! How numbers, amounts, dates and plurals are written in a customer's language, by the rules of CLDR (data and code of ICU4X).
//!
//! ```text
//!  tag "es_mx" -> canonical "es-MX" -> its parents "es-419", "es" -> Locale, built once and shared by all threads
//! ```

mod money;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::{LazyLock, Mutex, PoisonError};

use icu_datetime::DateTimeFormatter;
use icu_datetime::fieldsets::YMD;
use icu_datetime::input::Date;
use icu_decimal::DecimalFormatter;
use icu_decimal::input::Decimal;
use icu_experimental::dimension::percent::formatter::PercentFormatter;
use icu_locale::{LanguageIdentifier, Locale as Tag, LocaleCanonicalizer, LocaleFallbacker};
use icu_plurals::{PluralCategory, PluralRules};

use crate::clock::Timestamp;
use crate::money::{Currency, Money};
use money::MoneyFormats;

/// How many variants of languages are kept. Tags come with customers, and nobody must fill the memory with invented regions: what
/// comes later is written as its language is, and of languages there are only as many as CLDR knows.
const MOST_VARIANTS: usize = 1_000;
/// How many tags a thread remembers before it begins anew.
const MOST_REMEMBERED: usize = 4_000;
/// The longest tag that is looked at, in bytes; RFC 5646 asks for room for 35.
const LONGEST_TAG: usize = 100;
/// Each form that a language has for whole numbers is met up to here; beyond are only the words for millions.
const COUNTED: u64 = 200;

/// The locales built so far, by their canonical tags.
static BUILT: LazyLock<Mutex<HashMap<String, &'static Locale>>> = LazyLock::new(Mutex::default);

thread_local! {
    /// What each tag as it was written led to: a message asks several times, and threads must not wait for one another.
    static REMEMBERED: RefCell<HashMap<Box<str>, Option<&'static Locale>>> = RefCell::default();
}

/// A language, or a variant of one, with what it writes in its own way.
pub struct Locale {
    /// Its canonical tag, then those of its parents.
    tags: Vec<String>,
    decimal: DecimalFormatter,
    percent: PercentFormatter<DecimalFormatter>,
    date: DateTimeFormatter<YMD>,
    money: MoneyFormats,
    plural: PluralRules,
    /// The categories of whole numbers, in the order of CLDR.
    forms: Vec<PluralCategory>,
}

impl std::fmt::Debug for Locale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Locale({})", self.tag())
    }
}

impl Locale {
    /// The locale of a BCP 47 tag, written as people write it (`pt-BR`, `pt_br`, `ru_RU.UTF-8`). `None` when CLDR does not know the
    /// language.
    pub fn of(tag: &str) -> Option<&'static Locale> {
        if tag.len() > LONGEST_TAG {
            return None;
        }
        REMEMBERED.with_borrow_mut(|remembered| {
            if let Some(found) = remembered.get(tag) {
                return *found;
            }
            let found = lineage(tag).and_then(|tags| {
                let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
                shared(&mut built, &tags)
            });
            if remembered.len() >= MOST_REMEMBERED {
                remembered.clear();
            }
            remembered.insert(tag.into(), found);
            found
        })
    }

    /// English, the language of whoever speaks none that is known.
    pub fn english() -> &'static Locale {
        Locale::of("en").expect("CLDR knows English")
    }

    fn build(tags: &[Tag]) -> Option<Locale> {
        let (own, language) = (tags.first()?, tags.last()?);
        if !has_months(&DateTimeFormatter::try_new(language.into(), YMD::long()).ok()?) {
            return None;
        }
        let plural = PluralRules::try_new_cardinal(own.into()).ok()?;
        let forms: BTreeSet<PluralCategory> = (0..=COUNTED).map(|n| plural.category_for(n)).collect();
        Some(Locale {
            tags: tags.iter().map(Tag::to_string).collect(),
            decimal: DecimalFormatter::try_new(own.into(), Default::default()).ok()?,
            percent: PercentFormatter::try_new(own.into(), Default::default()).ok()?,
            date: DateTimeFormatter::try_new(own.into(), YMD::long()).ok()?,
            money: MoneyFormats::new(own.into()),
            plural,
            forms: forms.into_iter().collect(),
        })
    }

    /// The canonical tag.
    pub fn tag(&self) -> &str {
        &self.tags[0]
    }

    /// The tags under which something for this locale may stand, the best first: `es-MX`, `es-419`, `es`.
    pub fn tags(&self) -> &[String] {
        &self.tags
    }

    /// Whether this is `tag`, or a variant of that language. Both then have the same plural forms.
    pub fn is_variant_of(&self, tag: &str) -> bool {
        language(self.tag()) == language(tag) && self.tags.iter().any(|own| own == tag)
    }

    /// A number with `decimals` digits after the sign.
    pub fn number(&self, value: f64, decimals: usize) -> String {
        self.decimal.format(&decimal(value, decimals)).to_string()
    }

    /// A share that is given in percent: `12.5` is `12.5%`, `12,5 %`, `%12,5`.
    pub fn percent(&self, value: f64, decimals: usize) -> String {
        self.percent.format(&decimal(value, decimals)).to_string()
    }

    /// An amount with its currency's sign, exact: `€1,234.50`, `1 234,50 €`. Whole amounts have no zeros after the sign, as in shops.
    pub fn money(&self, amount: Money, currency: Currency) -> String {
        self.money.show(amount, currency)
    }

    /// The day on which `at` falls in `zone`, with the month's name, in the calendar that is usual there.
    pub fn date(&self, at: Timestamp, zone: &jiff::tz::TimeZone) -> String {
        let day = at.to_jiff().to_zoned(zone.clone()).date();
        let day = Date::try_new_iso(day.year().into(), day.month().unsigned_abs(), day.day().unsigned_abs());
        self.date.format(&day.expect("both calendars have the same days")).to_string()
    }

    /// Which of a word's forms goes with the whole number `n`. Languages that say "millions" in a form of its own (Spanish, French,
    /// Italian, Portuguese) use the last one there, so that nobody has to write a form that no message needs.
    pub fn plural(&self, n: i64) -> usize {
        let category = self.plural.category_for(n.unsigned_abs());
        self.forms.iter().position(|form| *form == category).unwrap_or(self.forms.len() - 1)
    }

    /// How many forms a word has.
    pub fn plural_forms(&self) -> usize {
        self.forms.len()
    }

    /// What CLDR calls them, in the order in which a template gives them: `one, few, many`.
    pub fn plural_names(&self) -> String {
        let names: Vec<String> = self.forms.iter().map(|form| format!("{form:?}").to_lowercase()).collect();
        names.join(", ")
    }
}

fn language(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}

/// The canonical tag, then those that it inherits from. A tag that cannot be read counts for the language it begins with.
fn lineage(tag: &str) -> Option<Vec<Tag>> {
    let begin = tag.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    let id = LanguageIdentifier::try_from_locale_bytes(tag.replace('_', "-").as_bytes())
        .or_else(|_| LanguageIdentifier::try_from_str(begin))
        .ok()?;
    let mut canonical = Tag::from(id);
    LocaleCanonicalizer::new_common().canonicalize(&mut canonical);
    let mut parents = LocaleFallbacker::new().for_config(Default::default()).fallback_for(canonical.into());
    let mut tags = Vec::new();
    while !parents.get().is_unknown() {
        tags.push(parents.get().into_locale());
        parents.step();
    }
    Some(tags)
}

/// The locale of the first tag, built when it is new; where there are too many variants, that of its parent.
fn shared(built: &mut HashMap<String, &'static Locale>, tags: &[Tag]) -> Option<&'static Locale> {
    let (own, parents) = tags.split_first()?;
    let name = own.to_string();
    if let Some(found) = built.get(&name) {
        return Some(found);
    }
    if !parents.is_empty() && built.len() >= MOST_VARIANTS {
        return shared(built, parents);
    }
    // Never freed: formatters are shared by all threads for as long as the process lives, and their number is bounded.
    let locale: &'static Locale = Box::leak(Box::new(Locale::build(tags)?));
    built.insert(name, locale);
    Some(locale)
}

/// Whether a language has its own way to write dates. Without data for a language, ICU4X writes `2026 M02 1`.
fn has_months(date: &DateTimeFormatter<YMD>) -> bool {
    let day = Date::try_new_iso(2026, 2, 1).expect("a day");
    !date.format(&day).to_string().contains("M02")
}

/// `value` as it is rounded to `decimals`.
fn decimal(value: f64, decimals: usize) -> Decimal {
    format!("{value:.decimals$}").parse().unwrap_or_default()
}
