//! The service side: notes, tasks, who looks after an account, who brought whom, and what to do and say next.
//!
//! | file | what |
//! |---|---|
//! | `mod.rs` | what staff write down |
//! | `recovery.rs` | what winning an unhappy client back is worth, with word of mouth |
//! | `advice.rs` | next best action, and what to say |
//! | `satisfaction.rs` | answers to surveys and complaints by team |

pub mod advice;
pub mod recovery;
pub mod satisfaction;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::customers::service::{self as store, AccountOwner, Note, Task};
use crate::customers::store as customers;
use crate::error::{Error, Fault, Result};
use crate::history::facts::EVENT;
use crate::history::{Fact, History, Value};
use crate::ids;
use crate::operations::{Workspace, audit, leads};

/// Longest note or task.
const LONGEST: usize = 4_000;
/// Longest name of a person or team.
const LONGEST_NAME: usize = 200;
/// The event by which history knows that a client brought somebody.
pub const REFERRAL: &str = "referral";

fn text_fault(key: &str, text: &str, longest: usize, lines: bool) -> Option<Fault> {
    let good = |c: char| !c.is_control() || (lines && c == '\n');
    let sound = !text.trim().is_empty() && text.chars().count() <= longest && text.chars().all(good);
    (!sound).then(|| Fault::at(key, format!("must have 1 to {longest} characters and no control characters")))
}

fn demand(what: &str, faults: Vec<Option<Fault>>) -> Result<()> {
    let faults: Vec<Fault> = faults.into_iter().flatten().collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::faults(format!("the {what} cannot be kept"), faults)) }
}

/// Writes a note about a customer.
///
/// # Errors
/// Not found; invalid, with every fault.
pub fn note(ws: &Workspace, customer: &str, text: &str, actor: &str) -> Result<Note> {
    demand("note", vec![text_fault("text", text, LONGEST, true)])?;
    let now = ws.now();
    ws.store().write(|conn| {
        let id = customers::by_external_id(conn, customer)?.id;
        let row =
            Note { id: ids::fresh(now), customer_id: id, text: text.to_owned(), author: actor.to_owned(), at: now };
        store::add_note(conn, &row)?;
        audit::write(conn, actor, "note.add", &id.to_string(), "", now)?;
        Ok(row)
    })
}

/// A customer's notes, newest first.
///
/// # Errors
/// Not found.
pub fn notes(ws: &Workspace, customer: &str, before: Option<i64>, limit: i64) -> Result<Vec<Note>> {
    ws.store().read(|conn| {
        let id = customers::by_external_id(conn, customer)?.id;
        store::notes(conn, id, before, limit)
    })
}

/// Something to do for a customer, as asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    /// What.
    pub text: String,
    /// Who does it.
    pub owner: String,
    /// Until when.
    pub due_at: Timestamp,
}

/// A task with its customer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskShown {
    /// The company's own key.
    pub customer: Option<String>,
    /// Whether its time has passed.
    pub overdue: bool,
    /// The task.
    #[serde(flatten)]
    pub task: Task,
}

/// Adds a task.
///
/// # Errors
/// Not found; invalid, with every fault.
pub fn task(ws: &Workspace, customer: &str, new: &NewTask, actor: &str) -> Result<Task> {
    demand(
        "task",
        vec![text_fault("text", &new.text, LONGEST, true), text_fault("owner", &new.owner, LONGEST_NAME, false)],
    )?;
    let now = ws.now();
    ws.store().write(|conn| {
        let id = customers::by_external_id(conn, customer)?.id;
        let row = Task {
            id: ids::fresh(now),
            customer_id: id,
            text: new.text.clone(),
            owner: new.owner.clone(),
            due_at: new.due_at,
            created_by: actor.to_owned(),
            created_at: now,
            closed_by: None,
            closed_at: None,
        };
        store::add_task(conn, &row)?;
        audit::write(conn, actor, "task.add", &id.to_string(), &row.id.to_string(), now)?;
        Ok(row)
    })
}

/// A customer's tasks, newest first.
///
/// # Errors
/// Not found.
pub fn tasks(ws: &Workspace, customer: &str, before: Option<i64>, limit: i64) -> Result<Vec<Task>> {
    ws.store().read(|conn| {
        let id = customers::by_external_id(conn, customer)?.id;
        store::tasks_of(conn, id, before, limit)
    })
}

