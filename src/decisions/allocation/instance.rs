//! Allocation instances of known bounds ("arb-1"), for tests and the bench: consents, eligibility, stocks, channel capacities
//! and a budget as in a campaign of a large shop, made by integer hashes and `+ - * /` only, so that every machine makes the
//! same bits. The checksum of 10,000 customers by 20 offers and 4 channels is 0x17bb2c87d4c50075.

use rayon::prelude::*;

use super::dual::BLOCK;
use super::problem::{Arm, ArmKind, Problem};
use crate::error::Result;
use crate::random::{mix, unit};

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
const RESPONSE: [f64; 4] = [0.5, 0.6, 0.9, 1.2];
const CONSENT: [f64; 4] = [0.90, 0.60, 0.70, 0.30];
const CONTACT_COST: [f64; 4] = [0.005, 0.01, 0.10, 1.0];
const CHANNEL: [f64; 4] = [0.30, 0.15, 0.10, 0.02];

/// The size and the scarcity of an instance.
#[derive(Debug, Clone, Copy)]
pub struct Instance {
    /// Customers.
    pub customers: usize,
    /// Offers.
    pub offers: usize,
    /// Channels, at most 4.
    pub channels: usize,
    /// Contacts for a customer.
    pub per_customer: u8,
    /// Seed.
    pub seed: u64,
    /// Budget for a customer, in units of money.
    pub budget: f64,
    /// How much stock there is, against what would be wanted.
    pub inventory: f64,
    /// Values are rounded down to multiples of this many ticks; 1 leaves them.
    pub step: i32,
    /// The group of its first offer: instances that are joined have other offers each.
    pub group: u32,
}

impl Instance {
    /// The standard instance of this size.
    pub fn new(customers: usize, offers: usize, channels: usize, per_customer: u8) -> Instance {
        let channels = channels.clamp(1, 4);
        Instance {
            customers,
            offers,
            channels,
            per_customer,
            seed: 20_240_607,
            budget: 0.2,
            inventory: 0.8,
            step: 1,
            group: 0,
        }
    }
}

struct Offer {
    margin: f64,
    discount: f64,
    weights: [f64; 4],
    eligible: f64,
}

struct Numbers {
    keys: [u64; 12],
}

impl Numbers {
    fn new(seed: u64) -> Numbers {
        Numbers { keys: std::array::from_fn(|s| mix(seed.wrapping_add(GOLDEN.wrapping_mul(s as u64 + 1)))) }
    }

    fn at(&self, stream: usize, index: usize) -> f64 {
        unit(mix(self.keys[stream].wrapping_add(GOLDEN.wrapping_mul(index as u64 + 1))))
    }
}

/// The usable arms of one customer, with each one's position among all offers by channels.
type Arms = Vec<(u32, Arm)>;

/// Makes the problem; resources are the budget, then each offer's stock, then each channel's capacity.
///
/// # Errors
/// Invalid, when there are more arms than a problem can hold.
pub fn generate(instance: &Instance) -> Result<(Problem, u64)> {
    let Instance { customers, offers, channels, .. } = *instance;
    let numbers = Numbers::new(instance.seed);
    let (list, stock): (Vec<Offer>, Vec<i64>) = (0..offers).map(|o| offer(&numbers, instance, o)).unzip();
    let mut capacities = vec![((customers as f64 * instance.budget) * 10_000.0).floor() as i64];
    capacities.extend(stock);
    capacities.extend(CHANNEL[..channels].iter().map(|part| (customers as f64 * part).floor() as i64));
    let kinds = (0..channels * offers).map(|a| {
        let (channel, offer) = (a / offers, a % offers);
        let units = vec![(1 + offer as u16, 1), (1 + offers as u16 + channel as u16, 1)];
        let group = instance.group + offer as u32;
        ArmKind { group, key: mix(a as u64 + (u64::from(instance.group) << 32)), budgets: vec![0], units }
    });
    let mut problem = Problem::new(capacities, kinds.collect())?;
    let mut checksum = 0u64;
    for block in 0..customers.div_ceil(BLOCK) {
        let range = block * BLOCK..((block + 1) * BLOCK).min(customers);
        let rows: Vec<Arms> = range.clone().into_par_iter().map(|i| arms(&numbers, instance, &list, i)).collect();
        for (customer, arms) in range.zip(rows) {
            for (a, arm) in &arms {
                let position = (customer * offers * channels) as u64 + u64::from(*a);
                checksum = mix(checksum.wrapping_add(GOLDEN.wrapping_add(position)));
                checksum = mix(checksum.wrapping_add(arm.value as u64));
                checksum = mix(checksum.wrapping_add(arm.cost as u64));
            }
            let mut row: Vec<Arm> = arms.into_iter().map(|(_, arm)| coarser(arm, instance.step)).collect();
            row.retain(|arm| arm.value > 0);
            problem.push(mix(customer as u64), instance.per_customer, &mut row)?;
        }
    }
    Ok((problem, checksum))
}

