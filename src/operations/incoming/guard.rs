//! Watches what a campaign does to those it writes to: it warns, and pauses the campaign before receivers begin to refuse us.

use std::collections::BTreeSet;

use super::month_before;
use crate::campaigns::store as campaigns;
use crate::deliveries::incoming::Class;
use crate::deliveries::incoming::log;
use crate::error::{Kind, Result};
use crate::ids::CampaignRunId;
use crate::operations::{Workspace, audit, steer};
use crate::outcomes::{SignalKind, store as outcomes};
use crate::storage::Connection;

/// What was counted over the runs of a campaign within 30 days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Harm {
    sent: i64,
    complaints: i64,
    refusals: i64,
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Fine,
    Warn(&'static str),
    Pause(&'static str),
}

/// Share of messages that receivers refuse for our own sake (5.7.x) from which a campaign pauses.
const MOST_REFUSED: f64 = 0.05;

/// Looks at the campaign of a run, after something came back for it.
pub(super) fn look(ws: &Workspace, run: CampaignRunId) -> Result<()> {
    let now = ws.now();
    let found = ws.store().read(|conn| {
        let row = match campaigns::run(conn, run) {
            // A message that belongs to no campaign.
            Err(error) if error.kind() == Kind::NotFound => return Ok(None),
            other => other?,
        };
        let campaign = campaigns::by_id(conn, row.campaign_id)?;
        let mut harm = Harm::default();
        for run in campaigns::runs(conn, campaign.id)?.into_iter().filter(|run| run.started_at >= month_before(now)) {
            harm.sent += log::sent(conn, run.id)?;
            harm.complaints += complaints(conn, run.id)?;
            harm.refusals += log::bounces_of_run(conn, run.id, Class::Policy.name())?;
        }
        Ok(Some((campaign.name, harm)))
    })?;
    let Some((campaign, harm)) = found else { return Ok(()) };
    let (verdict, mail) = (judge(&harm, &ws.settings().mail), &ws.settings().mail);
    let detail = |why: &str| {
        let Harm { sent, complaints, refusals } = harm;
        format!("{why}: {complaints} complaints and {refusals} refusals of {sent} sent within 30 days")
    };
    match verdict {
        Verdict::Fine => Ok(()),
        Verdict::Warn(why) => {
            tracing::warn!(campaign, alert = mail.complaint_alert, "{}", detail(why));
            ws.store().write(|conn| audit::write(conn, "guard", "campaign.alert", &campaign, &detail(why), now))
        }
        Verdict::Pause(why) => {
            tracing::error!(campaign, limit = mail.complaint_limit, "paused: {}", detail(why));
            match steer::pause(ws, &campaign, "guard") {
                // Not running any more, or paused by somebody before.
                Err(error) if error.kind() == Kind::Conflict => {}
                other => drop(other?),
            }
            ws.store().write(|conn| audit::write(conn, "guard", "campaign.alert", &campaign, &detail(why), now))
        }
    }
}

/// Customers of a run who complained.
fn complaints(conn: &mut Connection, run: CampaignRunId) -> Result<i64> {
    let rows = outcomes::of_run(conn, run, SignalKind::Complaint)?;
    Ok(rows.iter().map(|row| row.customer_id).collect::<BTreeSet<_>>().len() as i64)
}

/// A campaign pauses when one more complaint would reach the limit: afterwards it is too late.
fn judge(harm: &Harm, mail: &crate::settings::Mail) -> Verdict {
    if harm.sent < i64::from(mail.complaint_minimum) {
        return Verdict::Fine;
    }
    let sent = harm.sent as f64;
    if (harm.complaints + 1) as f64 >= mail.complaint_limit * sent {
        return Verdict::Pause("complaints are about to reach the limit");
    }
    if harm.refusals as f64 >= MOST_REFUSED * sent {
        return Verdict::Pause("receivers refuse us by their policy");
    }
    if harm.complaints as f64 >= mail.complaint_alert * sent {
        return Verdict::Warn("complaints are above the alert");
    }
    Verdict::Fine
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_pauses_before_the_limit_and_only_with_enough_sent() {
        let mail = crate::settings::Mail::default();
        let of = |sent, complaints, refusals| judge(&Harm { sent, complaints, refusals }, &mail);
        assert_eq!(of(999, 50, 900), Verdict::Fine);
        assert_eq!(of(1_000, 0, 0), Verdict::Fine);
        assert!(matches!(of(1_000, 1, 0), Verdict::Warn(_)));
        // 3 of 1,000 is the limit: the second is the last.
        assert!(matches!(of(1_000, 2, 0), Verdict::Pause(_)));
        assert_eq!(of(100_000, 99, 4_999), Verdict::Fine);
        assert!(matches!(of(100_000, 100, 0), Verdict::Warn(_)));
        assert!(matches!(of(100_000, 298, 0), Verdict::Warn(_)));
        assert!(matches!(of(100_000, 299, 0), Verdict::Pause(_)));
        assert!(matches!(of(100_000, 0, 5_000), Verdict::Pause(_)));
    }
}
