//! What a client could spend here: the share of wallet, estimated from look-alikes.
//!
//! What a client spends elsewhere is not known. But of clients who are alike in what tells how much they *can* spend, some give
//! the company nearly all of it; an upper quantile of what the group spends in a year is therefore held for the wallet of each
//! ("quantile wallet": Rosset, Perlich, Zadrozny, Merugu, Weiss and Lawrence, "Wallet estimation models", 2005). The potential is
//! the wallet less what the client spends already, at least nothing. It stands beside the present value, never in it.
//!
//! Groups are of kind, country, declared attributes and years as a client. One with fewer than [`FEWEST`] buyers of the last year
//! gives way to a coarser one: without attributes and country, then all. Segments made from purchases are left out on purpose: in a
//! group of those who spend little everybody spends little. Who objects to profiling neither counts nor is compared.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tenure::{band_name, band_of};
use crate::clock::Timestamp;
use crate::customers::Origin;
use crate::money::Money;
use crate::settings::Potential as Spec;

/// Buyers that a group needs.
pub const FEWEST: usize = 50;

/// The groups that a client may be compared with, the finest first.
pub fn groups_of(spec: &Spec, origin: &Origin, since: Timestamp, as_of: Timestamp) -> [String; 3] {
    let coarse = format!("{}, {}", origin.kind, band_name(band_of(since, as_of)));
    let mut fine = format!("{coarse}, {}", origin.country.as_deref().unwrap_or("no country"));
    for name in &spec.attributes {
        fine += &format!(", {name} {}", origin.attribute(name).as_deref().unwrap_or("unknown"));
    }
    [fine, coarse, "all".to_owned()]
}

/// What the buyers of each group spend in a year.
#[derive(Debug, Clone, Default)]
pub struct Spending {
    of: BTreeMap<String, Vec<Money>>,
}

impl Spending {
    /// Adds what a client of these groups spent; one who bought nothing tells nothing of wallets.
    pub fn add(&mut self, groups: &[String; 3], spent: Money) {
        if spent > Money::ZERO {
            for group in groups {
                self.of.entry(group.clone()).or_default().push(spent);
            }
        }
    }

    /// Adds that of other clients.
    pub fn merge(&mut self, other: Spending) {
        for (group, spent) in other.of {
            self.of.entry(group).or_default().extend(spent);
        }
    }

    /// The wallets of those groups that are large enough: the smallest amount that `quantile` of the buyers do not exceed.
    pub fn wallets(self, quantile: f64) -> Wallets {
        let large = self.of.into_iter().filter(|(group, spent)| spent.len() >= FEWEST || group == "all");
        let of = large.filter(|(_, spent)| !spent.is_empty()).map(|(group, mut spent)| {
            spent.sort_unstable();
            let rank = (spent.len() as f64 * quantile).ceil() as usize;
            (group, Wallet { buyers: spent.len(), yearly: spent[rank.clamp(1, spent.len()) - 1] })
        });
        Wallets(of.collect())
    }
}

/// What a group's members can spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wallet {
    /// Buyers of the last year in the group.
    pub buyers: usize,
    /// What each can spend in a year.
    pub yearly: Money,
}

/// Wallets by group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Wallets(pub BTreeMap<String, Wallet>);

/// What a client could spend here.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Potential {
    /// Whom the client is compared with.
    pub group: String,
    /// Buyers of the last year among them.
    pub buyers: usize,
    /// What the client spent here in the last 365 days.
    pub spent: Money,
    /// What it can spend in a year, everywhere.
    pub wallet: Money,
    /// What it spends elsewhere, or not yet: the wallet less what was spent, at least 0.
    pub potential: Money,
    /// Spent here as a share of the wallet, at most 1.
    pub share_of_wallet: f64,
}

