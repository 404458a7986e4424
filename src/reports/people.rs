//! Who did what it was worth: per salesperson, all campaigns together against the global holdout; per owner of campaigns, each run
//! beside its own holdout. Turnover stands beside incremental profit and clients kept, which it says little about.

use std::collections::{BTreeMap, HashMap};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use serde::Serialize;

use crate::campaigns::store as campaigns;
use crate::clock::{DAY, Timestamp};
use crate::customers::store as customers;
use crate::decisions::Arm;
use crate::decisions::assignment::Share;
use crate::error::{Error, Result};
use crate::experiments::lift::{self, ArmTotals, Arms, Lift};
use crate::experiments::statistic::{ProportionSums, Statistic};
use crate::experiments::{Degenerate, Difference, Effect, Level, Sides, frequentist};
use crate::ids::CustomerId;
use crate::money::Money;
use crate::operations::Workspace;
use crate::operations::measure::purchases::{TICKS, margin_of_line, within};
use crate::operations::measure::tally::Tally;
use crate::operations::measure::{Measured, PRE_DAYS, measure};
use crate::operations::results::lift::populations;

/// The attribute of customers that names their salesperson, unless another is asked for.
pub const SALESPERSON: &str = "salesperson";
/// Who bought within so many days before the time was a client when it began.
const CLIENT_DAYS: i64 = 365;

/// Owners and salespersons over a time.
#[derive(Debug, Serialize)]
pub struct People {
    /// The first instant.
    pub from: Timestamp,
    /// The instant after the last.
    pub until: Timestamp,
    /// The attribute that names salespersons.
    pub by: String,
    /// By name; customers without one under the empty name.
    pub salespersons: Vec<Salesperson>,
    /// Owners of campaigns, by name.
    pub owners: Vec<Owner>,
}

/// One salesperson's customers. Amounts in minor units.
#[derive(Debug, Clone, Serialize)]
pub struct Salesperson {
    /// The attribute's value.
    pub name: String,
    /// Customers outside the global holdout.
    pub treated: i64,
    /// Customers in it.
    pub holdout: i64,
    /// What all of them bought.
    pub turnover: Money,
    /// What marketing to them earned beyond what they would have brought anyway, all campaigns together.
    pub lift: Result<Lift, Degenerate>,
    /// Clients when the time began who bought again.
    pub kept: Kept,
}

/// Clients who stayed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Kept {
    /// Clients among the treated, and of these who were kept.
    pub treated: (i64, i64),
    /// The same of the holdout.
    pub holdout: (i64, i64),
    /// More kept, as a share.
    pub effect: Result<Effect, Degenerate>,
    /// More clients kept among the treated than there would have been; none without an effect.
    pub clients: Option<f64>,
}

/// One owner's runs; their lifts are not added up, for the same customers may be in several.
#[derive(Debug, Clone, Serialize)]
pub struct Owner {
    /// As the definition names the owner; empty where it names none.
    pub name: String,
    /// Runs that were decided in the time, oldest first.
    pub runs: Vec<OwnersRun>,
}

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct OwnersRun {
    /// The campaign.
    pub campaign: String,
    /// What it is the run of.
    pub occasion: String,
    /// Whether its window has ended.
    pub is_final: bool,
    /// What those who were contacted bought within the window, in minor units.
    pub turnover: Money,
    /// What it earned beyond what would have come anyway, of all who were assigned.
    pub lift: Result<Lift, Degenerate>,
    /// Who ordered within `retention_days`, of all who were assigned.
    pub kept: Kept,
}

impl Kept {
    fn of(treated: (i64, i64), holdout: (i64, i64)) -> Kept {
        let share = |(n, sum): (i64, i64)| Statistic::Proportion(ProportionSums { n: n as f64, sum: sum as f64 });
        let (a, b) = (share(holdout), share(treated));
        let effect = frequentist::welch(&a, &b, Difference::Absolute, Level::FIVE_PERCENT, Sides::Two);
        let clients = effect.as_ref().ok().map(|effect| effect.point_estimate * treated.0 as f64);
        Kept { treated, holdout, effect, clients }
    }
}

/// Reads a time.
///
/// # Errors
/// Invalid, when it ends before it begins; unavailable, when store or history do not answer.
pub fn people(ws: &Workspace, from: Timestamp, until: Timestamp, by: &str) -> Result<People> {
    if until <= from {
        return Err(Error::invalid("the time ends before it begins; give `from` before `to`"));
    }
    let salespersons = salespersons(ws, from, until, by)?;
    Ok(People { from, until, by: by.to_owned(), salespersons, owners: owners(ws, from, until)? })
}

/// Whose somebody is, and whether in the holdout.
struct Belongs {
    group: usize,
    held_out: bool,
}

#[derive(Default, Clone, Copy)]
struct Sums {
    profit: [Tally; 2],
    converted: [f64; 2],
    turnover: i64,
    clients: [(i64, i64); 2],
}

