//! A rule in words.

use std::fmt::{Display, Formatter, Result};

use super::check::Rule;
use super::spec::Op;
use super::value::Value;

impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Rule::All(rules) if rules.is_empty() => f.write_str("everyone"),
            Rule::Any(rules) if rules.is_empty() => f.write_str("no one"),
            Rule::All(rules) => joined(f, rules, " and "),
            Rule::Any(rules) => joined(f, rules, " or "),
            Rule::Not(rule) => write!(f, "not ({rule})"),
            Rule::Compare { field, op: Op::Exists, with } => {
                let known = with.first() != Some(&Value::Flag(false));
                write!(f, "{field} is {}", if known { "known" } else { "not known" })
            }
            Rule::Compare { field, op, with } => {
                let values: Vec<String> = with.iter().map(Value::to_string).collect();
                write!(f, "{field} {} {}", verb(*op), values.join(", "))
            }
        }
    }
}

fn joined(f: &mut Formatter<'_>, rules: &[Rule], word: &str) -> Result {
    for (i, rule) in rules.iter().enumerate() {
        if i > 0 {
            f.write_str(word)?;
        }
        match rule {
            Rule::All(parts) | Rule::Any(parts) if parts.len() > 1 && rules.len() > 1 => write!(f, "({rule})")?,
            _ => write!(f, "{rule}")?,
        }
    }
    Ok(())
}

fn verb(op: Op) -> &'static str {
    match op {
        Op::Eq => "is",
        Op::Ne => "is not",
        Op::Lt => "is below",
        Op::Le => "is at most",
        Op::Gt => "is above",
        Op::Ge => "is at least",
        Op::In => "is one of",
        Op::Contains => "contains",
        Op::Exists => "is known",
    }
}
