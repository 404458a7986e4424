//! The queue: all SQL of jobs. Claimed under a lease; tried again with growing distance; laid aside after the last attempt.

use diesel::prelude::*;

use super::job::{Job, State, Work};
use crate::clock::{HOUR, MINUTE, SECOND, Timestamp};
use crate::error::{Error, Kind, Result};
use crate::ids::{IdKey, JobId};
use crate::storage::schema::job;
use crate::storage::{Connection, on_each};

/// How long a worker has what it claimed, unless it renews.
pub const LEASE: i64 = 5 * MINUTE;
/// Attempts before a job is laid aside.
pub const ATTEMPTS: i32 = 8;

/// Writes work down for an occasion. `false` when it was written down before, by whomever.
pub fn enqueue(
    conn: &mut Connection,
    key: &IdKey,
    work: &Work,
    occasion: &str,
    run_at: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let row = Job {
        id: id_of(key, work, occasion),
        kind: work.kind().into(),
        payload: serde_json::to_string(work)?,
        state: State::Waiting.as_str().into(),
        attempts: 0,
        run_at,
        lease_owner: None,
        lease_until: Timestamp(0),
        last_error: None,
        created_at: now,
        updated_at: now,
        finished_at: None,
    };
    let added = on_each!(conn, c => diesel::insert_into(job::table).values(&row).on_conflict_do_nothing().execute(c))?;
    Ok(added > 0)
}

/// Whether this work was written down for this occasion.
pub fn is_known(conn: &mut Connection, key: &IdKey, work: &Work, occasion: &str) -> Result<bool> {
    let count: i64 = job::table.filter(job::id.eq(id_of(key, work, occasion))).count().get_result(conn)?;
    Ok(count > 0)
}

fn id_of(key: &IdKey, work: &Work, occasion: &str) -> JobId {
    JobId(key.hash63(b"job", &[work.kind().as_bytes(), occasion.as_bytes()]))
}

macro_rules! due_query {
    ($now:expr) => {
        job::table
            .filter(
                (job::state.eq(State::Waiting.as_str()).and(job::run_at.le($now)))
                    .or(job::state.eq(State::Running.as_str()).and(job::lease_until.lt($now))),
            )
            .order((job::run_at, job::id))
            .limit(1)
            .select(Job::as_select())
    };
}

/// Claims the job that is due longest, if any. One that a crash has interrupted too often is laid aside instead.
pub fn claim(conn: &mut Connection, owner: &str, now: Timestamp) -> Result<Option<Job>> {
    loop {
        let found = match conn {
            Connection::Sqlite(c) => due_query!(now).first(c).optional()?,
            Connection::Postgres(c) => due_query!(now).for_update().skip_locked().first(c).optional()?,
        };
        let Some(mut found) = found else { return Ok(None) };
        if found.attempts >= ATTEMPTS {
            let last = found.last_error.as_deref().unwrap_or("every attempt ended in a crash");
            put_aside(conn, found.id, &last.to_owned(), now)?;
            continue;
        }
        found.attempts += 1;
        found.state = State::Running.as_str().into();
        found.lease_owner = Some(owner.to_owned());
        found.lease_until = now.plus(LEASE);
        diesel::update(job::table.find(found.id))
            .set((
                job::state.eq(&found.state),
                job::attempts.eq(found.attempts),
                job::lease_owner.eq(owner),
                job::lease_until.eq(found.lease_until),
                job::updated_at.eq(now),
            ))
            .execute(conn)?;
        return Ok(Some(found));
    }
}

/// Prolongs the lease. `false` when the job is no longer the worker's.
pub fn renew(conn: &mut Connection, claimed: &Job, now: Timestamp) -> Result<bool> {
    let mine = job::table.find(claimed.id).filter(job::lease_owner.eq(&claimed.lease_owner));
    let changed = diesel::update(mine.filter(job::state.eq(State::Running.as_str())))
        .set((job::lease_until.eq(now.plus(LEASE)), job::updated_at.eq(now)))
        .execute(conn)?;
    Ok(changed > 0)
}

