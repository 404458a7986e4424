//! Training: a checked spec and data in, a fit out; pure, so that the same spec, data and seed give the same fit.

mod churn;
mod churn_card;
mod churn_refusals;
pub mod lifetime;
mod response;

pub use churn::{ChurnData, ChurnFigures, train_churn, train_churn_in_folds};
pub use lifetime::train_lifetime;
pub use response::{of_chance, split_by_time, train_response};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::card::Card;
use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// The time that the data of a fit cover: `[from, until)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataWindow {
    /// The first instant.
    pub from: Timestamp,
    /// The instant after the last.
    pub until: Timestamp,
}

/// Whether a fit may serve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it passed.
    pub passed: bool,
    /// What it missed, each with both numbers.
    pub missed: Vec<String>,
    /// Why it does not take the place of the model that serves although it passed; a person may still promote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_back: Option<String>,
}

impl Verdict {
    /// Passed when nothing was missed.
    pub fn of(missed: Vec<String>) -> Verdict {
        Verdict { passed: missed.is_empty(), missed, held_back: None }
    }

    /// Whether it may take the place of the one that serves by itself.
    pub fn replaces(&self) -> bool {
        self.passed && self.held_back.is_none()
    }

    /// What it missed, and why it is held back.
    pub fn reasons(&self) -> Vec<String> {
        self.missed.iter().chain(&self.held_back).cloned().collect()
    }

    /// For the card.
    pub(crate) fn words(&self) -> String {
        if let (true, Some(why)) = (self.passed, &self.held_back) {
            format!("Passed its gate, but does not replace the model that serves: {why}.")
        } else if self.passed {
            "Passed its gate: it may serve.".to_owned()
        } else {
            format!("Did not pass its gate and may not serve: {}.", self.missed.join("; "))
        }
    }
}

/// What training made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// The model's name.
    pub name: String,
    /// `segments`, `churn`, `lifetime` or `response`.
    pub kind: String,
    /// Digest of the spec.
    pub spec_digest: String,
    /// What its data cover.
    pub window: DataWindow,
    /// The seed.
    pub seed: u64,
    /// Horizon of its scores in days, for models that look ahead.
    pub horizon_days: Option<u32>,
    /// Parameters; what they mean is the kind's own matter ([`Fit::parameters`]).
    pub parameters: serde_json::Value,
    /// Figures on data that the fit has not seen, as JSON.
    pub metrics: serde_json::Value,
    /// Whether it may serve.
    pub verdict: Verdict,
    /// All this in words.
    pub card: Card,
}

impl Fit {
    /// The parameters as the model that answers.
    ///
    /// # Errors
    /// Internal, when they are of another kind.
    pub fn parameters<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(&self.parameters).map_err(|error| {
            Error::internal(format!("the parameters of `{}` are not those of this kind of model", self.name))
                .caused_by(error)
        })
    }
}

/// JSON of parameters or figures, which hold finite numbers and text only.
pub(crate) fn to_json<T: Serialize>(what: &T) -> Result<serde_json::Value> {
    serde_json::to_value(what).map_err(|error| Error::internal("a fit cannot be written down").caused_by(error))
}
