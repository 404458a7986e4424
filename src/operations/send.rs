//! Sends what is due, finishes runs that have nothing left, and stops everything when told to.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use crate::campaigns::{Action, RunState, store as campaigns};
use crate::deliveries::call_list::CallLists;
use crate::deliveries::dkim::Dkim;
use crate::deliveries::email::Sender;
use crate::deliveries::file::EmlFiles;
use crate::deliveries::mbox::Mboxes;
use crate::deliveries::smtp::{SmtpRelay, SmtpRelays};
use crate::deliveries::webhook::Webhook;
use crate::deliveries::{Delivery, SendOptions, Summary, TemplateLibrary, Transport, Transports, outbox, send};
use crate::error::{Error, Result};
use crate::ids::CampaignId;
use crate::messages::CampaignTemplates;
use crate::operations::checks::Checks;
use crate::operations::pace::{self, RelayGate};
use crate::operations::people::CHANNELS;
use crate::operations::{Workspace, audit};
use crate::settings::ChannelTransport;
use crate::storage::Store;

/// Messages that a worker claims at once.
const BATCH: usize = 200;

/// Sends what is due now, with the workspace's own transports, until nothing is or `stop` is set.
///
/// # Errors
/// Unavailable, when the store does not answer; invalid, when a transport's settings are wrong.
pub fn send_due(ws: &Workspace, stop: &AtomicBool) -> Result<Summary> {
    send_through(ws, &transports(ws)?, stop)
}

/// The same through other transports.
pub fn send_through(ws: &Workspace, transports: &Transports, stop: &AtomicBool) -> Result<Summary> {
    let templates = Library { store: ws.store().clone(), known: Mutex::new(HashMap::new()) };
    let checks = Checks::new(ws);
    pace::agree(ws)?;
    let summary = send(SendOptions {
        store: ws.store(),
        transports,
        templates: &templates,
        checks: &checks,
        clock: ws.clock().as_ref(),
        keys: ws.link_keys(),
        base_url: &ws.settings().base_url,
        stop,
        workers: ws.settings().mail.connections as usize,
        batch: BATCH,
        patient: false,
    })?;
    finish(ws)?;
    Ok(summary)
}

/// Finishes runs of which nothing is open.
fn finish(ws: &Workspace) -> Result<()> {
    let now = ws.now();
    for run in ws.store().read(|conn| campaigns::runs_in(conn, &[RunState::Sending]))? {
        let finished = ws.store().write(|conn| {
            let still = campaigns::run(conn, run.id)?.state == RunState::Sending.as_str();
            if !still || outbox::reconcile::reconcile(conn, run.id)?.open > 0 {
                return Ok(());
            }
            let campaign = campaigns::by_id(conn, run.campaign_id)?;
            campaigns::set_run_state(conn, run.id, RunState::Finished, now)?;
            let open = campaigns::runs_in(conn, &[RunState::Sending, RunState::Paused])?;
            if open.iter().any(|other| other.campaign_id == run.campaign_id) {
                return Ok(());
            }
            campaigns::act(conn, &campaign, Action::Finish, "sender", now).map(drop)
        });
        // Another sender may have finished it at the same moment.
        finished.or_else(|error| if error.kind() == crate::error::Kind::Conflict { Ok(()) } else { Err(error) })?;
    }
    Ok(())
}

