//! Where a budget goes: sources of leads held against campaigns to existing clients, by what each brings for the same money, under each of the
//! objectives that a company may choose, with what the others lose.
//!
//! A source spends `n` leads at cost `c`; each becomes a client with chance `p` (`operations::leads`), who is worth `v` in present money and `v1` in
//! the first year: net present value `n (p v - c)`. A campaign spends what its runs of the last year cost, and brings what they earned against
//! their holdouts; before it was measured, what its plan expects. Options can be bought in part, so that the best choice under an
//! objective is to buy by effect for the money until the budget is spent (Dantzig 1957, the continuous knapsack); an option that does not raise
//! the objective is left. The clients whom a campaign keeps are valued at the mean value to come of an active client.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::scorecard::{WINDOW_DAYS, effects_as_kept};
use super::what_if::{self, Basis};
use crate::clock::Timestamp;
use crate::error::{Error, Fault, Result};
use crate::money::Money;
use crate::operations::Workspace;
use crate::operations::leads;
use crate::operations::steering::{Objective, ObjectiveSpec, SourceSpec, store as steering};
use crate::progress::Progress;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What may be spent, in minor units.
    pub budget: Money,
    /// What a new client is worth in present money, in minor units; by the lifetime model when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_value: Option<Money>,
}

/// What the money can be spent on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spending {
    /// The source or the campaign.
    pub name: String,
    /// To win clients, or to keep them.
    pub kind: Kind,
    /// What all of it costs, in minor units.
    pub cost: f64,
    /// What all of it brings.
    pub effect: Effect,
    /// Where that is from.
    pub basis: &'static str,
}

/// What an option is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Wins clients.
    Acquisition,
    /// Keeps them.
    Retention,
}

/// What spending brings, by objective. Money in minor units, after the spending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Effect {
    /// Profit of the next year.
    pub profit: f64,
    /// Clients who stay and would else leave.
    pub clients_kept: f64,
    /// Clients who come.
    pub new_clients: f64,
    /// Net present value.
    pub base_value: f64,
}

impl Effect {
    /// The part that an objective looks at.
    pub fn of(&self, objective: Objective) -> f64 {
        match objective {
            Objective::Profit => self.profit,
            Objective::ClientsKept => self.clients_kept,
            Objective::NewClients => self.new_clients,
            Objective::BaseValue => self.base_value,
        }
    }

    fn add(&mut self, other: &Effect, part: f64) {
        self.profit += part * other.profit;
        self.clients_kept += part * other.clients_kept;
        self.new_clients += part * other.new_clients;
        self.base_value += part * other.base_value;
    }
}

/// The best use of the budget under one objective.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// The objective.
    pub objective: Objective,
    /// What is spent, in minor units.
    pub spent: f64,
    /// What goes to each option, in minor units.
    pub shares: BTreeMap<String, f64>,
    /// What all of it brings.
    pub effect: Effect,
    /// What the other objectives lose against the best that they could have.
    pub forgone: Effect,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Budget {
    /// As of when.
    pub as_of: Timestamp,
    /// What may be spent.
    pub budget: Money,
    /// The objective that the company has chosen.
    pub objective: Objective,
    /// What the money can be spent on.
    pub options: Vec<Spending>,
    /// The best use under each objective; that of the chosen one is the one to take.
    pub choices: Vec<Choice>,
    /// All of it for winning, by net present value.
    pub acquisition_only: Choice,
    /// All of it for keeping, by net present value.
    pub retention_only: Choice,
    /// What a new client is taken to be worth in present money, and in the first year.
    pub client_value: [f64; 2],
    /// What is not known, in words.
    pub notes: Vec<String>,
}

