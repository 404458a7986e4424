//! What others do: baselines under the same capacities.
//!
//! Each is given the *true* probabilities of an order. What they lack is the thought of what would have happened anyway, of the
//! discount given away, of the client driven off, and of what else a scarce contact could do.

use super::catalogue::OFFERS;
use super::market::{Arm, Assignment, Capacities, Market, Stock};
use super::oracle;
use crate::random::Stream;

/// A way to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// A random client, a random treatment, as long as anything fits.
    Random,
    /// The one offer that does best on average, to clients in random order, by the cheapest channel that is left.
    SingleOffer,
    /// The clients most likely to buy, each with the treatment that makes it most likely.
    Propensity,
    /// Clients in the order of their number; each takes the treatment with the highest expected margin while it lasts.
    FirstCome,
    /// Knows the truth and prices what is scarce.
    Oracle,
}

impl Policy {
    /// All policies, in the order of the story.
    pub const ALL: [Policy; 5] =
        [Policy::Random, Policy::SingleOffer, Policy::Propensity, Policy::FirstCome, Policy::Oracle];

    /// The name in the story.
    pub fn name(self) -> &'static str {
        ["random", "best single offer", "propensity only", "first come, first served", "oracle"][self as usize]
    }

    /// Chooses for everybody.
    pub fn assign(self, market: &Market, capacities: &Capacities, seed: u64) -> Assignment {
        match self {
            Policy::Random => random(market, capacities, seed),
            Policy::SingleOffer => single_offer(market, capacities, seed),
            Policy::Propensity => propensity(market, capacities),
            Policy::FirstCome => first_come(market, capacities),
            Policy::Oracle => oracle::solve(market, capacities).assignment,
        }
    }
}

/// The clients in random order.
fn shuffled(market: &Market, seed: u64, purpose: &str) -> (Vec<usize>, Stream) {
    let mut s = Stream::new(seed, purpose);
    let mut order: Vec<usize> = (0..market.arms.len()).collect();
    s.shuffle(&mut order);
    (order, s)
}

fn random(market: &Market, capacities: &Capacities, seed: u64) -> Assignment {
    let (order, mut s) = shuffled(market, seed, "random policy");
    let mut stock = Stock::full(capacities, market.arms.len());
    for client in order {
        let fitting: Vec<&Arm> = market.arms[client].iter().filter(|arm| stock.fits(arm)).collect();
        if !fitting.is_empty() {
            stock.take(client, fitting[s.below(fitting.len())]);
        }
    }
    stock.finish()
}

fn single_offer(market: &Market, capacities: &Capacities, seed: u64) -> Assignment {
    let offer = best_offer(market);
    let (order, _) = shuffled(market, seed, "single offer policy");
    let mut stock = Stock::full(capacities, market.arms.len());
    for client in order {
        let mut arms: Vec<&Arm> = market.arms[client].iter().filter(|arm| arm.treatment.offer == offer).collect();
        arms.sort_by_key(|arm| arm.treatment.channel.cost());
        let _taken = arms.into_iter().any(|arm| stock.take(client, arm));
    }
    stock.finish()
}

/// The offer with the highest mean profit over all clients and channels.
pub fn best_offer(market: &Market) -> usize {
    let mut sums = [(0.0, 0usize); OFFERS.len()];
    for arm in market.arms.iter().flatten() {
        let slot = &mut sums[arm.treatment.offer];
        *slot = (slot.0 + arm.effect.total(), slot.1 + 1);
    }
    let mean = |(sum, count): (f64, usize)| sum / count.max(1) as f64;
    (0..OFFERS.len()).max_by(|a, b| mean(sums[*a]).total_cmp(&mean(sums[*b]))).unwrap_or(0)
}

fn propensity(market: &Market, capacities: &Capacities) -> Assignment {
    by_score(market, capacities, |arm| arm.effect.p1)
}

fn first_come(market: &Market, capacities: &Capacities) -> Assignment {
    let mut stock = Stock::full(capacities, market.arms.len());
    for (client, arms) in market.arms.iter().enumerate() {
        let mut arms: Vec<&Arm> = arms.iter().collect();
        let gain = |arm: &Arm| arm.effect.p1 * arm.effect.order0 - arm.treatment.channel.cost().0 as f64;
        arms.sort_by(|a, b| gain(b).total_cmp(&gain(a)));
        let _taken = arms.into_iter().any(|arm| stock.take(client, arm));
    }
    stock.finish()
}