/// The way out of each channel, as the settings say; files where they say nothing.
///
/// # Errors
/// Invalid, naming the setting.
pub fn transports(ws: &Workspace) -> Result<Transports> {
    let settings = ws.settings();
    let out = ws.data().join("out");
    let sender = signing(ws, sender(ws)?)?;
    let mut transports = Transports::new();
    let named = settings.channels.keys().map(String::as_str);
    for channel in CHANNELS.into_iter().chain(named.filter(|name| !CHANNELS.contains(name))) {
        let standard =
            if channel == "email" && settings.smtp.is_some() { ChannelTransport::Smtp } else { ChannelTransport::File };
        let transport: Arc<dyn Transport> = match settings.channels.get(channel).unwrap_or(&standard) {
            ChannelTransport::Smtp => {
                let named = settings.smtp.iter().chain(&settings.relays).map(|relay| {
                    let password = std::env::var(relay.password_variable()).ok();
                    let gate = RelayGate::of(ws, relay);
                    Ok((SmtpRelay::new(relay.clone(), password, sender.clone())?, relay.weight, gate))
                });
                Arc::new(Arc::new(SmtpRelays::gated(named.collect::<Result<_>>()?)?))
            }
            ChannelTransport::Webhook { url } => {
                Arc::new(Webhook::new(url, ws.webhook_secret(), &settings.webhook_allow)?)
            }
            ChannelTransport::File if channel == "email" => Arc::new(EmlFiles::new(&out.join("email"), sender.clone())),
            ChannelTransport::Mbox => Arc::new(Mboxes::new(&out.join("email"), sender.clone())),
            ChannelTransport::File => Arc::new(CallLists::new(&out.join(channel))),
        };
        transports = transports.with(channel, transport);
    }
    Ok(transports)
}

/// Who e-mails come from, and where what comes back goes.
///
/// # Errors
/// Invalid, naming the setting.
pub fn sender(ws: &Workspace) -> Result<Sender> {
    let mail = &ws.settings().mail;
    let sender = Sender::parse(&ws.settings().sender, mail.reply_to.as_deref())?;
    match &mail.return_path {
        Some(path) => sender.returning_to(path),
        None => Ok(sender),
    }
}

/// The sender, who signs where there is a key to sign with.
fn signing(ws: &Workspace, sender: Sender) -> Result<Sender> {
    let mail = &ws.settings().mail;
    let (Some(path), Some(selector)) = (&mail.dkim_key, &mail.dkim_selector) else { return Ok(sender) };
    let pem = std::fs::read(path).map_err(|error| {
        Error::invalid(format!("mail.dkim_key: `{}` cannot be read ({})", path.display(), error.kind()))
    })?;
    let dkim = Dkim::new(sender.domain(), selector, &pem)?;
    Ok(sender.signed_by(dkim))
}

/// Removes the file that a delivery was written to, if it was one. Call lists are people's working papers and stay.
///
/// # Errors
/// Unavailable, when the disk refuses.
pub fn remove_written(ws: &Workspace, delivery: &Delivery) -> Result<()> {
    let (sender, folder) = (sender(ws)?, ws.data().join("out").join("email"));
    Mboxes::new(&folder, sender.clone()).remove(delivery)?;
    let path = EmlFiles::new(&folder, sender).path(delivery);
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Templates by `campaign/version`, compiled once.
struct Library {
    store: Store,
    known: Mutex<HashMap<String, Arc<CampaignTemplates>>>,
}

impl TemplateLibrary for Library {
    fn templates(&self, version: &str) -> Result<Arc<CampaignTemplates>> {
        if let Some(known) = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(version) {
            return Ok(known.clone());
        }
        let parts = version.split_once('/').and_then(|(id, version)| Some((id.parse().ok()?, version.parse().ok()?)));
        let (id, number): (i64, i64) =
            parts.ok_or_else(|| Error::not_found("a delivery names no version of templates"))?;
        let folder = self.store.read(|conn| campaigns::version(conn, CampaignId(id), number))?;
        let made = Arc::new(CampaignTemplates::check(&folder.templates, &folder.sample)?);
        self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(version.to_owned(), made.clone());
        Ok(made)
    }
}

/// Stops every sender before its next message, until [`start_all`].
pub fn stop_all(ws: &Workspace, reason: &str, actor: &str) -> Result<()> {
    let now = ws.now();
    ws.store().write(|conn| {
        outbox::brake::stop(conn, reason, now)?;
        audit::write(conn, actor, "sending.stop", "everything", reason, now)
    })
}

/// Takes the stop back.
pub fn start_all(ws: &Workspace, actor: &str) -> Result<()> {
    let now = ws.now();
    ws.store().write(|conn| {
        outbox::brake::go_on(conn)?;
        audit::write(conn, actor, "sending.start", "everything", "", now)
    })
}

/// Whether everything is stopped.
pub fn is_stopped(ws: &Workspace) -> Result<bool> {
    ws.store().read(outbox::brake::is_stopped)
}