fn salespersons(ws: &Workspace, from: Timestamp, until: Timestamp, by: &str) -> Result<Vec<Salesperson>> {
    let global = Share { salt: "global-holdout".into(), share: ws.settings().holdout };
    let rows = ws.store().read(customers::keys_and_attributes)?;
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut belongs: HashMap<CustomerId, Belongs> = HashMap::with_capacity(rows.len());
    for (id, external_id, attributes) in rows {
        let count = names.len();
        let group = *names.entry(value_of(&attributes, by)).or_insert(count);
        belongs.insert(id, Belongs { group, held_out: global.holds(&external_id) });
    }
    let facts = Facts::read(ws, from, until)?;
    let mut sums = vec![Sums::default(); names.len()];
    for (id, of) in &belongs {
        let (sum, side) = (&mut sums[of.group], usize::from(of.held_out));
        let fact = facts.0.get(id).copied().unwrap_or_default();
        sum.profit[side].add(fact.margin - fact.contact_cost * TICKS as i64, fact.before);
        sum.converted[side] += f64::from(u8::from(fact.orders));
        sum.turnover += fact.turnover;
        if fact.client {
            sum.clients[side].0 += 1;
            sum.clients[side].1 += i64::from(fact.orders);
        }
    }
    let shown = |(name, at): (String, usize)| {
        let sum = &sums[at];
        let arm = |side: usize| ArmTotals { profit: sum.profit[side].cuped(TICKS), conversions: sum.converted[side] };
        Salesperson {
            name,
            treated: sum.profit[0].n,
            holdout: sum.profit[1].n,
            turnover: Money(sum.turnover),
            lift: lift::lift(&Arms { treated: arm(0), holdout: arm(1) }, Level::FIVE_PERCENT),
            kept: Kept::of(sum.clients[0], sum.clients[1]),
        }
    };
    Ok(names.into_iter().map(shown).collect())
}

fn value_of(attributes: &str, by: &str) -> String {
    let map: serde_json::Map<String, serde_json::Value> = serde_json::from_str(attributes).unwrap_or_default();
    match map.get(by) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(serde_json::Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// What one customer did in the time, and before.
#[derive(Debug, Clone, Copy, Default)]
struct Fact {
    turnover: i64,
    margin: i64,
    orders: bool,
    before: i64,
    client: bool,
    contact_cost: i64,
}

struct Facts(HashMap<CustomerId, Fact>);

impl Facts {
    fn read(ws: &Workspace, from: Timestamp, until: Timestamp) -> Result<Facts> {
        let mut all: HashMap<CustomerId, Fact> = HashMap::new();
        let margin = margin_of_line(ws.settings().margin);
        let (inside, before) = (within(from, until), within(from.plus(-PRE_DAYS * DAY), from));
        let year = within(from.plus(-CLIENT_DAYS * DAY), from);
        let when = |condition: &str, then: &str| format!("sum(CASE WHEN {condition} THEN {then} ELSE 0 END)");
        let lines = |sign: &str, table: &str| {
            format!(
                "SELECT customer_id, {}, {}, {}, {}, {} FROM {table} WHERE {} GROUP BY customer_id",
                when(&inside, &format!("{sign}amount")),
                when(&inside, &format!("{sign}({margin})")),
                when(&inside, "1"),
                when(&before, &format!("{sign}({margin})")),
                when(&year, "1"),
                within(from.plus(-CLIENT_DAYS * DAY), until)
            )
        };
        let snapshot = ws.history().snapshot()?;
        for (sql, buys) in [(lines("", "order_item"), true), (lines("-", "return_item"), false)] {
            snapshot.stream(&sql, |batch| {
                let columns = [0, 1, 2, 3, 4, 5].map(|column| batch.column(column).as_primitive::<Int64Type>());
                for row in 0..batch.num_rows() {
                    let fact = all.entry(CustomerId(columns[0].value(row))).or_default();
                    fact.turnover += columns[1].value(row);
                    fact.margin += columns[2].value(row);
                    fact.orders |= buys && columns[3].value(row) > 0;
                    fact.before += columns[4].value(row);
                    fact.client |= buys && columns[5].value(row) > 0;
                }
                Ok(())
            })?;
        }
        let contacts = format!(
            "SELECT customer_id, sum(cost) FROM interaction WHERE direction = 'out' AND reason = 'campaign' \
             AND cost IS NOT NULL AND {inside} GROUP BY customer_id"
        );
        snapshot.stream(&contacts, |batch| {
            let [customers, costs] = [0, 1].map(|column| batch.column(column).as_primitive::<Int64Type>());
            for row in 0..batch.num_rows() {
                all.entry(CustomerId(customers.value(row))).or_default().contact_cost += costs.value(row);
            }
            Ok(())
        })?;
        Ok(Facts(all))
    }
}

fn owners(ws: &Workspace, from: Timestamp, until: Timestamp) -> Result<Vec<Owner>> {
    let runs = ws.store().read(|conn| campaigns::runs_between(conn, from, until))?;
    let mut owners: BTreeMap<String, Vec<OwnersRun>> = BTreeMap::new();
    for run in runs {
        let name = ws.store().read(|conn| Ok(campaigns::by_id(conn, run.campaign_id)?.name))?;
        let measured = measure(ws, run.id)?;
        let contacted = measured.people.iter().filter(|person| person.contacts > 0);
        let [(_, assigned), _] = populations(&measured);
        let kept = |held_out: bool| {
            let of_arm = |person: &&Measured| person.arm.is_holdout() == held_out && person.arm != Arm::Exploration;
            let arm = measured.people.iter().filter(of_arm);
            arm.fold((0, 0), |(n, kept), person| (n + 1, kept + i64::from(person.kept)))
        };
        let shown = OwnersRun {
            campaign: name,
            occasion: run.occasion.clone(),
            is_final: measured.is_over(ws.now()),
            turnover: Money(contacted.map(Measured::revenue).sum()),
            lift: lift::lift(&assigned, Level::FIVE_PERCENT),
            kept: Kept::of(kept(false), kept(true)),
        };
        owners.entry(measured.spec.owner.clone()).or_default().push(shown);
    }
    Ok(owners.into_iter().map(|(name, runs)| Owner { name, runs }).collect())
}
