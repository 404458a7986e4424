//! The simulated company: its clients and their past, from a seed.

use rayon::prelude::*;

use super::life::{self, Life, MONTH};
use super::person::{self, Kind, Person};
use super::truth::{State, Window};
use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// How large, how old and which company.
///
/// | Name | Default | Purpose | Range |
/// |---|---|---|---|
/// | `customers` | 20,000 | clients and prospects | 1..=999,999 |
/// | `months` | 24 | months of 30 days on record | 1..=60 |
/// | `seed` | 1 | which of all possible companies | any |
/// | `now` | 2026-02-02 | the end of the record, midnight UTC | any |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Clients and prospects.
    pub customers: usize,
    /// Months of 30 days on record.
    pub months: usize,
    /// Which of all possible companies.
    pub seed: u64,
    /// The end of the record.
    pub now: Timestamp,
}

impl Default for Shape {
    fn default() -> Self {
        // 2026-02-02T00:00:00Z, a Monday: a fixed present keeps every printed figure the same from day to day.
        Shape { customers: 20_000, months: 24, seed: 1, now: Timestamp(1_769_990_400_000_000) }
    }
}

impl Shape {
    /// Checks the ranges.
    ///
    /// # Errors
    /// Invalid, naming the value and its range.
    pub fn check(self) -> Result<Shape> {
        if !(1..=999_999).contains(&self.customers) {
            return Err(Error::invalid(format!("customers: {} is outside 1..=999999", self.customers)));
        }
        if !(1..=60).contains(&self.months) {
            return Err(Error::invalid(format!("months: {} is outside 1..=60", self.months)));
        }
        Ok(self)
    }

    /// The begin of the record.
    pub fn from(&self) -> Timestamp {
        self.now.plus(-(self.months as i64) * MONTH)
    }
}

/// A client with its past.
#[derive(Debug, Clone)]
pub struct Client {
    /// The latent traits.
    pub person: Person,
    /// The record.
    pub life: Life,
}

impl Client {
    /// What kind of client this is by now: whoever fell silent is a lost cause.
    pub fn kind_now(&self) -> Kind {
        if self.life.active { self.person.kind } else { Kind::LostCause }
    }

    /// Known, but has not bought yet.
    pub fn is_prospect(&self) -> bool {
        self.person.prospect && self.life.orders.is_empty()
    }

    /// Where the client stands at the end of the record.
    pub fn state(&self) -> State {
        State {
            active: self.life.active,
            consent: self.life.consent,
            recent_contacts: self.life.recent_contacts,
            debt: 0.0,
        }
    }
}

/// The company.
#[derive(Debug, Clone)]
pub struct Company {
    /// What it was made from.
    pub shape: Shape,
    /// Its clients, by external id.
    pub clients: Vec<Client>,
}

impl Company {
    /// Makes the company; the same shape gives the same company on any number of threads.
    ///
    /// # Errors
    /// Invalid when the shape is out of range.
    pub fn generate(shape: Shape) -> Result<Company> {
        let shape = shape.check()?;
        let from = shape.from();
        let calendar: Vec<usize> =
            (0..shape.months).map(|month| calendar_month(from.plus(month as i64 * MONTH))).collect();
        let clients = (0..shape.customers)
            .into_par_iter()
            .map(|index| {
                let person = person::draw(shape.seed, index);
                let life = life::live(&person, shape.seed, from, &calendar);
                Client { person, life }
            })
            .collect();
        Ok(Company { shape, clients })
    }

    /// The position of a client by the company's own key.
    pub fn index_of(&self, external_id: &str) -> Option<usize> {
        let index = external_id.strip_prefix('C')?.parse::<usize>().ok()?;
        self.clients.get(index).filter(|client| client.person.external_id == external_id).map(|_| index)
    }

    /// Contacts that a run may make by channel, and pieces of each offer; at least one of each.
    pub fn capacities(&self) -> super::market::Capacities {
        super::market::Capacities::for_customers(self.clients.len())
    }
}

/// The window of `days` that starts at `at`.
pub fn window(at: Timestamp, days: f64) -> Window {
    Window { month: calendar_month(at), days }
}

