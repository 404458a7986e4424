//! `vizavi policy evaluate`: off-policy value of the current policy on logged decisions.

use super::{Done, Place, print};
use crate::learning::comparison::Comparison;
use crate::learning::off_policy::Value;
use crate::money::{Currency, Money};
use crate::operations::evaluate::{PolicyValue, policy};

/// What is asked about the policy.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// What the current policy would have been worth on decisions that were drawn at random
    Evaluate,
}

/// Evaluates, and prints value, support, and what each offer alone is worth.
pub fn run(place: &Place, args: &Args) -> Done {
    let Verb::Evaluate = &args.verb;
    let ws = place.open()?;
    let value = policy(&ws, &*place.progress())?;
    if place.json {
        print::json(&value)?;
    } else {
        print::text(&words(&value, ws.settings().currency))?;
    }
    Ok(())
}

fn words(value: &PolicyValue, currency: Currency) -> String {
    let mut text =
        format!("{} decisions that were drawn at random; the policy is judged out of fold\n", value.decisions);
    if !value.left_out.is_empty() {
        text += &format!("left out, since they describe the offer: {}\n", value.left_out.join(", "));
    }
    if let Some(made) = &value.evaluation {
        let mut table = print::Table::new(&["estimator", "value per decision", "from", "until"]);
        let estimators =
            [("logged", Some(made.logged)), ("IPS", Some(made.ips)), ("SNIPS", Some(made.snips)), ("DR", made.dr)];
        for (name, value) in estimators.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            table.row([vec![name.to_owned()], shown(&value, currency)].concat());
        }
        text += &format!("\n{table}\n");
        text += &format!("worth {:.0} decisions of the policy's own\n", made.effective_rows);
    }
    let mut table = print::Table::new(&["offer", "chosen", "for everybody", "from", "until"]);
    for offer in &value.offers {
        let worth = offer.for_everybody.as_ref().map_or_else(|| vec!["-".into(); 3], |worth| shown(worth, currency));
        table.row([vec![offer.offer.clone(), print::percent(offer.share)], worth].concat());
    }
    text += &format!("\n{table}\n");
    match (&value.gate.gain, &value.evaluation) {
        (Some(gain), Some(_)) => {
            let [by, from, until] = shown_array(gain, currency);
            let so = if value.gate.serves { "a policy with this evidence may serve" } else { "no gain is shown" };
            text += &format!("It gains {by} a decision over what was logged (between {from} and {until}): {so}.\n");
        }
        _ => value.gate.reasons.iter().for_each(|reason| text += &format!("{reason}\n")),
    }
    text += &against(&value.comparison, currency);
    text
}

/// The best policy beside each other, and whether it has won.
fn against(comparison: &Comparison, currency: Currency) -> String {
    let Some(best) = &comparison.best else { return format!("{}\n", comparison.words) };
    let mut table = print::Table::new(&[&format!("{best} gains over"), "a decision", "from", "until"]);
    for other in &comparison.against {
        table.row([vec![other.name.clone()], shown(&other.gain, currency)].concat());
    }
    let tied: Vec<&str> = (comparison.against.iter())
        .filter(|other| other.gain.ci_lower <= 0.0)
        .map(|other| other.name.as_str())
        .collect();
    let so = match &comparison.winner {
        Some(winner) => format!("{winner} is better than every other."),
        None => format!("No winner: the data does not tell {best} apart from {}.", tied.join(", nor from ")),
    };
    format!("\n{table}\n{so}\n")
}

fn shown(value: &Value, currency: Currency) -> Vec<String> {
    shown_array(value, currency).to_vec()
}

/// Estimate, lower and upper bound as amounts.
fn shown_array(value: &Value, currency: Currency) -> [String; 3] {
    [value.estimate, value.ci_lower, value.ci_upper].map(|minor| currency.show(Money(minor.round() as i64)))
}
