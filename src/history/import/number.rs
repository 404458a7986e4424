//! Numbers as files write them, exactly.

use super::target::FieldKind;
use crate::money::{Currency, Decimal};

type Why = &'static str;

const RANGE: Why = "is out of range";

/// What a field of numbers holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
}

/// An exact number; what only a float can hold (1e-3) is read as one.
///
/// # Errors
/// When it is none, infinite or too large.
pub(super) fn decimal(text: &str) -> Result<Decimal, Why> {
    if let Some(exact) = Decimal::parse(text) {
        return Ok(exact);
    }
    let float: f64 = text.trim().parse().ok().filter(|value: &f64| value.is_finite()).ok_or("is not a number")?;
    Decimal::parse(&format!("{float:.12}")).ok_or(RANGE)
}

/// The digits of a short number and how many of them stand after the point: what nearly all fields hold.
pub(super) fn short(text: &str) -> Option<(i64, u32)> {
    let (sign, bytes) = match text.as_bytes() {
        [b'-', rest @ ..] => (-1, rest),
        all => (1, all),
    };
    if bytes.is_empty() || bytes.len() > 18 {
        return None;
    }
    let (mut digits, mut scale) = (0_i64, None);
    for &byte in bytes {
        match byte {
            b'0'..=b'9' => digits = digits * 10 + i64::from(byte - b'0'),
            b'.' if scale.is_none() => scale = Some(0),
            _ => return None,
        }
        if byte != b'.' {
            scale = scale.map(|scale| scale + 1);
        }
    }
    // A point alone is no number; a number may end or begin with one, as `Decimal` reads it.
    (bytes != b".").then_some((sign * digits, scale.unwrap_or(0)))
}

/// A number as a field of this kind keeps it.
///
/// # Errors
/// When it does not fit.
pub(super) fn fit(number: Decimal, kind: FieldKind, currency: Currency) -> Result<Number, Why> {
    match kind {
        FieldKind::Float => Ok(Number::Float(number.to_f64())),
        FieldKind::Money => number.to_money(currency).map(|money| Number::Int(money.0)).ok_or(RANGE),
        _ => {
            let power = 10i128.checked_pow(number.scale).ok_or(RANGE)?;
            if number.digits % power != 0 {
                return Err("is not a whole number");
            }
            i64::try_from(number.digits / power).map(Number::Int).map_err(|_| RANGE)
        }
    }
}

/// The text of a field of this kind.
///
/// # Errors
/// When it is no number, or does not fit.
pub(super) fn read(text: &str, kind: FieldKind, currency: Currency) -> Result<Number, Why> {
    match (short(text), kind) {
        (Some((digits, 0)), FieldKind::Int) => return Ok(Number::Int(digits)),
        (Some((digits, scale)), FieldKind::Money) if scale <= currency.decimals() => {
            let lifted = digits.checked_mul(10_i64.pow(currency.decimals() - scale));
            return lifted.map(Number::Int).ok_or(RANGE);
        }
        // Our own ids have nineteen digits, one more than amounts may have.
        (None, FieldKind::Int) if text.len() == 19 && !text.starts_with('+') => {
            if let Ok(id) = text.parse() {
                return Ok(Number::Int(id));
            }
        }
        _ => {}
    }
    fit(decimal(text)?, kind, currency)
}

/// `a - b`, exactly.
pub(super) fn minus(a: Decimal, b: Decimal) -> Option<Decimal> {
    let scale = a.scale.max(b.scale);
    let lift = |d: Decimal| 10i128.checked_pow(scale - d.scale).and_then(|power| d.digits.checked_mul(power));
    Some(Decimal { digits: lift(a)?.checked_sub(lift(b)?)?, scale })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_way_and_the_exact_one_agree() {
        let eur = Currency::parse("EUR").unwrap();
        for text in ["0", "-7", "12.34", "12.3", ".5", "5.", "-0.01", "999999999999999999", "1.005", "1e3", "0.12345"] {
            let exact = fit(decimal(text).unwrap(), FieldKind::Money, eur).map_err(str::to_owned);
            assert_eq!(read(text, FieldKind::Money, eur).map_err(str::to_owned), exact, "{text}");
        }
        assert_eq!(read("1234567890123456789", FieldKind::Int, eur), Ok(Number::Int(1_234_567_890_123_456_789)));
        for (text, why) in [
            ("NaN", "is not a number"),
            ("inf", "is not a number"),
            ("1e400", "is not a number"),
            (".", "is not a number"),
            ("-", "is not a number"),
            ("1,5", "is not a number"),
            ("99999999999999999999", RANGE),
            ("1e30", RANGE),
            ("999999999999999999", RANGE),
        ] {
            assert_eq!(read(text, FieldKind::Money, eur), Err(why), "{text}");
        }
        assert_eq!(read("1.5", FieldKind::Int, eur), Err("is not a whole number"));
    }
}