/// The job is done; `note` says what it came to.
pub fn finish(conn: &mut Connection, claimed: &Job, note: &str, now: Timestamp) -> Result<()> {
    let mine = job::table.find(claimed.id).filter(job::lease_owner.eq(&claimed.lease_owner));
    diesel::update(mine)
        .set((
            job::state.eq(State::Done.as_str()),
            job::last_error.eq((!note.is_empty()).then_some(note)),
            job::updated_at.eq(now),
            job::finished_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}

/// The attempt failed: again later, or laid aside when that cannot help.
pub fn fail(conn: &mut Connection, claimed: &Job, error: &Error, now: Timestamp) -> Result<State> {
    let hopeless = matches!(error.kind(), Kind::Invalid | Kind::NotFound);
    let message = error.to_string();
    if hopeless || claimed.attempts >= ATTEMPTS {
        put_aside(conn, claimed.id, &message, now)?;
        return Ok(State::Dead);
    }
    let mine = job::table.find(claimed.id).filter(job::lease_owner.eq(&claimed.lease_owner));
    diesel::update(mine)
        .set((
            job::state.eq(State::Waiting.as_str()),
            job::run_at.eq(now.plus(back_off(claimed.attempts))),
            job::last_error.eq(message),
            job::updated_at.eq(now),
        ))
        .execute(conn)?;
    Ok(State::Waiting)
}

/// The worker ends before the job does: it waits for another one, and the attempt does not count.
pub fn give_back(conn: &mut Connection, claimed: &Job, now: Timestamp) -> Result<()> {
    let mine = job::table.find(claimed.id).filter(job::lease_owner.eq(&claimed.lease_owner));
    diesel::update(mine)
        .set((
            job::state.eq(State::Waiting.as_str()),
            job::attempts.eq(claimed.attempts - 1),
            job::run_at.eq(now),
            job::updated_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}

fn put_aside(conn: &mut Connection, id: JobId, message: &str, now: Timestamp) -> Result<()> {
    diesel::update(job::table.find(id))
        .set((
            job::state.eq(State::Dead.as_str()),
            job::last_error.eq(message),
            job::updated_at.eq(now),
            job::finished_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}

/// Half a minute after the first attempt, twice as long after each further one, at most an hour.
fn back_off(attempts: i32) -> i64 {
    (30 * SECOND << (attempts - 1).clamp(0, 10)).min(HOUR)
}

/// Has a job that was laid aside tried again.
///
/// # Errors
/// Not found; conflict, when it was not laid aside.
pub fn retry(conn: &mut Connection, id: JobId, now: Timestamp) -> Result<()> {
    let known = get(conn, id)?;
    if known.state != State::Dead.as_str() {
        return Err(Error::conflict(format!(
            "the job is {}; only one that was laid aside is tried again",
            known.state
        )));
    }
    diesel::update(job::table.find(id))
        .set((
            job::state.eq(State::Waiting.as_str()),
            job::attempts.eq(0),
            job::run_at.eq(now),
            job::updated_at.eq(now),
            job::finished_at.eq(None::<Timestamp>),
        ))
        .execute(conn)?;
    Ok(())
}

/// One job.
///
/// # Errors
/// Not found.
pub fn get(conn: &mut Connection, id: JobId) -> Result<Job> {
    let found = job::table.find(id).select(Job::as_select()).first(conn).optional()?;
    found.ok_or_else(|| Error::not_found(format!("there is no job {id}")))
}

/// Jobs, the one that was written down last first; in one state when it is given; after `after` when paging.
pub fn page(
    conn: &mut Connection,
    state: Option<State>,
    after: Option<(Timestamp, JobId)>,
    limit: i64,
) -> Result<Vec<Job>> {
    let (at, id) = after.unwrap_or((Timestamp(i64::MAX), JobId(i64::MAX)));
    let names: Vec<&str> = match state {
        Some(state) => vec![state.as_str()],
        None => [State::Waiting, State::Running, State::Done, State::Dead].map(State::as_str).to_vec(),
    };
    let later = job::created_at.lt(at).or(job::created_at.eq(at).and(job::id.lt(id)));
    let rows = on_each!(conn, c => job::table
        .filter(later)
        .filter(job::state.eq_any(&names))
        .order((job::created_at.desc(), job::id.desc()))
        .limit(limit)
        .select(Job::as_select())
        .load(c))?;
    Ok(rows)
}
