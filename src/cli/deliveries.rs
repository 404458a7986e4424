//! `vizavi deliveries`: what became of each message of a run, and what a person does about it.

use super::{Done, Place, print};
use crate::deliveries::State;
use crate::deliveries::outbox::find;
use crate::deliveries::outbox::resolve::Resolution;
use crate::error::{Error, Result};
use crate::ids::{CampaignRunId, DeliveryId};
use crate::operations::{Workspace, deliveries};

/// Who the audit says did it.
const ACTOR: &str = "cli";
/// Rows of a list.
const MOST_ROWS: i64 = 1_000;

/// What is asked about deliveries.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Reconcile a run, and list its messages in one state
    List {
        /// The run
        run: i64,
        /// planned, claimed, committing, sent, deferred, held, failed, suppressed or cancelled
        #[arg(long)]
        state: Option<String>,
    },
    /// Settle what is held: a message, or with --run all of a run
    Settle {
        /// The delivery
        #[arg(required_unless_present = "run", conflicts_with = "run")]
        id: Option<i64>,
        /// All that is held of this run
        #[arg(long)]
        run: Option<i64>,
        /// What became of it
        #[arg(long = "as", value_enum)]
        what: What,
        /// How it is known: a line of the relay's log, the customer's word
        #[arg(long)]
        proof: String,
    },
    /// Send to the missing: everyone of a run whose message failed gets another, once
    Resend {
        /// The run
        run: i64,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum What {
    /// The receiver has it
    Arrived,
    /// The receiver does not have it: it is sent
    NeverArrived,
    /// Nobody will find out, and it is not sent again
    GivenUp,
}

/// Lists, settles or sends again.
pub fn run(place: &Place, args: &Args) -> Done {
    let ws = place.open()?;
    match &args.verb {
        Verb::List { run, state } => list(place, &ws, CampaignRunId(*run), state.as_deref())?,
        Verb::Settle { id, run, what, proof } => {
            let resolution = match what {
                What::Arrived => Resolution::Arrived,
                What::NeverArrived => Resolution::NeverArrived,
                What::GivenUp => Resolution::GivenUp,
            };
            let settled = match (id, run) {
                (Some(id), _) => deliveries::settle(&ws, DeliveryId(*id), resolution, proof, ACTOR).map(|_| 1)?,
                (None, Some(run)) => deliveries::settle_all(&ws, CampaignRunId(*run), resolution, proof, ACTOR)?,
                (None, None) => return Err(Error::invalid("name a delivery, or --run").into()),
            };
            if place.json {
                print::json(&serde_json::json!({ "settled": settled }))?;
            } else {
                print::text(&format!("{settled} settled\n"))?;
            }
        }
        Verb::Resend { run } => {
            let resent = deliveries::resend(&ws, CampaignRunId(*run), ACTOR)?;
            if place.json {
                print::json(&resent)?;
                return Ok(());
            }
            let mut text = format!("{} planned anew; `vizavi work` sends them\n", resent.planned);
            for (reason, count) in &resent.left {
                text += &format!("  {count} left out: {reason}\n");
            }
            if resent.held > 0 {
                text += &format!("  {} are held: nobody knows whether they arrived; settle them first\n", resent.held);
            }
            print::text(&text)?;
        }
    }
    Ok(())
}

fn list(place: &Place, ws: &Workspace, run: CampaignRunId, state: Option<&str>) -> Result<()> {
    let state = match state {
        None => None,
        Some(name) => {
            let known = State::parse(name);
            Some(known.ok_or_else(|| Error::invalid(format!("`{name}` is no state of a delivery")))?)
        }
    };
    let shown = deliveries::show(ws, run)?;
    let rows = match state {
        None => Vec::new(),
        Some(_) => ws.store().read(|conn| find::of_run(conn, run, state, None, MOST_ROWS))?,
    };
    if place.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                serde_json::json!({ "id": row.id, "customer_id": row.customer_id, "channel": row.channel,
                    "state": row.state, "reason": row.reason, "attempt": row.attempt, "reply_code": row.reply_code,
                    "message_id": row.message_id, "next_at": row.next_at, "updated_at": row.updated_at })
            })
            .collect();
        return print::json(&serde_json::json!({ "run": shown, "deliveries": rows }));
    }
    let mut text = super::campaign::reconciled(&shown.reconciliation);
    let mut table = print::Table::new(&["delivery", "state", "attempt", "code", "reason", "changed"]);
    for row in rows {
        let code = row.reply_code.map_or_else(String::new, |code| code.to_string());
        let reason = row.reason.unwrap_or_default();
        table.row(vec![
            row.id.to_string(),
            row.state.to_string(),
            row.attempt.to_string(),
            code,
            reason,
            row.updated_at.to_string(),
        ]);
    }
    if !table.is_empty() {
        text += &format!("\n{table}");
    }
    print::text(&text)
}
