//! What to do next for a customer, and what to say: for whoever answers an inquiry, and for whoever takes an account over.

use serde::Serialize;

use super::recovery::{self, Recovery};
use crate::clock::{DAY, Timestamp};
use crate::customers::service::{self as store, AccountOwner, Note, Task};
use crate::customers::{Customer, CustomerState, store as customers};
use crate::decisions::store::{self as decisions, DecisionRow};
use crate::deliveries::incoming::log::{self, Inquiry};
use crate::error::Result;
use crate::models::lifetime_score;
use crate::money::Money;
use crate::offers::store as offers;
use crate::operations::Workspace;
use crate::storage::Connection;

/// Days after which a decision says nothing of now.
const FRESH_DAYS: i64 = 30;
/// Notes of a summary.
const NOTES: i64 = 5;

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Solve the open complaint, and make good.
    Recover,
    /// Answer, and nothing else.
    Answer,
    /// Answer, and propose what was decided for them.
    Propose,
    /// Answer, and ask what is missing: they are about to leave.
    Keep,
    /// Answer, and help with the first steps.
    Welcome,
}

/// The next best action, and what to say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Advice {
    /// What to do.
    pub action: Action,
    /// Sentences to say, in this order.
    pub say: Vec<String>,
    /// Why.
    pub why: Vec<String>,
    /// The offer to propose, where one is.
    pub offer: Option<String>,
    /// What making good may cost at most.
    pub recovery: Option<Recovery>,
}

/// An inquiry with what to do about it.
#[derive(Serialize)]
pub struct InquiryShown {
    /// The company's own key of who asks.
    pub customer: Option<String>,
    /// The inquiry.
    #[serde(flatten)]
    pub inquiry: Inquiry,
    /// What to do and say; none after an erasure.
    pub advice: Option<Advice>,
}

/// One inquiry with the next best action beside it.
///
/// # Errors
/// Not found.
pub fn inquiry(ws: &Workspace, id: i64) -> Result<InquiryShown> {
    let now = ws.now();
    ws.store().read(|conn| {
        let inquiry = log::inquiry(conn, id)?;
        let customer = customers::by_id(conn, inquiry.customer_id)?;
        let advice = customer.as_ref().map(|customer| advise(ws, conn, customer, now)).transpose()?;
        Ok(InquiryShown { customer: customer.map(|customer| customer.external_id), inquiry, advice })
    })
}

/// What to do next for a customer.
///
/// # Errors
/// Not found.
pub fn advice(ws: &Workspace, customer: &str) -> Result<Advice> {
    let now = ws.now();
    ws.store().read(|conn| {
        let customer = customers::by_external_id(conn, customer)?;
        advise(ws, conn, &customer, now)
    })
}

fn advise(ws: &Workspace, conn: &mut Connection, customer: &Customer, now: Timestamp) -> Result<Advice> {
    let state = customers::state_of(conn, customer.id)?;
    let complaints = state.as_ref().map_or(0, |state| state.open_complaints);
    if complaints > 0 {
        let recovery = recovery::of_customer(ws, conn, customer.id, now)?;
        return Ok(recover(ws, complaints, recovery));
    }
    let decided = decisions::of_customer(conn, customer.id, None, 20)?;
    let proposal = proposal(conn, customer, &decided, now)?;
    Ok(without_complaint(ws, customer, state.as_ref(), proposal))
}

fn recover(ws: &Workspace, complaints: i64, recovery: Option<Recovery>) -> Advice {
    let currency = ws.settings().currency;
    let mut say = vec![
        "Thank you for telling us. I am sorry for what happened.".to_owned(),
        "This is what I do about it now, and this is when it will be done: ...".to_owned(),
    ];
    let mut why = vec![format!("{complaints} open complaints: no offer until they are solved")];
    if let Some(found) = recovery.filter(|found| found.worth > Money::ZERO) {
        say.push("May I make it good with ...?".to_owned());
        why.push(format!(
            "winning this client back is worth {} {} ({} of it by what others hear): making good may cost as much",
            currency.show(found.worth),
            currency.code(),
            currency.show(found.word_of_mouth)
        ));
    }
    Advice { action: Action::Recover, say, why, offer: None, recovery }
}

/// An offer that was decided for the customer lately.
struct Proposal {
    offer: String,
    title: String,
    description: Option<String>,
}

fn proposal(
    conn: &mut Connection,
    customer: &Customer,
    decided: &[DecisionRow],
    now: Timestamp,
) -> Result<Option<Proposal>> {
    // In the holdout nothing is proposed, whatever would have been.
    let fresh = decided.iter().find(|row| row.decided_at >= now.plus(-FRESH_DAYS * DAY));
    let made = fresh.filter(|row| row.arm().is_some_and(|arm| !arm.is_holdout()));
    let Some(name) = made.and_then(|row| row.offer.clone()) else { return Ok(None) };
    let Ok(offer) = offers::by_name(conn, &name) else { return Ok(None) };
    if offer.spec.valid_until.is_some_and(|until| until <= now) || offer.left() == Some(0) {
        return Ok(None);
    }
    let language = customer.locale.as_deref().and_then(|locale| locale.split(['-', '_']).next()).unwrap_or("en");
    let in_language = |texts: &std::collections::BTreeMap<String, String>| {
        texts.get(language).or_else(|| texts.get("en")).or_else(|| texts.values().next()).cloned()
    };
    Ok(Some(Proposal {
        title: in_language(&offer.spec.title).unwrap_or_else(|| name.clone()),
        description: in_language(&offer.spec.description),
        offer: name,
    }))
}