/// Open tasks of one person or of all, by id.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn open_tasks(ws: &Workspace, owner: Option<&str>, after: Option<i64>, limit: i64) -> Result<Vec<TaskShown>> {
    let now = ws.now();
    ws.store().read(|conn| {
        let tasks = store::open_tasks(conn, owner, after, limit)?;
        let ids: Vec<_> = tasks.iter().map(|task| task.customer_id).collect();
        let keys = customers::external_ids(conn, &ids)?;
        let shown =
            |task: Task| TaskShown { customer: keys.get(&task.customer_id).cloned(), overdue: task.due_at < now, task };
        Ok(tasks.into_iter().map(shown).collect())
    })
}

/// Closes a task.
///
/// # Errors
/// Not found; conflict when it is closed already.
pub fn close_task(ws: &Workspace, id: i64, actor: &str) -> Result<Task> {
    let now = ws.now();
    ws.store().write(|conn| {
        let task = store::close_task(conn, id, actor, now)?;
        audit::write(conn, actor, "task.close", &task.customer_id.to_string(), &id.to_string(), now)?;
        Ok(task)
    })
}

/// Who is to look after an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOwner {
    /// Who.
    pub owner: String,
    /// In which team.
    pub team: String,
}

/// Sets who looks after a customer.
///
/// # Errors
/// Not found; invalid, with every fault.
pub fn set_owner(ws: &Workspace, customer: &str, new: &NewOwner, actor: &str) -> Result<AccountOwner> {
    demand(
        "owner",
        vec![text_fault("owner", &new.owner, LONGEST_NAME, false), text_fault("team", &new.team, LONGEST_NAME, false)],
    )?;
    let now = ws.now();
    ws.store().write(|conn| {
        let id = customers::by_external_id(conn, customer)?.id;
        let row = AccountOwner { customer_id: id, owner: new.owner.clone(), team: new.team.clone(), since: now };
        store::set_owner(conn, &row)?;
        audit::write(conn, actor, "owner.put", &id.to_string(), &new.team, now)?;
        Ok(row)
    })
}

/// One client brought another person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewReferral {
    /// The company's own key of the client.
    pub customer: String,
    /// The key of the person; one who is not known becomes a prospect.
    pub referred: String,
    /// When; now when absent.
    #[serde(default)]
    pub occurred_at: Option<Timestamp>,
}

/// Records that a client brought somebody: in the store who brought whom, in history that it happened. A person is brought once.
///
/// # Errors
/// Not found for the client; invalid for one who brings themselves, or for an instant to come.
pub fn refer(ws: &Workspace, new: &NewReferral, actor: &str) -> Result<bool> {
    let now = ws.now();
    let at = new.occurred_at.unwrap_or(now);
    let late = at > now.plus(5 * crate::clock::MINUTE);
    demand(
        "referral",
        vec![
            text_fault("referred", &new.referred, LONGEST_NAME, false),
            late.then(|| Fault::at("occurred_at", "lies in the future")),
        ],
    )?;
    ws.store().write(|conn| {
        let referrer = customers::by_external_id(conn, &new.customer)?.id;
        let referred = leads::person(ws, conn, &new.referred, now)?;
        if referrer == referred {
            return Err(Error::faults(
                "the referral cannot be kept",
                vec![Fault::at("referred", "is the customer itself")],
            ));
        }
        if !store::refer(conn, referrer, referred, at)? {
            return Ok(false);
        }
        let values = EVENT.columns.iter().map(|column| match column.name {
            "name" => Value::Text(REFERRAL.to_owned()),
            "properties" => Value::Text("{}".to_owned()),
            _ => Value::Null,
        });
        let key = format!("referral-{referred}");
        let fact = Fact { customer: referrer, occurred_at: at, source: "vizavi".into(), key, values: values.collect() };
        History::append_in(conn, &EVENT, &[fact], now)?;
        audit::write(conn, actor, "referral.record", &referrer.to_string(), &referred.to_string(), now)?;
        Ok(true)
    })
}
