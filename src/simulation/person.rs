//! One simulated client: the latent traits that drive every choice, and what the company can see from the first day.

use crate::random::Stream;

use super::catalogue::{CALL_COST, CATEGORIES, COMPLAINT_COST, Channel, OFFERS, RETURN_COST};

/// What kind of client this is, in truth. No file and no model sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Buys with or without being asked; a discount is a present.
    BuysAnyway,
    /// Buys if asked, seldom otherwise.
    Persuadable,
    /// Buys by itself and may leave because it is asked.
    SleepingDog,
    /// Does not buy any more, asked or not.
    LostCause,
    /// Buys, but calls, complains and sends back more than it brings.
    Costly,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 5] = [Kind::BuysAnyway, Kind::Persuadable, Kind::SleepingDog, Kind::LostCause, Kind::Costly];

    /// The name in the story.
    pub fn name(self) -> &'static str {
        ["buys anyway", "persuadable", "leaves if asked", "lost cause", "costly"][self as usize]
    }
}

/// Number of equally likely basket sizes. A client's basket takes one of these, so that true expectations are sums, not integrals.
pub const BASKETS: usize = 32;

/// A client's traits. Rates are per month of 30 days, money in minor units.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// The company's own key.
    pub external_id: String,
    /// What kind of client this was at the start.
    pub kind: Kind,
    /// Known to the company, but has never bought.
    pub prospect: bool,
    /// Month in which the client joined; below 0 is before the history begins.
    pub joined: i32,
    /// Orders per month while active.
    pub rate: f64,
    /// Chance per month to fall silent for good.
    pub dropout: f64,
    /// Median basket.
    pub basket: f64,
    /// 0 = price plays no part, 1 = buys by price alone.
    pub price_sensitivity: f64,
    /// 0 = indifferent, 1 = attached to the brand.
    pub attachment: f64,
    /// How readily a fitting contact leads to an order.
    pub susceptibility: f64,
    /// Appeal of each offer, 0..1.
    pub appeal: [f64; OFFERS.len()],
    /// Attention by channel, 0..1.
    pub affinity: [f64; 4],
    /// Chance that an e-mail makes the client leave; other channels by their intrusion.
    pub leave: f64,
    /// Chance that an e-mail ends the permission for its channel.
    pub unsubscribe: f64,
    /// Chance that an e-mail is answered by a complaint.
    pub complain: f64,
    /// Chance that an order is sent back.
    pub returns: f64,
    /// Service calls that an order causes.
    pub calls_per_order: f64,
    /// Complaints that an order causes (chance).
    pub complaints_per_order: f64,
    /// Service calls per month that no order causes.
    pub calls_per_month: f64,
    /// Share of a persuaded order that is only pulled forward.
    pub pull_forward: f64,
    /// Category most orders come from, and the share of them.
    pub favourite: (usize, f64),
    /// Hour of the day, in the own zone, around which the client is active.
    pub hour: f64,
    /// Consent to marketing by channel.
    pub consent: [bool; 4],
    /// Language.
    pub locale: &'static str,
    /// IANA zone.
    pub zone: &'static str,
    /// Given and family name.
    pub name: (&'static str, &'static str),
    /// Year of birth.
    pub born: i32,
    /// How the client came.
    pub source: &'static str,
}

/// Locale, zone, country, share of clients.
const PLACES: [(&str, &str, &str, f64); 4] = [
    ("en", "Europe/London", "GB", 0.45),
    ("en", "America/New_York", "US", 0.10),
    ("bg", "Europe/Sofia", "BG", 0.30),
    ("ru", "Asia/Almaty", "KZ", 0.15),
];

/// Share of consent by channel.
const CONSENT: [f64; 4] = [0.85, 0.50, 0.45, 0.80];

/// Given names and family names by language; invented people.
const NAMES: [(&str, [&str; 8], [&str; 8]); 3] = [
    (
        "en",
        ["Anna", "James", "Grace", "Oliver", "Ruth", "Henry", "Alice", "Samuel"],
        ["Hill", "Brook", "Carter", "Wells", "Marsh", "Fielding", "Stone", "Archer"],
    ),
    (
        "bg",
        ["Мария", "Иван", "Елена", "Георги", "Десислава", "Петър", "Надежда", "Калин"],
        ["Димитрови", "Колеви", "Стоянови", "Маринови", "Тодорови", "Николови", "Радеви", "Илиеви"],
    ),
    (
        "ru",
        ["Ольга", "Сергей", "Анна", "Михаил", "Дарья", "Павел", "Вера", "Олег"],
        ["Лебедь", "Мороз", "Соловей", "Гончар", "Коваль", "Бондарь", "Мельник", "Ткач"],
    ),
];

