//! May this customer be contacted, in this way, at this time? One function for the decision and for the moment of sending.
//!
//! It fails closed: what is not known is not allowed.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::view::{Consent, Contact};
use crate::clock::{DAY, HOUR, Timestamp};
use crate::error::{Error, Fault, Result};

/// What a message is. Policy is strictest for marketing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageClass {
    /// It sells: needs consent, stays within caps, cool-downs and quiet hours, and stops at an open complaint.
    #[default]
    Marketing,
    /// It helps with what the customer has: keeps quiet hours and suppressions.
    Service,
    /// The customer or the law asked for it: keeps suppressions only.
    Transactional,
}

/// At most `most` marketing contacts within any `hours` hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// The channel it counts; all channels when there is none.
    #[serde(default)]
    pub channel: Option<Arc<str>>,
    /// Whether the contacts of the whole household or account count.
    #[serde(default)]
    pub household: bool,
    /// The length of the sliding window.
    pub hours: u32,
    /// The most contacts in it.
    pub most: u32,
}

/// Whom one may contact, how often, and when.
///
/// | Name | Default | Purpose | Range |
/// |---|---|---|---|
/// | `caps` | 1 a day, 3 a week, 8 in 30 days | most marketing contacts in sliding windows | |
/// | `hours_between` | 12 | rest after any marketing contact | >= 0 |
/// | `hours_after_purchase` | 24 | rest after a purchase | >= 0 |
/// | `hours_after_return` | 72 | rest after a return | >= 0 |
/// | `hours_after_complaint` | 168 | rest after a complaint, closed or not | >= 0 |
/// | `quiet_hours` | 21-8 | no marketing or service contact in the customer's own zone, `[from, until)` | two hours of the day |
/// | `state_hours` | 48 | oldest serving state that may be trusted | > 0 |
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContactPolicy {
    /// Most marketing contacts in sliding windows.
    pub caps: Vec<Cap>,
    /// Rest after any marketing contact, in hours.
    pub hours_between: u32,
    /// Rest after a purchase, in hours.
    pub hours_after_purchase: u32,
    /// Rest after a return, in hours.
    pub hours_after_return: u32,
    /// Rest after a complaint, in hours.
    pub hours_after_complaint: u32,
    /// No marketing or service contact between these hours of the customer's own day; equal hours mean none are quiet.
    pub quiet_hours: [u8; 2],
    /// Oldest serving state that may be trusted, in hours.
    pub state_hours: u32,
}

impl Default for ContactPolicy {
    fn default() -> ContactPolicy {
        let cap = |days: u32, most| Cap { channel: None, household: false, hours: days * 24, most };
        ContactPolicy {
            caps: vec![cap(1, 1), cap(7, 3), cap(30, 8)],
            hours_between: 12,
            hours_after_purchase: 24,
            hours_after_return: 72,
            hours_after_complaint: 168,
            quiet_hours: [21, 8],
            state_hours: 48,
        }
    }
}

impl ContactPolicy {
    /// Checks every range.
    ///
    /// # Errors
    /// Invalid, with every fault at once.
    pub fn check(self) -> Result<ContactPolicy> {
        let mut faults = Vec::new();
        for (i, cap) in self.caps.iter().enumerate() {
            if cap.hours == 0 {
                faults.push(Fault::at(format!("caps[{i}].hours"), "a window needs at least one hour"));
            }
        }
        if self.quiet_hours.iter().any(|&hour| hour > 23) {
            faults.push(Fault::at("quiet_hours", "two hours of the day, 0 to 23"));
        }
        if self.state_hours == 0 {
            faults.push(Fault::at("state_hours", "must be at least 1"));
        }
        if faults.is_empty() { Ok(self) } else { Err(Error::faults("the contact policy cannot be used", faults)) }
    }
}

