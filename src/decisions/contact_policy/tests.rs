use proptest::prelude::*;

use super::*;

const NOON: &str = "2026-03-10T12:00:00Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Facts that allow everything, to be changed one by one.
struct Person {
    zone: TimeZone,
    consents: Vec<Consent>,
    suppressed: Vec<Arc<str>>,
    contacts: Option<Vec<Contact>>,
    household: Vec<Contact>,
    complaints: Option<u32>,
    purchase: Option<Timestamp>,
    state_at: Option<Timestamp>,
}

impl Person {
    fn new() -> Person {
        let consent = |channel: &str| Consent { channel: channel.into(), purpose: "marketing".into(), granted: true };
        Person {
            zone: TimeZone::UTC,
            consents: vec![consent("email"), consent("call")],
            suppressed: Vec::new(),
            contacts: Some(Vec::new()),
            household: Vec::new(),
            complaints: Some(0),
            purchase: None,
            state_at: Some(at(NOON)),
        }
    }

    fn facts(&self) -> ContactFacts<'_> {
        ContactFacts {
            zone: &self.zone,
            consents: &self.consents,
            suppressed: &self.suppressed,
            contacts: self.contacts.as_deref(),
            household_contacts: &self.household,
            open_complaints: self.complaints,
            last_purchase: self.purchase,
            last_return: None,
            last_complaint: None,
            state_at: self.state_at,
        }
    }

    fn ask(&self, policy: &ContactPolicy, class: MessageClass, when: Timestamp) -> Verdict {
        let request = ContactRequest { channel: "email", class, purpose: "marketing", at: when };
        check_contact(policy, &self.facts(), &request, at(NOON))
    }

    fn marketing(&self, when: &str) -> Verdict {
        self.ask(&ContactPolicy::default(), MessageClass::Marketing, at(when))
    }
}

fn email(when: Timestamp) -> Contact {
    Contact { channel: "email".into(), class: MessageClass::Marketing, at: when }
}

#[test]
fn what_is_not_known_is_not_allowed() {
    assert_eq!(Person::new().marketing(NOON), Verdict::Allowed);
    type Change = fn(&mut Person);
    let changes: [(Change, Refusal); 8] = [
        (|p| p.consents.clear(), Refusal::NoConsent("email".into())),
        (|p| p.consents[0].purpose = "service".into(), Refusal::NoConsent("email".into())),
        (|p| p.consents.push(Consent { granted: false, ..p.consents[0].clone() }), Refusal::NoConsent("email".into())),
        (|p| p.contacts = None, Refusal::ContactsUnknown),
        (|p| p.complaints = None, Refusal::ComplaintsUnknown),
        (|p| p.state_at = None, Refusal::StateUnknown),
        (|p| p.state_at = Some(at("2026-03-08T11:59:59Z")), Refusal::StateUnknown),
        (|p| p.suppressed.push("email".into()), Refusal::Suppressed("email".into())),
    ];
    for (change, refusal) in changes {
        let mut person = Person::new();
        change(&mut person);
        assert_eq!(person.marketing(NOON), Verdict::Refused(refusal));
    }
}

#[test]
fn classes_differ_in_what_stops_them() {
    let policy = ContactPolicy::default();
    let mut person = Person::new();
    person.complaints = Some(1);
    person.consents.clear();
    let night = at("2026-03-10T23:00:00Z");
    assert_eq!(person.ask(&policy, MessageClass::Service, at(NOON)), Verdict::Allowed);
    assert!(matches!(person.ask(&policy, MessageClass::Service, night), Verdict::NotBefore(_, Refusal::QuietHours)));
    assert_eq!(person.ask(&policy, MessageClass::Transactional, night), Verdict::Allowed);
    person.suppressed.push("email".into());
    for class in [MessageClass::Service, MessageClass::Transactional] {
        assert_eq!(person.ask(&policy, class, at(NOON)), Verdict::Refused(Refusal::Suppressed("email".into())));
    }
}

#[test]
fn an_open_complaint_stops_selling() {
    let mut person = Person::new();
    person.complaints = Some(1);
    assert_eq!(person.marketing(NOON), Verdict::Refused(Refusal::OpenComplaint));
}

