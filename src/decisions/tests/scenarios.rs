use super::company::{Company, NOW, candidate, easy_view};
use crate::decisions::allocation::{Price, Prices};
use crate::decisions::sensitivity::sensitivity;
use crate::decisions::*;
use crate::money::Currency;
use crate::random::Stream;

fn eur() -> Currency {
    Currency::parse("EUR").unwrap()
}

/// A candidate of known value: 0.10 x (4,000 - 0.5 x 200) - 0.05 x 4,000 + 30 - 8 - 0.01 x 500 = 207 minor units.
fn known(offer: usize, channel: usize) -> Candidate {
    let mut candidate = candidate(offer, channel, 0, &mut Stream::new(1, "known"));
    candidate.p1 = 0.1;
    candidate.p0 = 0.05;
    candidate.spend = 18.0;
    candidate.terms = ValueTerms {
        margin_with: 4_000.0,
        redeem: 0.5,
        discount: 200.0,
        margin_without: 4_000.0,
        after: 30.0,
        contact_cost: 8.0,
        hazard: 0.01,
        reach_value: 500.0,
        worth: 0.0,
    };
    candidate
}

#[test]
fn the_value_is_the_formula_term_by_term() {
    let mut cared_for = known(1, 1);
    cared_for.terms.worth = 25.0;
    let value = Value::of(&cared_for).unwrap();
    let terms =
        [value.with_contact, value.discount, value.anyway, value.after, value.contact_cost, value.fatigue, value.worth];
    let expected = [400.0, -10.0, -200.0, 30.0, -8.0, -5.0, 25.0];
    assert!(terms.iter().zip(expected).all(|(term, expected)| (term - expected).abs() < 1e-9), "{terms:?}");
    assert!((value.total - 232.0).abs() < 1e-9);
    let changes: [fn(&mut Candidate); 3] =
        [|c| c.p1 = 1.1, |c| c.terms.hazard = f64::NAN, |c| c.terms.reach_value = -1.0];
    for change in changes {
        let mut bad = known(1, 1);
        change(&mut bad);
        assert_eq!(Value::of(&bad), None);
    }
}

#[test]
fn the_explanation_says_why_this_and_why_not_the_others() {
    let mut view = easy_view(1);
    view.consents.retain(|consent| &*consent.channel != "sms");
    let company = Company::new(1, 1);
    let mut weak = known(1, 2);
    weak.terms.contact_cost = 450.0;
    let mut dear = known(3, 0);
    dear.terms.after = 40.0;
    let candidates = [known(1, 0), known(2, 1), weak, dear];
    let mut prices = Prices::free(company.resources.clone());
    prices.entries[3].price = 30_000.0;
    let decision = decide(&view, &candidates, &DecisionPolicy::default(), &prices, 1, NOW);
    let words = decision.trace.words(eur());
    assert_eq!(
        words,
        [
            "offer-1 by email: it adds 2.07 (margin if contacted 4.00, discount redeemed -0.10, margin that comes anyway \
             -2.00, later value 0.30, cost of the contact -0.08, risk of losing the permission -0.05).",
            "Not offer-2 by sms: no consent to be contacted by sms.",
            "Not offer-1 by call: it would add -2.35.",
            "Not offer-3 by email: it would add 2.17, but what it uses is worth 3.00 elsewhere, most of all stock:offer-3.",
        ]
    );
    let json = serde_json::to_value(&decision.trace).unwrap();
    assert_eq!(json["candidates"][1]["outcome"], "refused");
    assert_eq!(json["candidates"][3]["resource"], "stock:offer-3");
}

#[test]
fn a_waterfall_that_ends_in_zero_says_what_to_do() {
    let company = Company::new(2, 50);
    let mut people = company.people.clone();
    people.iter_mut().for_each(|person| person.view.consents.clear());
    people.iter_mut().for_each(|person| person.view.suppressed.clear());
    let result = decide_batch(&people, &company.resources, &DecisionPolicy::default(), 1, NOW).unwrap();
    let words = result.waterfall.words();
    assert_eq!(words[0].trim(), "50  audience");
    assert!(words[2].contains("0  consented   - no_consent"), "{words:?}");
    assert!(words[3].contains("import consents"), "{words:?}");
    assert_eq!(result.value, 0);
}

#[test]
fn a_price_predicts_what_more_capacity_brings() {
    let company = Company::new(11, 3_000);
    let policy = company.policy();
    let result = decide_batch(&company.people, &company.resources, &policy, 11, NOW).unwrap();
    let dearest = |entries: &[Price]| {
        let worth = |entry: &Price| entry.price * entry.resource.capacity as f64;
        (0..entries.len()).max_by(|&a, &b| worth(&entries[a]).total_cmp(&worth(&entries[b]))).unwrap()
    };
    let resource = dearest(&result.prices.entries);
    let found = sensitivity(&company.people, &company.resources, &policy, (11, NOW), resource, 0.1).unwrap();
    assert!(found.price > 0.0 && found.obtained > 0, "{found:?}");
    // More of a resource is worth less and less: what is obtained stays below what the price says, but not far.
    let slack = result.bound * 1e-3;
    assert!(found.obtained as f64 <= found.predicted + slack, "{found:?}");
    assert!(found.obtained as f64 >= 0.5 * found.predicted - slack, "{found:?}");
}

#[test]
fn several_contacts_keep_their_distance() {
    let policy = DecisionPolicy { per_customer: 2, ..DecisionPolicy::default() };
    let prices = Prices::free(Company::new(1, 1).resources);
    let both = decide(&easy_view(1), &[known(1, 0), known(2, 1)], &policy, &prices, 1, NOW);
    assert_eq!(both.chosen.len(), 1, "two contacts at once break the rest between contacts");
    assert!(both.trace.candidates.iter().any(|candidate| matches!(candidate.outcome, Outcome::WithOther { .. })));
}

#[test]
fn a_least_value_is_asked_before_prices() {
    let prices = Prices::free(Company::new(1, 1).resources);
    for (least, contacts) in [(206.0, 1), (208.0, 0)] {
        let policy = DecisionPolicy { least_value: least, ..DecisionPolicy::default() };
        assert_eq!(decide(&easy_view(1), &[known(1, 0)], &policy, &prices, 1, NOW).chosen.len(), contacts);
    }
}

/// A contact that lowers the chance of a purchase is worth less than nothing, were it for free and the offer the best there is.
#[test]
fn who_is_put_off_by_every_contact_gets_none() {
    let prices = Prices::free(Company::new(1, 1).resources);
    let put_off = |mut candidate: Candidate| {
        (candidate.p1, candidate.p0) = (0.10, 0.12);
        candidate.terms = ValueTerms { margin_with: 9_000.0, margin_without: 9_000.0, ..ValueTerms::default() };
        candidate.spend = 0.0;
        candidate
    };
    let decision = decide(
        &easy_view(1),
        &[put_off(known(1, 0)), put_off(known(2, 1))],
        &DecisionPolicy::default(),
        &prices,
        1,
        NOW,
    );
    assert!(decision.chosen.is_empty(), "{:?}", decision.trace.words(eur()));
}
