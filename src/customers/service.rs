//! What staff know and do for a customer: notes, tasks, who looks after the account, and who was brought by whom. All their SQL.

use std::collections::HashMap;

use diesel::prelude::*;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::CustomerId;
use crate::storage::schema::{account_owner, customer_note, customer_task, referral};
use crate::storage::{Connection, on_each};

/// A note. Its text is personal.
#[derive(Clone, PartialEq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = customer_note, treat_none_as_default_value = false)]
pub struct Note {
    /// Its id.
    pub id: i64,
    /// About whom.
    #[serde(skip)]
    pub customer_id: CustomerId,
    /// What.
    pub text: String,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub at: Timestamp,
}

impl std::fmt::Debug for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Note({})", self.id)
    }
}

/// Something to do. Its text is personal.
#[derive(Clone, PartialEq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = customer_task, treat_none_as_default_value = false)]
pub struct Task {
    /// Its id.
    pub id: i64,
    /// For whom.
    #[serde(skip)]
    pub customer_id: CustomerId,
    /// What.
    pub text: String,
    /// Who does it.
    pub owner: String,
    /// Until when.
    pub due_at: Timestamp,
    /// Who asked for it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Who says it is done.
    pub closed_by: Option<String>,
    /// When it was.
    pub closed_at: Option<Timestamp>,
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Task({})", self.id)
    }
}

/// Who looks after a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = account_owner, treat_none_as_default_value = false)]
pub struct AccountOwner {
    /// Whose account.
    #[serde(skip)]
    pub customer_id: CustomerId,
    /// Who.
    pub owner: String,
    /// In which team.
    pub team: String,
    /// Since when.
    pub since: Timestamp,
}

/// Adds a note.
pub fn add_note(conn: &mut Connection, row: &Note) -> Result<()> {
    on_each!(conn, c => diesel::insert_into(customer_note::table).values(row).execute(c))?;
    Ok(())
}

/// A customer's notes, newest first, before an id.
pub fn notes(conn: &mut Connection, id: CustomerId, before: Option<i64>, limit: i64) -> Result<Vec<Note>> {
    let of = customer_note::table
        .filter(customer_note::customer_id.eq(id))
        .filter(customer_note::id.lt(before.unwrap_or(i64::MAX)));
    Ok(of.order(customer_note::id.desc()).limit(limit).select(Note::as_select()).load(conn)?)
}

/// Adds a task.
pub fn add_task(conn: &mut Connection, row: &Task) -> Result<()> {
    on_each!(conn, c => diesel::insert_into(customer_task::table).values(row).execute(c))?;
    Ok(())
}

/// A customer's tasks, newest first, before an id.
pub fn tasks_of(conn: &mut Connection, id: CustomerId, before: Option<i64>, limit: i64) -> Result<Vec<Task>> {
    let of = customer_task::table
        .filter(customer_task::customer_id.eq(id))
        .filter(customer_task::id.lt(before.unwrap_or(i64::MAX)));
    Ok(of.order(customer_task::id.desc()).limit(limit).select(Task::as_select()).load(conn)?)
}

/// Open tasks by id, of one person or all.
pub fn open_tasks(conn: &mut Connection, owner: Option<&str>, after: Option<i64>, limit: i64) -> Result<Vec<Task>> {
    let mut query = customer_task::table
        .filter(customer_task::closed_at.is_null())
        .filter(customer_task::id.gt(after.unwrap_or(i64::MIN)))
        .into_boxed();
    if let Some(owner) = owner {
        query = query.filter(customer_task::owner.eq(owner.to_owned()));
    }
    Ok(query.order(customer_task::id).limit(limit).select(Task::as_select()).load(conn)?)
}

/// Closes a task.
///
/// # Errors
/// Not found; conflict when it is closed already.
pub fn close_task(conn: &mut Connection, id: i64, by: &str, now: Timestamp) -> Result<Task> {
    let open = customer_task::table.filter(customer_task::id.eq(id)).filter(customer_task::closed_at.is_null());
    let changed = diesel::update(open)
        .set((customer_task::closed_at.eq(Some(now)), customer_task::closed_by.eq(Some(by))))
        .execute(conn)?;
    let found: Option<Task> = customer_task::table.find(id).select(Task::as_select()).first(conn).optional()?;
    let found = found.ok_or_else(|| Error::not_found(format!("there is no task {id}")))?;
    if changed == 0 {
        return Err(Error::conflict("the task is closed already"));
    }
    Ok(found)
}

