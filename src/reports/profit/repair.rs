//! Why a client is unprofitable, and what would mend it at the least cost to both sides: a cheaper service, never a provoked exit.
//!
//! Each repair is counted on what has happened so far: what it would have brought had it been so from the begin. Their order is
//! that of what they ask of the client: to look something up oneself, to write instead of calling, to do with a discount as small
//! as others have, to return as little as others, to pay another price. The cheapest that brings the whole loss alone is named;
//! where none does, the one that brings most, and what all bring together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::lines::{Kind, Lines};
use crate::money::Money;

/// The most by which a price may be raised as a repair, as a share of revenue.
const MOST_PRICE: f64 = 0.1;

/// Why a client is unprofitable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// What winning the client cost is not yet earned; but for that it earns. Time mends it.
    Acquisition,
    /// Calls and other contacts that the client began.
    Service,
    /// Complaints that were not upheld.
    Complaints,
    /// What came back.
    Returns,
    /// Discounts above what others have.
    Discounts,
    /// Goods sold at less margin than to others.
    Price,
    /// Claims, at their expected cost.
    Claims,
    /// Delivery of many small orders.
    Delivery,
    /// No cost that stands out: too little was bought.
    Volume,
}

/// What may mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// Contacts that the client begins, by self-service.
    SelfService,
    /// The same by the cheapest channel that the client consents to.
    Channel,
    /// Discounts as others have them.
    SmallerDiscounts,
    /// Returns as others have them.
    FewerReturns,
    /// Another package or price, by a tenth at most.
    Price,
}

/// What a repair would bring.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposal {
    /// What to do.
    pub repair: Repair,
    /// In words.
    pub words: String,
    /// What it would have brought so far, above 0.
    pub brings: Money,
    /// Whether that makes up for the whole loss.
    pub suffices: bool,
}

/// Why a client is unprofitable, and what to do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnosis {
    /// What is lost so far, at least 0.
    pub loss: Money,
    /// The main cause.
    pub cause: Cause,
    /// What it cost, or how much it leaves missing.
    pub cause_amount: Money,
    /// The cheapest repair that suffices; else the one that brings most; none where nothing would bring anything.
    pub cheapest: Option<Proposal>,
    /// All repairs, the cheapest first.
    pub proposals: Vec<Proposal>,
    /// What all bring together; of self-service and another channel only the better counts.
    pub together: Money,
    /// Whether all together suffice.
    pub together_suffices: bool,
}

/// What is usual, and what things cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Norms {
    /// Discount of all clients as a share of their full prices.
    pub discount_share: f64,
    /// What all clients send back as a share of revenue.
    pub returned_share: f64,
    /// Margin of all clients before returns, as a share of revenue.
    pub margin_share: f64,
}

/// What things cost, and where the client may be reached.
#[derive(Debug, Clone, Default)]
pub struct Ways<'a> {
    /// Rates of activities, in minor units.
    pub rates: BTreeMap<&'a str, Money>,
    /// Channels that the client consents to.
    pub consented: Vec<&'a str>,
}

impl Norms {
    /// Those of these lines.
    pub fn of(lines: &Lines) -> Norms {
        let share = |part: Money, whole: Money| if whole.0 > 0 { part.0 as f64 / whole.0 as f64 } else { 0.0 };
        Norms {
            discount_share: share(lines.discount, lines.revenue + lines.discount),
            returned_share: share(lines.returned, lines.revenue),
            margin_share: share(lines.gross(), lines.revenue),
        }
    }
}

