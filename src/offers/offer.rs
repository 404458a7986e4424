//! An offer's definition, as written and as checked.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::{Error, Fault, Result};
use crate::money::Money;
use crate::rules::RuleSpec;

/// What the customer gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Benefit {
    /// A share of the basket, 0..100.
    Percent(f64),
    /// A fixed amount off, in minor units.
    Amount(Money),
    /// An amount off that grows with the basket; the highest tier reached counts.
    Tiers(Vec<Tier>),
    /// A thing or service that costs us this much when redeemed, in minor units.
    Gift(Money),
    /// Nothing but the message itself.
    Information,
}

/// One step: from this basket on, so much off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Least basket, in minor units.
    pub from: Money,
    /// What is taken off, in minor units.
    pub off: Money,
}

/// How cost and gain of a partner's offer are shared, by redemption.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settlement {
    /// The share of the benefit (what is taken off, or the gift) that the partner bears, 0..=1.
    #[serde(default)]
    pub share: f64,
    /// What the partner pays us for each redemption, in minor units; below 0 we pay them.
    #[serde(default)]
    pub fee: Money,
}

/// An offer as written. Amounts are in minor units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferSpec {
    /// The company's own key: letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// What people call it, by locale; `en` is the fallback.
    #[serde(default)]
    pub title: BTreeMap<String, String>,
    /// One or two sentences about it, by locale.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub description: BTreeMap<String, String>,
    /// Where a click leads; the brand's site when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The firm that gives it, when it is not the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// What that firm bears and pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settlement: Option<Settlement>,
    /// The goods that it offers together, by SKU; `/v1/offers/{id}/together` says how many clients buy all of them as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bundle: Vec<String>,
    /// What the customer gets.
    pub benefit: Benefit,
    /// Least basket for which it can be redeemed.
    #[serde(default)]
    pub least_basket: Money,
    /// What fulfilling it costs beside the benefit.
    #[serde(default)]
    pub cost: Money,
    /// How much of it there is; no limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<i64>,
    /// From when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// Who may have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eligibility: Option<RuleSpec>,
    /// The marketer's guess of the share that converts when contacted; used until data say more.
    #[serde(default = "default_base_rate")]
    pub base_rate: f64,
    /// How many observations that guess is worth.
    #[serde(default = "default_base_weight")]
    pub base_weight: f64,
    /// Share of conversions that redeem the benefit.
    #[serde(default = "default_redeem")]
    pub redeem: f64,
    /// Share of the extra purchases that are only brought forward, and will be missing later.
    #[serde(default = "default_pull_forward")]
    pub pull_forward: f64,
    /// The basket of a conversion where the customer has none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basket: Option<Money>,
    /// An earned benefit (loyalty, no claims) or a contract price: never drawn at random, never weighed against others.
    #[serde(default)]
    pub earned: bool,
    /// It has consequences for a person (a refusal, a contract, a lower service level): each message of a run that makes it waits for
    /// somebody who releases or refuses it, and it is not proposed in real time.
    #[serde(default)]
    pub review: bool,
    /// The code that redeems it, the same for everybody; single-use codes are imported (`vizavi import codes`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The placements that it is for, and nothing else; for every contact when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placements: Vec<String>,
}

fn default_base_rate() -> f64 {
    0.03
}

fn default_base_weight() -> f64 {
    200.0
}

fn default_redeem() -> f64 {
    1.0
}

fn default_pull_forward() -> f64 {
    0.1
}

impl OfferSpec {
    /// What is taken off a basket, in minor units; never more than the basket.
    pub fn discount(&self, basket: Money) -> Money {
        if basket < self.least_basket || basket.0 <= 0 {
            return Money::ZERO;
        }
        let off = match &self.benefit {
            Benefit::Percent(percent) => Money((basket.0 as f64 * percent / 100.0).round_ties_even() as i64),
            Benefit::Amount(amount) => *amount,
            Benefit::Tiers(tiers) => {
                tiers.iter().filter(|tier| tier.from <= basket).map(|tier| tier.off).max().unwrap_or_default()
            }
            Benefit::Gift(_) | Benefit::Information => Money::ZERO,
        };
        off.min(basket)
    }

