//! Amounts of money: the signs, patterns and digits of CLDR, the decimals of ISO 4217.

use std::sync::OnceLock;

use icu_decimal::DecimalFormatter;
use icu_decimal::input::Decimal;
use icu_decimal::provider::{DecimalDigitsV1, DecimalSymbolsV1};
use icu_experimental::dimension::currency::formatter::{CurrencyFormatter, CurrencyFormatterPreferences};
use icu_experimental::dimension::provider::currency::essentials::CurrencyEssentialsV1;
use icu_experimental::dimension::provider::currency::fractions::{
    CurrencyFractions, CurrencyFractionsV1, FractionInfo,
};
use icu_experimental::dimension::provider::currency::no_currency::CurrencyPatternsNoCurrencyV1;
use icu_experimental::dimension::provider::currency::symbols::{CurrencyDecimalSymbolsV1, CurrencySymbolsV1};
use icu_provider::prelude::*;

use crate::money::{Currency, Money};

/// How many currencies a locale keeps ready. A workspace has one; the others come from previews.
const KEPT: usize = 4;

/// How a locale writes amounts, in whatever currency.
pub(super) struct MoneyFormats {
    locale: CurrencyFormatterPreferences,
    kept: [OnceLock<MoneyFormat>; KEPT],
}

impl MoneyFormats {
    pub(super) fn new(locale: CurrencyFormatterPreferences) -> MoneyFormats {
        MoneyFormats { locale, kept: Default::default() }
    }

    pub(super) fn show(&self, amount: Money, currency: Currency) -> String {
        let new = || MoneyFormat::new(self.locale, currency);
        let kept = self.kept.iter().map(|place| place.get_or_init(new)).find(|kept| kept.currency == currency);
        kept.map_or_else(|| new().show(amount), |kept| kept.show(amount))
    }
}

/// How a locale writes amounts in one currency.
struct MoneyFormat {
    currency: Currency,
    whole: CurrencyFormatter<DecimalFormatter>,
    exact: CurrencyFormatter<DecimalFormatter>,
}

impl MoneyFormat {
    fn new(locale: CurrencyFormatterPreferences, currency: Currency) -> MoneyFormat {
        let code = currency.code().parse().expect("a currency's code has three letters");
        let with = |decimals| {
            CurrencyFormatter::try_new_symbol_unstable(&Decimals(decimals), locale, code, Default::default())
                .expect("CLDR has a pattern for amounts in every locale")
        };
        MoneyFormat { currency, whole: with(0), exact: with(currency.decimals() as u8) }
    }

    fn show(&self, amount: Money) -> String {
        let mut units = Decimal::from(amount.0);
        units.multiply_pow10(-(self.currency.decimals() as i16));
        let whole = amount.0 % self.currency.minor_units() == 0;
        let format = if whole { &self.whole } else { &self.exact };
        format.format_fixed_decimal(&units).to_string()
    }
}

/// The data of CLDR, except for the number of decimals: CLDR rounds currencies whose coins are gone (the dinar of Iraq), and what a
/// message says is exact.
struct Decimals(u8);

impl DataProvider<CurrencyFractionsV1> for Decimals {
    fn load(&self, _: DataRequest<'_>) -> Result<DataResponse<CurrencyFractionsV1>, DataError> {
        let default = FractionInfo { digits: self.0, ..FractionInfo::default() };
        let payload = DataPayload::from_owned(CurrencyFractions { fractions: Default::default(), default });
        Ok(DataResponse { metadata: Default::default(), payload })
    }
}

macro_rules! as_in_cldr {
    ($data:expr => $($marker:ty),+) => {$(
        impl DataProvider<$marker> for Decimals {
            fn load(&self, mut request: DataRequest<'_>) -> Result<DataResponse<$marker>, DataError> {
                // A currency without a sign of its own is no error: its code is written.
                request.metadata.silent = true;
                $data.load(request)
            }
        }
    )+};
}

as_in_cldr!(icu_decimal::provider::Baked => DecimalSymbolsV1, DecimalDigitsV1);
as_in_cldr!(icu_experimental::provider::Baked =>
    CurrencyEssentialsV1, CurrencySymbolsV1, CurrencyDecimalSymbolsV1, CurrencyPatternsNoCurrencyV1);