/// The same arm with a value that many arms share.
fn coarser(arm: Arm, step: i32) -> Arm {
    Arm { value: arm.value / step.max(1) * step.max(1), ..arm }
}

fn offer(numbers: &Numbers, instance: &Instance, o: usize) -> (Offer, i64) {
    let margin = 15.0 + 45.0 * numbers.at(1, o);
    let discount = margin * (0.05 + 0.20 * numbers.at(2, o));
    let mut weights: [f64; 4] = std::array::from_fn(|t| {
        let v = numbers.at(3, 4 * o + t);
        v * v
    });
    let sum = ((weights[0] + weights[1]) + weights[2]) + weights[3];
    weights.iter_mut().for_each(|weight| *weight /= sum);
    let eligible = 0.3 + 0.6 * numbers.at(4, o);
    let wanted = 0.4 + 0.8 * numbers.at(5, o);
    let stock = (((instance.customers as f64 * wanted) / instance.offers as f64) * instance.inventory).floor();
    (Offer { margin, discount, weights, eligible }, stock as i64)
}

fn arms(numbers: &Numbers, instance: &Instance, list: &[Offer], i: usize) -> Arms {
    let u = numbers.at(6, i);
    let a = 0.05 + 0.95 * (u * u);
    let z: [f64; 4] = std::array::from_fn(|t| numbers.at(7, 4 * i + t));
    let interest: Vec<Option<(f64, f64)>> = (list.iter().enumerate())
        .map(|(o, offer)| {
            if numbers.at(10, i * instance.offers + o) >= offer.eligible {
                return None;
            }
            let n = numbers.at(11, i * instance.offers + o);
            let w = offer.weights;
            let f = ((z[0] * w[0] + z[1] * w[1]) + z[2] * w[2]) + z[3] * w[3];
            let q = f * f;
            Some((n, (0.35 * a) * (q * (0.25 + 1.5 * (n * n)))))
        })
        .collect();
    let mut arms = Vec::new();
    for c in 0..instance.channels {
        if numbers.at(8, 8 * i + c) >= CONSENT[c] {
            continue;
        }
        let r = RESPONSE[c] * (0.5 + numbers.at(9, 8 * i + c));
        for (o, (offer, interest)) in list.iter().zip(&interest).enumerate() {
            let Some((n, g)) = *interest else { continue };
            let tau = (g * r - 0.003 * n).min(0.6);
            let p = tau.max(0.0) + 0.05 * a;
            let x = p * offer.discount;
            let value = (((tau * offer.margin - x) - CONTACT_COST[c]) * 10_000.0 + 0.5).floor() as i32;
            let cost = ((x + CONTACT_COST[c]) * 10_000.0 + 0.5).floor() as i32;
            if value > 0 {
                let at = (c * instance.offers + o) as u32;
                arms.push((at, Arm { value, cost, kind: at as u16 }));
            }
        }
    }
    arms
}
