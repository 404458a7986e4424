//! Model specs: what to predict, from what, and how good is good enough. Written in TOML, checked before anything runs.

mod check;
mod churn;
mod lifetime;
mod raw;
pub mod segments;
mod split;

use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use churn::{CalibrationChoice, ChurnGate, ChurnSpec, Target, attribute_column};
pub use lifetime::{LifetimeGate, LifetimeSpec, LifetimeSplit};
pub use segments::SegmentsSpec;
pub use split::{Bound, Cuts, Split};

use super::response::ResponseParams;
use crate::error::{Error, Result};

/// The specs that come with the program, by name; a file `models/NAME.toml` in the data folder takes the place of its namesake.
pub const EMBEDDED: &[(&str, &str)] = &[
    ("segments", include_str!("../../../models/segments.toml")),
    ("churn", include_str!("../../../models/churn.toml")),
    ("lifetime", include_str!("../../../models/lifetime.toml")),
    ("response", include_str!("../../../models/response.toml")),
    ("retention", include_str!("../../../models/retention.toml")),
    ("rfm", include_str!("../../../models/rfm.toml")),
];

/// What is done to a feature before it is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// Scaled to mean 0 and deviation 1.
    #[default]
    None,
    /// ln(1 + x), then scaled: for counts and amounts with long tails.
    Log1p,
    /// Cut into quantile bins, one column each: for effects that rise and fall.
    Bins,
    /// One column for each text that an attribute takes.
    Categories,
}

/// A feature that a model uses.
///
/// | Name | Default | Purpose | Range |
/// |---|---|---|---|
/// | `name` | | the feature | |
/// | `transform` | none | what is done to it | none, log1p, bins, categories (attributes) |
/// | `bins` | 8 | how many bins | 2..=50 |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSpec {
    /// Its name in the feature catalogue.
    pub name: String,
    /// What is done to it.
    #[serde(default)]
    pub transform: Transform,
    /// How many bins, when it is cut into bins.
    #[serde(default = "default_bins")]
    pub bins: usize,
}

fn default_bins() -> usize {
    8
}

/// A label of its own: whether the customer bought within `[from_days, until_days)` after the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurchaseLabel {
    /// Days after the decision from which purchases count.
    pub from_days: u32,
    /// Days after the decision until which they count; a decision that is younger teaches nothing.
    pub until_days: u32,
}

/// Who converts on what.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ResponseSpec {
    /// The model's name.
    pub name: String,
    /// What is foretold; the logged conversion when absent.
    pub label: Option<PurchaseLabel>,
    /// How to learn.
    pub learning: ResponseParams,
    /// Share of the decisions, the latest, on which the model is judged.
    pub test_share: f64,
    /// Least gain in log-loss over each offer's own rate, in nats a decision.
    pub min_gain: f64,
}

/// A checked spec.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ModelSpec {
    /// Who is alike.
    Segments(SegmentsSpec),
    /// Who will not buy within the horizon.
    Churn(ChurnSpec),
    /// How often customers will still buy, and what that is worth.
    Lifetime(LifetimeSpec),
    /// Who converts on what.
    Response(ResponseSpec),
}

impl ModelSpec {
    /// Reads and checks a spec; `file` is named in errors.
    ///
    /// # Errors
    /// Invalid, with file, line and key of every fault.
    pub fn parse(text: &str, file: &str) -> Result<ModelSpec> {
        raw::parse(text, file)
    }

    /// All specs in force: those in the folder `models` under the data folder, then the embedded ones that none replaces.
    ///
    /// # Errors
    /// Invalid, when one of them has faults; conflict, when two have one name.
    pub fn load_all(data: &Path) -> Result<Vec<ModelSpec>> {
        let mut specs = Vec::new();
        for path in toml_files(&data.join("models"))? {
            let text = std::fs::read_to_string(&path)?;
            specs.push(ModelSpec::parse(&text, &path.display().to_string())?);
        }
        for (name, text) in EMBEDDED {
            if !specs.iter().any(|spec| spec.name() == *name) {
                specs.push(ModelSpec::parse(text, &format!("models/{name}.toml"))?);
            }
        }
        specs.sort_by(|a, b| a.name().cmp(b.name()));
        match specs.windows(2).find(|pair| pair[0].name() == pair[1].name()) {
            Some(pair) => Err(Error::conflict(format!("two specs are named `{}`; rename one", pair[0].name()))),
            None => Ok(specs),
        }
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        match self {
            ModelSpec::Segments(spec) => &spec.name,
            ModelSpec::Churn(spec) => &spec.name,
            ModelSpec::Lifetime(spec) => &spec.name,
            ModelSpec::Response(spec) => &spec.name,
        }
    }

    /// `segments`, `churn`, `lifetime` or `response`.
    pub fn kind(&self) -> &'static str {
        match self {
            ModelSpec::Segments(_) => "segments",
            ModelSpec::Churn(_) => "churn",
            ModelSpec::Lifetime(_) => "lifetime",
            ModelSpec::Response(_) => "response",
        }
    }

    /// The features that it asks for; none for lifetime, which reads purchases, and for the response model, which takes those of the
    /// logged decisions.
    pub fn features(&self) -> &[FeatureSpec] {
        match self {
            ModelSpec::Segments(spec) => &spec.features,
            ModelSpec::Churn(spec) => &spec.features,
            ModelSpec::Lifetime(_) | ModelSpec::Response(_) => &[],
        }
    }

    /// SHA-256 of what the spec says, in hexadecimal; comments and the order of keys do not change it.
    pub fn digest(&self) -> String {
        let said = serde_json::to_vec(self).expect("a checked spec holds finite numbers and text only");
        crate::ids::hex(&Sha256::digest(said))
    }
}

