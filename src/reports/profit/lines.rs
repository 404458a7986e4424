//! The lines of a profit and loss statement, for any stretch of time and any number of clients: they add up.

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::Timestamp;
use crate::money::Money;

/// What is counted and costs a rate each, beside claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The company wrote, called or visited.
    Contact,
    /// The client called, wrote or came.
    Service,
    /// The client complained.
    Complaint,
    /// Goods came back.
    Return,
    /// An order was delivered.
    Delivery,
}

impl Kind {
    /// All, in the order of their numbers.
    pub const ALL: [Kind; 5] = [Kind::Contact, Kind::Service, Kind::Complaint, Kind::Return, Kind::Delivery];

    /// Its name in JSON, and in words.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Contact => "contact",
            Kind::Service => "service",
            Kind::Complaint => "complaint",
            Kind::Return => "return",
            Kind::Delivery => "delivery",
        }
    }
}

/// How often something was done, and what it cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// How often, whoever caused it.
    pub count: i64,
    /// How often of these the company caused it.
    pub process_count: i64,
    /// What those cost that the client caused: charged to the client.
    pub cost: Money,
    /// What those cost that the company caused: charged to the process.
    pub process_cost: Money,
}

/// Activities by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Activities([Activity; Kind::ALL.len()]);

impl Activities {
    /// Those of a kind.
    pub fn of(&self, kind: Kind) -> Activity {
        self.0[kind as usize]
    }

    /// Those of a kind, to be added to.
    pub fn of_mut(&mut self, kind: Kind) -> &mut Activity {
        &mut self.0[kind as usize]
    }
}

impl Serialize for Activities {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(Kind::ALL.len()))?;
        for kind in Kind::ALL {
            map.serialize_entry(kind.name(), &self.of(kind))?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Activities {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = std::collections::BTreeMap::<Kind, Activity>::deserialize(deserializer)?;
        let mut all = Activities::default();
        for (kind, activity) in map {
            *all.of_mut(kind) = activity;
        }
        Ok(all)
    }
}

/// Profit and loss. All amounts are in minor units; costs are positive.
///
/// `profit = revenue - cost_of_goods - (returned - goods_back) - cost of activities - claims_expected`; the cost of winning the
/// client stands beside it, for it is paid once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// Orders; one counts in the stretch in which its first line was bought.
    pub orders: i64,
    /// What was sold, after discount.
    pub revenue: Money,
    /// Discount already taken off the revenue.
    pub discount: Money,
    /// Cost of the goods sold; by the settings' margin where it is not known.
    pub cost_of_goods: Money,
    /// Orders of which something came back.
    pub returns: i64,
    /// What was paid back for it.
    pub returned: Money,
    /// Cost of the goods that came back with it.
    pub goods_back: Money,
    /// Activities by kind.
    pub activities: Activities,
    /// Claims, those rejected without a payment left out.
    pub claims: i64,
    /// What they cost: what was paid, and the rate `claim` for each.
    pub claims_paid: Money,
    /// What the client is charged for claims: the credibility-weighted expected cost.
    pub claims_expected: Money,
    /// The first order of the stretch.
    #[serde(skip)]
    pub first_order_at: Option<Timestamp>,
    /// The last order of the stretch.
    #[serde(skip)]
    pub last_order_at: Option<Timestamp>,
}

impl Lines {
    /// Revenue less cost of goods, before anything comes back.
    pub fn gross(&self) -> Money {
        self.revenue - self.cost_of_goods
    }

    /// Margin that went back with returned goods.
    pub fn margin_returned(&self) -> Money {
        self.returned - self.goods_back
    }

    /// Cost of the activities that the client caused.
    pub fn activity_cost(&self) -> Money {
        Kind::ALL.iter().fold(Money::ZERO, |sum, &kind| sum + self.activities.of(kind).cost)
    }

    /// Cost of the activities that the company caused.
    pub fn process_cost(&self) -> Money {
        Kind::ALL.iter().fold(Money::ZERO, |sum, &kind| sum + self.activities.of(kind).process_cost)
    }

    /// What the client earned, before the cost of winning it.
    pub fn profit(&self) -> Money {
        self.gross() - self.margin_returned() - self.activity_cost() - self.claims_expected
    }

    /// Adds another stretch, or another client.
    pub fn add(&mut self, other: &Lines) {
        self.orders += other.orders;
        self.returns += other.returns;
        self.claims += other.claims;
        for (sum, more) in [
            (&mut self.revenue, other.revenue),
            (&mut self.discount, other.discount),
            (&mut self.cost_of_goods, other.cost_of_goods),
            (&mut self.returned, other.returned),
            (&mut self.goods_back, other.goods_back),
            (&mut self.claims_paid, other.claims_paid),
            (&mut self.claims_expected, other.claims_expected),
        ] {
            *sum = *sum + more;
        }
        for kind in Kind::ALL {
            let (sum, more) = (self.activities.of_mut(kind), other.activities.of(kind));
            sum.count += more.count;
            sum.process_count += more.process_count;
            sum.cost = sum.cost + more.cost;
            sum.process_cost = sum.process_cost + more.process_cost;
        }
        self.first_order_at = [self.first_order_at, other.first_order_at].into_iter().flatten().min();
        self.last_order_at = self.last_order_at.max(other.last_order_at);
    }
}
