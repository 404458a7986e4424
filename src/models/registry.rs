//! The registry: every fit is kept; one of each name serves, and only if it passed its gate.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::card::Card;
use super::training::{DataWindow, Fit, Verdict};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{self, ModelVersionId};
use crate::storage::Connection;
use crate::storage::schema::model_version as table;

/// What a fit is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Trained; serves nobody.
    Candidate,
    /// Serves; at most one of a name.
    Champion,
    /// Served before; may be called back.
    Retired,
}

impl Status {
    /// As it stands in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Candidate => "candidate",
            Status::Champion => "champion",
            Status::Retired => "retired",
        }
    }

    fn parse(text: &str) -> Result<Status> {
        [Status::Candidate, Status::Champion, Status::Retired]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| Error::internal(format!("`{text}` is not a status of a model")))
    }
}

/// A fit in the registry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelVersion {
    /// Its id.
    pub id: ModelVersionId,
    /// What it is used for.
    pub status: Status,
    /// When it was trained.
    pub trained_at: Timestamp,
    /// When it last became champion.
    pub promoted_at: Option<Timestamp>,
    /// What was fitted.
    #[serde(flatten)]
    pub fit: Fit,
}

/// A row in a list: all but the parameters and the card.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelSummary {
    /// Its id.
    pub id: ModelVersionId,
    /// The model's name.
    pub name: String,
    /// `segments`, `churn` or `response`.
    pub kind: String,
    /// What it is used for.
    pub status: Status,
    /// When it was trained.
    pub trained_at: Timestamp,
    /// When it last became champion.
    pub promoted_at: Option<Timestamp>,
    /// Figures on later data.
    pub metrics: serde_json::Value,
    /// Whether it may serve.
    pub verdict: Verdict,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = table)]
struct Row {
    id: ModelVersionId,
    name: String,
    kind: String,
    status: String,
    spec_digest: String,
    window_from: Timestamp,
    window_until: Timestamp,
    seed: i64,
    horizon_days: Option<i32>,
    trained_at: Timestamp,
    promoted_at: Option<Timestamp>,
    parameters: String,
    metrics: String,
    verdict: String,
    card: String,
}

impl Row {
    fn of(id: ModelVersionId, fit: &Fit, now: Timestamp) -> Result<Row> {
        Ok(Row {
            id,
            name: fit.name.clone(),
            kind: fit.kind.clone(),
            status: Status::Candidate.as_str().into(),
            spec_digest: fit.spec_digest.clone(),
            window_from: fit.window.from,
            window_until: fit.window.until,
            // The same 64 bits: the store knows signed numbers only.
            seed: fit.seed.cast_signed(),
            horizon_days: fit.horizon_days.map(|days| i32::try_from(days).unwrap_or(i32::MAX)),
            trained_at: now,
            promoted_at: None,
            parameters: serde_json::to_string(&fit.parameters)?,
            metrics: serde_json::to_string(&fit.metrics)?,
            verdict: serde_json::to_string(&fit.verdict)?,
            card: serde_json::to_string(&fit.card)?,
        })
    }

    fn version(self) -> Result<ModelVersion> {
        let card: Card = stored(&self.card)?;
        Ok(ModelVersion {
            id: self.id,
            status: Status::parse(&self.status)?,
            trained_at: self.trained_at,
            promoted_at: self.promoted_at,
            fit: Fit {
                name: self.name,
                kind: self.kind,
                spec_digest: self.spec_digest,
                window: DataWindow { from: self.window_from, until: self.window_until },
                seed: self.seed.cast_unsigned(),
                horizon_days: self.horizon_days.and_then(|days| u32::try_from(days).ok()),
                parameters: stored(&self.parameters)?,
                metrics: stored(&self.metrics)?,
                verdict: stored(&self.verdict)?,
                card,
            },
        })
    }
}

fn stored<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Error::internal("a stored model cannot be read; train it again").caused_by(error))
}

/// Keeps a fit as candidate.
pub fn register(conn: &mut Connection, fit: &Fit, now: Timestamp) -> Result<ModelVersionId> {
    let id = ModelVersionId(ids::fresh(now));
    diesel::insert_into(table::table).values(Row::of(id, fit, now)?).execute(conn)?;
    Ok(id)
}

/// Makes a fit the champion of its name; the one before is retired. Calling back a retired one is the same act.
///
/// # Errors
/// Not found; conflict, with what it missed, when it did not pass its gate.
pub fn promote(conn: &mut Connection, id: ModelVersionId, now: Timestamp) -> Result<()> {
    let version = get(conn, id)?;
    if !version.fit.verdict.passed {
        return Err(Error::conflict(format!(
            "`{}` version {id} may not serve: {}",
            version.fit.name,
            version.fit.verdict.missed.join("; ")
        )));
    }
    let champions = table::table
        .filter(table::name.eq(&version.fit.name))
        .filter(table::status.eq(Status::Champion.as_str()))
        .filter(table::id.ne(id));
    diesel::update(champions).set(table::status.eq(Status::Retired.as_str())).execute(conn)?;
    diesel::update(table::table.filter(table::id.eq(id)))
        .set((table::status.eq(Status::Champion.as_str()), table::promoted_at.eq(Some(now))))
        .execute(conn)?;
    Ok(())
}

/// Keeps a fit and, when it passed its gate and is not worse than the one that serves, lets it serve. Returns its id and whether it serves.
pub fn register_and_promote(conn: &mut Connection, fit: &Fit, now: Timestamp) -> Result<(ModelVersionId, bool)> {
    let id = register(conn, fit, now)?;
    let replaces = fit.verdict.replaces();
    if replaces {
        promote(conn, id, now)?;
    }
    Ok((id, replaces))
}

