//! Tables of what CLDR says, and what holds in any language.

use proptest::prelude::*;

use super::*;

fn locale(tag: &str) -> &'static Locale {
    Locale::of(tag).unwrap_or_else(|| panic!("{tag} is not known"))
}

fn money(tag: &str, amount: i64, currency: &str) -> String {
    locale(tag).money(Money(amount), Currency::parse(currency).unwrap())
}

fn date(tag: &str, at: &str, zone: &str) -> String {
    locale(tag).date(Timestamp::parse(at).unwrap(), &crate::clock::zone(zone).unwrap())
}

/// No-break spaces as `~`, narrow ones as `_`.
fn visible(text: String) -> String {
    text.replace('\u{a0}', "~").replace('\u{202f}', "_")
}

/// CLDR 49. ICU 78 (CLDR 48) writes the same, except that it names yen and dollars by their codes in Bulgarian, French and Polish.
#[test]
#[rustfmt::skip]
fn numbers_shares_dates_and_amounts_follow_cldr() {
    for (tag, number, percent, day, eur, whole, usd, jpy, bgn) in [
        ("en", "1,234,567.9", "12.5%", "February 1, 2026", "€1,234.50", "€1,234", "$1,234.50", "¥1,234", "BGN~12,345.60"),
        ("en-GB", "1,234,567.9", "12.5%", "1 February 2026", "€1,234.50", "€1,234", "US$1,234.50", "JP¥1,234", "BGN~12,345.60"),
        ("ru", "1~234~567,9", "12,5~%", "1 февраля 2026_г.", "1~234,50~€", "1~234~€", "1~234,50~$", "1~234~¥", "12~345,60~BGN"),
        ("bg", "1~234~567,9", "12,5%", "1 февруари 2026_г.", "1234,50~€", "1234~€", "1234,50~щ.д.", "1234~JP¥", "12~345,60~лв."),
        ("de", "1.234.567,9", "12,5~%", "1. Februar 2026", "1.234,50~€", "1.234~€", "1.234,50~$", "1.234~¥", "12.345,60~BGN"),
        ("fr", "1_234_567,9", "12,5~%", "1 février 2026", "1_234,50~€", "1_234~€", "1_234,50~$US", "1_234~JP¥", "12_345,60~BGN"),
        ("pt-BR", "1.234.567,9", "12,5%", "1 de fevereiro de 2026", "€~1.234,50", "€~1.234", "US$~1.234,50", "JP¥~1.234", "BGN~12.345,60"),
        ("pl", "1~234~567,9", "12,5%", "1 lutego 2026", "1234,50~€", "1234~€", "1234,50~US$", "1234~JP¥", "12~345,60~BGN"),
        ("ja", "1,234,567.9", "12.5%", "2026年2月1日", "€1,234.50", "€1,234", "$1,234.50", "￥1,234", "BGN~12,345.60"),
        ("ar", "1,234,567.9", "12.5\u{200e}%\u{200e}", "1 فبراير 2026", "\u{200f}1,234.50~€", "\u{200f}1,234~€", "\u{200f}1,234.50~US$", "\u{200f}1,234~JP¥", "\u{200f}12,345.60~BGN"),
        ("th", "1,234,567.9", "12.5%", "1 กุมภาพันธ์ 2569", "€1,234.50", "€1,234", "US$1,234.50", "¥1,234", "BGN~12,345.60"),
    ] {
        let own = locale(tag);
        let found = [
            own.number(1_234_567.891, 1), own.percent(12.5, 1), date(tag, "2026-02-01T12:00:00Z", "UTC"),
            money(tag, 123_450, "EUR"), money(tag, 123_400, "EUR"), money(tag, 123_450, "USD"), money(tag, 1_234, "JPY"),
            money(tag, 1_234_560, "BGN"),
        ];
        assert_eq!(found.map(visible), [number, percent, day, eur, whole, usd, jpy, bgn], "{tag}");
    }
}

#[test]
fn signs_and_digits_are_those_of_the_language() {
    assert_eq!(money("en", -5, "EUR"), "-€0.05");
    assert_eq!(visible(money("ru", -5, "EUR")), "-0,05~€");
    assert_eq!(locale("sv").number(-0.5, 1), "−0,5");
    assert_eq!(locale("hi").number(1_234_567.0, 0), "12,34,567");
    assert_eq!(locale("tr").percent(12.0, 0), "%12");
    assert_eq!(visible(money("ar-EG", 123_450, "EGP")), "\u{200f}١٬٢٣٤٫٥٠~ج.م.\u{200f}");
}

#[test]
fn decimals_are_those_of_iso_4217() {
    assert_eq!(visible(money("en", 1_005, "KWD")), "KWD~1.005");
    assert_eq!(visible(money("en", 1_005, "IQD")), "IQD~1.005", "CLDR would round it away");
    assert_eq!(visible(money("en", 9_007_199_254_740_993, "EUR")), "€90,071,992,547,409.93", "more than a float holds");
}

#[test]
fn dates_are_days_in_the_customers_zone() {
    assert_eq!(date("en", "2026-01-31T23:30:00Z", "Europe/Sofia"), "February 1, 2026");
    assert_eq!(date("en", "2026-01-31T23:30:00Z", "UTC"), "January 31, 2026");
}

