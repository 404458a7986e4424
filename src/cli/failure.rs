//! Why a verb ended without its result, and the exit code that says so.
//!
//! The rule: 2 means that the input is wrong, or that the place cannot be used (no database, a full disk while importing),
//! and that nothing was changed, so that a script may mend what is named and run the same command again; 1 means that
//! something was begun, or clashes with the present state.

use std::process::ExitCode;

use crate::error::{Error, Kind};

/// Bad input; nothing was changed.
pub const BAD_INPUT: u8 = 2;
const FAILED: u8 = 1;

/// An error with its exit code.
#[derive(Debug)]
pub struct Failure {
    error: Error,
    code: u8,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { code: code_of(&error), error }
    }
}

impl Failure {
    /// An error that came before anything could be changed, whatever its kind.
    pub fn before_anything(error: Error) -> Failure {
        Failure { error, code: BAD_INPUT }
    }

    /// The same for work that is done whole or not at all: what is outside being full or down left nothing behind.
    pub fn of_all_or_nothing(error: Error) -> Failure {
        let code = if error.kind() == Kind::Unavailable { BAD_INPUT } else { code_of(&error) };
        Failure { error, code }
    }

    /// An error after a part of the work was done and kept.
    pub fn after_some(error: Error) -> Failure {
        Failure { error, code: FAILED }
    }

    /// Tells a person: the sentence, then each fault on a line of its own.
    pub fn tell(&self) -> ExitCode {
        if self.error.kind() == Kind::Internal {
            tracing::error!(error = ?self.error, "a fault of the program");
        } else {
            tracing::info!(error = ?self.error, "ended");
        }
        eprintln!("error: {}", self.error);
        ExitCode::from(self.code)
    }
}

/// What is not found was named on the command line.
fn code_of(error: &Error) -> u8 {
    if matches!(error.kind(), Kind::Invalid | Kind::NotFound) { BAD_INPUT } else { FAILED }
}