/// The calendar month of an instant in UTC, 0 = January.
pub fn calendar_month(at: Timestamp) -> usize {
    at.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).month() as usize - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::DAY;
    use sha2::{Digest, Sha256};

    fn company(customers: usize, seed: u64) -> Company {
        Company::generate(Shape { customers, seed, ..Shape::default() }).unwrap()
    }

    fn digest(company: &Company) -> String {
        let text: String = company.clients.iter().map(|client| format!("{client:?}")).collect();
        crate::ids::hex(&Sha256::digest(text.as_bytes()))
    }

    #[test]
    fn the_seed_decides_everything() {
        let (one, again, other) = (company(300, 4), company(300, 4), company(300, 5));
        assert_eq!(digest(&one), digest(&again));
        assert_ne!(digest(&one), digest(&other));
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(|| company(300, 4));
        assert_eq!(digest(&one), digest(&alone));
        let more = company(400, 4);
        assert!(one.clients.iter().zip(&more.clients).all(|(a, b)| a.person == b.person && a.life == b.life));
    }

    #[test]
    fn about_half_of_the_clients_earn_nothing() {
        let company = company(4000, 1);
        let since = company.shape.now.plus(-360 * DAY);
        let clients: Vec<&Client> = company.clients.iter().filter(|client| !client.person.prospect).collect();
        let idle = clients
            .iter()
            .filter(|client| {
                let orders = client.life.orders.iter().filter(|o| o.at >= since).map(|o| o.profit()).sum::<i64>();
                let contacts = client.life.interactions.iter().filter(|i| i.at >= since).map(|i| i.cost).sum::<i64>();
                orders - contacts <= 0
            })
            .count();
        let share = idle as f64 / clients.len() as f64;
        assert!((0.42..0.58).contains(&share), "{share}");
    }

    #[test]
    fn the_loudest_cost_more_than_they_bring() {
        let company = company(4000, 1);
        let mut by_noise: Vec<&Client> = company.clients.iter().collect();
        by_noise.sort_by_key(|client| std::cmp::Reverse(client.life.noise()));
        let loudest = &by_noise[..40];
        let losing = loudest.iter().filter(|client| client.life.profit() < 0).count();
        assert!(losing >= 36, "{losing} of 40");
        assert!(loudest.iter().all(|client| client.person.kind == Kind::Costly));
    }

    #[test]
    fn shares_of_kinds_and_sizes_of_the_record() {
        let company = company(4000, 1);
        let share = |kind| company.clients.iter().filter(|client| client.kind_now() == kind).count() as f64 / 4000.0;
        for (kind, least, most) in [
            (Kind::BuysAnyway, 0.15, 0.22),
            (Kind::Persuadable, 0.18, 0.27),
            (Kind::SleepingDog, 0.04, 0.11),
            (Kind::LostCause, 0.40, 0.55),
            (Kind::Costly, 0.03, 0.06),
        ] {
            assert!((least..most).contains(&share(kind)), "{}: {}", kind.name(), share(kind));
        }
        let orders: usize = company.clients.iter().map(|client| client.life.orders.len()).sum();
        assert!((3.0..9.0).contains(&(orders as f64 / 4000.0)), "{orders}");
        let prospects = company.clients.iter().filter(|client| client.person.prospect).count();
        assert!((80..170).contains(&prospects), "{prospects}");
        let no_email = company.clients.iter().filter(|client| !client.person.consent[0]).count();
        assert!((500..700).contains(&no_email), "{no_email}");
    }

    #[test]
    fn the_record_tells_the_kinds_apart() {
        let company = company(12_000, 1);
        // Conversion after a contact less conversion of those left alone, from the randomised log alone.
        let lift = |kind: Kind| {
            let mut arms = [(0.0, 0.0); 2];
            for client in company.clients.iter().filter(|client| client.person.kind == kind) {
                for decision in &client.life.decisions {
                    let arm = &mut arms[usize::from(decision.treatment.is_some())];
                    *arm = (arm.0 + f64::from(u8::from(decision.converted)), arm.1 + 1.0);
                }
            }
            arms[1].0 / arms[1].1 - arms[0].0 / arms[0].1
        };
        assert!(lift(Kind::Persuadable) > 0.12, "{}", lift(Kind::Persuadable));
        assert!(lift(Kind::SleepingDog) < -0.02, "{}", lift(Kind::SleepingDog));
        assert!(lift(Kind::BuysAnyway).abs() < 0.05, "{}", lift(Kind::BuysAnyway));
    }

    #[test]
    fn facts_stay_within_the_record() {
        let company = company(1000, 2);
        let (from, now) = (company.shape.from(), company.shape.now);
        for client in &company.clients {
            assert!(client.life.orders.windows(2).all(|pair| pair[0].at <= pair[1].at));
            assert!(client.life.orders.iter().all(|order| from <= order.at && order.at < now));
            assert!(client.life.interactions.iter().all(|i| from <= i.at && i.at < now));
        }
        assert_eq!(company.index_of("C000007"), Some(7));
        assert_eq!(company.index_of("C7"), None);
    }
}