/// The TOML files of a folder by name; none when there is no folder.
fn toml_files(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::from(error).context(folder.display())),
    };
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|ext| ext == "toml"));
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_specs_are_good_and_bear_their_names() {
        for (name, text) in EMBEDDED {
            let spec = ModelSpec::parse(text, name).unwrap();
            let kind = match *name {
                "retention" => "response",
                "rfm" => "segments",
                name => name,
            };
            assert_eq!((spec.name(), spec.kind()), (*name, kind));
        }
    }

    /// A feature that was renamed in the catalogue must be renamed here too.
    #[test]
    fn the_embedded_specs_name_features_that_there_are() {
        let catalogue = crate::features::Catalogue::embedded();
        for (name, text) in EMBEDDED {
            let spec = ModelSpec::parse(text, name).unwrap();
            let wanted: Vec<&str> = spec.features().iter().map(|feature| feature.name.as_str()).collect();
            catalogue.choose(&wanted).unwrap();
        }
    }

    /// The example that the documentation shows, and what it says of it.
    #[test]
    fn the_documented_example_is_good_and_names_its_faults() {
        let text = include_str!("../../../docs/models/telco.toml");
        let ModelSpec::Churn(spec) = ModelSpec::parse(text, "telco.toml").unwrap() else { panic!("a churn spec") };
        assert_eq!(spec.split, Split::Folds { folds: 5, index: Some("row".into()) });
        assert_eq!(spec.columns()[0].name, "attribute.tenure");
        let faults = |from: &str, to: &str| {
            let error = ModelSpec::parse(&text.replace(from, to), "telco.toml").unwrap_err();
            error.fault_list().iter().map(|fault| format!("{}: {}", fault.key, fault.message)).collect::<Vec<_>>()
        };
        assert!(faults("name = \"gender\"", "name = \"Churn\"")[0].contains("cannot foretell itself"));
        assert!(faults("folds = 5\nindex = \"row\"", "train_cuts = 1")[0].starts_with("split: a label that is"));
        assert!(faults("[\"Contract\", \"tenure\"]", "[\"Contract\", \"age\"]")[0].starts_with("crosses: `age`"));
        assert!(faults("depth = 3", "depth = 30")[0].starts_with("boosting: depth = 30"));
        assert!(faults("positive = \"Yes\"", "contract_ends = true")[0].starts_with("target: give both"));
        assert!(faults("l2 = 1.0", "l2 = 1.0\nhorizon_days = 90")[0].starts_with("horizon_days:"));
    }

    #[test]
    fn the_digest_is_of_what_is_said() {
        let (_, text) = EMBEDDED[1];
        let spec = ModelSpec::parse(text, "churn").unwrap();
        let commented = ModelSpec::parse(&format!("# another word\n{text}"), "churn").unwrap();
        let changed = ModelSpec::parse(&text.replace("l2 = 1.0", "l2 = 2.0"), "churn").unwrap();
        assert_eq!(spec.digest(), commented.digest());
        assert_ne!(spec.digest(), changed.digest());
        assert_eq!(spec.digest().len(), 64);
    }

    #[test]
    fn every_fault_is_named_with_its_line() {
        let text = EMBEDDED[1].1.replace("horizon_days = 90", "horizon_days = 0").replace("0.69", "-1.0");
        let error = ModelSpec::parse(&text, "churn.toml").unwrap_err();
        let faults: Vec<(&str, Option<u64>)> = error.fault_list().iter().map(|f| (f.key.as_str(), f.line)).collect();
        assert_eq!(faults[0], ("horizon_days", Some(4)));
        assert_eq!(faults[1].0, "gate.max_log_loss");
        assert!(faults[1].1.is_some() && faults.len() == 2, "{error}");
        let error = ModelSpec::parse("name = \"x\"\nkind = \"oracle\"\n", "x.toml").unwrap_err();
        assert!(error.to_string().contains("x.toml:2: kind"), "{error}");
        let error = ModelSpec::parse("name = \"x\"\nkind = \"segments\"\ncolour = 1\n", "x.toml").unwrap_err();
        assert_eq!(error.fault_list()[0].line, Some(3), "{error}");
    }

    #[test]
    fn a_file_in_the_data_folder_takes_the_place_of_its_namesake() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("models")).unwrap();
        let text = EMBEDDED[1].1.replace("horizon_days = 90", "horizon_days = 30");
        std::fs::write(folder.path().join("models/mine.toml"), text).unwrap();
        let specs = ModelSpec::load_all(folder.path()).unwrap();
        assert_eq!(
            specs.iter().map(ModelSpec::name).collect::<Vec<_>>(),
            ["churn", "lifetime", "response", "retention", "rfm", "segments"]
        );
        assert!(matches!(&specs[0], ModelSpec::Churn(churn) if churn.horizon_days == Some(30)));
    }
}
