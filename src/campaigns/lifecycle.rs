//! The states of a campaign and of a run, and which action leads from which to which. Pure.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Where a campaign is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Applied and checked; nothing decided.
    Draft,
    /// A dry run of this version is kept.
    Planned,
    /// May run.
    Approved,
    /// A run is going on.
    Running,
    /// Runs are stopped until resumed.
    Paused,
    /// Will not run again; what was open was taken back.
    Cancelled,
    /// Will not run again; its results stand.
    Closed,
}

/// What is asked of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A new version is applied.
    Apply,
    /// A dry run.
    Plan,
    /// Somebody answers for it.
    Approve,
    /// A run begins.
    Start,
    /// Clients whose step is due are decided for; any number of such waves may be under way.
    Wave,
    /// The run has nothing left to send.
    Finish,
    /// Stop sending.
    Pause,
    /// Go on.
    Resume,
    /// Never again.
    Cancel,
    /// It has done what it was for: nothing new begins.
    Close,
}

impl State {
    /// All states.
    pub const ALL: [State; 7] =
        [State::Draft, State::Planned, State::Approved, State::Running, State::Paused, State::Cancelled, State::Closed];

    /// As it stands in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Draft => "draft",
            State::Planned => "planned",
            State::Approved => "approved",
            State::Running => "running",
            State::Paused => "paused",
            State::Cancelled => "cancelled",
            State::Closed => "closed",
        }
    }

    /// Reads a state from the store.
    pub fn parse(text: &str) -> Result<State> {
        State::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Error::internal(format!("`{text}` is no state of a campaign")))
    }

    /// Where an action leads.
    ///
    /// # Errors
    /// Conflict, in words that say what to do first.
    pub fn after(self, action: Action) -> Result<State> {
        use Action as A;
        use State as S;
        let refused = |why: &str| Err(Error::conflict(why.to_owned()));
        match (self, action) {
            (S::Cancelled | S::Closed, A::Apply) => Ok(S::Draft),
            (S::Cancelled, _) => refused("the campaign is cancelled; apply it again to start anew"),
            (S::Closed, A::Close) => Ok(S::Closed),
            (S::Closed, _) => refused("the campaign is closed; apply it again to start anew"),
            // What is under way goes on as it was decided; the new version decides nothing before somebody has approved it.
            (S::Running | S::Paused, A::Apply | A::Plan | A::Approve) => Ok(self),
            (_, A::Apply) => Ok(S::Draft),
            (S::Approved, A::Plan) => Ok(S::Approved),
            (_, A::Plan) => Ok(S::Planned),
            (S::Planned, A::Approve) => Ok(S::Approved),
            (S::Draft, A::Approve) => refused("plan the campaign first, and look at what it would do"),
            (S::Approved, A::Approve) => Ok(S::Approved),
            (S::Approved, A::Start | A::Wave) | (S::Running, A::Wave) => Ok(S::Running),
            (S::Running, A::Start) => refused("a run is going on; two runs at once would contact people twice"),
            (S::Paused, A::Start | A::Wave) => refused("the campaign is paused; resume it"),
            (_, A::Start | A::Wave) => refused("approve the campaign first"),
            (S::Running | S::Paused, A::Finish) => Ok(S::Approved),
            (S::Running, A::Pause) => Ok(S::Paused),
            (S::Paused, A::Resume) => Ok(S::Running),
            (S::Paused, A::Pause) => Ok(S::Paused),
            (S::Running, A::Resume) => Ok(S::Running),
            (_, A::Pause | A::Resume | A::Finish) => refused("no run is going on"),
            (S::Running | S::Paused, A::Close) => {
                refused("a run is going on; wait until it has finished, or cancel it")
            }
            (_, A::Close) => Ok(S::Closed),
            (_, A::Cancel) => Ok(S::Cancelled),
        }
    }
}

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Decisions are being written.
    Deciding,
    /// Deliveries are open.
    Sending,
    /// Sending is stopped.
    Paused,
    /// Nothing is open.
    Finished,
    /// What was open will not be sent.
    Cancelled,
}

impl RunState {
    /// As it stands in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            RunState::Deciding => "deciding",
            RunState::Sending => "sending",
            RunState::Paused => "paused",
            RunState::Finished => "finished",
            RunState::Cancelled => "cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_runs_that_nobody_approved_and_nothing_runs_twice() {
        assert!(State::Draft.after(Action::Start).is_err());
        assert!(State::Planned.after(Action::Start).is_err());
        assert!(State::Running.after(Action::Start).is_err());
        assert_eq!(State::Approved.after(Action::Start).unwrap(), State::Running);
        assert_eq!(State::Approved.after(Action::Apply).unwrap(), State::Draft, "an edit needs a new approval");
    }

    #[test]
    fn states_are_read_as_they_are_written() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()).unwrap(), state);
        }
    }
}
