//! Applying a rule to a row: true, false, or unknown.

use super::check::Rule;
use super::spec::Op;
use super::value::Value;

/// Where a rule finds the facts of one customer.
pub trait Row {
    /// The fact of this name; `None` when it is missing.
    fn get(&self, field: &str) -> Option<Value>;
}

impl Row for std::collections::BTreeMap<String, Value> {
    fn get(&self, field: &str) -> Option<Value> {
        std::collections::BTreeMap::get(self, field).cloned()
    }
}

/// The three values of Kleene's logic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
    /// A fact is missing that would decide it.
    Unknown,
}

impl From<bool> for Truth {
    fn from(yes: bool) -> Truth {
        if yes { Truth::True } else { Truth::False }
    }
}

impl std::ops::Not for Truth {
    type Output = Truth;
    fn not(self) -> Truth {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
        }
    }
}

/// The part of a rule that did not hold for a row, for the explanation.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The part, in words.
    pub rule: String,
    /// The fact it found, when there is one.
    pub found: Option<Value>,
    /// Whether it failed because a fact is missing.
    pub unknown: bool,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.found, self.unknown) {
            (_, true) => write!(f, "{} (not known)", self.rule),
            (Some(found), _) => write!(f, "{} (it is {found})", self.rule),
            (None, _) => f.write_str(&self.rule),
        }
    }
}

impl Rule {
    /// What the rule says of the row.
    pub fn evaluate(&self, row: &dyn Row) -> Truth {
        match self {
            Rule::All(rules) => fold(rules, row, Truth::True, Truth::False),
            Rule::Any(rules) => fold(rules, row, Truth::False, Truth::True),
            Rule::Not(rule) => !rule.evaluate(row),
            Rule::Compare { field, op, with } => compare(row.get(field), *op, with),
        }
    }

    /// Whether it is known to hold: unknown counts as no.
    pub fn holds(&self, row: &dyn Row) -> bool {
        self.evaluate(row) == Truth::True
    }

    /// The first part that keeps the rule from holding; `None` when it holds.
    pub fn failure(&self, row: &dyn Row) -> Option<Failure> {
        let truth = self.evaluate(row);
        if truth == Truth::True {
            return None;
        }
        match self {
            // A part that is false explains more than one that is unknown.
            Rule::All(rules) => {
                let of = |wanted| rules.iter().find(|rule| rule.evaluate(row) == wanted);
                of(Truth::False).or_else(|| of(Truth::Unknown)).and_then(|rule| rule.failure(row))
            }
            Rule::Any(rules) if rules.len() == 1 => rules[0].failure(row),
            Rule::Compare { field, .. } => {
                Some(Failure { rule: self.to_string(), found: row.get(field), unknown: truth == Truth::Unknown })
            }
            _ => Some(Failure { rule: self.to_string(), found: None, unknown: truth == Truth::Unknown }),
        }
    }

    /// The names of all facts that the rule reads, each once, in order of appearance.
    pub fn fields(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.collect_fields(&mut names);
        names
    }

    fn collect_fields<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Rule::All(rules) | Rule::Any(rules) => rules.iter().for_each(|rule| rule.collect_fields(names)),
            Rule::Not(rule) => rule.collect_fields(names),
            Rule::Compare { field, .. } if !names.contains(&&**field) => names.push(field),
            Rule::Compare { .. } => {}
        }
    }
}

/// Stops at the first part that decides; otherwise unknown if any part was.
fn fold(rules: &[Rule], row: &dyn Row, neutral: Truth, deciding: Truth) -> Truth {
    let mut result = neutral;
    for rule in rules {
        match rule.evaluate(row) {
            truth if truth == deciding => return deciding,
            Truth::Unknown => result = Truth::Unknown,
            _ => {}
        }
    }
    result
}

