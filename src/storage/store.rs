//! The store: a pool of readers, and writes that share commits.
//!
//! SQLite has one writer. A caller that finds others waiting behind it leaves the transaction open for them; the last of a
//! group (at most [`GROUP`] callers, or [`GROUP_MICROS`]) commits for all, and each is answered only after that commit. So a
//! lone write commits at once, and a busy store makes thousands of durable writes a second from one disk flush each few
//! hundred. On PostgreSQL every write is a transaction of its own; the server groups the flushes.
//! What the write-ahead log holds is moved into the file beside the writers (`checkpoint`); the writer itself does so only when the log
//! has grown beyond [`LOG_PAGES`].

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use diesel::connection::{SimpleConnection, TransactionManager};
use diesel::sqlite::SqliteConnection;
use diesel::{Connection as _, ConnectionError, QueryResult};

use super::Connection;
use super::checkpoint::Checkpointer;
use super::postgres::PostgresConnection;
use crate::error::{Error, Result};

const GROUP: usize = 256;
const GROUP_MICROS: u128 = 2_000;
const READERS: u32 = 8;
/// How a read begins on PostgreSQL.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// How a write by a few statements begins that run thousands of times: each is planned once a connection, and by its index whatever the
/// size of the table was then.
const PLANNED_ONCE: &str = "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off";
/// Pages of 4 KiB that the log may hold before the writer moves them itself, after which it begins at its start. A flush of bytes that
/// lengthen the file takes twice as long as one of bytes that overwrite it, so a short log is quick; a shorter one than this keeps those
/// waiting who wait for an answer.
const LOG_PAGES: u32 = 4_096;

/// Where the store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL URL. It may hold a password: it is never printed.
    Postgres(String),
}

impl Location {
    /// `database_url` when there is one, else `vizavi.sqlite` in the data folder.
    ///
    /// # Errors
    /// Invalid, when the URL is of another database.
    pub fn choose(data: &Path, database_url: Option<&str>) -> Result<Location> {
        match database_url {
            None | Some("") => Ok(Location::Sqlite(data.join("vizavi.sqlite"))),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Location::Postgres(url.to_owned()))
            }
            Some(_) => {
                Err(Error::invalid("DATABASE_URL must begin with postgres://; unset it to use the embedded store"))
            }
        }
    }
}

/// The operational store; cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    readers: r2d2::Pool<Manager>,
    /// The one writer of SQLite; none on PostgreSQL.
    writer: Option<Writer>,
}

struct Writer {
    state: Mutex<WriterState>,
    committed: Condvar,
    waiting: AtomicUsize,
}

struct WriterState {
    conn: Connection,
    checkpointer: Option<Checkpointer>,
    /// The group now open, and how many have joined it.
    group: u64,
    members: usize,
    opened: Option<Instant>,
    /// The last group that ended, and what became of recent ones that failed.
    ended: u64,
    failed: Vec<(u64, String)>,
}

/// How diesel begins and ends transactions, on either store.
type Transactions = <Connection as diesel::Connection>::TransactionManager;

struct Manager(Location);

/// A connection of the pool, and whether it was found dead.
struct Pooled {
    conn: Connection,
    dead: bool,
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = ConnectionError;

    fn connect(&self) -> Result<Pooled, ConnectionError> {
        Ok(Pooled { conn: open(&self.0)?, dead: false })
    }

    fn is_valid(&self, _: &mut Pooled) -> Result<(), ConnectionError> {
        // Whoever takes it begins with a statement that tells: see `Store::begin`.
        Ok(())
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.dead || Transactions::is_broken_transaction_manager(&mut pooled.conn)
    }
}

pub(super) fn open(location: &Location) -> Result<Connection, ConnectionError> {
    match location {
        Location::Postgres(url) => PostgresConnection::establish(url).map(Connection::Postgres),
        Location::Sqlite(path) => {
            let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
            conn.batch_execute(
                // First of all who waits: another connection may be closing, or another process may be sending, which leaves the lock
                // for moments only. A reader drops its cache whenever somebody has written: mapped, the pages need not be copied again,
                // and the cache, which each connection fills, may be small.
                "PRAGMA busy_timeout = 30000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA foreign_keys = ON; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY; \
                 PRAGMA mmap_size = 1073741824; PRAGMA secure_delete = ON;",
            )
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(Connection::Sqlite(conn))
        }
    }
}

fn out_of_reach(location: &Location, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let message = match location {
        Location::Sqlite(path) => {
            format!("the store `{}` cannot be opened; check the folder and its permissions", path.display())
        }
        Location::Postgres(_) => "PostgreSQL does not answer; check DATABASE_URL and that the server is up".to_owned(),
    };
    Error::unavailable(message).caused_by(error)
}