    /// What a redemption costs us for a basket: the discount, the gift, and the cost of fulfilling it, less what a partner bears
    /// and pays; below 0 where a partner pays more than it costs.
    pub fn redemption_cost(&self, basket: Money) -> Money {
        let gift = match self.benefit {
            Benefit::Gift(cost) if basket >= self.least_basket => cost,
            _ => Money::ZERO,
        };
        let benefit = self.discount(basket) + gift;
        match self.settlement {
            None => benefit + self.cost,
            Some(Settlement { share, fee }) => {
                Money((benefit.0 as f64 * (1.0 - share)).round_ties_even() as i64) + self.cost - fee
            }
        }
    }

    /// Whether it may be proposed at this instant.
    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        self.valid_from.is_none_or(|from| from <= at) && self.valid_until.is_none_or(|until| at < until)
    }

    /// Whether it may be proposed at this placement, or outside any.
    pub fn is_for(&self, placement: Option<&str>) -> bool {
        self.placements.is_empty() || placement.is_some_and(|asking| self.placements.iter().any(|own| own == asking))
    }

    /// What people call it in this language; English, then the name, where there is no title.
    pub fn title_in(&self, locale: &str) -> &str {
        in_language(&self.title, locale).unwrap_or(&self.name)
    }

    /// The sentences about it in this language, or in English.
    pub fn description_in(&self, locale: &str) -> Option<&str> {
        in_language(&self.description, locale)
    }

    /// Checks ranges and shapes; rules are checked against the catalogue by whoever has one.
    ///
    /// # Errors
    /// Invalid, with every fault at once.
    pub fn check(self) -> Result<OfferSpec> {
        let mut faults = Vec::new();
        if !is_name(&self.name) {
            faults.push(Fault::at("name", "must be 1 to 100 letters, digits, `-`, `_` or `.`"));
        }
        for (key, share) in
            [("base_rate", self.base_rate), ("redeem", self.redeem), ("pull_forward", self.pull_forward)]
        {
            if !(0.0..=1.0).contains(&share) {
                faults.push(Fault::at(key, format!("{share} is outside 0..1")));
            }
        }
        if !(self.base_weight >= 0.0 && self.base_weight.is_finite()) {
            faults.push(Fault::at("base_weight", "must be 0 or more observations"));
        }
        let amounts =
            [("least_basket", self.least_basket), ("cost", self.cost), ("basket", self.basket.unwrap_or_default())];
        for (key, amount) in amounts {
            if amount < Money::ZERO {
                faults.push(Fault::at(key, "must not be below 0"));
            }
        }
        if self.url.as_ref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
            faults.push(Fault::at("url", "must begin with https:// or http://"));
        }
        if self.stock.is_some_and(|stock| stock < 0) {
            faults.push(Fault::at("stock", "must not be below 0"));
        }
        for (i, placement) in self.placements.iter().enumerate().filter(|(_, placement)| !is_name(placement)) {
            faults.push(Fault::at(format!("placements[{i}]"), format!("`{placement}` is no name such as home.hero")));
        }
        if let (Some(from), Some(until)) = (self.valid_from, self.valid_until)
            && from >= until
        {
            faults.push(Fault::at("valid_until", "must lie after valid_from"));
        }
        if let Some(settlement) = self.settlement {
            if self.partner.is_none() {
                faults.push(Fault::at("settlement", "needs the `partner` with whom it is made"));
            }
            if !(0.0..=1.0).contains(&settlement.share) {
                faults.push(Fault::at("settlement.share", format!("{} is outside 0..1", settlement.share)));
            }
        }
        let different: BTreeSet<&String> = self.bundle.iter().collect();
        if self.bundle.len() == 1 || different.len() < self.bundle.len() || self.bundle.iter().any(String::is_empty) {
            faults.push(Fault::at("bundle", "needs two goods or more, each named once"));
        }
        faults.extend(self.benefit.faults());
        if faults.is_empty() {
            Ok(self)
        } else {
            Err(Error::faults(format!("the offer `{}` cannot be used", self.name), faults))
        }
    }
}