fn compare(found: Option<Value>, op: Op, with: &[Value]) -> Truth {
    let found = found.filter(|value| !matches!(value, Value::Number(number) if !number.is_finite()));
    if op == Op::Exists {
        let wanted = with.first() != Some(&Value::Flag(false));
        return (found.is_some() == wanted).into();
    }
    let Some(found) = found else { return Truth::Unknown };
    let Some(first) = with.first() else { return Truth::Unknown };
    match op {
        Op::Eq => equal(&found, first),
        Op::Ne => !equal(&found, first),
        Op::Lt => order(&found, first, |o| o.is_lt()),
        Op::Le => order(&found, first, |o| o.is_le()),
        Op::Gt => order(&found, first, |o| o.is_gt()),
        Op::Ge => order(&found, first, |o| o.is_ge()),
        Op::In => {
            if with.iter().any(|value| equal(&found, value) == Truth::True) {
                Truth::True
            } else {
                // A row that holds another kind than the catalogue says is a missing fact, not a "no".
                with.iter().map(|value| equal(&found, value)).find(|&t| t == Truth::Unknown).unwrap_or(Truth::False)
            }
        }
        Op::Contains => contains(&found, first),
        Op::Exists => Truth::Unknown,
    }
}

fn equal(a: &Value, b: &Value) -> Truth {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => (a == b).into(),
        (Value::Flag(a), Value::Flag(b)) => (a == b).into(),
        (Value::Text(a), Value::Text(b)) => (a == b).into(),
        (Value::Time(a), Value::Time(b)) => (a == b).into(),
        _ => Truth::Unknown,
    }
}

fn order(a: &Value, b: &Value, test: impl Fn(std::cmp::Ordering) -> bool) -> Truth {
    let ordering = match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.partial_cmp(b),
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        _ => None,
    };
    ordering.map_or(Truth::Unknown, |ordering| test(ordering).into())
}

