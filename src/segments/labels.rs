//! Segments by what stands in the profile: industry, geography, demography.

use std::collections::{BTreeMap, BTreeSet};

use super::model::Segment;
use crate::models::spec::segments::Divide;

/// The code of the groups that are too small for a segment of their own.
pub const OTHERS: &str = "others";

/// What a customer is called by one fact: the value, or the band it lies in.
pub fn label(divide: &Divide, value: Option<&str>, number: Option<f64>) -> String {
    let fact = divide.fact.rsplit('.').next().unwrap_or(&divide.fact).replace('_', " ");
    if divide.bands.is_empty() {
        let number = number.filter(|number| number.is_finite()).map(|number| format!("{fact} {number}"));
        let text = value.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        return text.or(number).unwrap_or_else(|| format!("{fact} not known"));
    }
    let Some(number) = number.filter(|number| number.is_finite()) else { return format!("{fact} not known") };
    let band = divide.bands.partition_point(|from| *from <= number);
    match (band.checked_sub(1).map(|below| divide.bands[below]), divide.bands.get(band)) {
        (None, Some(until)) => format!("{fact} below {until}"),
        (Some(from), Some(until)) => format!("{fact} {from} to below {until}"),
        (Some(from), None) => format!("{fact} {from} and above"),
        (None, None) => fact,
    }
}

/// A segment for each label that at least `min_size` customers have, the largest first, and one for all others.
pub fn segments(labels: &[String], min_size: usize) -> Vec<Segment> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    labels.iter().for_each(|label| *sizes.entry(label).or_default() += 1);
    let mut large: Vec<(&str, usize)> = sizes.into_iter().filter(|(_, size)| *size >= min_size).collect();
    large.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let mut taken = BTreeSet::from([OTHERS.to_owned()]);
    let mut made: Vec<Segment> = Vec::with_capacity(large.len() + 1);
    for (name, _) in large {
        let plain = code(name);
        let numbered = (2..).map(|number| format!("{plain}-{number}"));
        let code =
            std::iter::once(plain.clone()).chain(numbered).find(|code| !taken.contains(code)).unwrap_or_default();
        taken.insert(code.clone());
        made.push(Segment { code, name: name.to_owned() });
    }
    made.push(Segment { code: OTHERS.into(), name: OTHERS.into() });
    made
}

/// The segment of each label; those that no segment bears are the last: the others.
pub fn assign(segments: &[Segment], labels: &[String]) -> Vec<usize> {
    // From the end, so that a value that is called like the others keeps its own segment.
    let places: BTreeMap<&str, usize> =
        segments.iter().enumerate().rev().map(|(index, segment)| (segment.name.as_str(), index)).collect();
    labels.iter().map(|label| places.get(label.as_str()).copied().unwrap_or(segments.len() - 1)).collect()
}

/// A label as a code: lower case, letters and digits, everything else a hyphen. It depends on the label alone, so that it stays.
fn code(label: &str) -> String {
    let mut code = String::new();
    for c in label.chars().flat_map(char::to_lowercase) {
        match c.is_alphanumeric() {
            true => code.push(c),
            false if !code.is_empty() && !code.ends_with('-') => code.push('-'),
            false => {}
        }
    }
    let code = code.trim_end_matches('-');
    if code.is_empty() { "unnamed".to_owned() } else { code.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_and_values_become_labels() {
        let age = Divide { fact: "attribute.age".into(), bands: vec![30.0, 50.0] };
        let said = |number| label(&age, None, number);
        assert_eq!(said(Some(29.9)), "age below 30");
        assert_eq!((said(Some(30.0)), said(Some(50.0))), ("age 30 to below 50".into(), "age 50 and above".into()));
        assert_eq!((said(None), said(Some(f64::NAN))), ("age not known".into(), "age not known".into()));
        let sector = Divide { fact: "attribute.sector".into(), bands: vec![] };
        assert_eq!(label(&sector, Some(" Retail "), None), "Retail");
        assert_eq!(label(&sector, Some(""), None), "sector not known");
        assert_eq!(label(&sector, None, Some(3.0)), "sector 3");
    }

    #[test]
    fn small_groups_are_joined_and_codes_depend_on_labels_alone() {
        let labels: Vec<String> = ["BG", "BG", "BG", "b g", "b g", "RO", "others", "others"].map(String::from).to_vec();
        let made = segments(&labels, 2);
        let codes: Vec<&str> = made.iter().map(|segment| segment.code.as_str()).collect();
        assert_eq!(codes, ["bg", "b-g", "others-2", "others"]);
        assert_eq!(assign(&made, &labels), [0, 0, 0, 1, 1, 3, 2, 2]);
        assert_eq!(assign(&made, &["??".to_owned()]), [3]);
        assert_eq!((code("??"), code("São Paulo, BR")), ("unnamed".to_owned(), "são-paulo-br".to_owned()));
    }
}
