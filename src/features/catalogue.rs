//! The catalogue: which feature families there are, and what their headers promise.
//!
//! ```sql
//! -- family: recency
//! -- grain: customer
//! -- window: all history
//! -- as of: facts before :as_of
//! -- feature: recency | days | 0 | time since the last purchase
//! SELECT customer_id, :days(max(occurred_at)) AS recency FROM order_item GROUP BY customer_id
//! ```
//!
//! A feature's header line gives name, unit, default (for customers about whom the family says nothing) and meaning. The
//! families of `models/features/` are in the binary; a company adds its own, or replaces one of the same file name, in
//! `features/` of its data folder.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Error, Fault, Result};

const EMBEDDED: &[(&str, &str)] = &[
    ("basket.sql", include_str!("../../models/features/basket.sql")),
    ("cost_to_serve.sql", include_str!("../../models/features/cost_to_serve.sql")),
    ("engagement.sql", include_str!("../../models/features/engagement.sql")),
    ("frequency.sql", include_str!("../../models/features/frequency.sql")),
    ("inter_purchase.sql", include_str!("../../models/features/inter_purchase.sql")),
    ("monetary.sql", include_str!("../../models/features/monetary.sql")),
    ("recency.sql", include_str!("../../models/features/recency.sql")),
    ("returns.sql", include_str!("../../models/features/returns.sql")),
    ("tenure.sql", include_str!("../../models/features/tenure.sql")),
];

/// One number about a customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Its name: the column of the query.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Its value for a customer about whom the family's query says nothing.
    pub default: f64,
    /// What it means.
    pub meaning: String,
}

/// Features that one query gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// Its name.
    pub name: String,
    /// The file it stands in.
    pub file: String,
    /// What one row is about; always `customer`.
    pub grain: String,
    /// Which stretch of time it looks at.
    pub window: String,
    /// Which facts count as known.
    pub as_of: String,
    /// What it gives.
    pub features: Vec<Feature>,
    /// The query.
    pub sql: String,
}

/// All feature families, by name.
#[derive(Debug, Clone)]
pub struct Catalogue {
    families: Vec<Family>,
}

impl Catalogue {
    /// The families in the binary.
    pub fn embedded() -> Catalogue {
        let files = EMBEDDED.iter().map(|&(file, text)| (file.to_owned(), text.to_owned())).collect();
        Catalogue::check(files).expect("a test reads every embedded family")
    }

    /// The families in the binary, and those of `features/` in the data folder instead of or beside them.
    ///
    /// # Errors
    /// Invalid, with every fault of every file.
    pub fn load(data: &Path) -> Result<Catalogue> {
        let mut files: BTreeMap<String, String> =
            EMBEDDED.iter().map(|&(file, text)| (file.to_owned(), text.to_owned())).collect();
        let own = data.join("features");
        if own.is_dir() {
            for entry in std::fs::read_dir(&own)? {
                let path = entry?.path();
                if path.extension().is_some_and(|extension| extension == "sql") {
                    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    let text = std::fs::read_to_string(&path).map_err(|e| Error::from(e).context(&name))?;
                    files.insert(name, text);
                }
            }
        }
        Catalogue::check(files)
    }

