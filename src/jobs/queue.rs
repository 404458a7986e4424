//! The queue: all SQL of jobs. Claimed under a lease; tried again with growing distance; laid aside after the last attempt.

use diesel::prelude::*;

use super::job::{IMPORT, Job, State, Work};
use crate::clock::{HOUR, MINUTE, SECOND, Timestamp};
use crate::error::{Error, Kind, Result};
use crate::history::import::log;
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
        id: id_of(key, work.kind(), occasion),
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
        progress: None,
    };
    let added = on_each!(conn, c => diesel::insert_into(job::table).values(&row).on_conflict_do_nothing().execute(c))?;
    Ok(added > 0)
}

/// Whether this work was written down for this occasion.
pub fn is_known(conn: &mut Connection, key: &IdKey, work: &Work, occasion: &str) -> Result<bool> {
    let count: i64 = job::table.filter(job::id.eq(id_of(key, work.kind(), occasion))).count().get_result(conn)?;
    Ok(count > 0)
}

/// Whether work of this kind waits or runs.
pub fn is_open(conn: &mut Connection, work: &Work) -> Result<bool> {
    let open = [State::Waiting, State::Running].map(State::as_str);
    let found = job::table.filter(job::kind.eq(work.kind())).filter(job::state.eq_any(open));
    Ok(found.count().get_result::<i64>(conn)? > 0)
}

/// Campaigns whose run of this scheduled instant waits, or is being started.
pub fn runs_due(conn: &mut Connection, due: Timestamp) -> Result<Vec<String>> {
    let open = [State::Waiting, State::Running].map(State::as_str);
    let any = Work::CampaignRun { campaign: String::new(), due };
    let rows: Vec<Job> = on_each!(conn, c => job::table
        .filter(job::kind.eq(any.kind()))
        .filter(job::state.eq_any(open))
        .select(Job::as_select())
        .load(c))?;
    let of_instant = rows.iter().filter_map(|row| match row.work() {
        Ok(Work::CampaignRun { campaign, due: at }) if at == due => Some(campaign),
        _ => None,
    });
    Ok(of_instant.collect())
}

/// The id of a kind of work for an occasion.
pub fn id_of(key: &IdKey, kind: &str, occasion: &str) -> JobId {
    JobId(key.hash63(b"job", &[kind.as_bytes(), occasion.as_bytes()]))
}

/// Which jobs a worker looks for. Imports are apart: they take long, and only a node that has the file can do them.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// Imports, of these.
    Imports(&'a [JobId]),
    /// Everything else.
    Others,
}

