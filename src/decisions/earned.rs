//! Earned benefits (loyalty rewards, no-claims bonus): granted by rule to everyone who earned them, outside arbitration.
//!
//! No price, capacity, holdout or score stands between a customer and an earned benefit. And the rule itself must be fair: a
//! fact about conduct (claims, service calls, years as a client) may enter it in one direction only, so that fewer claims,
//! fewer calls or longer tenure can never cost a customer the benefit. [`check_fair`] proves that from the rule's shape.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, Fault, Result};
use crate::ids::OfferId;
use crate::rules::{Op, Row, Rule};

/// Which direction of a fact about conduct is to the customer's credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credit {
    /// More of it is better, such as tenure.
    More,
    /// Less of it is better, such as claims and service calls.
    Less,
}

/// The facts about conduct, each with the direction that is to the customer's credit.
pub type Conduct = BTreeMap<String, Credit>;

/// A benefit with the checked rule by which it is earned.
#[derive(Debug, Clone, PartialEq)]
pub struct EarnedBenefit {
    /// The offer that carries it.
    pub offer: OfferId,
    /// Who has earned it.
    pub rule: Arc<Rule>,
}

impl EarnedBenefit {
    /// A benefit whose rule is fair.
    ///
    /// # Errors
    /// Invalid, with every comparison that could hold good conduct against a customer.
    pub fn new(offer: OfferId, rule: Arc<Rule>, conduct: &Conduct) -> Result<EarnedBenefit> {
        check_fair(&rule, conduct)?;
        Ok(EarnedBenefit { offer, rule })
    }
}

/// The benefits that a customer has earned.
pub fn earned(benefits: &[EarnedBenefit], facts: &dyn Row) -> Vec<OfferId> {
    benefits.iter().filter(|benefit| benefit.rule.holds(facts)).map(|benefit| benefit.offer).collect()
}

/// Whether better conduct can never make the rule fail.
///
/// # Errors
/// Invalid, with every comparison that could hold good conduct against a customer.
pub fn check_fair(rule: &Rule, conduct: &Conduct) -> Result<()> {
    let mut faults = Vec::new();
    walk(rule, conduct, true, &mut faults);
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::faults("the rule would hold good conduct against a customer", faults))
    }
}

fn walk(rule: &Rule, conduct: &Conduct, positive: bool, faults: &mut Vec<Fault>) {
    match rule {
        Rule::All(rules) | Rule::Any(rules) => rules.iter().for_each(|rule| walk(rule, conduct, positive, faults)),
        Rule::Not(rule) => walk(rule, conduct, !positive, faults),
        Rule::Compare { field, op, .. } => {
            let Some(credit) = conduct.get(&**field) else { return };
            let rising = match op {
                Op::Gt | Op::Ge => Some(positive),
                Op::Lt | Op::Le => Some(!positive),
                // Whether a fact is known does not change with conduct.
                Op::Exists => return,
                Op::Eq | Op::Ne | Op::In | Op::Contains => None,
            };
            let fair = rising == Some(*credit == Credit::More);
            if !fair {
                let way = if *credit == Credit::More { "at least (ge, gt)" } else { "at most (le, lt)" };
                faults.push(Fault::at(&**field, format!("`{rule}`: compare `{field}` only by {way}")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::Value;

    fn conduct() -> Conduct {
        [("claims", Credit::Less), ("calls", Credit::Less), ("tenure", Credit::More)]
            .into_iter()
            .map(|(name, credit)| (name.to_owned(), credit))
            .collect()
    }

    fn any_rule() -> impl Strategy<Value = Rule> {
        let field = prop::sample::select(vec!["claims", "calls", "tenure", "spend"]);
        let op = prop::sample::select(vec![Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::Eq, Op::Ne, Op::Exists]);
        let leaf = (field, op, 0..5i32).prop_map(|(field, op, value)| Rule::Compare {
            field: field.into(),
            op,
            with: vec![if op == Op::Exists { Value::Flag(true) } else { Value::Number(f64::from(value)) }],
        });
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Rule::All),
                prop::collection::vec(inner.clone(), 0..3).prop_map(Rule::Any),
                inner.prop_map(|rule| Rule::Not(Box::new(rule))),
            ]
        })
    }

    fn row(claims: i32, calls: i32, tenure: i32, spend: i32) -> BTreeMap<String, Value> {
        [("claims", claims), ("calls", calls), ("tenure", tenure), ("spend", spend)]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::Number(f64::from(value))))
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]
        #[test]
        fn better_conduct_never_costs_a_benefit(
            rule in any_rule(),
            (claims, calls, tenure, spend) in (0..6i32, 0..6i32, 0..6i32, 0..6i32),
            (fewer, quieter, longer) in (0..6i32, 0..6i32, 0..6i32),
        ) {
            let Ok(benefit) = EarnedBenefit::new(OfferId(1), Arc::new(rule), &conduct()) else { return Ok(()) };
            let before = earned(std::slice::from_ref(&benefit), &row(claims, calls, tenure, spend));
            let better = row((claims - fewer).max(0), (calls - quieter).max(0), tenure + longer, spend);
            let after = earned(&[benefit], &better);
            prop_assert!(after.len() >= before.len());
        }
    }

    #[test]
    fn an_unfair_rule_is_refused_with_the_fix() {
        let unfair =
            Rule::Not(Box::new(Rule::Compare { field: "claims".into(), op: Op::Lt, with: vec![Value::Number(3.0)] }));
        let error = check_fair(&unfair, &conduct()).unwrap_err();
        assert!(error.to_string().contains("compare `claims` only by at most"), "{error}");
    }
}