/// One version.
///
/// # Errors
/// Not found.
pub fn get(conn: &mut Connection, id: ModelVersionId) -> Result<ModelVersion> {
    let row = table::table.filter(table::id.eq(id)).select(Row::as_select()).first(conn).optional()?;
    row.ok_or_else(|| Error::not_found(format!("there is no model version {id}")))?.version()
}

/// The version of this name that serves, if any.
pub fn champion(conn: &mut Connection, name: &str) -> Result<Option<ModelVersion>> {
    let row = table::table
        .filter(table::name.eq(name))
        .filter(table::status.eq(Status::Champion.as_str()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(Row::version).transpose()
}

/// All versions of a kind that serve, by name.
pub fn champions(conn: &mut Connection, kind: &str) -> Result<Vec<ModelVersion>> {
    let rows: Vec<Row> = table::table
        .filter(table::kind.eq(kind))
        .filter(table::status.eq(Status::Champion.as_str()))
        .order(table::name)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Row::version).collect()
}

/// The champion of this name, or else its latest fit: what `models show` shows.
///
/// # Errors
/// Not found, when the name was never trained.
pub fn show(conn: &mut Connection, name: &str) -> Result<ModelVersion> {
    if let Some(version) = champion(conn, name)? {
        return Ok(version);
    }
    let row = table::table
        .filter(table::name.eq(name))
        .order((table::trained_at.desc(), table::id.desc()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.ok_or_else(|| Error::not_found(format!("`{name}` has not been trained; run `vizavi train {name}`")))?.version()
}

/// All versions, by name, the latest first; of one name when it is given.
pub fn list(conn: &mut Connection, name: Option<&str>) -> Result<Vec<ModelSummary>> {
    type Listed = (ModelVersionId, String, String, String, Timestamp, Option<Timestamp>, String, String);
    let columns = (
        table::id,
        table::name,
        table::kind,
        table::status,
        table::trained_at,
        table::promoted_at,
        table::metrics,
        table::verdict,
    );
    let order = (table::name.asc(), table::trained_at.desc(), table::id.desc());
    let rows: Vec<Listed> = match name {
        Some(name) => table::table.filter(table::name.eq(name)).select(columns).order(order).load(conn)?,
        None => table::table.select(columns).order(order).load(conn)?,
    };
    rows.into_iter()
        .map(|(id, name, kind, status, trained_at, promoted_at, metrics, verdict)| {
            let (status, metrics, verdict) = (Status::parse(&status)?, stored(&metrics)?, stored(&verdict)?);
            Ok(ModelSummary { id, name, kind, status, trained_at, promoted_at, metrics, verdict })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Location, Store, migrate};

    fn store(folder: &std::path::Path) -> Store {
        let store = Store::open(&Location::choose(folder, None).unwrap()).unwrap();
        migrate::migrate(&store, Timestamp(0)).unwrap();
        store
    }

    fn fit(missed: Vec<String>) -> Fit {
        let card = Card {
            name: "churn".into(),
            purpose: String::new(),
            data: vec![],
            method: vec![],
            figures: vec![],
            drivers: vec![],
            limits: vec![],
            verdict: String::new(),
        };
        Fit {
            name: "churn".into(),
            kind: "churn".into(),
            spec_digest: "ab".into(),
            window: DataWindow { from: Timestamp(1), until: Timestamp(2) },
            seed: u64::MAX,
            horizon_days: Some(90),
            parameters: serde_json::json!({ "weights": [0.1, 1e-300] }),
            metrics: serde_json::json!({ "auc": 0.743_284_985_395_779_3 }),
            verdict: Verdict::of(missed),
            card,
        }
    }

    #[test]
    fn what_was_fitted_comes_back_bit_for_bit_and_one_serves() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let made = fit(vec![]);
        let (first, second) = store
            .write(|conn| {
                let (first, serves) = register_and_promote(conn, &made, Timestamp(10))?;
                assert!(serves);
                let second = register(conn, &made, Timestamp(20))?;
                promote(conn, second, Timestamp(30))?;
                Ok((first, second))
            })
            .unwrap();
        store
            .read(|conn| {
                let serving = champion(conn, "churn")?.unwrap();
                assert_eq!((serving.id, &serving.fit, serving.promoted_at), (second, &made, Some(Timestamp(30))));
                assert_eq!(get(conn, first)?.status, Status::Retired);
                assert_eq!(list(conn, Some("churn"))?.iter().map(|row| row.id).collect::<Vec<_>>(), [second, first]);
                Ok(())
            })
            .unwrap();
        store.write(|conn| promote(conn, first, Timestamp(40))).unwrap();
        let back = store.read(|conn| show(conn, "churn")).unwrap();
        assert_eq!((back.id, back.status), (first, Status::Champion), "a retired one can be called back");
    }

    #[test]
    fn what_missed_its_gate_does_not_serve() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let poor = fit(vec!["AUC 0.5 is below 0.6".into()]);
        let (id, serves) = store.write(|conn| register_and_promote(conn, &poor, Timestamp(10))).unwrap();
        assert!(!serves);
        let error = store.write(|conn| promote(conn, id, Timestamp(20))).unwrap_err();
        assert!(error.message().contains("AUC 0.5 is below 0.6"), "{error}");
        assert!(store.read(|conn| champion(conn, "churn")).unwrap().is_none());
        assert_eq!(store.read(|conn| show(conn, "churn")).unwrap().status, Status::Candidate);
        assert!(store.read(|conn| show(conn, "oracle")).unwrap_err().message().contains("vizavi train oracle"));
    }
}
