//! Attributes that the company declared protected (`protected_attributes` in `vizavi.toml`). No model learns from them, and one that
//! learned before they were declared serves no more: scores and segments reach rules, and rules reach offers and prices.

use super::spec::segments::{Method, SegmentsSpec};
use super::spec::{ChurnSpec, ModelSpec};
use crate::error::{Error, Fault, Result};
use crate::settings::Settings;

/// What stands before the name of an attribute, and before those of an event and its property, in the name of a column.
const ATTRIBUTE: &str = "attribute.";
const EVENT: &str = "event.";

/// The attributes that no model may use.
#[derive(Debug, Clone, Copy)]
pub struct Protected<'a>(&'a [String]);

impl<'a> Protected<'a> {
    /// Those that the settings declare.
    pub fn of(settings: &'a Settings) -> Protected<'a> {
        Protected(&settings.protected_attributes)
    }

    /// All names under which models could see them.
    pub fn names(self) -> impl Iterator<Item = String> + 'a {
        self.0.iter().flat_map(|name| [name.clone(), format!("{ATTRIBUTE}{name}")])
    }

    /// Whether a column holds one of them: `NAME`, `attribute.NAME`, or `event.SURVEY.NAME`, which is the same by another way.
    pub fn bars(self, column: &str) -> bool {
        let asked = column.strip_prefix(EVENT).and_then(|event| Some(event.rsplit_once('.')?.1));
        let name = asked.or_else(|| column.strip_prefix(ATTRIBUTE)).unwrap_or(column);
        self.0.iter().any(|protected| protected == name)
    }

    /// Refuses a spec that uses one of them.
    ///
    /// # Errors
    /// Invalid, with every key that names one, and what to do.
    pub fn refuse(self, spec: &ModelSpec) -> Result<()> {
        let barred = inputs(spec).into_iter().filter(|(_, column)| self.bars(column));
        let faults: Vec<Fault> = barred.map(|(key, column)| Fault::at(key, refusal(column))).collect();
        if faults.is_empty() { Ok(()) } else { Err(Error::faults(format!("`{}` is not trained", spec.name()), faults)) }
    }

    /// Why a fit that learned from these columns may not serve any more, if it may not.
    pub fn outdates<'c>(self, name: &str, mut columns: impl Iterator<Item = &'c str>) -> Option<String> {
        let column = columns.find(|column| self.bars(column))?;
        Some(format!(
            "`{name}` does not serve: it learned from `{column}`, which vizavi.toml has declared protected since; take it out of \
             models/{name}.toml and run `vizavi train {name}`"
        ))
    }
}

fn refusal(column: &str) -> String {
    format!(
        "`{column}` is declared protected in vizavi.toml (protected_attributes): no model may use it, since scores and segments reach \
         offers and prices; take it out of the spec"
    )
}

/// What a spec learns from, each with the key under which it stands. Response models name nothing: theirs is barred as they learn.
fn inputs(spec: &ModelSpec) -> Vec<(&'static str, &str)> {
    match spec {
        ModelSpec::Churn(spec) => of_churn(spec),
        ModelSpec::Segments(spec) => of_segments(spec).collect(),
        ModelSpec::Lifetime(_) | ModelSpec::Response(_) => Vec::new(),
    }
}

fn of_churn(spec: &ChurnSpec) -> Vec<(&'static str, &str)> {
    let features = spec.features.iter().map(|feature| ("features", feature.name.as_str()));
    let attributes = spec.attributes.iter().map(|feature| ("attributes", feature.name.as_str()));
    features.chain(attributes).chain(spec.target.attribute().map(|label| ("target", label))).collect()
}

fn of_segments(spec: &SegmentsSpec) -> impl Iterator<Item = (&'static str, &str)> {
    let by: &[_] = if let Method::Attributes { by, .. } = &spec.method { by } else { &[] };
    let features = spec.features.iter().map(|feature| ("features", feature.name.as_str()));
    features.chain(by.iter().map(|divide| ("by", divide.fact.as_str())))
}

impl SegmentsSpec {
    /// The columns by which it compares and divides customers.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        of_segments(self).map(|(_, column)| column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(protected: &[&str], text: &str) -> Vec<(String, String)> {
        let protected: Vec<String> = protected.iter().map(|name| (*name).to_owned()).collect();
        let spec = ModelSpec::parse(text, "mine.toml").unwrap();
        match Protected(&protected).refuse(&spec) {
            Ok(()) => Vec::new(),
            Err(error) => error.fault_list().iter().map(|fault| (fault.key.clone(), fault.message.clone())).collect(),
        }
    }

    #[test]
    fn a_protected_attribute_is_known_by_every_name() {
        let protected = ["gender".to_owned(), "country".to_owned()];
        let bars = |column: &str| Protected(&protected).bars(column);
        assert!(
            ["gender", "attribute.gender", "event.survey.gender", "event.shop.survey.gender", "country"]
                .map(bars)
                .iter()
                .all(|&b| b)
        );
        assert!(
            !["age", "attribute.age", "event.gender.answer", "attribute.gender_of_gift"].map(bars).iter().any(|&b| b)
        );
    }

    #[test]
    fn every_method_of_segments_refuses_it_and_says_where_it_stands() {
        let given =
            "features = [{ name = \"freq\" }, { name = \"attribute.gender\" }, { name = \"event.survey.faith\" }]";
        for (method, keys) in [
            ("k-means", ""),
            ("mixture", "count = 3"),
            ("rfm", ""),
            ("attributes", "by = [\"country\"]"),
            ("lookalike", "of = \"vip\"\nsize = 10"),
        ] {
            let text = format!("name = \"mine\"\nkind = \"segments\"\nmethod = \"{method}\"\n{keys}\n{given}\n");
            let found = faults(&["gender", "faith"], &text);
            assert_eq!(found.len(), 2, "{method}: {found:?}");
            assert!(found.iter().all(|(key, _)| key == "features"), "{found:?}");
            assert!(
                found[0].1.contains("`attribute.gender` is declared protected") && found[0].1.contains("take it out")
            );
            assert!(faults(&["age"], &text).is_empty());
        }
        let by = "name = \"mine\"\nkind = \"segments\"\nmethod = \"attributes\"\n\
            by = [\"country\", { fact = \"attribute.age\", bands = [30] }]";
        let keys: Vec<String> = faults(&["age", "country"], by).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["by", "by"]);
    }
}
