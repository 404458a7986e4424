//! Money: whole minor units. One workspace has one currency; a fact in another is refused at the door.

use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::BigInt;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// An amount in minor units (cents) of the workspace's currency. Sums are exact.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, AsExpression, FromSqlRow,
)]
#[diesel(sql_type = BigInt)]
#[serde(transparent)]
pub struct Money(pub i64);

/// An ISO 4217 code with its number of decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency {
    code: [u8; 3],
    decimals: u8,
}

impl Currency {
    /// Reads a three-letter code. Decimals are two, except where ISO 4217 says otherwise.
    pub fn parse(code: &str) -> Result<Currency> {
        let bytes: [u8; 3] =
            code.as_bytes().try_into().ok().filter(|b: &[u8; 3]| b.iter().all(u8::is_ascii_uppercase)).ok_or_else(
                || Error::invalid(format!("`{code}` is not an ISO 4217 currency code; write one such as EUR")),
            )?;
        let decimals = match code {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
            | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        };
        Ok(Currency { code: bytes, decimals })
    }

    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or("XXX")
    }

    /// Minor units in one unit, as a power of ten.
    pub fn decimals(&self) -> u32 {
        u32::from(self.decimals)
    }

    /// Minor units in one unit.
    pub fn minor_units(&self) -> i64 {
        10i64.pow(self.decimals())
    }

    /// Shows an amount without the code: `1234` cents is `12.34`.
    pub fn show(&self, amount: Money) -> String {
        let unit = self.minor_units();
        let sign = if amount.0 < 0 { "-" } else { "" };
        let absolute = amount.0.unsigned_abs();
        if unit == 1 {
            return format!("{sign}{absolute}");
        }
        let (whole, rest) = (absolute / unit as u64, absolute % unit as u64);
        format!("{sign}{whole}.{rest:0width$}", width = self.decimals as usize)
    }
}

impl TryFrom<String> for Currency {
    type Error = Error;
    fn try_from(code: String) -> Result<Currency> {
        Currency::parse(&code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.code().to_owned()
    }
}

impl Money {
    /// No money.
    pub const ZERO: Money = Money(0);

    /// Rounds an amount in units (12.34) to minor units, halves to even.
    pub fn from_units(units: f64, currency: Currency) -> Money {
        Money((units * currency.minor_units() as f64).round_ties_even() as i64)
    }

    /// The amount in units, for statistics; never for sums that must be exact.
    pub fn to_units(self, currency: Currency) -> f64 {
        self.0 as f64 / currency.minor_units() as f64
    }
}

impl std::ops::Add for Money {
    type Output = Money;
    fn add(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }
}

impl std::ops::Sub for Money {
    type Output = Money;
    fn sub(self, other: Money) -> Money {
        Money(self.0.saturating_sub(other.0))
    }
}

impl std::ops::Neg for Money {
    type Output = Money;
    fn neg(self) -> Money {
        Money(-self.0)
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money::ZERO, |total, amount| total + amount)
    }
}

/// A decimal number read exactly: `digits` x 10^-`scale`. Prices are multiplied as such and rounded once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// All digits as one whole number, with the sign.
    pub digits: i128,
    /// How many of them stand after the point.
    pub scale: u32,
}

impl Decimal {
    /// Reads `-12.345`. Refuses exponents, NaN, empty text and more than 18 digits on either side of the point.
    pub fn parse(text: &str) -> Option<Decimal> {
        let (sign, body) = match text.trim().strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.trim()),
        };
        let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || whole.len() > 18 || fraction.len() > 18 {
            return None;
        }
        if !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let mut digits: i128 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            digits = digits * 10 + i128::from(byte - b'0');
        }
        Some(Decimal { digits: sign * digits, scale: fraction.len() as u32 })
    }

    /// The product; `None` when it does not fit.
    pub fn times(self, other: Decimal) -> Option<Decimal> {
        Some(Decimal { digits: self.digits.checked_mul(other.digits)?, scale: self.scale + other.scale })
    }

    /// Rounds to minor units, halves to even; `None` when it does not fit.
    pub fn to_money(self, currency: Currency) -> Option<Money> {
        let decimals = currency.decimals();
        if self.scale <= decimals {
            let scaled = self.digits.checked_mul(10i128.pow(decimals - self.scale))?;
            return i64::try_from(scaled).ok().map(Money);
        }
        let divisor = 10i128.checked_pow(self.scale - decimals)?;
        let (quotient, rest) = (self.digits.div_euclid(divisor), self.digits.rem_euclid(divisor));
        let up = rest * 2 > divisor || (rest * 2 == divisor && quotient % 2 != 0);
        i64::try_from(quotient + i128::from(up)).ok().map(Money)
    }

    /// The nearest float.
    pub fn to_f64(self) -> f64 {
        self.digits as f64 / 10f64.powi(self.scale as i32)
    }
}

impl<DB: diesel::backend::Backend> ToSql<BigInt, DB> for Money
where
    i64: ToSql<BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> diesel::serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB: diesel::backend::Backend> FromSql<BigInt, DB> for Money
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        i64::from_sql(bytes).map(Money)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_and_round_half_to_even() {
        let eur = Currency::parse("EUR").unwrap();
        let price = Decimal::parse("2.55").unwrap().times(Decimal::parse("6").unwrap()).unwrap();
        assert_eq!(price.to_money(eur), Some(Money(1530)));
        for (text, cents) in [("0.005", 0), ("0.015", 2), ("-0.005", 0), ("-0.015", -2), ("-1.234", -123), ("7", 700)] {
            assert_eq!(Decimal::parse(text).unwrap().to_money(eur), Some(Money(cents)), "{text}");
        }
        for bad in ["", "-", ".", "1e3", "NaN", "1,5", "١", "1234567890123456789"] {
            assert!(Decimal::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn amounts_are_shown_in_the_currencys_decimals() {
        assert_eq!(Currency::parse("EUR").unwrap().show(Money(-5)), "-0.05");
        assert_eq!(Currency::parse("JPY").unwrap().show(Money(1200)), "1200");
        assert_eq!(Currency::parse("KWD").unwrap().show(Money(1200)), "1.200");
        assert!(Currency::parse("Euro").is_err());
    }
}