/// What the policy reads about a customer.
#[derive(Debug, Clone, Copy)]
pub struct ContactFacts<'a> {
    /// The customer's own zone.
    pub zone: &'a TimeZone,
    /// Answers about contact.
    pub consents: &'a [Consent],
    /// Channels that must not be used.
    pub suppressed: &'a [Arc<str>],
    /// Contacts made and reserved, without the one that is asked for; `None` when not known.
    pub contacts: Option<&'a [Contact]>,
    /// Contacts of the others in the household.
    pub household_contacts: &'a [Contact],
    /// Complaints not closed; `None` when not known.
    pub open_complaints: Option<u32>,
    /// The last purchase.
    pub last_purchase: Option<Timestamp>,
    /// The last return.
    pub last_return: Option<Timestamp>,
    /// The last complaint.
    pub last_complaint: Option<Timestamp>,
    /// When these facts were last brought up to date.
    pub state_at: Option<Timestamp>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContactRequest<'a> {
    /// The channel.
    pub channel: &'a str,
    /// The class of the message.
    pub class: MessageClass,
    /// The purpose whose consent a marketing message needs.
    pub purpose: &'a str,
    /// When the contact would be made.
    pub at: Timestamp,
}

/// Why a contact may not be made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The channel is suppressed for this customer.
    Suppressed(Arc<str>),
    /// There is no consent for this channel and purpose.
    NoConsent(Arc<str>),
    /// The serving state is missing or too old.
    StateUnknown,
    /// It is not known how often the customer was contacted.
    ContactsUnknown,
    /// It is not known whether a complaint is open.
    ComplaintsUnknown,
    /// A complaint is open.
    OpenComplaint,
    /// The most contacts within so many hours are reached.
    Cap {
        /// The channel that is capped; all when there is none.
        channel: Option<Arc<str>>,
        /// Whether the household is counted.
        household: bool,
        /// The window.
        hours: u32,
        /// The most in it.
        most: u32,
    },
    /// Too soon after another contact.
    CoolDown,
    /// Too soon after a purchase.
    AfterPurchase,
    /// Too soon after a return.
    AfterReturn,
    /// Too soon after a complaint.
    AfterComplaint,
    /// The customer's night.
    QuietHours,
}

impl Refusal {
    /// The word in counters and in the store.
    pub fn name(&self) -> &'static str {
        match self {
            Refusal::Suppressed(_) => "suppressed",
            Refusal::NoConsent(_) => "no_consent",
            Refusal::StateUnknown => "state_unknown",
            Refusal::ContactsUnknown => "contacts_unknown",
            Refusal::ComplaintsUnknown => "complaints_unknown",
            Refusal::OpenComplaint => "open_complaint",
            Refusal::Cap { .. } => "cap",
            Refusal::CoolDown => "cool_down",
            Refusal::AfterPurchase => "after_purchase",
            Refusal::AfterReturn => "after_return",
            Refusal::AfterComplaint => "after_complaint",
            Refusal::QuietHours => "quiet_hours",
        }
    }

    /// Whether it is about permission (consent, suppression) rather than about how often and when.
    pub fn is_permission(&self) -> bool {
        matches!(self, Refusal::Suppressed(_) | Refusal::NoConsent(_))
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::Suppressed(channel) => {
                write!(f, "{channel} is suppressed for this customer, or there is no address")
            }
            Refusal::NoConsent(channel) => write!(f, "no consent to be contacted by {channel}"),
            Refusal::StateUnknown => f.write_str("the customer's state is missing or too old"),
            Refusal::ContactsUnknown => f.write_str("it is not known how often the customer was contacted"),
            Refusal::ComplaintsUnknown => f.write_str("it is not known whether a complaint is open"),
            Refusal::OpenComplaint => f.write_str("a complaint is open"),
            Refusal::Cap { channel, household, hours, most } => {
                let who = if *household { "the household has" } else { "the customer has" };
                let by = channel.as_ref().map(|channel| format!(" by {channel}")).unwrap_or_default();
                write!(f, "{who} had the most contacts{by}: {most} in {}", span(*hours))
            }
            Refusal::CoolDown => f.write_str("too soon after the last contact"),
            Refusal::AfterPurchase => f.write_str("too soon after a purchase"),
            Refusal::AfterReturn => f.write_str("too soon after a return"),
            Refusal::AfterComplaint => f.write_str("too soon after a complaint"),
            Refusal::QuietHours => f.write_str("quiet hours where the customer lives"),
        }
    }
}

