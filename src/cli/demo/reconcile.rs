//! Every delivery accounted for: what the outbox says, against what really lies in the files that were handed over.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::Demo;
use super::sender::Day;
use crate::deliveries::outbox::reconcile as outbox;
use crate::error::{Error, Result};
use crate::ids::CampaignRunId;
use crate::simulation::story::Reconciliation;

/// Reconciles a run with its files.
///
/// # Errors
/// Unavailable, when store or files cannot be read.
pub fn reconcile(demo: &Demo<'_>, run: CampaignRunId, day: Day) -> Result<Reconciliation> {
    let counts = demo.ws.store().read(|conn| outbox::reconcile(conn, run))?;
    let mut states = vec![("sent".to_owned(), counts.sent as u64)];
    states.extend(counts.suppressed.iter().map(|(reason, count)| (format!("suppressed ({reason})"), *count as u64)));
    for (name, count) in
        [("failed", counts.failed), ("held", counts.held), ("cancelled", counts.cancelled), ("open", counts.open)]
    {
        if count > 0 {
            states.push((name.to_owned(), count as u64));
        }
    }
    let written = written(&demo.ws.data().join("out"), run)?;
    Ok(Reconciliation {
        planned: counts.planned as u64,
        states,
        kills: day.kills,
        unnoted: day.unnoted,
        doubled: written.values().filter(|messages| **messages > 1).count() as u64,
        sent: counts.sent as u64,
        written: written.values().sum(),
    })
}

/// Messages by address, as they lie in the files: e-mails by their `To`, lists by their lines.
fn written(out: &Path, run: CampaignRunId) -> Result<HashMap<String, u64>> {
    let mut found = HashMap::new();
    let emails = out.join("email").join(run.to_string());
    if emails.is_dir() {
        for shard in fs::read_dir(&emails)? {
            for file in fs::read_dir(shard?.path())? {
                let path = file?.path();
                if path.extension().is_some_and(|end| end == "eml") {
                    *found.entry(client_of(&recipient(&path)?)).or_default() += 1;
                }
            }
        }
    }
    for channel in ["sms", "call", "letter"] {
        let path = out.join(channel).join(format!("calls-{run}.csv"));
        if path.is_file() {
            let mut reader = csv::Reader::from_path(&path).map_err(unreadable)?;
            for line in reader.records() {
                *found.entry(client_of(&line.map_err(unreadable)?[2])).or_default() += 1;
            }
        }
    }
    Ok(found)
}

fn unreadable(error: csv::Error) -> Error {
    Error::internal("a call list cannot be read").caused_by(error)
}

/// The address in an e-mail's `To`.
fn recipient(path: &Path) -> Result<String> {
    let bytes = fs::read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().take_while(|line| !line.is_empty()).find_map(|line| line.strip_prefix("To: "));
    line.map(str::to_owned).ok_or_else(|| Error::internal("an e-mail was written without a recipient"))
}

/// The client behind an address of the simulated company: all its addresses hold the client's number.
fn client_of(address: &str) -> String {
    let digits: String = address.chars().filter(char::is_ascii_digit).collect();
    let from = digits.len().saturating_sub(6);
    digits[from..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_of_a_client_lead_to_it() {
        let addresses = ["c000123@clients.example", "<c000123@clients.example>", "+999000123", "000123 Example Street"];
        assert!(addresses.iter().all(|address| client_of(address) == "000123"));
    }
}
