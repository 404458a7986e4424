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
//! A feature's header line gives name, unit, default (for customers about whom the family says nothing) and meaning. With
//! `-- serving: no` a family is there to train from and to look at, but does not stand in the customers' serving rows. A file
//! with `-- view: NAME` instead of a family gives a table that families read: orders out of their lines, for one.
//!
//! The files of `models/features/` are in the binary; a company adds its own, or replaces one of the same file name, in
//! `features/` of its data folder (views in `features/views/`).

use std::collections::BTreeMap;
use std::path::Path;

use super::header::{self, Read};
use super::sql;
use crate::clock::Timestamp;
use crate::error::{Error, Fault, Result};
use crate::history::FactType;
use crate::settings::Settings;

/// A file of the catalogue by its path under `models/features/`.
macro_rules! embedded {
    ($($path:literal)*) => {
        &[$(($path, include_str!(concat!("../../models/features/", $path)))),*]
    };
}

#[rustfmt::skip]
const EMBEDDED: &[(&str, &str)] = embedded! {
    "views/active_hours.sql"
    "views/activities.sql"
    "views/articles.sql"
    "views/categories.sql"
    "views/contacts_made.sql"
    "views/contacts_received.sql"
    "views/orders.sql"
    "basket.sql"
    "basket_mix.sql"
    "channels.sql"
    "claims.sql"
    "contracts.sql"
    "cost_by_kind.sql"
    "cost_to_serve.sql"
    "engagement.sql"
    "events.sql"
    "frequency.sql"
    "inter_purchase.sql"
    "monetary.sql"
    "price.sql"
    "purchase_trend.sql"
    "recency.sql"
    "returns.sql"
    "seasonality.sql"
    "service.sql"
    "tenure.sql"
    "timing.sql"
    "week.sql"
};

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
    /// Whether its features stand in the customers' serving rows, where rules and decisions read them.
    pub serving: bool,
    /// What it gives.
    pub features: Vec<Feature>,
    /// The query.
    pub sql: String,
}

/// A table that several families read: made once, then read by each.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Its name in SQL.
    pub name: String,
    /// The file it stands in.
    pub file: String,
    /// What one row is about.
    pub grain: String,
    /// What it tells.
    pub meaning: String,
    /// The query.
    pub sql: String,
}

impl Family {
    /// The query as of an instant, with nothing left open.
    pub fn query(&self, as_of: Timestamp, settings: &Settings) -> String {
        sql::bind(&self.sql, as_of, settings)
    }

    /// The same features by another query.
    #[must_use]
    pub fn with_sql(&self, sql: &str) -> Family {
        Family { sql: sql.to_owned(), ..self.clone() }
    }
}

impl View {
    /// The query as of an instant, with nothing left open.
    pub fn query(&self, as_of: Timestamp, settings: &Settings) -> String {
        sql::bind(&self.sql, as_of, settings)
    }
}

/// All feature families, by name, and the views that they read.
#[derive(Debug, Clone)]
pub struct Catalogue {
    families: Vec<Family>,
    views: Vec<View>,
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
        for (folder, prefix) in [(data.join("features"), ""), (data.join("features/views"), "views/")] {
            if folder.is_dir() {
                read_own(&folder, prefix, &mut files)?;
            }
        }
        Catalogue::check(files)
    }

    fn check(files: BTreeMap<String, String>) -> Result<Catalogue> {
        let mut faults = Vec::new();
        let (mut families, mut views): (Vec<Family>, Vec<View>) = (Vec::new(), Vec::new());
        for (file, text) in &files {
            match header::read(file, text, &mut faults) {
                Some(Read::Family(family)) => families.push(family),
                Some(Read::View(view)) => views.push(view),
                None => {}
            }
        }
        for view in &views {
            let other = views.iter().find(|other| other.name == view.name && other.file < view.file);
            if other.is_some() || FactType::named(&view.name).is_some() {
                let message = format!("there is another table `{}`; choose another name", view.name);
                faults.push(Fault::at("view", message).in_file(&view.file));
            }
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
        Ok(Catalogue { families, views })
    }

    /// The views, by file.
    pub fn views(&self) -> &[View] {
        &self.views
    }

    /// The views that these queries read, each after those that it reads itself.
    pub fn views_for<'a>(&'a self, queries: impl IntoIterator<Item = &'a str>) -> Vec<&'a View> {
        let mut needed: Vec<&View> = Vec::new();
        for sql in queries {
            self.add_views(sql, &mut Vec::new(), &mut needed);
        }
        needed
    }

    /// `open` are those whose own needs are being looked for: one that reads itself ends there, and the engine says that it
    /// does not exist.
    fn add_views<'a>(&'a self, sql: &str, open: &mut Vec<&'a str>, needed: &mut Vec<&'a View>) {
        for view in &self.views {
            if mentions(sql, &view.name) && !needed.contains(&view) && !open.contains(&view.name.as_str()) {
                open.push(&view.name);
                self.add_views(&view.sql, open, needed);
                open.pop();
                needed.push(view);
            }
        }
    }

    /// The names of all features that stand in serving rows.
    pub fn serving(&self) -> Vec<&str> {
        let families = self.families.iter().filter(|family| family.serving);
        families.flat_map(|family| &family.features).map(|feature| feature.name.as_str()).collect()
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

/// Adds a company's own files.
fn read_own(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
            let text = std::fs::read_to_string(&path).map_err(|e| Error::from(e).context(&name))?;
            files.insert(name, text);
        }
    }
    Ok(())
}

/// Whether a query names a table, outside of comments. A column of that name costs a view made for nothing.
fn mentions(sql: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let code = sql.lines().filter(|line| !line.trim_start().starts_with("--"));
    code.flat_map(|line| line.split(|c| !is_part(c))).any(|word| word.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_family_is_well_formed() {
        let catalogue = Catalogue::embedded();
        assert_eq!(catalogue.families().len() + catalogue.views().len(), EMBEDDED.len());
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