/// Holds winning against keeping for the same money.
///
/// # Errors
/// Invalid for a budget that is not above 0; unavailable, when store or history do not answer.
pub fn budget(ws: &Workspace, question: &Question, progress: &dyn Progress) -> Result<Budget> {
    if question.budget <= Money::ZERO {
        return Err(Error::faults("the budget cannot be shared", vec![Fault::at("budget", "must be above 0")]));
    }
    let mut notes = Vec::new();
    let basis = what_if::basis_as_kept(ws)?;
    let client_value = client_value(question, basis.as_ref(), &mut notes);
    let mut options = sources(ws, client_value, &mut notes)?;
    options.extend(campaigns(ws, basis.as_ref(), &mut notes, progress)?);
    let chosen = ws.store().read(|conn| steering::find::<ObjectiveSpec>(conn, ObjectiveSpec::NAME))?;
    let most = question.budget.0 as f64;
    let all: Vec<&Spending> = options.iter().collect();
    let of_kind = |kind: Kind| options.iter().filter(|option| option.kind == kind).collect::<Vec<_>>();
    let best: Vec<(Objective, f64)> = Objective::ALL
        .into_iter()
        .map(|objective| (objective, choose(&all, objective, most).effect.of(objective)))
        .collect();
    let with_forgone = |mut choice: Choice| {
        let lost = |of: Objective| {
            let best = best.iter().find(|(objective, _)| *objective == of).map_or(0.0, |(_, best)| *best);
            best - choice.effect.of(of)
        };
        choice.forgone = Effect {
            profit: lost(Objective::Profit),
            clients_kept: lost(Objective::ClientsKept),
            new_clients: lost(Objective::NewClients),
            base_value: lost(Objective::BaseValue),
        };
        choice
    };
    Ok(Budget {
        as_of: ws.now(),
        budget: question.budget,
        objective: chosen.map_or(Objective::Profit, |kept| kept.spec.objective),
        choices: Objective::ALL.into_iter().map(|objective| with_forgone(choose(&all, objective, most))).collect(),
        acquisition_only: with_forgone(choose(&of_kind(Kind::Acquisition), Objective::BaseValue, most)),
        retention_only: with_forgone(choose(&of_kind(Kind::Retention), Objective::BaseValue, most)),
        client_value,
        options,
        notes,
    })
}

/// Buys by effect for the money, the largest first; equal ones by name.
fn choose(options: &[&Spending], objective: Objective, budget: f64) -> Choice {
    let mut useful: Vec<&&Spending> = options.iter().filter(|option| option.effect.of(objective) > 0.0).collect();
    let ratio = |option: &Spending| option.effect.of(objective) / option.cost.max(f64::MIN_POSITIVE);
    useful.sort_by(|a, b| ratio(b).total_cmp(&ratio(a)).then_with(|| a.name.cmp(&b.name)));
    let (mut left, mut effect, mut shares) = (budget, Effect::default(), BTreeMap::new());
    for option in useful {
        let spent = option.cost.min(left);
        let part = if option.cost > 0.0 { spent / option.cost } else { 1.0 };
        if part <= 0.0 {
            break;
        }
        left -= spent;
        effect.add(&option.effect, part);
        *shares.entry(option.name.clone()).or_insert(0.0) += spent;
    }
    Choice { objective, spent: budget - left, shares, effect, forgone: Effect::default() }
}

/// What a new client is worth in present money, and in the first year.
fn client_value(question: &Question, basis: Option<&Basis>, notes: &mut Vec<String>) -> [f64; 2] {
    let (mut value, mut first, mut clients) = (0.0, 0.0, 0.0);
    for segment in basis.into_iter().flat_map(|basis| basis.segments.values()) {
        value += segment.value.iter().sum::<f64>();
        first += segment.value[0];
        clients += segment.clients;
    }
    let share = if value > 0.0 { (first / value).clamp(0.0, 1.0) } else { 1.0 };
    match question.client_value {
        Some(stated) => [stated.0 as f64, stated.0 as f64 * share],
        None if clients > 0.0 => {
            notes.push(
                "a new client is valued as the mean client of the base; state `client_value` where new ones differ"
                    .into(),
            );
            [value / clients, first / clients]
        }
        None => {
            notes.push("nobody is valued yet: train `lifetime` and score, or state `client_value`".into());
            [0.0, 0.0]
        }
    }
}

fn sources(ws: &Workspace, [value, first]: [f64; 2], notes: &mut Vec<String>) -> Result<Vec<Spending>> {
    let known = leads::sources(ws)?;
    let specs = ws.store().read(steering::all::<SourceSpec>)?;
    if specs.is_empty() {
        notes.push("no source of leads is described: put some (`kpis.toml`, PUT /v1/kpis/sources)".into());
    }
    let option = |kept: &steering::Kept<SourceSpec>| {
        let rate =
            known.sources.iter().find(|source| source.name == kept.name).map_or(kept.spec.rate, |source| source.rate);
        let leads = kept.spec.leads as f64;
        let (cost, clients) = (leads * kept.spec.cost.0 as f64, leads * rate);
        Spending {
            name: kept.name.clone(),
            kind: Kind::Acquisition,
            cost,
            effect: Effect {
                profit: clients * first - cost,
                clients_kept: 0.0,
                new_clients: clients,
                base_value: clients * value - cost,
            },
            basis: if known.learned { "leads so far" } else { "what is expected" },
        }
    };
    Ok(specs.iter().map(option).collect())
}