/// Why a client is unprofitable and what would mend it; none when it is profitable.
pub fn diagnose(lines: &Lines, acquisition_cost: Money, norms: &Norms, ways: &Ways<'_>) -> Option<Diagnosis> {
    let net = lines.profit() - acquisition_cost;
    if net > Money::ZERO {
        return None;
    }
    let loss = -net;
    let excess = Excess::of(lines, norms);
    let (cause, cause_amount) =
        if lines.profit() > Money::ZERO { (Cause::Acquisition, acquisition_cost) } else { main_cause(lines, &excess) };
    let mut proposals = proposals(lines, loss, &excess, ways);
    proposals.retain(|proposal| proposal.brings > Money::ZERO);
    let of = |which: fn(Repair) -> bool| proposals.iter().filter(move |p| which(p.repair)).map(|p| p.brings);
    let contacts = of(|r| matches!(r, Repair::SelfService | Repair::Channel)).max().unwrap_or(Money::ZERO);
    let together = contacts + of(|r| !matches!(r, Repair::SelfService | Repair::Channel)).sum::<Money>();
    let most = || proposals.iter().rev().max_by_key(|proposal| proposal.brings);
    let cheapest = proposals.iter().find(|proposal| proposal.suffices).or_else(most).cloned();
    Some(Diagnosis { loss, cause, cause_amount, cheapest, together, together_suffices: together >= loss, proposals })
}

/// What goes beyond the usual.
struct Excess {
    discount: Money,
    /// Handling and lost margin of what is returned beyond the usual share.
    returns: Money,
    price: Money,
}

impl Excess {
    fn of(lines: &Lines, norms: &Norms) -> Excess {
        let part = |share: f64, whole: Money| Money((share * whole.0 as f64).round() as i64);
        let above = |amount: Money| amount.max(Money::ZERO);
        let more_returned = above(lines.returned - part(norms.returned_share, lines.revenue));
        let of_returns = lines.activities.of(Kind::Return).cost + above(lines.margin_returned());
        let share = if lines.returned.0 > 0 { more_returned.0 as f64 / lines.returned.0 as f64 } else { 0.0 };
        Excess {
            discount: above(lines.discount - part(norms.discount_share, lines.revenue + lines.discount)),
            returns: part(share, of_returns),
            price: above(part(norms.margin_share, lines.revenue) - lines.gross()),
        }
    }
}

fn main_cause(lines: &Lines, excess: &Excess) -> (Cause, Money) {
    let cost = |kind: Kind| lines.activities.of(kind).cost;
    let returns = cost(Kind::Return) + lines.margin_returned().max(Money::ZERO);
    // A discount is a lower margin too: it is named as what it is.
    let causes = [
        (Cause::Service, cost(Kind::Service)),
        (Cause::Complaints, cost(Kind::Complaint)),
        (Cause::Returns, returns),
        (Cause::Discounts, excess.discount),
        (Cause::Price, (excess.price - excess.discount).max(Money::ZERO)),
        (Cause::Claims, lines.claims_expected),
        (Cause::Delivery, cost(Kind::Delivery)),
    ];
    let largest = causes.into_iter().rev().max_by_key(|(_, amount)| *amount);
    largest.filter(|(_, amount)| *amount > Money::ZERO).unwrap_or((Cause::Volume, -lines.profit()))
}

