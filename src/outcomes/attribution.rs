//! To which contact a conversion is credited. Credit says who was there, not what was caused: lift stands beside it.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::DeliveryId;
use crate::money::Money;

/// A contact that reached the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Touch {
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// When it was sent, or clicked where only clicks shall count.
    pub at: Timestamp,
}

/// What the customer did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conversion {
    /// The fact's key, such as the order's.
    pub key: String,
    /// When.
    pub at: Timestamp,
    /// What it was worth.
    pub value: Money,
}

/// How credit is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// All to the last contact before the conversion.
    LastTouch,
    /// 40 % to the first, 40 % to the last, the rest evenly between.
    Position,
}

/// A share of a conversion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Credit {
    /// The conversion.
    pub key: String,
    /// The contact.
    pub delivery_id: DeliveryId,
    /// Its share of the value; the shares of one conversion add up to it to the last minor unit.
    pub value: Money,
    /// Its share in millionths.
    pub millionths: u32,
}

/// The whole, in the unit of [`Credit::millionths`].
const WHOLE: i128 = 1_000_000;

/// Credits one customer's conversions to the customer's contacts within the window: `touch <= conversion < touch + window`
/// (microseconds). Conversions without a contact in their window get no credit and do not appear.
pub fn attribute(touches: &[Touch], conversions: &[Conversion], window: i64, model: Model) -> Vec<Credit> {
    let mut ordered = touches.to_vec();
    ordered.sort_by_key(|touch| (touch.at, touch.delivery_id));
    conversions.iter().flat_map(|conversion| credit(&ordered, conversion, window, model)).collect()
}

fn credit(touches: &[Touch], conversion: &Conversion, window: i64, model: Model) -> Vec<Credit> {
    let within: Vec<&Touch> =
        touches.iter().filter(|t| t.at <= conversion.at && conversion.at < t.at.plus(window)).collect();
    let Some(last) = within.last() else { return Vec::new() };
    match model {
        Model::LastTouch => {
            vec![Credit {
                key: conversion.key.clone(),
                delivery_id: last.delivery_id,
                value: conversion.value,
                millionths: WHOLE as u32,
            }]
        }
        Model::Position => shared(&within, conversion),
    }
}

/// Shares by rounding the running total, so that no minor unit is lost or made.
fn shared(within: &[&Touch], conversion: &Conversion) -> Vec<Credit> {
    let weights: Vec<i128> = match within.len() {
        1 => vec![1],
        2 => vec![1, 1],
        n => {
            // 2/5, 1/5 over the n - 2 between, 2/5, all times 5 (n - 2).
            let between = n as i128 - 2;
            (0..n).map(|i| if i == 0 || i == n - 1 { 2 * between } else { 1 }).collect()
        }
    };
    let whole: i128 = weights.iter().sum();
    let (mut so_far, mut given, mut parts) = (0i128, 0i128, 0i128);
    within
        .iter()
        .zip(weights)
        .map(|(touch, weight)| {
            so_far += weight;
            let value = i128::from(conversion.value.0) * so_far / whole;
            let part = WHOLE * so_far / whole;
            let credit = Credit {
                key: conversion.key.clone(),
                delivery_id: touch.delivery_id,
                // A share of an i64 fits an i64.
                value: Money((value - given) as i64),
                millionths: (part - parts) as u32,
            };
            (given, parts) = (value, part);
            credit
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::DAY;

    fn touch(id: i64, day: i64) -> Touch {
        Touch { delivery_id: DeliveryId(id), at: Timestamp(day * DAY) }
    }

    fn order(day: i64, value: i64) -> Conversion {
        Conversion { key: format!("o{day}"), at: Timestamp(day * DAY), value: Money(value) }
    }

    #[test]
    fn the_last_contact_within_the_window_gets_it() {
        let touches = [touch(2, 10), touch(1, 5), touch(3, 30)];
        let credits = attribute(&touches, &[order(11, 500), order(4, 100), order(20, 70)], 7 * DAY, Model::LastTouch);
        // Day 4 is before any contact; day 20 is outside both windows.
        assert_eq!(credits.len(), 1);
        assert_eq!((credits[0].delivery_id, credits[0].value), (DeliveryId(2), Money(500)));
    }

    #[test]
    fn the_window_starts_with_the_contact_and_ends_before_its_length() {
        let within = |at| {
            let order = Conversion { at: Timestamp(at), ..order(0, 100) };
            attribute(&[touch(1, 1)], &[order], 2 * DAY, Model::LastTouch).len()
        };
        assert_eq!([within(DAY - 1), within(DAY), within(3 * DAY - 1), within(3 * DAY)], [0, 1, 1, 0]);
    }

    #[test]
    fn positions_share_to_the_last_cent() {
        let touches = [touch(1, 1), touch(2, 2), touch(3, 3), touch(4, 4), touch(5, 5)];
        for value in [1, 7, 99, 1_000, -333] {
            let credits = attribute(&touches, &[order(6, value)], 30 * DAY, Model::Position);
            assert_eq!(credits.iter().map(|c| c.value.0).sum::<i64>(), value);
            assert_eq!(credits.iter().map(|c| c.millionths).sum::<u32>(), 1_000_000);
        }
        let credits = attribute(&touches, &[order(6, 1_500)], 30 * DAY, Model::Position);
        assert_eq!(credits.iter().map(|c| c.value.0).collect::<Vec<_>>(), [600, 100, 100, 100, 600]);
        assert_eq!(attribute(&touches[..2], &[order(6, 10)], 30 * DAY, Model::Position)[0].value, Money(5));
    }
}