#[test]
fn plurals_follow_cldr() {
    let numbers = [0, 1, 2, 3, 5, 11, 21, 100, 1_000_000, -1];
    for (tag, names, wanted) in [
        ("en", "one, other", [1, 0, 1, 1, 1, 1, 1, 1, 1, 0]),
        ("bg", "one, other", [1, 0, 1, 1, 1, 1, 1, 1, 1, 0]),
        ("de", "one, other", [1, 0, 1, 1, 1, 1, 1, 1, 1, 0]),
        ("ru", "one, few, many", [2, 0, 1, 1, 2, 2, 0, 2, 2, 0]),
        ("pl", "one, few, many", [2, 0, 1, 1, 2, 2, 2, 2, 2, 0]),
        ("ja", "other", [0; 10]),
        ("ar", "zero, one, two, few, many, other", [0, 1, 2, 3, 3, 4, 4, 5, 5, 1]),
        // None is one, and a million has a category of its own, which no template has to fill.
        ("fr", "one, other", [0, 0, 1, 1, 1, 1, 1, 1, 1, 0]),
        ("pt-BR", "one, other", [0, 0, 1, 1, 1, 1, 1, 1, 1, 0]),
        ("pt-PT", "one, other", [1, 0, 1, 1, 1, 1, 1, 1, 1, 0]),
        ("es", "one, other", [1, 0, 1, 1, 1, 1, 1, 1, 1, 0]),
    ] {
        let own = locale(tag);
        assert_eq!((own.plural_names().as_str(), own.plural_forms()), (names, names.split(", ").count()), "{tag}");
        assert_eq!(numbers.map(|n| own.plural(n)), wanted, "{tag}");
    }
}

#[test]
fn tags_are_read_as_people_write_them() {
    for (written, tag) in [
        ("de", "de"),
        ("pt_br", "pt-BR"),
        ("EN-gb", "en-GB"),
        ("ru_RU.UTF-8", "ru"),
        ("sr-latn-rs", "sr-Latn-RS"),
        ("iw", "he"),
        ("zh-Hans", "zh"),
        ("de-AT-u-nu-latn", "de-AT"),
    ] {
        assert_eq!(locale(written).tag(), tag, "{written}");
    }
    for unknown in ["", "xx", "xx-TH", "tlh", "klingonish", "12", "und", "??", "дe"] {
        assert!(Locale::of(unknown).is_none(), "{unknown}");
    }
}

#[test]
fn variants_fall_back_within_their_language() {
    assert_eq!(locale("es_MX").tags(), ["es-MX", "es-419", "es"]);
    assert_eq!(locale("zh-TW").tags(), ["zh-TW", "zh-Hant"]);
    assert!(locale("fr-CH").is_variant_of("fr") && locale("fr").is_variant_of("fr"));
    assert!(!locale("fr").is_variant_of("fr-CH") && !locale("hi-Latn").is_variant_of("en"));
}

#[test]
fn a_locale_is_built_once_and_invented_regions_end_at_a_bound() {
    assert!(std::ptr::eq(locale("de_at"), std::thread::spawn(|| locale("de-AT")).join().unwrap()));
    let mut built: HashMap<String, &'static Locale> =
        (0..MOST_VARIANTS).map(|i| (i.to_string(), Locale::english())).collect();
    let of = |built: &mut HashMap<_, _>, tag| shared(built, &lineage(tag).unwrap()).unwrap().tag().to_owned();
    assert_eq!((of(&mut built, "de-ZZ"), of(&mut built, "de")), ("de".to_owned(), "de".to_owned()));
    assert_eq!(built.len(), MOST_VARIANTS + 1);
}

/// The value of a digit in the scripts of the locales below.
fn digit(c: char) -> Option<u128> {
    let value = match c {
        '٠'..='٩' => c as u32 - '٠' as u32,
        '۰'..='۹' => c as u32 - '۰' as u32,
        _ => return c.to_digit(10).map(u128::from),
    };
    Some(u128::from(value))
}

proptest! {
    #[test]
    fn no_minor_unit_is_lost(
        amount in prop_oneof![any::<i64>(), -200_000..200_000i64, (-2_000..2_000i64).prop_map(|n| n * 1_000)],
        tag in prop::sample::select(vec!["en", "ru", "bg", "de-CH", "fr", "pt-BR", "pl", "ja", "ar-EG", "hi", "fa"]),
        code in prop::sample::select(vec!["EUR", "JPY", "KWD", "IQD", "HUF"]),
    ) {
        let shown = money(tag, amount, code);
        let unit = Currency::parse(code).unwrap().minor_units();
        let digits = shown.chars().filter_map(digit).fold(0, |number, digit| number * 10 + digit);
        let scale = if amount % unit == 0 { unit } else { 1 };
        prop_assert_eq!(digits * scale as u128, u128::from(amount.unsigned_abs()), "{}", shown);
        prop_assert_eq!(shown.contains(['-', '−']), amount < 0, "{}", shown);
    }
}