impl Store {
    /// Opens the store, without migrating it.
    ///
    /// # Errors
    /// Unavailable, when it cannot be reached.
    pub fn open(location: &Location) -> Result<Store> {
        // The first connection is made here and now, so that a wrong address is said at once and in its own words.
        let mut first = open(location).map_err(|error| out_of_reach(location, error))?;
        let readers = r2d2::Pool::builder()
            .max_size(READERS)
            .min_idle(Some(0))
            .connection_timeout(Duration::from_secs(10))
            .error_handler(Box::new(r2d2::NopErrorHandler))
            .test_on_check_out(false)
            .build_unchecked(Manager(location.clone()));
        let is_sqlite = matches!(location, Location::Sqlite(_));
        let checkpointer = if is_sqlite { Checkpointer::start(location) } else { None };
        if checkpointer.is_some() {
            first.batch_execute(&format!("PRAGMA wal_autocheckpoint = {LOG_PAGES}"))?;
        }
        let writer = is_sqlite.then(|| Writer {
            state: Mutex::new(WriterState {
                conn: first,
                checkpointer,
                group: 1,
                members: 0,
                opened: None,
                ended: 0,
                failed: Vec::new(),
            }),
            committed: Condvar::new(),
            waiting: AtomicUsize::new(0),
        });
        Ok(Store(Arc::new(Inner { readers, writer })))
    }

    /// Whether several nodes can share it.
    pub fn is_postgres(&self) -> bool {
        self.0.writer.is_none()
    }

    /// A connection that has done its `first` statement. A server that was restarted shows there: as nothing has been done by then,
    /// another connection is taken, and each of the pool may turn out to be dead.
    fn begin(&self, first: impl Fn(&mut Connection) -> QueryResult<()>) -> Result<r2d2::PooledConnection<Manager>> {
        let mut tries = 0;
        loop {
            let taken = self.0.readers.get();
            let mut pooled = taken.map_err(|error| {
                Error::unavailable("the database gives no connection; try again later").caused_by(error)
            })?;
            match first(&mut pooled.conn) {
                Ok(()) => return Ok(pooled),
                Err(_) if tries < READERS => pooled.dead = true,
                Err(error) => return Err(error.into()),
            }
            tries += 1;
        }
    }

    /// Reads, in one snapshot.
    pub fn read<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        self.transaction(SNAPSHOT, work)
    }

    /// Reads by one statement, which is a snapshot by itself: without a transaction it is two round trips to PostgreSQL, not three.
    pub fn read_one<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        let mut pooled = self.begin(|conn| if conn.is_postgres() { conn.batch_execute("SELECT 1") } else { Ok(()) })?;
        work(&mut pooled.conn)
    }

    /// Moves what the write-ahead log holds into the file and empties it: what was deleted shall not lie there any longer. When
    /// somebody reads at this moment it is done later. PostgreSQL sees to its own files.
    pub fn truncate_log(&self) -> Result<()> {
        if let Some(writer) = &self.0.writer {
            let mut state = writer.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            state.end_group();
            writer.committed.notify_all();
            state.conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")?;
        }
        Ok(())
    }

    /// Writes, in one transaction; what it wrote is durable when this returns. Do not call it from within itself.
    pub fn write<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        match &self.0.writer {
            None => self.transaction("BEGIN", work),
            Some(writer) => writer.write(work),
        }
    }

    /// Writes like [`Store::write`], by a few statements that name their rows and are run thousands of times: PostgreSQL plans them once
    /// and not each time.
    pub fn write_often<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        match &self.0.writer {
            None => self.transaction(PLANNED_ONCE, work),
            Some(writer) => writer.write(work),
        }
    }

    /// A transaction that begins by `begin` on PostgreSQL, and as any does on SQLite.
    fn transaction<T>(&self, begin: &str, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        let mut pooled = self.begin(|conn| match conn {
            Connection::Postgres(postgres) => postgres.begin(begin),
            Connection::Sqlite(_) => Transactions::begin_transaction(conn),
        })?;
        let done = work(&mut pooled.conn);
        let ended = match &done {
            Ok(_) => Transactions::commit_transaction(&mut pooled.conn),
            Err(_) => Transactions::rollback_transaction(&mut pooled.conn),
        };
        match (done, ended) {
            (Ok(_), Err(error)) => Err(error.into()),
            // What went wrong first is what to say; a connection that cannot even roll back is thrown away by the pool.
            (done, _) => done,
        }
    }
}

