//! A campaign's folder: `campaign.toml`, `templates/<variant>/<locale>/<piece>.hbs`, `sample.json`, which declares the
//! campaign's own variables with sample values, and `audience.csv`, a list of customers to whom alone it is for.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::CampaignSpec;
use crate::error::{Error, Fault, Result};
use crate::rules::{Literal, Op, RuleSpec};

/// Largest template file.
const LARGEST: u64 = 256 * 1024;

/// Templates by path below `templates/`: `a/en/html.hbs`.
pub type Templates = BTreeMap<String, String>;

/// A campaign as it lies in a folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// Its definition.
    pub spec: CampaignSpec,
    /// Its templates.
    #[serde(default)]
    pub templates: Templates,
    /// Sample values of its variables; an object.
    #[serde(default)]
    pub sample: serde_json::Value,
    /// The text of `audience.csv`: keys of the customers to whom alone it is for. What the rule of the audience says holds as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
}

impl Folder {
    /// The static segment that the list of the audience becomes.
    pub fn audience_segment(&self) -> String {
        format!("{}.audience", self.spec.name)
    }

    /// Who is in the audience: by the rule, by the list, or by both.
    pub fn audience_rule(&self) -> Option<RuleSpec> {
        let listed = self.audience.as_ref().map(|_| {
            let name = Literal::Text(self.audience_segment());
            RuleSpec::compare("segments", Op::Contains, name)
        });
        match (self.spec.audience.clone(), listed) {
            (Some(rule), Some(listed)) => Some(RuleSpec::all(vec![rule, listed])),
            (rule, listed) => rule.or(listed),
        }
    }
}

/// Reads a campaign's folder, or its `campaign.toml`.
///
/// # Errors
/// Invalid, naming file and line; not found, when there is no `campaign.toml`.
pub fn read(path: &Path) -> Result<Folder> {
    let root = if path.is_file() { path.parent().unwrap_or(Path::new(".")) } else { path };
    let file = root.join("campaign.toml");
    let text = std::fs::read_to_string(&file)
        .map_err(|error| Error::from(error).context(format!("`{}` cannot be read", file.display())))?;
    let mut templates = Templates::new();
    let below = root.join("templates");
    if below.is_dir() {
        collect(&below, "", &mut templates)?;
    }
    let sample = std::fs::read_to_string(root.join("sample.json")).ok();
    let folder = of_texts((&text, &file.display().to_string()), templates, sample.as_deref())?;
    Ok(Folder { audience: list(root)?, ..folder })
}

/// The same from texts that are at hand: `campaign.toml` with what to call it, the templates, and `sample.json`.
///
/// # Errors
/// Invalid, naming file and line.
pub fn of_texts((toml, file): (&str, &str), templates: Templates, sample: Option<&str>) -> Result<Folder> {
    let spec = CampaignSpec::from_toml(toml, file)?;
    let sample = match sample {
        Some(text) => serde_json::from_str(text).map_err(|error| {
            let fault = Fault::at("", error.to_string()).in_file("sample.json").on_line(error.line() as u64);
            Error::faults("the sample does not parse", vec![fault])
        })?,
        None => serde_json::Value::Null,
    };
    Ok(Folder { spec, templates, sample, audience: None })
}

/// The list of the audience, if there is one.
fn list(root: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(root.join("audience.csv")) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::invalid("`audience.csv` cannot be read; is it UTF-8 text?").caused_by(error)),
    }
}

fn collect(folder: &Path, prefix: &str, templates: &mut Templates) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        // A link could lead out of the folder.
        let kind = entry.file_type()?;
        if kind.is_dir() && prefix.matches('/').count() < 2 {
            collect(&entry.path(), &key, templates)?;
        } else if kind.is_file() && name.ends_with(".hbs") {
            if entry.metadata()?.len() > LARGEST {
                let fault = Fault::at(key, format!("is larger than {} KB", LARGEST / 1024));
                return Err(Error::faults("a template cannot be used", vec![fault]));
            }
            let text = std::fs::read_to_string(entry.path())
                .map_err(|error| Error::invalid(format!("templates/{key} is not UTF-8 text")).caused_by(error))?;
            templates.insert(key, text);
        }
    }
    Ok(())
}
