//! Errors.
//!
//! The rule: a stage has an enum of its own where a caller branches on what went wrong; everything else is [`Error`], whose
//! [`Kind`] says what the caller can do about it. Only `api/problem.rs` and the console's error page turn kinds into HTTP,
//! and only `cli` turns them into exit codes (Invalid: 2, all others: 1). A message names the thing and the fix, and never
//! holds personal data, SQL or a path inside the server.

use serde::{Deserialize, Serialize};

/// The result of anything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The thing asked for does not exist.
    NotFound,
    /// The input is wrong; nothing was changed.
    Invalid,
    /// It clashes with the present state (a stale version, a name taken, a run already going on).
    Conflict,
    /// Something outside is down or full; trying again later may work.
    Unavailable,
    /// A fault of ours.
    Internal,
}

/// One fault in an input: where it is, what is wrong, and what to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fault {
    /// The file, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in it, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The key or column, dotted: `audience.segment`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// What is wrong, and the fix.
    pub message: String,
}

impl Fault {
    /// A fault at a key.
    pub fn at(key: impl Into<String>, message: impl Into<String>) -> Fault {
        Fault { key: key.into(), message: message.into(), ..Fault::default() }
    }

    /// The same fault, in this file.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Fault {
        self.file = Some(file.into());
        self
    }

    /// The same fault, on this line.
    #[must_use]
    pub fn on_line(mut self, line: u64) -> Fault {
        self.line = Some(line);
        self
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
            if let Some(line) = self.line {
                write!(f, "{line}:")?;
            }
            f.write_str(" ")?;
        } else if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// What went wrong, for a person; [`Error::kind`] is for the program.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    faults: Vec<Fault>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into(), faults: Vec::new(), source: None }
    }

    /// The thing does not exist.
    pub fn not_found(message: impl Into<String>) -> Error {
        Error::new(Kind::NotFound, message)
    }

    /// The input is wrong.
    pub fn invalid(message: impl Into<String>) -> Error {
        Error::new(Kind::Invalid, message)
    }

    /// The input has these faults; all are shown at once.
    pub fn faults(message: impl Into<String>, faults: Vec<Fault>) -> Error {
        Error { faults, ..Error::new(Kind::Invalid, message) }
    }

    /// It clashes with the present state.
    pub fn conflict(message: impl Into<String>) -> Error {
        Error::new(Kind::Conflict, message)
    }

    /// Something outside is down or full.
    pub fn unavailable(message: impl Into<String>) -> Error {
        Error::new(Kind::Unavailable, message)
    }

    /// A fault of ours.
    pub fn internal(message: impl Into<String>) -> Error {
        Error::new(Kind::Internal, message)
    }

    /// The same error with what caused it; the cause goes to the log, not to the caller.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        self.source = Some(source.into());
        self
    }

    /// The same error, with `context` before its message.
    #[must_use]
    pub fn context(mut self, context: impl std::fmt::Display) -> Error {
        self.message = format!("{context}: {}", self.message);
        self
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The sentence for a person, without the faults.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Each fault of the input.
    pub fn fault_list(&self) -> &[Fault] {
        &self.faults
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        for fault in &self.faults {
            write!(f, "\n  {fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Error {
        use diesel::result::{DatabaseErrorKind as Db, Error as E};
        let made = match &error {
            E::NotFound => Error::not_found("there is no such row"),
            E::DatabaseError(Db::UniqueViolation, info) => {
                Error::conflict(format!("this already exists ({})", info.constraint_name().unwrap_or("unique key")))
            }
            E::DatabaseError(Db::ClosedConnection, _) => {
                Error::unavailable("the database closed the connection; try again")
            }
            E::DatabaseError(_, info) if is_transient(info.message()) => {
                Error::unavailable("the database is busy, full or out of reach; nothing was changed, try again later")
            }
            E::BrokenTransactionManager => {
                Error::unavailable("the database connection broke; nothing was changed, try again")
            }
            _ => Error::internal("the store refused a statement"),
        };
        made.caused_by(error)
    }
}

/// Messages by which SQLite and PostgreSQL say that the fault is not in the statement.
fn is_transient(message: &str) -> bool {
    [
        "database is locked",
        "disk is full",
        "disk I/O error",
        "connection",
        "could not extend file",
        "shutting down",
        "recovery mode",
        "deadlock detected",
    ]
    .iter()
    .any(|sign| message.contains(sign))
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        use std::io::ErrorKind as K;
        let made = match error.kind() {
            K::NotFound => Error::not_found("a file does not exist"),
            K::StorageFull | K::QuotaExceeded => Error::unavailable("the disk is full; free some space and try again"),
            K::PermissionDenied => Error::unavailable("a file may not be opened; check its permissions"),
            _ => Error::unavailable(format!("a file could not be read or written ({})", error.kind())),
        };
        made.caused_by(error)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Error {
        Error::invalid(format!("JSON: {error}"))
    }
}