/// Sets who looks after a customer.
pub fn set_owner(conn: &mut Connection, row: &AccountOwner) -> Result<()> {
    diesel::delete(account_owner::table.find(row.customer_id)).execute(conn)?;
    on_each!(conn, c => diesel::insert_into(account_owner::table).values(row).execute(c))?;
    Ok(())
}

/// Who looks after a customer.
pub fn owner_of(conn: &mut Connection, id: CustomerId) -> Result<Option<AccountOwner>> {
    Ok(account_owner::table.find(id).select(AccountOwner::as_select()).first(conn).optional()?)
}

/// The team of every customer who has one.
pub fn teams(conn: &mut Connection) -> Result<HashMap<CustomerId, String>> {
    let rows: Vec<(CustomerId, String)> =
        account_owner::table.select((account_owner::customer_id, account_owner::team)).load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Notes that one customer brought another; whether it was new.
pub fn refer(conn: &mut Connection, referrer: CustomerId, referred: CustomerId, at: Timestamp) -> Result<bool> {
    let row = (referral::referred_id.eq(referred), referral::referrer_id.eq(referrer), referral::at.eq(at));
    let added =
        on_each!(conn, c => diesel::insert_into(referral::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(added == 1)
}

/// Who was brought, and when.
pub fn referred(conn: &mut Connection) -> Result<HashMap<CustomerId, Timestamp>> {
    let rows: Vec<(CustomerId, Timestamp)> =
        referral::table.select((referral::referred_id, referral::at)).load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Whom a customer brought, and when.
pub fn brought_by(conn: &mut Connection, id: CustomerId) -> Result<Vec<(CustomerId, Timestamp)>> {
    let of = referral::table.filter(referral::referrer_id.eq(id));
    Ok(of.order((referral::at, referral::referred_id)).select((referral::referred_id, referral::at)).load(conn)?)
}

/// How many were brought since an instant.
pub fn referrals_since(conn: &mut Connection, since: Timestamp) -> Result<i64> {
    Ok(referral::table.filter(referral::at.ge(since)).count().get_result(conn)?)
}

/// Forgets what staff wrote about a customer, and who brought them or was brought by them.
pub fn forget(conn: &mut Connection, id: CustomerId) -> Result<()> {
    diesel::delete(customer_note::table.filter(customer_note::customer_id.eq(id))).execute(conn)?;
    diesel::delete(customer_task::table.filter(customer_task::customer_id.eq(id))).execute(conn)?;
    diesel::delete(account_owner::table.find(id)).execute(conn)?;
    diesel::delete(referral::table.find(id)).execute(conn)?;
    diesel::delete(referral::table.filter(referral::referrer_id.eq(id))).execute(conn)?;
    Ok(())
}

/// Makes what is known of `from` known of `to`; where both have an owner, or were brought, that of `to` stays.
pub fn reassign(conn: &mut Connection, from: CustomerId, to: CustomerId) -> Result<()> {
    diesel::update(customer_note::table.filter(customer_note::customer_id.eq(from)))
        .set(customer_note::customer_id.eq(to))
        .execute(conn)?;
    diesel::update(customer_task::table.filter(customer_task::customer_id.eq(from)))
        .set(customer_task::customer_id.eq(to))
        .execute(conn)?;
    if let Some(owner) = owner_of(conn, from)? {
        if owner_of(conn, to)?.is_none() {
            set_owner(conn, &AccountOwner { customer_id: to, ..owner })?;
        }
        diesel::delete(account_owner::table.find(from)).execute(conn)?;
    }
    diesel::update(referral::table.filter(referral::referrer_id.eq(from)))
        .set(referral::referrer_id.eq(to))
        .execute(conn)?;
    let theirs: Option<(CustomerId, Timestamp)> =
        referral::table.find(from).select((referral::referrer_id, referral::at)).first(conn).optional()?;
    if let Some((referrer, at)) = theirs {
        diesel::delete(referral::table.find(from)).execute(conn)?;
        refer(conn, referrer, to, at)?;
    }
    // Nobody brings themselves.
    diesel::delete(referral::table.filter(referral::referrer_id.eq(referral::referred_id))).execute(conn)?;
    Ok(())
}
