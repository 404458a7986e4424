//! Where a verb works: the data folder and the store, which every verb takes alike.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Failure;
use crate::clock::{Clock, ManualClock, SystemClock, Timestamp};
use crate::error::{Error, Result};
use crate::operations::{Options, Workspace};
use crate::progress::{Progress, Silent};

/// The options that all verbs share.
#[derive(Debug, clap::Args)]
pub struct Place {
    /// The data folder: settings, history, and the embedded store unless DATABASE_URL is set
    #[arg(long, global = true, value_name = "DIR", default_value = "./vizavi-data")]
    pub data: PathBuf,
    /// Print JSON for machines
    #[arg(long, global = true)]
    pub json: bool,
    /// Take this instant for the present
    #[arg(long, global = true, hide = true, value_name = "INSTANT", value_parser = instant)]
    pub at: Option<Timestamp>,
}

/// Reads an instant from the command line.
pub fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| error.message().to_owned())
}

impl Place {
    /// Opens the workspace, making it when it is new.
    pub fn make(&self) -> Result<Workspace, Failure> {
        let url = database_url();
        let opened = Workspace::open(&self.data, url.as_deref(), self.clock(), Options::default());
        opened.map_err(Failure::before_anything)
    }

    /// Opens the workspace that is there. A mistyped folder shall not look like a company without customers.
    pub fn open(&self) -> Result<Workspace, Failure> {
        if database_url().is_none() && !self.data.join("vizavi.sqlite").exists() {
            return Err(Failure::before_anything(Error::not_found(format!(
                "there is no workspace in `{}`; name its folder with --data, or import something first",
                self.data.display()
            ))));
        }
        self.make()
    }

    /// The present, or the instant that is to be taken for it.
    pub fn clock(&self) -> Arc<dyn Clock> {
        match self.at {
            Some(at) => Arc::new(ManualClock::new(at)),
            None => Arc::new(SystemClock),
        }
    }

    /// Bars on a terminal, nothing when stderr is piped.
    pub fn progress(&self) -> Box<dyn Progress> {
        if std::io::IsTerminal::is_terminal(&std::io::stderr()) {
            Box::new(super::bars::Bars::default())
        } else {
            Box::new(Silent)
        }
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.data
    }
}

/// The shared store's address; an empty one counts as none.
pub fn database_url() -> Option<String> {
    std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty())
}