/// The company's key of the client at `index`.
pub fn external_id(index: usize) -> String {
    format!("C{index:06}")
}

/// Draws a client. The same seed and index give the same client, whatever the number of clients.
pub fn draw(seed: u64, index: usize) -> Person {
    let external_id = external_id(index);
    let mut s = Stream::new(seed, &format!("person {external_id}"));
    let kind = pick(&mut s, &[0.20, 0.25, 0.10, 0.40, 0.05], &Kind::ALL);
    let prospect = s.uniform() < 0.03;
    let kind = match kind {
        _ if !prospect => kind,
        Kind::Persuadable | Kind::BuysAnyway => Kind::Persuadable,
        _ => Kind::LostCause,
    };
    let joined = if prospect { 20 + s.below(4) as i32 } else { s.below(40) as i32 - 18 };
    let price_sensitivity = beta(&mut s, if kind == Kind::Persuadable { (3.0, 2.0) } else { (2.0, 3.0) });
    let attachment = beta(&mut s, if kind == Kind::BuysAnyway { (4.0, 2.0) } else { (2.0, 2.5) });
    let (locale, zone) = place(&mut s);
    let mut person = Person {
        external_id,
        kind,
        prospect,
        joined,
        rate: 0.0,
        dropout: 0.0,
        basket: (4500.0 * (0.45 * s.normal()).exp()).clamp(1200.0, 30_000.0),
        price_sensitivity,
        attachment,
        susceptibility: 0.0,
        appeal: appeal(&mut s, price_sensitivity, attachment),
        affinity: [
            beta(&mut s, (3.0, 3.0)),
            beta(&mut s, (3.0, 3.0)),
            beta(&mut s, (5.0, 2.0)),
            beta(&mut s, (2.5, 3.0)),
        ],
        leave: 0.0,
        unsubscribe: 0.0,
        complain: 0.0,
        returns: 0.06,
        calls_per_order: 0.08,
        complaints_per_order: 0.008,
        calls_per_month: 0.01,
        pull_forward: 0.05 + 0.15 * s.uniform(),
        favourite: (s.below(CATEGORIES.len()), 0.55 + 0.3 * s.uniform()),
        hour: 9.0 + 11.0 * s.uniform(),
        consent: CONSENT.map(|share| s.uniform() < share),
        locale,
        zone,
        name: name(&mut s, locale),
        born: 1945 + s.below(60) as i32,
        source: "",
    };
    behave(&mut person, &mut s);
    person.source = source(&mut s, kind);
    person
}

/// Sets what depends on the kind: how often, how long, how readily, how loudly.
fn behave(person: &mut Person, s: &mut Stream) {
    let (shape, scale, dropout, susceptibility, leave) = match person.kind {
        Kind::BuysAnyway => (4.0, 0.22, 0.006, 0.03, 0.0005),
        Kind::Persuadable => (2.0, 0.045, 0.008, 1.15, 0.001),
        Kind::SleepingDog => (3.0, 0.17, 0.006, 0.0, 0.16),
        Kind::LostCause => (1.0, 0.12, 0.30, 0.012, 0.001),
        Kind::Costly => (4.0, 0.16, 0.004, 0.25, 0.0005),
    };
    person.rate = s.gamma(shape, scale).clamp(0.01, 4.0);
    person.dropout = dropout * (0.5 + s.uniform());
    person.susceptibility = susceptibility * (0.7 + 0.6 * s.uniform());
    person.leave = leave * (0.6 + 0.8 * s.uniform());
    person.unsubscribe = if person.kind == Kind::SleepingDog { 0.05 } else { 0.003 } * (0.5 + s.uniform());
    person.complain = if person.kind == Kind::SleepingDog { 0.03 } else { 0.0008 };
    match person.kind {
        Kind::SleepingDog => person.affinity[0] *= 0.4,
        Kind::Persuadable => person.affinity[0] = 0.25 + 0.75 * person.affinity[0],
        Kind::LostCause => person.affinity = person.affinity.map(|attention| attention * 0.3),
        Kind::Costly => {
            person.returns = 0.25 + 0.2 * s.uniform();
            person.calls_per_order = 1.5 + s.gamma(2.0, 0.6);
            person.complaints_per_order = 0.25 + 0.3 * s.uniform();
            person.calls_per_month = s.gamma(2.0, 0.35);
        }
        Kind::BuysAnyway => {}
    }
}

