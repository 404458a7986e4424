//! The open workspace: what every verb stands on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::{Clock, Timestamp};
use crate::error::Result;
use crate::features::Catalogue;
use crate::history::event_types::EventTypes;
use crate::history::{self, History};
use crate::ids::IdKey;
use crate::messages::LinkKeys;
use crate::operations::base::Bases;
use crate::operations::event_types;
use crate::settings::Settings;
use crate::storage::{Location, Store, migrate, workspace};

/// Store, settings, secrets and clock of one company; cheap to clone.
#[derive(Clone)]
pub struct Workspace(Arc<Inner>);

struct Inner {
    data: PathBuf,
    store: Store,
    settings: Settings,
    clock: Arc<dyn Clock>,
    id_key: IdKey,
    link_keys: LinkKeys,
    webhook_secret: [u8; 32],
    history: History,
    features: Catalogue,
    event_types: EventTypes,
    bases: Bases,
}

/// What differs from an ordinary workspace.
#[derive(Clone, Default)]
pub struct Options {
    /// Settings instead of those in `vizavi.toml`.
    pub settings: Option<Settings>,
    /// Secrets derived from this seed: the simulated company's runs are repeatable byte for byte.
    pub seed: Option<u64>,
}

impl Workspace {
    /// Opens the workspace in `data`, with the store there or at `database_url`; migrates it.
    ///
    /// # Errors
    /// Invalid settings, or a store that cannot be reached.
    pub fn open(data: &Path, database_url: Option<&str>, clock: Arc<dyn Clock>, options: Options) -> Result<Workspace> {
        std::fs::create_dir_all(data)?;
        let settings = match options.settings {
            Some(settings) => settings.check()?,
            None => Settings::load(data)?,
        };
        let store = Store::open(&Location::choose(data, database_url)?)?;
        migrate::migrate(&store, clock.now())?;
        let seeded = |purpose: &str| options.seed.map(|seed| seeded_secret(seed, purpose));
        let id_key = workspace::id_key(&store, seeded("id"))?;
        let link_keys = LinkKeys::new(workspace::secret(&store, "link_secret", seeded("link"))?);
        let webhook_secret = workspace::secret(&store, "webhook_secret", seeded("webhook"))?;
        let url = settings.history.url.clone();
        let history = History::open(&store, data, &history::Options { url, ..history::Options::default() })?;
        let features = Catalogue::load(data)?;
        let event_types = event_types::load(data)?;
        let data = data.to_owned();
        Ok(Workspace(Arc::new(Inner {
            data,
            store,
            settings,
            clock,
            id_key,
            link_keys,
            webhook_secret,
            history,
            features,
            event_types,
            bases: Bases::default(),
        })))
    }

    /// Averages over the base, as they were made last.
    pub fn bases(&self) -> &Bases {
        &self.0.bases
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.0.data
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The key under which customers' ids are made.
    pub fn id_key(&self) -> &IdKey {
        &self.0.id_key
    }

    /// The keys that sign links in messages.
    pub fn link_keys(&self) -> &LinkKeys {
        &self.0.link_keys
    }

    /// The secret that signs what webhooks are sent.
    pub fn webhook_secret(&self) -> &[u8; 32] {
        &self.0.webhook_secret
    }

    /// The facts.
    pub fn history(&self) -> &History {
        &self.0.history
    }

    /// The features that are computed from them.
    pub fn features(&self) -> &Catalogue {
        &self.0.features
    }

    /// The events that `events.toml` declares; see [`event_types::declared`] for all.
    pub fn event_types(&self) -> &EventTypes {
        &self.0.event_types
    }
}

fn seeded_secret(seed: u64, purpose: &str) -> [u8; 32] {
    let mut stream = crate::random::Stream::new(seed, purpose);
    let mut bytes = [0u8; 32];
    for chunk in bytes.chunks_mut(8) {
        chunk.copy_from_slice(&stream.next_u64().to_le_bytes());
    }
    bytes
}