fn campaigns(
    ws: &Workspace,
    basis: Option<&Basis>,
    notes: &mut Vec<String>,
    progress: &dyn Progress,
) -> Result<Vec<Spending>> {
    let (mut value, mut clients) = (0.0, 0.0);
    for segment in basis.into_iter().flat_map(|basis| basis.segments.values()) {
        value += segment.value.iter().sum::<f64>();
        clients += segment.clients;
    }
    let each = if clients > 0.0 { value / clients } else { 0.0 };
    let mut options = Vec::new();
    for found in effects_as_kept(ws, WINDOW_DAYS, progress)? {
        if found.cost <= 0.0 {
            notes.push(format!("{}: nothing is known of what it costs; plan it first", found.name));
            continue;
        }
        if !found.measured {
            notes.push(format!("{}: by its plan; nothing was measured in the last {WINDOW_DAYS} days", found.name));
        }
        let kept = found.kept.max(0.0);
        options.push(Spending {
            name: found.name,
            kind: Kind::Retention,
            cost: found.cost,
            effect: Effect {
                profit: found.profit,
                clients_kept: kept,
                new_clients: 0.0,
                base_value: found.profit + kept * each,
            },
            basis: if found.measured { "measured against its holdouts" } else { "its plan" },
        });
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(name: &str, kind: Kind, cost: f64, effect: [f64; 4]) -> Spending {
        let [profit, clients_kept, new_clients, base_value] = effect;
        Spending {
            name: name.into(),
            kind,
            cost,
            effect: Effect { profit, clients_kept, new_clients, base_value },
            basis: "test",
        }
    }

    #[test]
    fn money_goes_where_it_brings_most_and_never_where_it_loses() {
        let fair = option("fair", Kind::Acquisition, 100.0, [-20.0, 0.0, 10.0, 150.0]);
        let keep = option("keep", Kind::Retention, 50.0, [60.0, 4.0, 0.0, 90.0]);
        let all = [&fair, &keep];
        let profit = choose(&all, Objective::Profit, 100.0);
        assert_eq!((profit.spent, profit.effect.profit, profit.effect.new_clients), (50.0, 60.0, 0.0));
        // 90 for 50 is better than 150 for 100: all of keep, then half of fair.
        let value = choose(&all, Objective::BaseValue, 100.0);
        assert_eq!((value.shares["keep"], value.shares["fair"]), (50.0, 50.0));
        assert_eq!((value.effect.base_value, value.effect.new_clients, value.effect.profit), (165.0, 5.0, 50.0));
        let new = choose(&all, Objective::NewClients, 1_000.0);
        assert_eq!((new.spent, new.effect.new_clients), (100.0, 10.0));
    }

    proptest::proptest! {
        /// No other split of the money between two options does better, whatever the objective.
        #[test]
        fn no_split_of_the_money_does_better(
            effects in proptest::collection::vec(-100.0..100.0f64, 8),
            costs in proptest::collection::vec(1.0..100.0f64, 2),
            budget in 1.0..150.0f64,
        ) {
            let a = option("a", Kind::Acquisition, costs[0], [effects[0], effects[1], effects[2], effects[3]]);
            let b = option("b", Kind::Retention, costs[1], [effects[4], effects[5], effects[6], effects[7]]);
            for objective in Objective::ALL {
                let best = choose(&[&a, &b], objective, budget);
                proptest::prop_assert!(best.spent <= budget + 1e-9);
                for part in 0..=20 {
                    let of_a = (budget * f64::from(part) / 20.0).min(a.cost);
                    let of_b = (budget - of_a).min(b.cost);
                    let got = of_a / a.cost * a.effect.of(objective) + of_b / b.cost * b.effect.of(objective);
                    proptest::prop_assert!(best.effect.of(objective) >= got - 1e-6, "{objective:?} {got}");
                }
            }
        }
    }
}