fn without_complaint(
    ws: &Workspace,
    customer: &Customer,
    state: Option<&CustomerState>,
    proposal: Option<Proposal>,
) -> Advice {
    let currency = ws.settings().currency;
    let stage = state.and_then(|state| state.stage.as_deref()).unwrap_or("prospect");
    let (mut say, mut why) = (vec!["Thank you for your question. ...".to_owned()], Vec::new());
    let mut action = Action::Answer;
    if customer.profiling_objection {
        why.push("objects to profiling: answer the question only".to_owned());
        return Advice { action, say, why, offer: None, recovery: None };
    }
    match stage {
        "at_risk" | "lapsed" => {
            action = Action::Keep;
            say.push("May I ask what you were missing with us?".to_owned());
            why.push(format!("stage {}: likely to leave, or gone", stage.replace('_', " ")));
        }
        "new" | "prospect" => {
            action = Action::Welcome;
            say.push("Is there anything I can help you with to begin?".to_owned());
            why.push(format!("stage {stage}"));
        }
        "loyal" | "won_back" => {
            say.push("Thank you for staying with us.".to_owned());
            why.push(format!("stage {}", stage.replace('_', " ")));
        }
        _ => why.push(format!("stage {stage}")),
    }
    if let Some(state) = state.filter(|state| state.orders > 0) {
        why.push(format!("{} orders, profit so far {} {}", state.orders, currency.show(state.profit), currency.code()));
    }
    let offer = proposal.map(|proposal| {
        if action == Action::Answer {
            action = Action::Propose;
        }
        let more = proposal.description.map_or_else(String::new, |text| format!(": {text}"));
        say.push(format!("There is something for you: {}{more}", proposal.title));
        why.push("was decided for them lately, and is still there".to_owned());
        proposal.offer
    });
    Advice { action, say, why, offer, recovery: None }
}

/// What whoever takes an account over should know.
#[derive(Serialize)]
pub struct Summary {
    /// The company's own key.
    pub customer: String,
    /// In sentences.
    pub words: Vec<String>,
    /// Who looks after the account.
    pub owner: Option<AccountOwner>,
    /// What is still to be done, newest first.
    pub tasks: Vec<Task>,
    /// The last notes, newest first.
    pub notes: Vec<Note>,
    /// Questions that wait for an answer.
    pub inquiries: Vec<Inquiry>,
    /// Keys of the people whom the customer brought.
    pub brought: Vec<String>,
    /// What to do next.
    pub advice: Advice,
}

/// The summary of a customer.
///
/// # Errors
/// Not found.
pub fn summary(ws: &Workspace, customer: &str) -> Result<Summary> {
    let now = ws.now();
    ws.store().read(|conn| {
        let customer = customers::by_external_id(conn, customer)?;
        let (id, state) = (customer.id, customers::state_of(conn, customer.id)?);
        let owner = store::owner_of(conn, id)?;
        let tasks: Vec<Task> =
            store::tasks_of(conn, id, None, 100)?.into_iter().filter(|task| task.closed_at.is_none()).collect();
        let inquiries = log::open_of(conn, id)?;
        let value = lifetime_score::of_customer(conn, id)?.map(|score| score.predicted);
        let brought: Vec<_> = store::brought_by(conn, id)?.into_iter().map(|(id, _)| id).collect();
        let mut brought: Vec<String> = customers::external_ids(conn, &brought)?.into_values().collect();
        brought.sort_unstable();
        let words = words(ws, &customer, state.as_ref(), value, [tasks.len(), inquiries.len(), brought.len()], now);
        Ok(Summary {
            words,
            owner,
            tasks,
            notes: store::notes(conn, id, None, NOTES)?,
            inquiries,
            brought,
            advice: advise(ws, conn, &customer, now)?,
            customer: customer.external_id,
        })
    })
}

fn words(
    ws: &Workspace,
    customer: &Customer,
    state: Option<&CustomerState>,
    value: Option<Money>,
    [tasks, inquiries, brought]: [usize; 3],
    now: Timestamp,
) -> Vec<String> {
    let currency = ws.settings().currency;
    let money = |amount: Money| format!("{} {}", currency.show(amount), currency.code());
    let days = |at: Timestamp| now.days_since(at).floor();
    let mut words = vec![format!(
        "A {}, in the language {}.",
        customer.kind,
        customer.locale.as_deref().unwrap_or("of the company")
    )];
    if let Some(since) = customer.acquired_at {
        words.push(format!("Won {} days ago.", days(since)));
    }
    if let Some(state) = state {
        let stage = state.stage.as_deref().map(|stage| format!(", stage {}", stage.replace('_', " ")));
        words.push(format!(
            "{} orders for {}, profit so far {}{}.",
            state.orders,
            money(state.revenue),
            money(state.profit),
            stage.unwrap_or_default()
        ));
        if let Some(last) = state.last_order_at {
            words.push(format!("The last order was {} days ago.", days(last)));
        }
        if state.open_complaints > 0 {
            words.push(format!("{} complaints are open.", state.open_complaints));
        }
        if let Some(leaving) = state.score_map().get("churn").filter(|_| !customer.profiling_objection) {
            words.push(format!("The chance of leaving is {:.0} %.", leaving * 100.0));
        }
    }
    if let Some(value) = value.filter(|_| !customer.profiling_objection) {
        words.push(format!("Expected still to bring {}.", money(value)));
    }
    if brought > 0 {
        words.push(format!("Brought {brought} people."));
    }
    if tasks + inquiries > 0 {
        words.push(format!("{tasks} tasks and {inquiries} questions are open."));
    }
    if customer.profiling_objection {
        words.push("Objects to profiling.".to_owned());
    }
    words
}
