//! Decides for everybody in a campaign, at one instant: what a plan shows and a run carries out.

use rayon::prelude::*;

use crate::clock::Timestamp;
use crate::decisions::batch::Person as Candidate;
use crate::decisions::{BatchResult, Resources, decide_batch};
use crate::error::Result;
use crate::ids::CampaignRunId;
use crate::operations::Workspace;
use crate::operations::candidates::{Base, Menu};
use crate::operations::people::{self, Person};
use crate::operations::setup::{Setup, first_variant};
use crate::random;
use crate::storage::Connection;

/// Everybody with their candidates, and what was decided.
pub struct Batch {
    /// The people, in the order of their ids.
    pub people: Vec<Person>,
    /// The same people as the decision saw them.
    pub candidates: Vec<Candidate>,
    /// What is scarce.
    pub resources: Resources,
    /// The decisions, in the same order.
    pub result: BatchResult,
    /// The seed of the draws.
    pub seed: u64,
    /// The instant.
    pub now: Timestamp,
}

/// The seed of a run: the same campaign and occasion draw the same, whoever asks and however often.
pub fn seed_of(campaign: &str, occasion: &str) -> u64 {
    // 63 bits, since the store's numbers are signed.
    random::salted_hash(campaign, occasion) >> 1
}

/// Decides. Contacts and stock that `run` has reserved before do not count against it.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn decide(
    ws: &Workspace,
    conn: &mut Connection,
    setup: &Setup,
    occasion: &str,
    now: Timestamp,
    run: Option<CampaignRunId>,
) -> Result<Batch> {
    let people = people::everyone(ws, conn, now, run)?;
    let base = Base::of(&people, ws.settings(), setup.spec().conversion_days);
    let menu = Menu::new(setup.spec(), &setup.offers, ws.settings(), (&setup.response, setup.retention.as_ref()), base);
    let fallback = std::sync::Arc::from(first_variant(&setup.templates));
    let candidates: Vec<Candidate> = people
        .par_iter()
        .map(|person| {
            let variants = setup.policy.assignment.variants(&person.view.external_id);
            let variant = variants.first().map_or(&fallback, |(_, variant)| variant);
            Candidate { view: person.view.clone(), candidates: menu.candidates(person, Some(variant), now) }
        })
        .collect();
    let seed = seed_of(&setup.campaign.name, occasion);
    let result = decide_batch(&candidates, &menu.resources, &setup.policy, seed, now)?;
    let resources = menu.resources;
    Ok(Batch { people, candidates, resources, result, seed, now })
}
