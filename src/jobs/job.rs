//! A piece of background work, and where it is.

use diesel::prelude::*;
use serde::{Deserialize, Serialize, Serializer};

use crate::clock::Timestamp;
use crate::error::Error;
use crate::ids::{CampaignRunId, JobId};
use crate::operations::export::Question;
use crate::storage::schema::job;

/// What is to be done. As JSON it is the job's payload; its tag is the job's kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Start the run of a campaign that its schedule asks for.
    CampaignRun {
        /// The campaign.
        campaign: String,
        /// The scheduled instant; the occasion of the run.
        due: Timestamp,
    },
    /// Import a file that came over REST.
    Import {
        /// Its row in the log of imports, and its folder of uploads.
        import: i64,
        /// Read and check everything, and change nothing.
        dry_run: bool,
        /// Also when the same file was imported before.
        again: bool,
        /// Whether its sender may merge customers.
        may_merge: bool,
    },
    /// Begin journeys, and take the steps that are due.
    Journeys,
    /// Seal facts that arrived one by one.
    Seal,
    /// Merge segments, and remove what tombstones hide.
    Compact,
    /// Close runs whose conversion window has ended.
    Mature,
    /// Train all models.
    Train,
    /// Score every customer.
    Score,
    /// Make the reports of profitability and keep them.
    Report,
    /// Bring the stages of customers up to now.
    Stages,
    /// Write everything as files for a warehouse.
    Export {
        /// Its number, and the name of its folder.
        export: i64,
        /// What.
        question: Question,
        /// Who asked for it.
        actor: String,
    },
    /// Decide a test whose wait has ended, and start the rest of its audience.
    FollowTest {
        /// The run that is the test.
        run: CampaignRunId,
    },
    /// Stop variants that do harm.
    Guard,
    /// Give back what answers in real time held that nobody reported on.
    Release,
}

impl Work {
    /// The kind, as it stands in the store.
    pub fn kind(&self) -> &'static str {
        match self {
            Work::CampaignRun { .. } => "campaign_run",
            Work::Import { .. } => IMPORT,
            Work::Journeys => "journeys",
            Work::Seal => "seal",
            Work::Compact => "compact",
            Work::Mature => "mature",
            Work::Train => "train",
            Work::Score => "score",
            Work::Report => "report",
            Work::Stages => "stages",
            Work::Export { .. } => "export",
            Work::FollowTest { .. } => "follow_test",
            Work::Guard => "guard",
            Work::Release => "release",
        }
    }

    /// Whether it looks between two of its steps if it was called off. The others are done in moments, or in one transaction.
    pub fn can_stop(&self) -> bool {
        matches!(self, Work::Import { .. } | Work::Train | Work::Score | Work::Report | Work::Export { .. })
    }
}

/// The kind of an import, whose file only some nodes have.
pub(super) const IMPORT: &str = "import";

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// For its time, or for its next attempt.
    Waiting,
    /// Claimed by a worker, until its lease ends.
    Running,
    /// Done.
    Done,
    /// Failed for good; a person may look and have it tried again.
    Dead,
    /// Called off by a person, before it was done.
    Cancelled,
}

impl State {
    /// All of them.
    pub const ALL: [State; 5] = [State::Waiting, State::Running, State::Done, State::Dead, State::Cancelled];

    /// As it stands in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Running => "running",
            State::Done => "done",
            State::Dead => "dead",
            State::Cancelled => "cancelled",
        }
    }
}

/// A piece of background work.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = job)]
pub struct Job {
    /// The hash of kind and occasion.
    pub id: JobId,
    /// What kind of work.
    pub kind: String,
    /// The work: JSON.
    pub payload: String,
    /// `waiting`, `running`, `done`, `dead`, `cancelled`.
    pub state: String,
    /// How often it was claimed.
    pub attempts: i32,
    /// Not before this instant.
    pub run_at: Timestamp,
    /// Whose it is.
    pub lease_owner: Option<String>,
    /// Until when.
    pub lease_until: Timestamp,
    /// What went wrong the last time, or what it came to.
    pub last_error: Option<String>,
    /// When it was written down.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was done or given up.
    pub finished_at: Option<Timestamp>,
    /// How far it is, while it runs: JSON with `stage`, `done` of `total`, and what was counted.
    #[serde(serialize_with = "as_json")]
    pub progress: Option<String>,
}

/// Shows a text that holds JSON as what it holds.
fn as_json<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    let value: Option<serde_json::Value> = text.as_deref().and_then(|text| serde_json::from_str(text).ok());
    value.serialize(serializer)
}

impl Job {
    /// Whether it is in this state.
    pub fn is(&self, state: State) -> bool {
        self.state == state.as_str()
    }

    /// Whether it can be stopped as things are at `now`: unless a worker holds it, and work of its kind does not stop midway.
    pub fn can_stop(&self, now: Timestamp) -> bool {
        let held = self.is(State::Running) && self.lease_until >= now;
        !held || self.work().is_ok_and(|work| work.can_stop())
    }

    /// The work.
    ///
    /// # Errors
    /// Invalid, when a newer program wrote it.
    pub fn work(&self) -> crate::Result<Work> {
        serde_json::from_str(&self.payload).map_err(|error| {
            Error::invalid(format!("this program does not know the work `{}`", self.kind)).caused_by(error)
        })
    }
}