fn contains(found: &Value, part: &Value) -> Truth {
    match (found, part) {
        (Value::List(texts), Value::Text(text)) => texts.contains(text).into(),
        (Value::Text(whole), Value::Text(text)) => whole.contains(&**text).into(),
        _ => Truth::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::rules::{Catalogue, Kind, RuleSpec};

    fn catalogue() -> Catalogue {
        [
            ("churn", Kind::Number),
            ("city", Kind::Text),
            ("segments", Kind::List),
            ("vip", Kind::Flag),
            ("joined", Kind::Time),
        ]
        .into_iter()
        .map(|(name, kind)| (name.to_owned(), kind))
        .collect()
    }

    fn rule(toml: &str) -> Rule {
        let spec: RuleSpec = toml::from_str(toml).unwrap();
        spec.check("rule", &catalogue()).unwrap()
    }

    fn row(facts: &[(&str, Value)]) -> BTreeMap<String, Value> {
        facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn a_missing_fact_is_unknown_and_never_eligible() {
        let ge = rule("field = \"churn\"\nop = \"ge\"\nvalue = 0.4");
        let not = Rule::Not(Box::new(ge.clone()));
        for facts in [row(&[]), row(&[("churn", Value::Number(f64::NAN))]), row(&[("churn", "0.9".into())])] {
            assert_eq!(ge.evaluate(&facts), Truth::Unknown);
            assert_eq!(not.evaluate(&facts), Truth::Unknown, "the opposite of unknown is unknown");
            assert!(!ge.holds(&facts) && !not.holds(&facts));
        }
        assert!(ge.holds(&row(&[("churn", 0.4.into())])) && not.holds(&row(&[("churn", 0.39.into())])));
    }

    #[test]
    fn each_comparison_does_what_its_name_says() {
        let at = crate::clock::Timestamp::parse("2026-02-01").unwrap();
        let facts = row(&[
            ("churn", 0.5.into()),
            ("city", "Varna".into()),
            ("segments", Value::List(vec!["new".into(), "staff".into()])),
            ("vip", true.into()),
            ("joined", at.into()),
        ]);
        for (text, expected) in [
            ("field=\"churn\"\nop=\"lt\"\nvalue=0.5", false),
            ("field=\"churn\"\nop=\"le\"\nvalue=0.5", true),
            ("field=\"churn\"\nop=\"gt\"\nvalue=0.4", true),
            ("field=\"churn\"\nop=\"ne\"\nvalue=0.4", true),
            ("field=\"churn\"\nop=\"in\"\nvalue=[0.1, 0.5]", true),
            ("field=\"city\"\nop=\"in\"\nvalue=[\"Sofia\"]", false),
            ("field=\"city\"\nop=\"contains\"\nvalue=\"arn\"", true),
            ("field=\"segments\"\nop=\"contains\"\nvalue=\"staff\"", true),
            ("field=\"segments\"\nop=\"contains\"\nvalue=\"sta\"", false),
            ("field=\"vip\"\nop=\"eq\"\nvalue=true", true),
            ("field=\"joined\"\nop=\"ge\"\nvalue=\"2026-02-01\"", true),
            ("field=\"joined\"\nop=\"lt\"\nvalue=\"2026-02-01T00:00:00Z\"", false),
            ("field=\"vip\"\nop=\"exists\"\nvalue=false", false),
            ("any=[]", false),
            ("all=[]", true),
        ] {
            assert_eq!(rule(text).holds(&facts), expected, "{text}");
        }
    }

    #[test]
    fn false_decides_all_and_true_decides_any_whatever_is_unknown() {
        let unknown = "{field=\"vip\", op=\"eq\", value=true}";
        let yes = "{field=\"churn\", op=\"ge\", value=0.1}";
        let no = "{field=\"churn\", op=\"ge\", value=0.9}";
        let facts = row(&[("churn", 0.5.into())]);
        assert_eq!(rule(&format!("all=[{unknown}, {no}]")).evaluate(&facts), Truth::False);
        assert_eq!(rule(&format!("all=[{unknown}, {yes}]")).evaluate(&facts), Truth::Unknown);
        assert_eq!(rule(&format!("any=[{unknown}, {yes}]")).evaluate(&facts), Truth::True);
        assert_eq!(rule(&format!("any=[{unknown}, {no}]")).evaluate(&facts), Truth::Unknown);
    }

    #[test]
    fn the_explanation_names_the_part_that_failed_and_what_was_found() {
        let both = rule("all=[{field=\"vip\", op=\"eq\", value=true}, {not={field=\"churn\", op=\"ge\", value=0.4}}]");
        let failure = both.failure(&row(&[("churn", 0.1.into())])).unwrap();
        assert_eq!(failure.to_string(), "vip is yes (not known)");
        let failure = both.failure(&row(&[("churn", 0.7.into()), ("vip", true.into())])).unwrap();
        assert_eq!(failure.to_string(), "not (churn is at least 0.4)");
        let failure = rule("field=\"churn\"\nop=\"lt\"\nvalue=0.4").failure(&row(&[("churn", 0.7.into())])).unwrap();
        assert_eq!(failure.to_string(), "churn is below 0.4 (it is 0.7)");
        assert_eq!(both.fields(), ["vip", "churn"]);
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let spec: RuleSpec = toml::from_str(
            "all = [{field=\"chrun\", op=\"ge\", value=1}, {field=\"vip\", op=\"gt\", value=true},
                    {field=\"churn\", op=\"eq\", value=\"high\"}, {}, {field=\"segments\", op=\"eq\", value=\"x\"},
                    {field=\"joined\", op=\"ge\", value=\"soon\"}]",
        )
        .unwrap();
        let error = spec.check("eligibility", &catalogue()).unwrap_err();
        let keys: Vec<&str> = error.fault_list().iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "eligibility.all[0].field",
                "eligibility.all[1].value",
                "eligibility.all[2].value",
                "eligibility.all[3]",
                "eligibility.all[4].value",
                "eligibility.all[5].value"
            ]
        );
        assert!(error.to_string().contains("did you mean `churn`?"), "{error}");
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |depth: usize| {
            let leaf = RuleSpec::compare("churn", Op::Ge, crate::rules::Literal::Number(0.0));
            (1..depth).fold(leaf, |rule, _| RuleSpec::negate(rule))
        };
        assert!(nested(32).check("rule", &catalogue()).is_ok());
        assert!(nested(33).check("rule", &catalogue()).unwrap_err().to_string().contains("deeper than 32"));
    }
}