impl Writer {
    fn write<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::SeqCst);

        state.join()?;
        let group = state.group;
        // Who comes first has the transaction to itself while it works. Only the others need a savepoint, under which SQLite keeps a copy
        // of every page that changes.
        let first = state.members == 1;
        let result =
            catch_unwind(AssertUnwindSafe(|| if first { work(&mut state.conn) } else { state.conn.transaction(work) }));
        match &result {
            Ok(Ok(_)) => {}
            _ if first => state.give_up(),
            // A panic takes back only its own savepoint; the others of the group are not its business.
            Err(_) => state.roll_back_to(1),
            Ok(Err(_)) => {}
        }

        let full = state.members >= GROUP || state.opened.is_some_and(|at| at.elapsed().as_micros() >= GROUP_MICROS);
        if full || self.waiting.load(Ordering::SeqCst) == 0 {
            state.end_group();
            self.committed.notify_all();
        } else {
            while state.ended < group {
                // The next in line ends the group; should it die before, the time-out lets this one do so.
                let (guard, _) = self
                    .committed
                    .wait_timeout(state, Duration::from_millis(50))
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                state = guard;
                if state.ended < group && self.waiting.load(Ordering::SeqCst) == 0 {
                    state.end_group();
                    self.committed.notify_all();
                }
            }
        }
        let failed = state.failed.iter().find(|(failed, _)| *failed == group).map(|(_, why)| why.clone());
        let result = result.unwrap_or_else(|panic| resume_unwind(panic));
        match failed {
            Some(why) if result.is_ok() => {
                Err(Error::unavailable("the store could not make the change durable; nothing was changed")
                    .caused_by(why))
            }
            _ => result,
        }
    }
}

impl WriterState {
    fn join(&mut self) -> Result<()> {
        if self.opened.is_none() {
            // Take the write lock at the start: a lock taken half-way can fail after work has been done.
            self.roll_back_to(0);
            begin_immediate(&mut self.conn)?;
            self.opened = Some(Instant::now());
            self.members = 0;
        }
        self.members += 1;
        Ok(())
    }

    /// Rolls back savepoints until at most `depth` levels of transaction are open.
    fn roll_back_to(&mut self, depth: u32) {
        use diesel::connection::TransactionManagerStatus::Valid;
        while let Valid(status) = Transactions::transaction_manager_status_mut(&mut self.conn)
            && status.transaction_depth().is_some_and(|open| open.get() > depth)
            && Transactions::rollback_transaction(&mut self.conn).is_ok()
        {}
    }

    /// Takes back all of a group, when there is one member, who knows why.
    fn give_up(&mut self) {
        self.opened = None;
        self.roll_back_to(0);
        self.next_group();
    }

    fn end_group(&mut self) {
        if self.opened.take().is_none() {
            return;
        }
        if let Err(error) = Transactions::commit_transaction(&mut self.conn) {
            Transactions::rollback_transaction(&mut self.conn).ok();
            self.failed.push((self.group, error.to_string()));
            if self.failed.len() > 64 {
                self.failed.remove(0);
            }
        }
        if let Some(checkpointer) = &mut self.checkpointer {
            checkpointer.wrote(self.members);
        }
        self.next_group();
    }

    fn next_group(&mut self) {
        self.ended = self.group;
        self.group += 1;
    }
}

/// Begins a transaction that holds the write lock; diesel's manager then makes savepoints inside it.
fn begin_immediate(conn: &mut Connection) -> Result<()> {
    use diesel::connection::AnsiTransactionManager;
    let Connection::Sqlite(sqlite) = conn else { return Ok(()) };
    AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN IMMEDIATE").map_err(Error::from)
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;

    use super::*;
    use crate::clock::Timestamp;
    use crate::storage::{migrate, workspace};

    fn store(folder: &Path) -> Store {
        let store = Store::open(&Location::choose(folder, None).unwrap()).unwrap();
        migrate::migrate(&store, Timestamp(0)).unwrap();
        store
    }

    #[test]
    fn callers_share_commits_and_a_failing_one_takes_back_only_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let store = &store;
                scope.spawn(move || {
                    for i in 0..50 {
                        let result = store.write(|conn| {
                            workspace::set(conn, &format!("{thread}-{i}"), "x")?;
                            if i % 5 == 0 { Err(Error::conflict("taken back")) } else { Ok(()) }
                        });
                        assert_eq!(result.is_err(), i % 5 == 0);
                    }
                });
            }
        });
        let kept: i64 =
            store.read(|conn| Ok(crate::storage::schema::workspace::table.count().get_result(conn)?)).unwrap();
        assert_eq!(kept, 8 * 40);
    }

    #[test]
    fn a_panic_leaves_nothing_behind_and_the_store_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let panicking = store.clone();
        let died = std::thread::spawn(move || {
            panicking.write::<()>(|conn| {
                workspace::set(conn, "half", "written")?;
                panic!("in the middle")
            })
        })
        .join();
        assert!(died.is_err());
        store.write(|conn| workspace::set(conn, "whole", "written")).unwrap();
        let found = store.read(|conn| Ok((workspace::get(conn, "half")?, workspace::get(conn, "whole")?))).unwrap();
        assert_eq!(found, (None, Some("written".into())));
    }

    #[test]
    fn a_store_that_cannot_be_opened_says_so_without_its_password() {
        let error = Store::open(&Location::Postgres("postgres://u:secret@127.0.0.1:1/x".into())).err().unwrap();
        assert_eq!(error.kind(), crate::error::Kind::Unavailable);
        assert!(!format!("{error}").contains("secret"));
        assert!(Location::choose(Path::new("."), Some("mysql://x")).is_err());
    }
}