impl Benefit {
    fn faults(&self) -> Vec<Fault> {
        match self {
            Benefit::Percent(percent) if !(0.0..=100.0).contains(percent) => {
                vec![Fault::at("benefit.percent", format!("{percent} is outside 0..100"))]
            }
            Benefit::Amount(amount) | Benefit::Gift(amount) if *amount < Money::ZERO => {
                vec![Fault::at("benefit", "must not be below 0")]
            }
            Benefit::Tiers(tiers) if tiers.is_empty() => vec![Fault::at("benefit.tiers", "needs at least one tier")],
            Benefit::Tiers(tiers) => tiers
                .windows(2)
                .enumerate()
                .filter(|(_, pair)| pair[0].from >= pair[1].from || pair[0].off > pair[1].off)
                .map(|(i, _)| {
                    Fault::at(format!("benefit.tiers[{}]", i + 1), "tiers must rise in `from` and never fall in `off`")
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}

fn in_language<'a>(texts: &'a BTreeMap<String, String>, locale: &str) -> Option<&'a str> {
    let language = locale.split(['-', '_']).next().unwrap_or(locale);
    texts.get(locale).or_else(|| texts.get(language)).or_else(|| texts.get("en")).map(String::as_str)
}

/// Whether a text can be a name in files, URLs and tables.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 100 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiers() -> OfferSpec {
        toml::from_str(
            "name = 'tiers'\n[benefit]\ntiers = [{from=0,off=1000},{from=10000,off=2000},{from=20000,off=5000}]\n",
        )
        .unwrap()
    }

    #[test]
    fn tiers_count_by_basket_and_never_exceed_it() {
        let offer = tiers().check().unwrap();
        for (basket, off) in [(500, 500), (9_999, 1_000), (10_000, 2_000), (19_999, 2_000), (20_000, 5_000), (0, 0)] {
            assert_eq!(offer.discount(Money(basket)), Money(off), "basket {basket}");
        }
    }

    #[test]
    fn a_larger_basket_never_gets_less() {
        proptest::proptest!(|(a in 0i64..100_000, b in 0i64..100_000)| {
            let offer = tiers();
            let (low, high) = (a.min(b), a.max(b));
            proptest::prop_assert!(offer.discount(Money(low)) <= offer.discount(Money(high)));
        });
    }

    #[test]
    fn a_partner_bears_its_share_and_pays_its_fee() {
        let mut offer: OfferSpec =
            toml::from_str("name = 'both'\npartner = 'Cafe'\ncost = 30\nbenefit = { amount = 1_000 }\n").unwrap();
        assert_eq!(offer.redemption_cost(Money(5_000)), Money(1_030));
        offer.settlement = Some(Settlement { share: 0.4, fee: Money(250) });
        assert_eq!(offer.clone().check().unwrap().redemption_cost(Money(5_000)), Money(600 + 30 - 250));
        offer.settlement = Some(Settlement { share: 1.0, fee: Money(250) });
        assert_eq!(offer.redemption_cost(Money(5_000)), Money(-220), "the partner pays for the client");
        offer.partner = None;
        offer.bundle = vec!["a".into(), "a".into()];
        let error = offer.check().unwrap_err();
        let keys: Vec<&str> = error.fault_list().iter().map(|f| f.key.as_str()).collect();
        assert_eq!(keys, ["settlement", "bundle"]);
    }

    #[test]
    fn every_fault_at_once() {
        let mut offer = tiers();
        offer.name = "a b".into();
        offer.base_rate = 2.0;
        offer.benefit =
            Benefit::Tiers(vec![Tier { from: Money(5), off: Money(2) }, Tier { from: Money(5), off: Money(1) }]);
        let error = offer.check().unwrap_err();
        let keys: Vec<&str> = error.fault_list().iter().map(|f| f.key.as_str()).collect();
        assert_eq!(keys, ["name", "base_rate", "benefit.tiers[1]"]);
    }
}