fn span(hours: u32) -> String {
    match hours {
        1 => "an hour".into(),
        24 => "a day".into(),
        168 => "a week".into(),
        hours if hours % 24 == 0 => format!("{} days", hours / 24),
        hours => format!("{hours} hours"),
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be made.
    Allowed,
    /// It may not.
    Refused(Refusal),
    /// Not now; ask again at this instant.
    NotBefore(Timestamp, Refusal),
}

impl Verdict {
    /// Why not, when not.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Verdict::Allowed => None,
            Verdict::Refused(refusal) | Verdict::NotBefore(_, refusal) => Some(refusal),
        }
    }
}

/// Whether the contact may be made at `request.at`, as far as is known at `now`.
///
/// The order of the checks is: suppression, consent, known state, complaint, rests and caps, quiet hours; so a refusal for
/// good is named before one that time heals. Reserved contacts later than `request.at` count too, in every window that would
/// hold both.
pub fn check_contact(
    policy: &ContactPolicy,
    facts: &ContactFacts,
    request: &ContactRequest,
    now: Timestamp,
) -> Verdict {
    if let Some(channel) = facts.suppressed.iter().find(|channel| &***channel == request.channel) {
        return Verdict::Refused(Refusal::Suppressed(channel.clone()));
    }
    if request.class == MessageClass::Transactional {
        return Verdict::Allowed;
    }
    if request.class == MessageClass::Marketing {
        if let Some(refusal) = permission(policy, facts, request, now) {
            return Verdict::Refused(refusal);
        }
        if let Some(later) = rests(policy, facts, request).or_else(|| capped(policy, facts, request)) {
            return later;
        }
    }
    match quiet_until(policy.quiet_hours, facts.zone, request.at) {
        Some(until) => Verdict::NotBefore(until, Refusal::QuietHours),
        None => Verdict::Allowed,
    }
}

/// What no waiting heals.
fn permission(
    policy: &ContactPolicy,
    facts: &ContactFacts,
    request: &ContactRequest,
    now: Timestamp,
) -> Option<Refusal> {
    let answers = facts.consents.iter().filter(|c| &*c.channel == request.channel && &*c.purpose == request.purpose);
    // Two answers that contradict each other are no consent.
    let granted: Vec<bool> = answers.map(|consent| consent.granted).collect();
    if granted.is_empty() || granted.contains(&false) {
        return Some(Refusal::NoConsent(request.channel.into()));
    }
    let fresh = facts.state_at.is_some_and(|at| now.0.saturating_sub(at.0) <= i64::from(policy.state_hours) * HOUR);
    if !fresh {
        return Some(Refusal::StateUnknown);
    }
    match facts.open_complaints {
        None => Some(Refusal::ComplaintsUnknown),
        Some(0) => facts.contacts.is_none().then_some(Refusal::ContactsUnknown),
        Some(_) => Some(Refusal::OpenComplaint),
    }
}

/// Rests after contacts, purchases, returns and complaints; the one that ends last is named.
fn rests(policy: &ContactPolicy, facts: &ContactFacts, request: &ContactRequest) -> Option<Verdict> {
    let between = i64::from(policy.hours_between) * HOUR;
    let near =
        |contact: &&Contact| contact.class == MessageClass::Marketing && (contact.at.0 - request.at.0).abs() < between;
    let last_contact = facts.contacts.unwrap_or_default().iter().filter(near).map(|contact| contact.at).max();
    let ends = [
        (last_contact, policy.hours_between, Refusal::CoolDown),
        (facts.last_purchase, policy.hours_after_purchase, Refusal::AfterPurchase),
        (facts.last_return, policy.hours_after_return, Refusal::AfterReturn),
        (facts.last_complaint, policy.hours_after_complaint, Refusal::AfterComplaint),
    ];
    ends.into_iter()
        .filter_map(|(event, hours, refusal)| Some((event?.plus(i64::from(hours) * HOUR), refusal)))
        .filter(|(end, _)| *end > request.at)
        .max_by_key(|(end, _)| *end)
        .map(|(end, refusal)| Verdict::NotBefore(end, refusal))
}

