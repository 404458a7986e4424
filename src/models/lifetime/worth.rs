//! What a customer will still be worth: purchases to come, what they leave after goods and service, contracts, in present money.

use serde::{Deserialize, Serialize};

use super::contracts::{ContractModel, ContractSeen};
use super::credibility::{Exposed, Ratio};
use super::draws::{DRAWS, Draws, quantile};
use super::history::Purchases;
use super::rhythm::{NextKind, NextPurchase, Rhythm};
use super::{GammaGamma, PurchaseModel, Spending};

/// The unit of the purchase models' time.
pub const WEEK_DAYS: f64 = 7.0;
/// Nodes and weights of Gauss and Legendre's quadrature with four points, from 0 to 1.
const DISCOUNT: [(f64, f64); 4] = [
    (0.069_431_844_202_973_71, 0.173_927_422_568_726_93),
    (0.330_009_478_207_571_87, 0.326_072_577_431_273_07),
    (0.669_990_521_792_428_1, 0.326_072_577_431_273_07),
    (0.930_568_155_797_026_3, 0.173_927_422_568_726_93),
];

/// What serves: fitted on all of history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LifetimeModel {
    /// Customers who buy when they like; none where nobody bought again.
    pub buying: Option<Buying>,
    /// Contracts; none where there are hardly any ends.
    pub contracts: Option<ContractModel>,
    /// Margin by revenue.
    pub margin: Ratio,
    /// Cost to serve by purchase, in units of the currency.
    pub cost: Ratio,
    /// Margin on the price of contracts, which know no cost of goods.
    pub contract_margin: f64,
    /// Days of `expected_orders` and of the next order.
    pub horizon_days: u32,
    /// Days of the value.
    pub value_days: u32,
    /// Yearly rate for present values.
    pub discount_rate: f64,
    /// Share of the intervals.
    pub interval: f64,
}

/// Purchases without a contract.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Buying {
    /// How often.
    pub purchases: PurchaseModel,
    /// For how much, in units of the currency.
    pub value: GammaGamma,
    /// What dates are foretold by.
    pub next: NextKind,
    /// How regularly, where anybody bought twice.
    pub rhythm: Option<Rhythm>,
}

/// What is known of a customer when he is valued.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Client {
    /// His purchases; none when he never bought.
    pub purchases: Option<Purchases>,
    /// Mean amount of the repeat purchases, in units of the currency.
    pub repeat_mean: f64,
    /// Margin and revenue so far.
    pub margin: f64,
    /// Revenue so far.
    pub revenue: f64,
    /// Cost to serve so far.
    pub cost: f64,
    /// Contracts that run.
    pub contracts: Vec<ContractSeen>,
}

/// An expectation and its interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Range {
    /// What is expected.
    pub expected: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The next order, given that it comes within the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NextOrder {
    /// Chance that it comes within the horizon.
    pub chance: f64,
    /// Days until it: median and interval.
    pub days: Range,
    /// Expected amount.
    pub amount: f64,
}

/// What a customer is expected to bring.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Worth {
    /// Present value of margins less cost to serve over the value's horizon, in units of the currency.
    pub value: Range,
    /// Part of it that contracts bring.
    pub of_contracts: f64,
    /// Purchases within the horizon.
    pub orders: Range,
    /// Chance that the customer is still there: not for ranking.
    pub alive: Option<f64>,
    /// The next order; none for who never bought.
    pub next: Option<NextOrder>,
}

/// Expected purchases: by the closed formula where there is a short one, else the sum of the chances.
fn expected_orders(buying: &Buying, of: Purchases, alive: f64, ahead: f64, tails: &[f64]) -> f64 {
    match &buying.purchases {
        PurchaseModel::ParetoNbd(m) => alive * m.expected_of_living(of, ahead),
        _ => tails.iter().sum(),
    }
}

/// A model ready to value customers.
pub struct Valuer<'a> {
    model: &'a LifetimeModel,
    draws: Draws,
    next: Option<NextPurchase>,
}

/// Memory for one customer after the other.
#[derive(Debug, Default)]
pub struct Scratch {
    tails: Vec<f64>,
}