fn proposals(lines: &Lines, loss: Money, excess: &Excess, ways: &Ways<'_>) -> Vec<Proposal> {
    let service = lines.activities.of(Kind::Service);
    let caused = service.count - service.process_count;
    let by_rate = |rate: Money| service.cost - Money(rate.0 * caused);
    let propose =
        |repair: Repair, words: String, brings: Money| Proposal { repair, words, brings, suffices: brings >= loss };
    let mut all = Vec::new();
    if let Some(&rate) = ways.rates.get("self_service") {
        all.push(propose(Repair::SelfService, format!("{caused} contacts by self-service"), by_rate(rate)));
    }
    let channels = ways.consented.iter().filter_map(|channel| Some((*ways.rates.get(channel)?, *channel)));
    if let Some((rate, channel)) = channels.min() {
        all.push(propose(Repair::Channel, format!("{caused} contacts by {channel}"), by_rate(rate)));
    }
    all.push(propose(Repair::SmallerDiscounts, "discounts as others have them".into(), excess.discount));
    all.push(propose(Repair::FewerReturns, "returns as others have them".into(), excess.returns));
    let most = Money((lines.revenue.0 as f64 * MOST_PRICE).floor() as i64);
    let raised = loss.min(most).max(Money::ZERO);
    let percent = raised.0 as f64 / lines.revenue.0.max(1) as f64 * 100.0;
    all.push(propose(Repair::Price, format!("another package or price: {percent:.1} % more"), raised));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::profit::lines::Activity;

    fn client(revenue: i64, goods: i64) -> Lines {
        Lines { orders: 4, revenue: Money(revenue), cost_of_goods: Money(goods), ..Lines::default() }
    }

    fn ways() -> Ways<'static> {
        let rates = [("call", 450), ("email", 1), ("sms", 8), ("self_service", 5)];
        Ways { rates: rates.map(|(name, rate)| (name, Money(rate))).into(), consented: vec!["sms", "email"] }
    }

    const NORMS: Norms = Norms { discount_share: 0.05, returned_share: 0.1, margin_share: 0.4 };

    #[test]
    fn many_calls_are_mended_by_self_service() {
        let mut lines = client(10_000, 6_000);
        *lines.activities.of_mut(Kind::Service) =
            Activity { count: 12, process_count: 2, cost: Money(4_500), process_cost: Money(900) };
        let found = diagnose(&lines, Money::ZERO, &NORMS, &ways()).unwrap();
        assert_eq!((found.loss, found.cause, found.cause_amount), (Money(500), Cause::Service, Money(4_500)));
        let cheapest = found.cheapest.unwrap();
        // Ten calls of 4.50 at 0.05 each; the two that the company caused are not the client's to mend.
        assert_eq!((cheapest.repair, cheapest.brings, cheapest.suffices), (Repair::SelfService, Money(4_450), true));
        // By e-mail the ten would cost 0.10 together: better than self-service, but it asks more; only one of both counts.
        assert_eq!(found.proposals[1].brings, Money(4_490));
        assert_eq!(found.together, Money(4_490 + 500));
    }

    #[test]
    fn who_returns_more_than_others_is_asked_to_return_as_others_do() {
        let mut lines = client(10_000, 6_000);
        (lines.returns, lines.returned, lines.goods_back) = (4, Money(8_000), Money(4_800));
        lines.activities.of_mut(Kind::Return).cost = Money(2_800);
        let found = diagnose(&lines, Money::ZERO, &NORMS, &ways()).unwrap();
        // 32 of margin went back and 28 were spent on handling: of 40 earned, 20 are missing.
        assert_eq!((found.loss, found.cause, found.cause_amount), (Money(2_000), Cause::Returns, Money(6_000)));
        let cheapest = found.cheapest.unwrap();
        // Seven eighths of what came back are beyond the tenth that others send back.
        assert_eq!((cheapest.repair, cheapest.brings, cheapest.suffices), (Repair::FewerReturns, Money(5_250), true));
    }

    #[test]
    fn who_has_only_to_earn_the_cost_of_being_won_needs_time() {
        let found = diagnose(&client(10_000, 6_000), Money(9_000), &NORMS, &ways()).unwrap();
        assert_eq!((found.loss, found.cause), (Money(5_000), Cause::Acquisition));
        let cheapest = found.cheapest.unwrap();
        assert_eq!((cheapest.repair, cheapest.brings, cheapest.suffices), (Repair::Price, Money(1_000), false));
        assert!(!found.together_suffices);
        assert_eq!(diagnose(&client(10_000, 6_000), Money(3_999), &NORMS, &ways()), None);
    }

    #[test]
    fn a_discount_is_named_before_the_price_that_it_lowers() {
        let mut lines = client(8_000, 9_000);
        lines.discount = Money(4_000);
        let found = diagnose(&lines, Money::ZERO, &NORMS, &ways()).unwrap();
        assert_eq!((found.cause, found.cause_amount, found.loss), (Cause::Discounts, Money(3_400), Money(1_000)));
        assert_eq!(found.cheapest.unwrap().repair, Repair::SmallerDiscounts);
    }
}
