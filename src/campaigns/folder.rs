//! A campaign's folder: `campaign.toml` and `templates/<variant>/<locale>/<part>.hbs`. Two examples are in the program itself.

use std::collections::BTreeMap;
use std::path::Path;

use super::CampaignSpec;
use crate::error::{Error, Fault, Result};

/// Largest template file.
const LARGEST: u64 = 256 * 1024;

/// Templates by path below `templates/`: `a/en/html.hbs`.
pub type Templates = BTreeMap<String, String>;

/// A campaign as it lies in a folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Folder {
    /// Its definition.
    pub spec: CampaignSpec,
    /// Its templates.
    pub templates: Templates,
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
    let spec = CampaignSpec::from_toml(&text, &file.display().to_string())?;
    let mut templates = Templates::new();
    let below = root.join("templates");
    if below.is_dir() {
        collect(&below, "", &mut templates)?;
    }
    Ok(Folder { spec, templates })
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