#[test]
fn caps_slide_and_name_the_instant_from_which_they_are_free() {
    let policy = ContactPolicy {
        caps: vec![Cap { channel: Some("email".into()), household: false, hours: 48, most: 2 }],
        hours_between: 0,
        quiet_hours: [0, 0],
        ..ContactPolicy::default()
    };
    let mut person = Person::new();
    person.contacts = Some(vec![email(at("2026-03-09T10:00:00Z")), email(at("2026-03-08T15:00:00Z"))]);
    let refused = person.ask(&policy, MessageClass::Marketing, at(NOON));
    let Verdict::NotBefore(free, refusal @ Refusal::Cap { .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(free, at("2026-03-10T15:00:00Z"));
    assert_eq!(refusal.to_string(), "the customer has had the most contacts by email: 2 in 2 days");
    assert_eq!(person.ask(&policy, MessageClass::Marketing, free), Verdict::Allowed);
    // Calls and service messages do not count against a cap on marketing by e-mail.
    for contact in person.contacts.as_mut().unwrap() {
        contact.channel = "call".into();
    }
    assert_eq!(person.ask(&policy, MessageClass::Marketing, at(NOON)), Verdict::Allowed);
}

#[test]
fn a_household_is_counted_where_the_cap_says_so() {
    let mut policy = ContactPolicy { hours_between: 0, ..ContactPolicy::default() };
    policy.caps = vec![Cap { channel: None, household: true, hours: 24, most: 1 }];
    let mut person = Person::new();
    person.household = vec![email(at("2026-03-10T09:00:00Z"))];
    let verdict = person.ask(&policy, MessageClass::Marketing, at(NOON));
    assert!(matches!(verdict.refusal(), Some(Refusal::Cap { household: true, .. })), "{verdict:?}");
    policy.caps[0].household = false;
    assert_eq!(person.ask(&policy, MessageClass::Marketing, at(NOON)), Verdict::Allowed);
}

#[test]
fn rests_follow_contacts_and_purchases() {
    let mut person = Person::new();
    person.purchase = Some(at("2026-03-10T06:00:00Z"));
    assert_eq!(person.marketing(NOON), Verdict::NotBefore(at("2026-03-11T06:00:00Z"), Refusal::AfterPurchase));
    person.purchase = None;
    // A contact that is reserved for later keeps its distance on both sides.
    person.contacts = Some(vec![email(at("2026-03-10T20:00:00Z"))]);
    assert_eq!(person.marketing(NOON), Verdict::NotBefore(at("2026-03-11T08:00:00Z"), Refusal::CoolDown));
}

#[test]
fn quiet_hours_are_the_customers_own_also_when_clocks_change() {
    let mut person = Person::new();
    let policy = ContactPolicy { state_hours: 24 * 400, ..ContactPolicy::default() };
    let ask = |person: &Person, when: &str| person.ask(&policy, MessageClass::Marketing, at(when));
    person.zone = crate::clock::zone("Europe/Sofia").unwrap();
    // Sofia: UTC+2 until 2026-03-29 01:00 UTC, then UTC+3. 8 o'clock comes at 06:00 UTC the day before, 05:00 UTC that day.
    let quiet = |until: &str| Verdict::NotBefore(at(until), Refusal::QuietHours);
    assert_eq!(ask(&person, "2026-03-27T20:30:00Z"), quiet("2026-03-28T06:00:00Z"));
    assert_eq!(ask(&person, "2026-03-28T20:30:00Z"), quiet("2026-03-29T05:00:00Z"));
    assert_eq!(ask(&person, "2026-03-29T05:00:00Z"), Verdict::Allowed);
    assert_eq!(ask(&person, "2026-03-29T04:59:59Z"), quiet("2026-03-29T05:00:00Z"));
    // In autumn the night is an hour longer: 8 o'clock on 2026-10-25 is 06:00 UTC.
    assert_eq!(ask(&person, "2026-10-24T18:30:00Z"), quiet("2026-10-25T06:00:00Z"));
    person.zone = crate::clock::zone("America/New_York").unwrap();
    assert_eq!(ask(&person, "2026-03-10T12:00:00Z"), Verdict::Allowed, "8 o'clock in New York");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 500, ..ProptestConfig::default() })]
    /// Contacts made whenever the policy allows it never break a cap, whatever the history and the requests.
    #[test]
    fn what_is_allowed_never_breaks_a_cap(
        requests in prop::collection::vec(0i64..24 * 20, 1..60),
        caps in prop::collection::vec((1u32..120, 0u32..4), 1..3),
    ) {
        let policy = ContactPolicy {
            caps: caps.iter().map(|&(hours, most)| Cap { channel: None, household: false, hours, most }).collect(),
            hours_between: 5,
            state_hours: 24 * 30,
            ..ContactPolicy::default()
        };
        let mut person = Person::new();
        for hour in requests {
            let when = at(NOON).plus(hour * HOUR);
            match person.ask(&policy, MessageClass::Marketing, when) {
                Verdict::Allowed => person.contacts.get_or_insert_default().push(email(when)),
                Verdict::NotBefore(later, _) => prop_assert!(later > when, "the advice must lead on"),
                Verdict::Refused(refusal) => {
                    let never = matches!(refusal, Refusal::Cap { most: 0, .. });
                    prop_assert!(never, "{}", refusal);
                }
            }
        }
        let mut times: Vec<i64> = person.contacts.unwrap().iter().map(|contact| contact.at.0 / HOUR).collect();
        times.sort_unstable();
        prop_assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 5));
        for (hours, most) in caps {
            for (i, &first) in times.iter().enumerate() {
                let inside = times[i..].iter().filter(|&&time| time - first < i64::from(hours)).count();
                prop_assert!(inside <= most as usize, "{} within {} hours, at most {}", inside, hours, most);
            }
        }
        let awake = times.iter().all(|hour| (8..21).contains(&((hour - at(NOON).0 / HOUR + 12) % 24)));
        prop_assert!(awake, "a contact in quiet hours");
    }
}