impl Wallets {
    /// The potential of a client of these groups, by the finest that is large enough.
    pub fn potential(&self, groups: &[String; 3], spent: Money) -> Option<Potential> {
        let (group, wallet) = groups.iter().find_map(|group| Some((group, self.0.get(group)?)))?;
        let whole = wallet.yearly.max(spent);
        Some(Potential {
            group: group.clone(),
            buyers: wallet.buyers,
            spent,
            wallet: whole,
            potential: whole - spent,
            share_of_wallet: if whole > Money::ZERO { spent.0.max(0) as f64 / whole.0 as f64 } else { 0.0 },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::DAY;
    use crate::ids::CustomerId;
    use crate::random::Stream;

    const NOW: Timestamp = Timestamp(2_000 * DAY);

    fn spec() -> Spec {
        Spec { attributes: vec!["income".into()], ..Spec::default() }
    }

    fn origin(income: usize) -> Origin {
        Origin { attributes: format!("{{\"income\": {income}}}"), ..Origin::of(CustomerId(1)) }
    }

    /// Kendall-free check of order: the correlation of ranks (Spearman).
    fn rank_correlation(a: &[f64], b: &[f64]) -> f64 {
        let ranks = |x: &[f64]| {
            let mut order: Vec<usize> = (0..x.len()).collect();
            order.sort_by(|&i, &j| x[i].total_cmp(&x[j]));
            let mut ranks = vec![0.0; x.len()];
            order.iter().enumerate().for_each(|(rank, &i)| ranks[i] = rank as f64);
            ranks
        };
        let (a, b) = (ranks(a), ranks(b));
        let mean = (a.len() - 1) as f64 / 2.0;
        let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
        product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()
    }

    #[test]
    fn wallets_that_were_simulated_are_found_by_those_who_spend_theirs_here() {
        // Wallets rise with income, with some spread; the share of it that comes here is uniform and tells nothing of the wallet.
        let mut draw = Stream::new(9, "wallets");
        let clients: Vec<(usize, f64, f64)> = (0..6_000)
            .map(|i| {
                let income = i % 5;
                let wallet = 40_000.0 * (1.0 + income as f64) * (0.1 * draw.normal()).exp();
                (income, wallet, wallet * draw.uniform())
            })
            .collect();
        let groups = |income: usize| groups_of(&spec(), &origin(income), NOW.plus(-100 * DAY), NOW);
        let mut spending = Spending::default();
        clients.iter().for_each(|(income, _, spent)| spending.add(&groups(*income), Money(*spent as i64)));
        let wallets = spending.wallets(0.8);
        let (mut estimated, mut truth) = (Vec::new(), Vec::new());
        for (income, wallet, spent) in &clients {
            let found = wallets.potential(&groups(*income), Money(*spent as i64)).unwrap();
            assert!(found.group.contains("income"), "{}", found.group);
            assert!(found.potential >= Money::ZERO && found.share_of_wallet <= 1.0);
            estimated.push(found.potential.0 as f64);
            truth.push(wallet - spent);
        }
        let order = rank_correlation(&estimated, &truth);
        let ratio = estimated.iter().sum::<f64>() / truth.iter().sum::<f64>();
        // The quantile of 0.8 of uniform shares is 0.8 of the wallet: what it says is cautious, and its order is that of truth.
        assert!(order > 0.85, "{order}");
        assert!((0.55..0.85).contains(&ratio), "{ratio}");
        // Without the attribute the order is worse: it is the look-alikes that know.
        let blind: Vec<f64> = clients.iter().map(|(_, _, spent)| -spent).collect();
        assert!(rank_correlation(&blind, &truth) < order - 0.2);
    }

    #[test]
    fn a_small_group_gives_way_to_a_larger_one() {
        let mut spending = Spending::default();
        let groups = |income: usize| groups_of(&spec(), &origin(income), NOW.plus(-100 * DAY), NOW);
        (0..60).for_each(|i| spending.add(&groups(usize::from(i >= 55)), Money(100 + i)));
        let wallets = spending.wallets(0.8);
        assert_eq!(wallets.potential(&groups(0), Money(7)).unwrap().buyers, 55);
        let of_few = wallets.potential(&groups(1), Money(500)).unwrap();
        assert_eq!((of_few.buyers, of_few.potential, of_few.share_of_wallet), (60, Money::ZERO, 1.0));
        assert_eq!(of_few.group, "client, under 1 year");
        // The smallest amount that four fifths of 55 do not exceed: the 44th.
        assert_eq!(wallets.0["client, under 1 year, no country, income 0"].yearly, Money(143));
    }
}