/// The first cap that would be broken, with the instant from which no window breaks it any more.
fn capped(policy: &ContactPolicy, facts: &ContactFacts, request: &ContactRequest) -> Option<Verdict> {
    policy.caps.iter().find_map(|cap| {
        if cap.channel.as_ref().is_some_and(|channel| &**channel != request.channel) {
            return None;
        }
        let household: &[Contact] = if cap.household { facts.household_contacts } else { &[] };
        let mut times: Vec<i64> = (facts.contacts.unwrap_or_default().iter().chain(household))
            .filter(|c| c.class == MessageClass::Marketing && cap.channel.as_ref().is_none_or(|ch| *ch == c.channel))
            .map(|contact| contact.at.0)
            .collect();
        times.sort_unstable();
        let free = free_from(&times, request.at.0, i64::from(cap.hours) * HOUR, cap.most as usize)?;
        if free == request.at.0 {
            return None;
        }
        let refusal =
            Refusal::Cap { channel: cap.channel.clone(), household: cap.household, hours: cap.hours, most: cap.most };
        Some(if free == i64::MAX { Verdict::Refused(refusal) } else { Verdict::NotBefore(Timestamp(free), refusal) })
    })
}

/// The first instant from `at` on at which one more contact keeps every half-open window of `length` within `most`.
/// `times` are sorted. `Some(i64::MAX)` when there is none (`most` is 0).
fn free_from(times: &[i64], at: i64, length: i64, most: usize) -> Option<i64> {
    if most == 0 {
        return Some(i64::MAX);
    }
    let mut at = at;
    loop {
        // Contacts less than a window away on either side; any `most` of them in a row that fit into one window with `at`
        // would be one too many.
        let near: Vec<i64> = times.iter().copied().filter(|time| (time - at).abs() < length).collect();
        let full = near.windows(most).filter(|run| {
            let (first, last) = (run[0].min(at), run[most - 1].max(at));
            last - first < length
        });
        match full.map(|run| run[0]).max() {
            None => return Some(at),
            Some(first) => at = (first + length).max(at + 1),
        }
    }
}

/// Whether an hour of the day lies in the quiet ones, `[from, until)`; equal hours mean none are quiet.
pub fn is_quiet([from, until]: [u8; 2], hour: u8) -> bool {
    if from <= until { (from..until).contains(&hour) } else { hour >= from || hour < until }
}

/// The end of the quiet hours that hold `at` in this zone; `None` when it is not quiet then. Local midnight and the hours are
/// computed on the civil calendar, so that a change of the clock neither shortens nor skips them.
fn quiet_until(hours: [u8; 2], zone: &TimeZone, at: Timestamp) -> Option<Timestamp> {
    let [from, until] = hours;
    if from == until {
        return None;
    }
    let local = at.to_jiff().to_zoned(zone.clone());
    let hour = local.hour() as u8;
    if !is_quiet(hours, hour) {
        return None;
    }
    let date = if hour >= until { local.date().tomorrow().unwrap_or(local.date()) } else { local.date() };
    let end = date.at(until as i8, 0, 0, 0).to_zoned(zone.clone()).ok();
    // A calendar that ends (year 9999) keeps the contact back for a day.
    let end = end.map_or(at.plus(DAY), |end| Timestamp(end.timestamp().as_microsecond()));
    Some(if end > at { end } else { at.plus(HOUR) })
}

#[cfg(test)]
mod tests;