/// All arms of all clients by a score, the highest first.
fn by_score(market: &Market, capacities: &Capacities, score: impl Fn(&Arm) -> f64) -> Assignment {
    let mut order: Vec<(f64, usize, &Arm)> = market
        .arms
        .iter()
        .enumerate()
        .flat_map(|(client, arms)| arms.iter().map(move |arm| (client, arm)))
        .map(|(client, arm)| (score(arm), client, arm))
        .collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut stock = Stock::full(capacities, market.arms.len());
    for (_, client, arm) in order {
        stock.take(client, arm);
    }
    stock.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::bucket;
    use crate::simulation::company::{Company, Shape};
    use crate::simulation::measure;
    use crate::simulation::person::Kind;
    use crate::simulation::world::World;

    fn market_of(company: &Company) -> (World<'_>, Market) {
        let world = World::new(company, 30.0);
        let market = Market::open(&world, |id| bucket("holdout", id) < 1000);
        (world, market)
    }

    fn company(seed: u64) -> Company {
        Company::generate(Shape { customers: 3000, seed, ..Shape::default() }).unwrap()
    }

    #[test]
    fn the_oracle_beats_every_baseline_within_its_bound() {
        for seed in 1..=3 {
            let company = company(seed);
            let (_, market) = market_of(&company);
            let capacities = company.capacities();
            let total = |assignment: &Assignment| market.value(assignment).0 + market.value(assignment).1;
            let best = oracle::solve(&market, &capacities);
            assert!(best.value <= best.bound + 1e-6);
            assert!(best.gap() < 0.01, "gap {}", best.gap());
            for policy in &Policy::ALL[..4] {
                let value = total(&policy.assign(&market, &capacities, seed));
                assert!(value < 0.8 * best.value, "{}: {value} of {}", policy.name(), best.value);
            }
        }
    }

    #[test]
    fn capacities_and_permissions_hold() {
        let company = company(4);
        let (world, market) = market_of(&company);
        let capacities = company.capacities();
        for policy in Policy::ALL {
            let assignment = policy.assign(&market, &capacities, 1);
            let mut contacts = [0; 4];
            let mut pieces = [0; OFFERS.len()];
            let mut spend = 0.0;
            for (client, treatment) in assignment.iter().enumerate().filter_map(|(i, choice)| Some((i, (*choice)?))) {
                contacts[treatment.channel.index()] += 1;
                pieces[treatment.offer] += 1;
                assert!(world.states[client].consent[treatment.channel.index()]);
                assert!(bucket("holdout", &company.clients[client].person.external_id) >= 1000);
                let arm = market.arms[client].iter().find(|arm| arm.treatment == treatment).unwrap();
                spend += arm.spend;
            }
            assert!(contacts.iter().zip(capacities.channel).all(|(used, limit)| *used <= limit), "{}", policy.name());
            assert!(pieces.iter().zip(capacities.stock).all(|(used, limit)| limit.is_none_or(|limit| *used <= limit)));
            assert!(spend <= capacities.budget + 1e-6);
            assert!(contacts.iter().sum::<usize>() > 0, "{} contacts somebody", policy.name());
        }
    }

    #[test]
    fn the_oracle_asks_the_persuadable_and_lets_the_dogs_lie() {
        let company = company(5);
        let (world, market) = market_of(&company);
        let assignment = oracle::solve(&market, &company.capacities()).assignment;
        let mut asked = [0; 5];
        for client in (0..assignment.len()).filter(|i| assignment[*i].is_some()) {
            asked[world.kind(client) as usize] += 1;
        }
        let total: usize = asked.iter().sum();
        assert!(asked[Kind::Persuadable as usize] * 10 > total * 7, "{asked:?}");
        assert!(asked[Kind::SleepingDog as usize] * 50 < total, "{asked:?}");
    }

    #[test]
    fn measured_profit_covers_the_true_one_about_as_often_as_it_says() {
        let mut covered = 0;
        for seed in 0..40 {
            let company = Company::generate(Shape { customers: 1000, seed, ..Shape::default() }).unwrap();
            let world = World::new(&company, 30.0);
            let holdout = |id: &str| bucket("holdout", id) < 3000;
            let market = Market::open(&world, holdout);
            let assignment = random(&market, &company.capacities(), seed);
            let played = world.play_assignment(&assignment);
            let measured = measure::lift(&company, &played.profit, &vec![0; 1000], holdout).unwrap();
            covered += usize::from(measured.covers(played.truth.window));
        }
        // 95 % of 40 is 38; below 33 has a chance of about 1 in 1,000.
        assert!(covered >= 33, "{covered} of 40");
    }
}