    fn check(files: BTreeMap<String, String>) -> Result<Catalogue> {
        let mut faults = Vec::new();
        let mut families: Vec<Family> = Vec::new();
        for (file, text) in &files {
            families.extend(parse(file, text, &mut faults));
        }
        let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
        for family in &families {
            for feature in &family.features {
                if let Some(other) = owners.insert(&feature.name, &family.file) {
                    let message = format!("`{}` is given by {other} too; rename one", feature.name);
                    faults.push(Fault::at("feature", message).in_file(&family.file));
                }
            }
        }
        if !faults.is_empty() {
            return Err(Error::faults("the feature catalogue cannot be used", faults));
        }
        families.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Catalogue { families })
    }

    /// The families, by name.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// The families and features that names ask for, in the order asked; a name is a family's or a feature's. All when
    /// there are none. A feature asked for twice is given once.
    ///
    /// # Errors
    /// Not found, naming what is neither a family nor a feature.
    pub fn choose(&self, wanted: &[&str]) -> Result<Vec<(&Family, Vec<&Feature>)>> {
        if wanted.is_empty() {
            return Ok(self.families.iter().map(|family| (family, family.features.iter().collect())).collect());
        }
        let mut chosen: Vec<(&Family, Vec<&Feature>)> = Vec::new();
        for &name in wanted {
            let (family, features) = self.find(name)?;
            let index = chosen.iter().position(|(of, _)| of.name == family.name).unwrap_or_else(|| {
                chosen.push((family, Vec::new()));
                chosen.len() - 1
            });
            for feature in features {
                if !chosen[index].1.contains(&feature) {
                    chosen[index].1.push(feature);
                }
            }
        }
        Ok(chosen)
    }

    fn find(&self, name: &str) -> Result<(&Family, Vec<&Feature>)> {
        for family in &self.families {
            if let Some(feature) = family.features.iter().find(|feature| feature.name == name) {
                return Ok((family, vec![feature]));
            }
        }
        let family = self.families.iter().find(|family| family.name == name);
        let family = family
            .ok_or_else(|| Error::not_found(format!("`{name}` is neither a feature nor a family of features")))?;
        Ok((family, family.features.iter().collect()))
    }
}

/// Reads one file; what is wrong with it is added to `faults`.
fn parse(file: &str, text: &str, faults: &mut Vec<Fault>) -> Option<Family> {
    let before = faults.len();
    let mut header: BTreeMap<&str, &str> = BTreeMap::new();
    let mut features = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some((key, value)) = line.strip_prefix("--").and_then(|rest| rest.split_once(':')) else { continue };
        match key.trim() {
            "feature" => match feature(value) {
                Some(read) => features.push(read),
                None => faults.push(
                    Fault::at("feature", "write: -- feature: name | unit | default | meaning")
                        .in_file(file)
                        .on_line(index as u64 + 1),
                ),
            },
            key @ ("family" | "grain" | "window" | "as of") => {
                header.insert(key, value.trim());
            }
            _ => {}
        }
    }
    for key in ["family", "grain", "window", "as of"] {
        if header.get(key).is_none_or(|value| value.is_empty()) {
            faults.push(Fault::at(key, format!("the header lacks `-- {key}: ...`")).in_file(file));
        }
    }
    if header.get("grain").is_some_and(|grain| *grain != "customer") {
        faults.push(Fault::at("grain", "must be `customer`: one row per customer").in_file(file));
    }
    if features.is_empty() {
        faults.push(Fault::at("feature", "the header names no feature").in_file(file));
    }
    if faults.len() > before {
        return None;
    }
    let take = |key: &str| header[key].to_owned();
    let (name, grain, window, as_of) = (take("family"), take("grain"), take("window"), take("as of"));
    Some(Family { name, file: file.to_owned(), grain, window, as_of, features, sql: text.to_owned() })
}

fn feature(line: &str) -> Option<Feature> {
    let mut parts = line.splitn(4, '|').map(str::trim);
    let (name, unit, default, meaning) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let default: f64 = default.parse().ok().filter(|value: &f64| value.is_finite())?;
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    plain.then(|| Feature { name: name.into(), unit: unit.into(), default, meaning: meaning.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_family_is_well_formed() {
        let catalogue = Catalogue::embedded();
        assert_eq!(catalogue.families().len(), EMBEDDED.len());
        assert!(catalogue.choose(&["no_such"]).is_err());
        let chosen = catalogue.choose(&["mon30", "monetary", "recency"]).unwrap();
        assert_eq!(chosen[0].1[0].name, "mon30");
        assert_eq!(chosen.iter().map(|(family, _)| family.name.as_str()).collect::<Vec<_>>(), ["monetary", "recency"]);
    }

    #[test]
    fn every_fault_of_an_own_family_is_named() {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir(data.path().join("features")).unwrap();
        let text = "-- family: own\n-- grain: order\n-- feature: Bad Name | days | 0 | x\nSELECT 1";
        std::fs::write(data.path().join("features/own.sql"), text).unwrap();
        let error = Catalogue::load(data.path()).unwrap_err();
        let keys: Vec<&str> = error.fault_list().iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(keys, ["feature", "window", "as of", "grain", "feature"]);
        assert_eq!(error.fault_list()[0].line, Some(3));
    }
}