macro_rules! due_query {
    ($now:expr, $wanted:expr) => {
        job::table
            .filter($wanted)
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
pub fn claim(conn: &mut Connection, wanted: Wanted<'_>, owner: &str, now: Timestamp) -> Result<Option<Job>> {
    loop {
        let imports = |ids| job::kind.eq(IMPORT).and(job::id.eq_any(ids));
        let others = || job::kind.ne(IMPORT);
        let found = match (&mut *conn, wanted) {
            (Connection::Sqlite(c), Wanted::Imports(ids)) => due_query!(now, imports(ids)).first(c),
            (Connection::Sqlite(c), Wanted::Others) => due_query!(now, others()).first(c),
            (Connection::Postgres(c), Wanted::Imports(ids)) => {
                due_query!(now, imports(ids)).for_update().skip_locked().first(c)
            }
            (Connection::Postgres(c), Wanted::Others) => due_query!(now, others()).for_update().skip_locked().first(c),
        };
        let found = found.optional()?;
        let Some(mut found) = found else { return Ok(None) };
        if found.attempts >= ATTEMPTS {
            let last = found.last_error.as_deref().unwrap_or("every attempt ended in a crash");
            put_aside(conn, found.id, last, now)?;
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

/// Whether the job is still the worker's: neither called off nor taken over.
pub fn is_held(conn: &mut Connection, claimed: &Job) -> Result<bool> {
    let mine = job::table.find(claimed.id).filter(job::lease_owner.eq(&claimed.lease_owner));
    Ok(mine.filter(job::state.eq(State::Running.as_str())).count().get_result::<i64>(conn)? > 0)
}

/// Writes down how far the job is; of no effect when it is no longer the worker's.
pub fn advance(conn: &mut Connection, claimed: &Job, progress: &str) -> Result<()> {
    let mine = job::table.find(claimed.id).filter(job::lease_owner.eq(&claimed.lease_owner));
    diesel::update(mine.filter(job::state.eq(State::Running.as_str())))
        .set(job::progress.eq(progress))
        .execute(conn)?;
    Ok(())
}

/// The job is done; `note` says what it came to.
pub fn finish(conn: &mut Connection, claimed: &Job, note: &str, now: Timestamp) -> Result<()> {
    let mine = job::table.find(claimed.id).filter(job::lease_owner.eq(&claimed.lease_owner));
    diesel::update(mine)
        .set((
            job::state.eq(State::Done.as_str()),
            job::last_error.eq((!note.is_empty()).then_some(note)),
            job::progress.eq(None::<String>),
            job::updated_at.eq(now),
            job::finished_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}

/// The attempt failed: again later, or laid aside when that cannot help. None, when the job is no longer the worker's.
pub fn fail(conn: &mut Connection, claimed: &Job, error: &Error, now: Timestamp) -> Result<Option<State>> {
    if !is_held(conn, claimed)? {
        return Ok(None);
    }
    let hopeless = matches!(error.kind(), Kind::Invalid | Kind::NotFound);
    let message = error.to_string();
    if hopeless || claimed.attempts >= ATTEMPTS {
        put_aside(conn, claimed.id, &message, now)?;
        return Ok(Some(State::Dead));
    }
    let mine = job::table.find(claimed.id).filter(job::lease_owner.eq(&claimed.lease_owner));
    diesel::update(mine)
        .set((
            job::state.eq(State::Waiting.as_str()),
            job::run_at.eq(now.plus(back_off(claimed.attempts))),
            job::last_error.eq(message),
            job::progress.eq(None::<String>),
            job::updated_at.eq(now),
        ))
        .execute(conn)?;
    Ok(Some(State::Waiting))
}

/// The worker ends before the job does: it waits for another one, and the attempt does not count.
pub fn give_back(conn: &mut Connection, claimed: &Job, now: Timestamp) -> Result<()> {
    let mine = job::table.find(claimed.id).filter(job::lease_owner.eq(&claimed.lease_owner));
    diesel::update(mine)
        .set((
            job::state.eq(State::Waiting.as_str()),
            job::attempts.eq(claimed.attempts - 1),
            job::run_at.eq(now),
            job::progress.eq(None::<String>),
            job::updated_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}

/// Lays a job aside that nobody can do.
pub(super) fn put_aside(conn: &mut Connection, id: JobId, message: &str, now: Timestamp) -> Result<()> {
    diesel::update(job::table.find(id))
        .set((
            job::state.eq(State::Dead.as_str()),
            job::last_error.eq(message),
            job::progress.eq(None::<String>),
            job::updated_at.eq(now),
            job::finished_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}

/// Half a minute after the first attempt, twice as long after each further one, at most an hour.
fn back_off(attempts: i32) -> i64 {
    ((30 * SECOND) << (attempts - 1).clamp(0, 10)).min(HOUR)
}

/// Has a job tried again that was laid aside or called off.
///
/// # Errors
/// Not found; conflict, when it was neither, or is an import whose file was not kept.
pub fn retry(conn: &mut Connection, id: JobId, now: Timestamp) -> Result<()> {
    let known = get(conn, id)?;
    if !known.is(State::Dead) && !known.is(State::Cancelled) {
        return Err(Error::conflict(format!(
            "the job is {}; only one that was laid aside or cancelled is tried again",
            known.state
        )));
    }
    if known.kind == IMPORT && log::of_job(conn, id)?.is_none_or(|import| import.is_finished()) {
        return Err(Error::conflict("the import has ended and its file was not kept; send the file again"));
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

/// Calls a job off: one that waits is not begun, one that was laid aside is closed, and one that runs is taken from its worker,
/// who notices between two steps. Of no effect on one that was called off before. Returns it as it was.
///
/// # Errors
/// Not found; conflict, when it is done, or runs and cannot be stopped midway.
pub fn cancel(conn: &mut Connection, id: JobId, by: &str, now: Timestamp) -> Result<Job> {
    let known = get(conn, id)?;
    if known.is(State::Done) {
        return Err(Error::conflict("the job is done; there is nothing left to cancel"));
    }
    if !known.can_stop(now) {
        return Err(Error::conflict("the job runs, and work of its kind does not stop midway; look again in a moment"));
    }
    diesel::update(job::table.find(id).filter(job::state.ne(State::Cancelled.as_str())))
        .set((
            job::state.eq(State::Cancelled.as_str()),
            job::lease_owner.eq(None::<String>),
            job::last_error.eq(format!("cancelled by {by}")),
            job::progress.eq(None::<String>),
            job::updated_at.eq(now),
            job::finished_at.eq(now),
        ))
        .execute(conn)?;
    Ok(known)
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
        None => State::ALL.map(State::as_str).to_vec(),
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

/// How many jobs there are in each state that has any.
pub fn counts(conn: &mut Connection) -> Result<Vec<(String, i64)>> {
    Ok(job::table.group_by(job::state).select((job::state, diesel::dsl::count_star())).load(conn)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Location, Store, migrate};

    const KEY: IdKey = IdKey([7; 16]);
    const NOW: Timestamp = Timestamp(1_000 * SECOND);

    fn store(folder: &std::path::Path) -> Store {
        let store = Store::open(&Location::choose(folder, None).unwrap()).unwrap();
        migrate::migrate(&store, Timestamp(0)).unwrap();
        store
    }

    fn claim_at(store: &Store, owner: &str, now: Timestamp) -> Option<Job> {
        store.write(|conn| claim(conn, Wanted::Others, owner, now)).unwrap()
    }

    #[test]
    fn the_same_work_is_written_down_and_claimed_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let put = |occasion: &str| store.write(|conn| enqueue(conn, &KEY, &Work::Score, occasion, NOW, NOW)).unwrap();
        assert_eq!((put("monday"), put("monday"), put("tuesday")), (true, false, true));
        assert!(claim_at(&store, "early", NOW.plus(-1)).is_none());
        let (one, two) = (claim_at(&store, "one", NOW).unwrap(), claim_at(&store, "two", NOW).unwrap());
        assert_ne!(one.id, two.id);
        assert!(claim_at(&store, "three", NOW).is_none());
        store.write(|conn| finish(conn, &one, "", NOW)).unwrap();
        // A renewed lease holds; one that was not renewed ends, and its first owner has no say any more.
        let late = NOW.plus(LEASE + 1);
        assert!(store.write(|conn| renew(conn, &two, NOW.plus(MINUTE))).unwrap());
        assert!(claim_at(&store, "three", late).is_none());
        let again = claim_at(&store, "three", late.plus(MINUTE)).unwrap();
        assert_eq!((again.id, again.attempts), (two.id, 2));
        assert!(!store.write(|conn| renew(conn, &two, late)).unwrap());
        store.write(|conn| finish(conn, &two, "", late)).unwrap();
        assert_eq!(store.read(|conn| get(conn, two.id)).unwrap().state, "running");
    }

    #[test]
    fn what_fails_is_tried_later_and_in_the_end_laid_aside() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        store.write(|conn| enqueue(conn, &KEY, &Work::Seal, "x", NOW, NOW)).unwrap();
        let (mut now, mut waits) = (NOW, Vec::new());
        loop {
            let job = claim_at(&store, "w", now).unwrap();
            let down = Error::unavailable("the disk is full");
            let state = store.write(|conn| fail(conn, &job, &down, now)).unwrap();
            let row = store.read(|conn| get(conn, job.id)).unwrap();
            if state == Some(State::Dead) {
                assert_eq!((row.attempts, row.last_error.as_deref()), (ATTEMPTS, Some("the disk is full")));
                store.write(|conn| retry(conn, job.id, now)).unwrap();
                assert_eq!(claim_at(&store, "w", now).unwrap().attempts, 1);
                break;
            }
            waits.push((row.run_at.0 - now.0) / SECOND);
            now = row.run_at;
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1920]);
    }

    #[test]
    fn what_is_called_off_is_not_begun_and_is_taken_from_its_worker() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let put = |work: Work| {
            store.write(|conn| enqueue(conn, &KEY, &work, "x", NOW, NOW)).unwrap();
            id_of(&KEY, work.kind(), "x")
        };
        let cancel = |id| store.write(|conn| cancel(conn, id, "user:anna", NOW)).map(|job| job.state);
        let waiting = put(Work::Seal);
        assert_eq!(cancel(waiting).unwrap(), "waiting");
        assert!(claim_at(&store, "w", NOW).is_none());

        put(Work::Train);
        let running = claim_at(&store, "w", NOW).unwrap();
        assert!(store.read(|conn| is_held(conn, &running)).unwrap());
        assert_eq!(cancel(running.id).unwrap(), "running");
        assert!(!store.read(|conn| is_held(conn, &running)).unwrap());
        // Whatever its worker has to say comes too late.
        store.write(|conn| finish(conn, &running, "", NOW)).unwrap();
        let down = Error::invalid("called off");
        assert_eq!(store.write(|conn| fail(conn, &running, &down, NOW)).unwrap(), None);
        let row = store.read(|conn| get(conn, running.id)).unwrap();
        assert_eq!((row.state.as_str(), row.last_error.as_deref()), ("cancelled", Some("cancelled by user:anna")));
        assert_eq!(cancel(running.id).unwrap(), "cancelled");

        store.write(|conn| retry(conn, running.id, NOW)).unwrap();
        let again = claim_at(&store, "v", NOW).unwrap();
        store.write(|conn| finish(conn, &again, "", NOW)).unwrap();
        assert_eq!(cancel(again.id).unwrap_err().kind(), Kind::Conflict);
        put(Work::Journeys);
        let brief = claim_at(&store, "w", NOW).unwrap();
        assert_eq!(cancel(brief.id).unwrap_err().kind(), Kind::Conflict, "it does not stop midway");
    }

    #[test]
    fn bad_input_is_not_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        store.write(|conn| enqueue(conn, &KEY, &Work::Train, "x", NOW, NOW)).unwrap();
        let job = claim_at(&store, "w", NOW).unwrap();
        let state = store.write(|conn| fail(conn, &job, &Error::invalid("a spec is wrong"), NOW)).unwrap();
        assert_eq!(state, Some(State::Dead));
        assert_eq!(store.read(|conn| page(conn, Some(State::Dead), None, 10)).unwrap().len(), 1);
        assert!(store.read(|conn| page(conn, Some(State::Waiting), None, 10)).unwrap().is_empty());
    }
}
