use proptest::prelude::*;

use super::company::{CHANNELS, Company, NOW, candidate, easy_view};
use crate::decisions::allocation::Prices;
use crate::decisions::exploration::amounts;
use crate::decisions::*;
use crate::random::Stream;

/// Checks by the policy alone, beside the engine: nothing that is to be made is forbidden, together or alone.
fn check_permitted(person: &Person, decision: &Decision, policy: &DecisionPolicy) {
    let mut view = person.view.clone();
    for choice in decision.to_make() {
        let treatment = &choice.treatment;
        let request = ContactRequest {
            channel: &treatment.channel,
            class: treatment.class,
            purpose: &treatment.purpose,
            at: choice.slot.from,
        };
        assert_eq!(check_contact(&policy.contact, &view.contact_facts(), &request, NOW), Verdict::Allowed);
        assert!(policy.eligibility.get(&treatment.offer).is_none_or(|rule| rule.holds(&view.facts)));
        assert!(!view.profiling_objection && !policy.assignment.arm(&view.external_id).is_holdout());
        assert!(decision.arm == Arm::Exploration || choice.value > 0);
        let contact = Contact { channel: treatment.channel.clone(), class: treatment.class, at: choice.slot.from };
        view.contacts.get_or_insert_default().push(contact);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 60, ..ProptestConfig::default() })]
    #[test]
    fn nothing_forbidden_is_chosen_and_no_capacity_is_exceeded(seed: u64, customers in 1usize..120, per_customer in 0usize..4) {
        let company = Company::new(seed, customers);
        let policy = DecisionPolicy { per_customer, ..company.policy() };
        let result = decide_batch(&company.people, &company.resources, &policy, seed, NOW).unwrap();
        let mut used = vec![0; company.resources.len()];
        for (person, decision) in company.people.iter().zip(&result.decisions) {
            check_permitted(person, decision, &policy);
            prop_assert!(decision.to_make().len() <= per_customer.max(1));
            for choice in decision.to_make() {
                amounts(&person.candidates[choice.candidate]).for_each(|(resource, amount)| used[resource] += amount);
            }
        }
        prop_assert_eq!(&used, &result.used);
        for (used, resource) in used.iter().zip(&company.resources) {
            prop_assert!(*used <= resource.capacity, "{} of {}", used, resource.name);
        }
        prop_assert!(result.value as f64 <= result.bound);
        let contacted = result.decisions.iter().filter(|decision| !decision.to_make().is_empty()).count() as u64;
        prop_assert_eq!(result.waterfall.chosen(), contacted, "the waterfall ends with those who are contacted");
    }

    /// Batch and real time are one: at the prices of the run, real time decides as the run did, save what capacity forced.
    #[test]
    fn real_time_repeats_the_batch(seed: u64, per_customer in 1usize..3) {
        let company = Company::new(seed, 80);
        let policy = DecisionPolicy { per_customer, ..company.policy() };
        let result = decide_batch(&company.people, &company.resources, &policy, seed, NOW).unwrap();
        for (person, batch) in company.people.iter().zip(&result.decisions) {
            let single = decide(&person.view, &person.candidates, &policy, &result.prices, seed, NOW);
            if batch.forced || batch.arm != single.arm {
                // An explorer for whom nothing could be set aside is treated in the batch.
                prop_assert!(batch.forced || single.arm == Arm::Exploration);
                continue;
            }
            prop_assert_eq!(&batch.chosen, &single.chosen);
            prop_assert_eq!(batch.propensity, single.propensity);
        }
    }

    /// All else equal, a customer who costs less to serve is worth more to keep: nothing of theirs loses value, so at the same
    /// prices what they get is worth at least as much.
    #[test]
    fn costing_less_to_serve_never_makes_the_choice_worse(seed: u64, cheaper in 0.0f64..500.0) {
        let mut draws = Stream::new(seed, "fairness");
        let view = easy_view(7);
        let candidates: Vec<Candidate> =
            (1..=3).flat_map(|offer| (0..CHANNELS.len()).map(move |channel| (offer, channel))).map(|(offer, channel)| candidate(offer, channel, 0, &mut draws)).collect();
        let better: Vec<Candidate> = candidates
            .iter()
            .cloned()
            .map(|mut candidate| {
                // Keeping this customer is worth `cheaper` more, by the chance that the contact keeps them.
                candidate.terms.after += 0.1 * cheaper;
                candidate
            })
            .collect();
        let prices = Prices::free(Vec::new());
        let policy = DecisionPolicy::default();
        let worth = |candidates: &[Candidate]| {
            decide(&view, candidates, &policy, &prices, seed, NOW).chosen.iter().map(|choice| choice.value).sum::<i64>()
        };
        prop_assert!(worth(&better) >= worth(&candidates));
    }
}

#[test]
fn explorers_draw_uniformly_with_the_logged_probability() {
    let company = Company::new(3, 3_000);
    let mut policy = company.policy();
    policy.exploration.share.share = 0.5;
    policy.exploration.loss = 1e12;
    policy.exploration.reserve = 1.0;
    let mut resources = company.resources.clone();
    resources.iter_mut().for_each(|resource| resource.capacity = 1_000_000_000);
    let result = decide_batch(&company.people, &resources, &policy, 3, NOW).unwrap();
    let explorers: Vec<&Decision> = result.decisions.iter().filter(|d| d.arm == Arm::Exploration).collect();
    // Over all explorers, the draws of "none" must be as many as their probabilities say.
    let expected: f64 = explorers.iter().map(|decision| decision.propensity).sum();
    let variance: f64 = explorers.iter().map(|decision| decision.propensity * (1.0 - decision.propensity)).sum();
    let none = explorers.iter().filter(|decision| decision.chosen.is_empty()).count() as f64;
    assert!(explorers.len() > 1_000, "{}", explorers.len());
    assert!((none - expected).abs() < 4.0 * variance.sqrt(), "{none} drawn, {expected} expected");
    assert!(explorers.iter().all(|d| !d.forced && d.chosen.iter().all(|c| c.treatment.explorable)));
}

#[test]
fn the_holdout_is_decided_in_shadow_and_uses_nothing() {
    let company = Company::new(5, 2_000);
    let policy = company.policy();
    let result = decide_batch(&company.people, &company.resources, &policy, 5, NOW).unwrap();
    let held: Vec<&Decision> = result.decisions.iter().filter(|decision| decision.arm.is_holdout()).collect();
    assert!(held.iter().all(|decision| decision.to_make().is_empty()));
    assert!(held.iter().any(|decision| !decision.chosen.is_empty()), "some would have been contacted");
}