impl<'a> Valuer<'a> {
    /// Prepares what customers share.
    pub fn new(model: &'a LifetimeModel, clients: &[Client]) -> Valuer<'a> {
        let value = model.buying.map_or(GammaGamma { p: 1.0, q: 2.0, v: 1.0, log_likelihood: 0.0 }, |b| b.value);
        let known = clients.iter().filter_map(|client| client.purchases.as_ref());
        let next = model.buying.map(|b| NextPurchase::new(b.next, b.purchases, b.rhythm, known));
        Valuer { model, draws: Draws::new(value), next }
    }

    /// What the customer is expected to bring from now on.
    pub fn worth(&self, client: &Client, scratch: &mut Scratch) -> Worth {
        let mut draws = [0.0; DRAWS];
        let mut worth = Worth::default();
        if let (Some(buying), Some(purchases)) = (&self.model.buying, client.purchases) {
            self.add_purchases(buying, purchases, client, scratch, &mut draws, &mut worth);
        }
        let (days, rate) = (f64::from(self.model.value_days), self.model.discount_rate);
        if let Some(contracts) = &self.model.contracts {
            for seen in &client.contracts {
                let margin = self.model.contract_margin;
                worth.of_contracts += contracts.add_value(seen, days, rate, margin, &self.draws, &mut draws);
            }
        }
        worth.value.expected += worth.of_contracts;
        let aside = 0.5 * (1.0 - self.model.interval);
        worth.value.low = quantile(&mut draws, aside);
        worth.value.high = quantile(&mut draws, 1.0 - aside);
        worth
    }

    fn add_purchases(
        &self,
        buying: &Buying,
        purchases: Purchases,
        client: &Client,
        scratch: &mut Scratch,
        draws: &mut [f64; DRAWS],
        worth: &mut Worth,
    ) {
        let (model, tails) = (self.model, &mut scratch.tails);
        let alive = buying.purchases.alive(purchases);
        let horizon = f64::from(model.horizon_days) / WEEK_DAYS;
        buying.purchases.tails(purchases, alive, horizon, tails);
        let aside = 0.5 * (1.0 - model.interval);
        let quantile_of = |level: f64, tails: &[f64]| tails.partition_point(|&chance| chance > 1.0 - level) as f64;
        worth.alive = Some(alive);
        worth.orders = Range {
            expected: expected_orders(buying, purchases, alive, horizon, tails),
            low: quantile_of(aside, tails),
            high: quantile_of(1.0 - aside, tails),
        };
        let known = Spending { count: purchases.count, mean: client.repeat_mean };
        let amount = buying.value.expected(known);
        worth.next = self.next.as_ref().map(|next| {
            let [low, median, high] = next.quantiles(purchases, horizon, [aside, 0.5, 1.0 - aside]);
            let days = Range { expected: median * WEEK_DAYS, low: low * WEEK_DAYS, high: high * WEEK_DAYS };
            NextOrder { chance: tails.first().copied().unwrap_or(0.0), days, amount }
        });

        let ahead = f64::from(model.value_days) / WEEK_DAYS;
        let discounted = self.discounted(buying, purchases, alive, ahead, tails);
        buying.purchases.tails(purchases, alive, ahead, tails);
        let expected: f64 = tails.iter().sum();
        // What a purchase is worth on average over the time, now.
        let present = if expected > 0.0 { discounted / expected } else { 1.0 };
        let margin = model.margin.of(Exposed { amount: client.margin, exposure: client.revenue });
        let days = f64::from(purchases.count) + 1.0;
        let cost = model.cost.of(Exposed { amount: client.cost, exposure: days });
        worth.value.expected = discounted * (amount * margin - cost);
        self.draws.counts(tails, |i, n| {
            if n > 0 {
                draws[i] = present * (self.draws.sum(known, n, i) * margin - n as f64 * cost);
            }
        });
    }

    /// `∫ e^-δu dE[N(u)]` over the time ahead, by parts: `e^-δH E[N(H)] + δ ∫ e^-δu E[N(u)] du`.
    fn discounted(&self, buying: &Buying, of: Purchases, alive: f64, ahead: f64, tails: &mut Vec<f64>) -> f64 {
        let delta = (1.0 + self.model.discount_rate).ln() * WEEK_DAYS / 365.0;
        let mut expected = |until: f64| {
            if !matches!(buying.purchases, PurchaseModel::ParetoNbd(_)) {
                buying.purchases.tails(of, alive, until, tails);
            }
            expected_orders(buying, of, alive, until, tails)
        };
        let rest =
            DISCOUNT.iter().map(|(node, weight)| weight * (-delta * node * ahead).exp() * expected(node * ahead));
        let rest: f64 = rest.sum();
        delta * ahead * rest + (-delta * ahead).exp() * expected(ahead)
    }

    /// The interval of what the customer spends within some days, without discount: what later data can judge.
    pub fn revenue(&self, client: &Client, days: f64, scratch: &mut Scratch) -> Range {
        let mut draws = [0.0; DRAWS];
        let (Some(buying), Some(purchases)) = (&self.model.buying, client.purchases) else { return Range::default() };
        buying.purchases.tails(purchases, buying.purchases.alive(purchases), days / WEEK_DAYS, &mut scratch.tails);
        let known = Spending { count: purchases.count, mean: client.repeat_mean };
        self.draws.counts(&scratch.tails, |i, n| {
            if n > 0 {
                draws[i] = self.draws.sum(known, n, i);
            }
        });
        let aside = 0.5 * (1.0 - self.model.interval);
        Range {
            expected: scratch.tails.iter().sum::<f64>() * buying.value.expected(known),
            low: quantile(&mut draws, aside),
            high: quantile(&mut draws, 1.0 - aside),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::lifetime::{BgNbd, Leaving};
    use crate::random::Stream;

    fn model() -> LifetimeModel {
        let purchases =
            BgNbd { leaving: Leaving::AfterRepeat, r: 0.8, alpha: 6.0, a: 0.6, b: 3.0, log_likelihood: 0.0 };
        let value = GammaGamma { p: 5.0, q: 4.0, v: 30.0, log_likelihood: 0.0 };
        LifetimeModel {
            buying: Some(Buying {
                purchases: PurchaseModel::BgNbd(purchases),
                value,
                next: NextKind::PurchaseModel,
                rhythm: None,
            }),
            contracts: None,
            margin: Ratio { whole: 0.4, half: None },
            cost: Ratio { whole: 3.0, half: None },
            contract_margin: 0.4,
            horizon_days: 364,
            value_days: 728,
            discount_rate: 0.12,
            interval: 0.8,
        }
    }

    /// A customer drawn from the model: what he did in 60 weeks, and present value, purchases and revenue of the 104 weeks after.
    fn live(stream: &mut Stream) -> (Client, f64, f64) {
        let rate = stream.gamma(0.8, 1.0 / 6.0);
        let (x, y) = (stream.gamma(0.6, 1.0), stream.gamma(3.0, 1.0));
        let own = stream.gamma(4.0, 1.0 / 30.0);
        let mut of = Purchases { count: 0, last: 0.0, age: 60.0 };
        let (mut spent, mut value, mut revenue, mut now) = (0.0, 0.0, 0.0, 0.0);
        loop {
            now += stream.exponential(1.0 / rate);
            if now > 164.0 {
                break;
            }
            let amount = stream.gamma(5.0, 1.0 / own);
            if now <= 60.0 {
                (of.count, of.last, spent) = (of.count + 1, now, spent + amount);
            } else {
                value += (amount * 0.4 - 3.0) * 1.12_f64.powf(-(now - 60.0) * 7.0 / 365.0);
                revenue += amount;
            }
            if stream.uniform() < x / (x + y) {
                break;
            }
        }
        let repeat_mean = spent / f64::from(of.count.max(1));
        (Client { purchases: Some(of), repeat_mean, ..Client::default() }, value, revenue)
    }

    #[test]
    fn present_values_are_right_on_average_and_intervals_hold_what_they_promise() {
        let (model, mut stream) = (model(), Stream::new(4, "worth"));
        let made: Vec<(Client, f64, f64)> = (0..15_000).map(|_| live(&mut stream)).collect();
        let clients: Vec<Client> = made.iter().map(|made| made.0.clone()).collect();
        let valuer = Valuer::new(&model, &clients);
        let mut scratch = Scratch::default();
        let (mut expected, mut happened, mut wide, mut held, mut held_revenue) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (client, value, revenue) in &made {
            let worth = valuer.worth(client, &mut scratch);
            expected += worth.value.expected;
            happened += value;
            // Where nothing is the likeliest end, an interval that is a point holds more than it promises.
            if worth.orders.low >= 1.0 {
                wide += 1.0;
                held += f64::from(u8::from((worth.value.low..=worth.value.high).contains(value)));
                let range = valuer.revenue(client, 728.0, &mut scratch);
                held_revenue += f64::from(u8::from((range.low..=range.high).contains(revenue)));
            }
        }
        assert!((expected / happened - 1.0).abs() < 0.03, "{expected} {happened}");
        assert!(wide > 500.0 && (held / wide - 0.8).abs() < 0.04, "{} of {wide}", held / wide);
        assert!((held_revenue / wide - 0.8).abs() < 0.04, "{}", held_revenue / wide);
    }

    #[test]
    fn no_history_is_worth_nothing() {
        let model = model();
        let worth = Valuer::new(&model, &[]).worth(&Client::default(), &mut Scratch::default());
        assert_eq!(worth, Worth::default());
    }
}