/// Appeal of each offer from what the client cares for, with a fifth of personal taste.
fn appeal(s: &mut Stream, price: f64, attachment: f64) -> [f64; OFFERS.len()] {
    let base = [
        0.40 + 0.55 * price,
        0.30 + 0.60 * price,
        0.35 + 0.30 * price,
        0.30 + 0.55 * attachment,
        0.10 + 0.55 * attachment,
    ];
    base.map(|appeal| (appeal * (0.8 + 0.4 * s.uniform())).clamp(0.0, 1.0))
}

fn place(s: &mut Stream) -> (&'static str, &'static str) {
    let shares: Vec<f64> = PLACES.iter().map(|place| place.3).collect();
    let (locale, zone, _, _) = pick(s, &shares, &PLACES);
    (locale, zone)
}

fn name(s: &mut Stream, locale: &str) -> (&'static str, &'static str) {
    let (_, given, family) = NAMES.iter().find(|names| names.0 == locale).unwrap_or(&NAMES[0]);
    (given[s.below(given.len())], family[s.below(family.len())])
}

/// How the client came: coupon sites bring those who wait for an offer, friends those who stay.
fn source(s: &mut Stream, kind: Kind) -> &'static str {
    let shares = match kind {
        Kind::BuysAnyway => [0.10, 0.30, 0.40, 0.20],
        Kind::Persuadable => [0.45, 0.30, 0.10, 0.15],
        Kind::SleepingDog => [0.05, 0.40, 0.25, 0.30],
        Kind::LostCause => [0.30, 0.45, 0.10, 0.15],
        Kind::Costly => [0.25, 0.35, 0.15, 0.25],
    };
    pick(s, &shares, &["coupon", "search", "friend", "shop"])
}

/// One of `choices` by shares that add up to 1.
fn pick<T: Copy>(s: &mut Stream, shares: &[f64], choices: &[T]) -> T {
    let mut rest = s.uniform();
    for (share, choice) in shares.iter().zip(choices) {
        rest -= share;
        if rest < 0.0 {
            return *choice;
        }
    }
    choices[choices.len() - 1]
}

/// Beta(a, b) from two gammas.
fn beta(s: &mut Stream, (a, b): (f64, f64)) -> f64 {
    let (x, y) = (s.gamma(a, 1.0), s.gamma(b, 1.0));
    x / (x + y)
}

impl Person {
    /// Demand in a calendar month (0 = January) over the categories the client buys from.
    pub fn season(&self, month: usize) -> f64 {
        self.over_categories(|category| CATEGORIES[category].season[month % 12])
    }

    /// Expected share of the basket that is margin.
    pub fn margin(&self) -> f64 {
        self.over_categories(|category| 1.0 - CATEGORIES[category].cost_share)
    }

    /// Expected cost of the service and the handling that one order causes.
    pub fn service_cost(&self) -> f64 {
        self.returns * RETURN_COST as f64
            + self.calls_per_order * CALL_COST as f64
            + self.complaints_per_order * COMPLAINT_COST as f64
    }

    /// Chance that a contact of this offer and channel turns no order into an order.
    pub fn persuasion(&self, offer: usize, channel: Channel) -> f64 {
        (self.susceptibility * self.appeal[offer] * (0.25 + 0.75 * self.affinity[channel.index()])).clamp(0.0, 0.95)
    }

    /// How far an offer stretches the basket.
    pub fn stretch(&self, offer: usize) -> f64 {
        1.0 + OFFERS[offer].stretch * self.price_sensitivity
    }

    /// Chance that an order within the window uses the offer.
    pub fn redeem(&self) -> f64 {
        0.55 + 0.40 * self.price_sensitivity
    }

    /// The country of the zone.
    pub fn country(&self) -> &'static str {
        PLACES.iter().find(|place| place.1 == self.zone).map_or("", |place| place.2)
    }

    /// The mean of a figure over the categories of an order: the favourite by its share, all alike by the rest.
    fn over_categories(&self, figure: impl Fn(usize) -> f64) -> f64 {
        let (favourite, share) = self.favourite;
        let all = (0..CATEGORIES.len()).map(&figure).sum::<f64>() / CATEGORIES.len() as f64;
        share * figure(favourite) + (1.0 - share) * all
    }
}
