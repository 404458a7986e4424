//! What a person does with fits: has one serve, calls the former one back.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::ids::ModelVersionId;
use crate::models::drift_store::{self, SeenDrift};
use crate::models::registry::{self, ModelVersion, Status};
use crate::operations::{Workspace, audit};

/// A fit with how far it has drifted.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// The fit.
    #[serde(flatten)]
    pub version: ModelVersion,
    /// Drift as it was when customers were last scored; None before that.
    pub drift: Option<SeenDrift>,
}

/// The fit of this name that serves, or else the latest one.
///
/// # Errors
/// Not found, when the name was never trained.
pub fn show(ws: &Workspace, name: &str) -> Result<Shown> {
    ws.store().read(|conn| {
        let version = registry::show(conn, name)?;
        let drift = drift_store::of(conn, version.id)?;
        Ok(Shown { version, drift })
    })
}

/// Has this version of a model serve; the one before is retired.
///
/// # Errors
/// Not found, when there is no such version of this name; conflict, with what it missed, when it did not pass its gate.
pub fn promote(ws: &Workspace, name: &str, version: ModelVersionId, actor: &str) -> Result<ModelVersion> {
    let now = ws.now();
    ws.store().write(|conn| {
        let found = registry::get(conn, version)?;
        if found.fit.name != name {
            return Err(Error::not_found(format!("version {version} is of `{}`, not of `{name}`", found.fit.name)));
        }
        registry::promote(conn, version, now)?;
        audit::write(conn, actor, "model.promote", name, &format!("version {version}"), now)?;
        registry::get(conn, version)
    })
}

/// Has the version serve that served before.
///
/// # Errors
/// Not found, when the name was never trained; conflict, when none served before.
pub fn rollback(ws: &Workspace, name: &str, actor: &str) -> Result<ModelVersion> {
    let now = ws.now();
    ws.store().write(|conn| {
        registry::show(conn, name)?;
        let before = registry::list(conn, Some(name))?
            .into_iter()
            .filter(|version| version.status == Status::Retired)
            .max_by_key(|version| (version.promoted_at, version.id));
        let before =
            before.ok_or_else(|| Error::conflict(format!("no other version of `{name}` has served before")))?;
        registry::promote(conn, before.id, now)?;
        audit::write(conn, actor, "model.rollback", name, &format!("version {}", before.id), now)?;
        registry::get(conn, before.id)
    })
}
