//! Lookalikes asked for by name: their spec is written down, fitted, and brought up to date at once.

use serde::{Deserialize, Serialize};

use super::score::Segmentations;
use crate::error::{Error, Fault, Result};
use crate::features::{FeatureMatrix, matrix};
use crate::models::{ModelSpec, Protected, registry};
use crate::operations::score::PROFIT;
use crate::operations::totals::totals;
use crate::operations::{Workspace, audit, train};
use crate::segments::{self, KeptSegment};

/// What is asked for: as the spec of a segmentation by `lookalike` has it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// What to call it; a spec of lookalikes that is called so is replaced.
    pub name: String,
    /// The segment that others should resemble.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Or these customers, by the company's own keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// How many to take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// Or which share of those who are not members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Fewest members to learn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_members: Option<usize>,
    /// What customers are compared by; recency, frequency and amount when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
}

/// Finds lookalikes, keeps them as a segment, and writes their spec to `models/NAME.toml`, so that every scoring brings them up to date.
///
/// # Errors
/// Invalid, with every fault at once, when it cannot be asked so, or when members are too few or cannot be told from others; conflict,
/// when another model has the name. Nothing is written then.
pub fn lookalike(ws: &Workspace, asked: &Asked, actor: &str) -> Result<KeptSegment> {
    let text = written(asked)?;
    let spec = ModelSpec::parse(&text, "the request")?;
    Protected::of(ws.settings()).refuse(&spec)?;
    let ModelSpec::Segments(spec) = spec else {
        return Err(Error::internal("lookalikes are segments"));
    };
    let namesake = ModelSpec::load_all(ws.data())?.into_iter().find(|known| known.name() == spec.name);
    let lookalike = |known: &ModelSpec| matches!(known, ModelSpec::Segments(known) if known.is_lookalike());
    if namesake.as_ref().is_some_and(|known| !lookalike(known)) {
        return Err(Error::conflict(format!("there is another model `{}`; choose another name", spec.name)));
    }
    let fit = super::fit(ws, &spec)?;
    if !fit.verdict.passed {
        let faults = fit.verdict.missed.iter().map(|missed| Fault::at("of", missed)).collect();
        return Err(Error::faults(format!("nobody can be called alike to {}", of(asked)), faults));
    }
    let folder = ws.data().join("models");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("{}.toml", spec.name)), text)?;
    let now = ws.now();
    ws.store().write(|conn| registry::register_and_promote(conn, &fit, now).map(drop))?;
    let made = Segmentations::some(ws, &base(ws)?, now, |name| name == spec.name)?;
    ws.store().write(|conn| {
        made.keep(conn, now)?;
        audit::write(conn, actor, "segment.lookalike", &spec.name, &of(asked), now)
    })?;
    ws.store().read(|conn| segments::show(conn, &format!("{}/like", spec.name)))
}

fn of(asked: &Asked) -> String {
    asked.of.as_ref().map_or_else(|| format!("{} customers", asked.ids.len()), |of| format!("`{of}`"))
}

/// The request as a spec.
fn written(asked: &Asked) -> Result<String> {
    #[derive(Serialize)]
    struct Spec<'a> {
        name: &'a str,
        kind: &'a str,
        method: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        of: Option<&'a str>,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        ids: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        size: Option<usize>,
        #[serde(skip_serializing_if = "Option::is_none")]
        share: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        min_members: Option<usize>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        features: Vec<Feature<'a>>,
    }
    #[derive(Serialize)]
    struct Feature<'a> {
        name: &'a str,
        transform: &'a str,
    }
    let spec = Spec {
        name: &asked.name,
        kind: "segments",
        method: "lookalike",
        of: asked.of.as_deref(),
        ids: &asked.ids,
        size: asked.size,
        share: asked.share,
        min_members: asked.min_members,
        features: asked.features.iter().map(|name| Feature { name, transform: "log1p" }).collect(),
    };
    toml::to_string(&spec).map_err(|error| Error::internal("the spec cannot be written").caused_by(error))
}

/// The serving features, and profit, of everybody who has bought and may be profiled.
fn base(ws: &Workspace) -> Result<FeatureMatrix> {
    let now = ws.now();
    let full = matrix(ws.history(), now, ws.features(), &ws.features().serving(), ws.settings())?;
    let totals = totals(&ws.history().snapshot_before(now)?, ws.settings())?;
    let currency = ws.settings().currency;
    let full = full.with_column(PROFIT, |customer| totals.get(&customer).map_or(0.0, |t| t.profit.to_units(currency)));
    train::of_consenting(ws, full)
}
