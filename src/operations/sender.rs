//! Checks the identity that messages go out under.

use serde::Serialize;

use crate::deliveries::identity::{self, Finding, Grade, Identity, Texts};
use crate::error::Result;
use crate::operations::{Workspace, send};

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// The domain of the From.
    pub from: String,
    /// Each record with what should stand there and what does.
    pub findings: Vec<Finding>,
    /// No record is bad.
    pub good: bool,
}

/// Looks the records up that receivers ask for.
///
/// # Errors
/// Invalid when the sender is none.
pub fn check(ws: &Workspace, dns: &dyn Texts) -> Result<Checked> {
    let sender = send::sender(ws)?;
    let settings = ws.settings();
    let identity = Identity {
        from: sender.domain().to_owned(),
        envelope: sender.envelope_domain().to_owned(),
        selector: settings.mail.dkim_selector.clone(),
        relay: settings.smtp.as_ref().map(|relay| relay.host.clone()),
    };
    let findings = identity::check(&identity, dns);
    let good = findings.iter().all(|finding| finding.grade != Grade::Bad);
    Ok(Checked { from: identity.from, findings, good })
}
