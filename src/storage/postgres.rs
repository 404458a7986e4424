//! A synchronous diesel connection to PostgreSQL without any system library: tokio-postgres for the protocol, rustls for TLS.
//!
//! libpq would need OpenSSL's headers on the user's machine (or a build without TLS). diesel-async already wraps its
//! asynchronous connection as a synchronous one; the newtype here only adds what `#[derive(MultiConnection)]` asks for and
//! cannot be added to a foreign type.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;

use diesel::connection::{
    CacheSize, Connection, Instrumentation, LoadConnection, SimpleConnection, TransactionManager,
    TransactionManagerStatus,
};
use diesel::internal::derives::multiconnection::{ConnectionSealed, MultiConnectionHelper};
use diesel::pg::{Pg, PgMetadataLookup, PgTypeMetadata};
use diesel::query_builder::{Query, QueryFragment, QueryId};
use diesel::sql_types::TypeMetadata;
use diesel::{ConnectionError, ConnectionResult, QueryResult};
use diesel_async::async_connection_wrapper::{AsyncConnectionWrapper, BlockOn};
use diesel_async::{AnsiTransactionManager, AsyncPgConnection};
use tokio_postgres_rustls::MakeRustlsConnect;

/// One runtime a connection: the socket is driven by the thread that waits for it, without a hop to another.
#[derive(Clone)]
pub struct OwnRuntime(Option<Arc<tokio::runtime::Runtime>>);

thread_local! {
    /// The wrapper makes its own runtime and takes none; this hands it the one that opened the socket.
    static HANDED_OVER: std::cell::Cell<Option<OwnRuntime>> = const { std::cell::Cell::new(None) };
}

impl OwnRuntime {
    fn runtime(&self) -> &tokio::runtime::Runtime {
        self.0.as_ref().expect("the runtime is taken out by drop alone")
    }
}

impl BlockOn for OwnRuntime {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime().block_on(future)
    }

    fn get_runtime() -> Self {
        if let Some(handed_over) = HANDED_OVER.take() {
            return handed_over;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        OwnRuntime(Some(Arc::new(runtime.expect("a runtime needs only an epoll handle"))))
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        // A pool may be dropped on an asynchronous thread, where waiting for a runtime to end would panic.
        if let Some(runtime) = self.0.take().and_then(Arc::into_inner) {
            runtime.shutdown_background();
        }
    }
}

type Wrapped = AsyncConnectionWrapper<AsyncPgConnection, OwnRuntime>;

/// A connection to PostgreSQL, with the runtime that drives its socket.
pub struct PostgresConnection(Wrapped, OwnRuntime);

impl PostgresConnection {
    /// Begins a transaction by a statement of its own, which may say at once how it shall be: the isolation it has, or what planning
    /// should heed. It is committed and rolled back as any other.
    pub(super) fn begin(&mut self, sql: &str) -> QueryResult<()> {
        self.1.block_on(AnsiTransactionManager::begin_transaction_sql(&mut *self.0, sql))
    }
}

/// TLS as the URL's `sslmode` asks (tokio-postgres: `prefer` unless told), with the system's root certificates and those
/// in `SSL_CERT_FILE`.
fn tls() -> Result<MakeRustlsConnect, String> {
    let (connector, _unreadable) =
        MakeRustlsConnect::with_native_certs().map_err(|e| format!("root certificates: {e:?}"))?;
    Ok(connector)
}

async fn connect(url: &str) -> ConnectionResult<AsyncPgConnection> {
    let bad = |message: String| ConnectionError::BadConnection(message);
    let mut config: tokio_postgres::Config =
        url.parse().map_err(|e| ConnectionError::InvalidConnectionUrl(format!("{e}")))?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(std::time::Duration::from_secs(5));
    }

    match config.get_ssl_mode() {
        tokio_postgres::config::SslMode::Disable => {
            let (client, connection) = config.connect(tokio_postgres::NoTls).await.map_err(|e| bad(e.to_string()))?;
            AsyncPgConnection::try_from_client_and_connection(client, connection).await
        }
        _ => {
            let (client, connection) = config.connect(tls().map_err(bad)?).await.map_err(|e| bad(e.to_string()))?;
            AsyncPgConnection::try_from_client_and_connection(client, connection).await
        }
    }
}

impl SimpleConnection for PostgresConnection {
    fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        self.0.batch_execute(query)
    }
}

impl ConnectionSealed for PostgresConnection {}

impl Connection for PostgresConnection {
    type Backend = Pg;
    type TransactionManager = Transactions;

    fn establish(url: &str) -> ConnectionResult<Self> {
        // The runtime that opens the socket must be the one that drives it later.
        let runtime = OwnRuntime::get_runtime();
        let inner = runtime.block_on(connect(url))?;
        HANDED_OVER.set(Some(runtime.clone()));
        Ok(PostgresConnection(Wrapped::from(inner), runtime))
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Pg> + QueryId,
    {
        self.0.execute_returning_count(source)
    }

    fn transaction_state(&mut self) -> &mut <Transactions as TransactionManager<Self>>::TransactionStateData {
        self.0.transaction_state()
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.0.instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.0.set_instrumentation(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.0.set_prepared_statement_cache_size(size);
    }
}

impl LoadConnection for PostgresConnection {
    type Cursor<'conn, 'query> = <Wrapped as LoadConnection>::Cursor<'conn, 'query>;
    type Row<'conn, 'query> = <Wrapped as LoadConnection>::Row<'conn, 'query>;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Pg> + QueryId + 'query,
        Pg: diesel::expression::QueryMetadata<T::SqlType>,
    {
        LoadConnection::load(&mut self.0, source)
    }
}

impl diesel::migration::MigrationConnection for PostgresConnection {
    fn setup(&mut self) -> QueryResult<usize> {
        self.0.setup()
    }
}

/// The wrapped connection's transactions.
pub struct Transactions;

type Inner = <Wrapped as Connection>::TransactionManager;

impl TransactionManager<PostgresConnection> for Transactions {
    type TransactionStateData = <Inner as TransactionManager<Wrapped>>::TransactionStateData;

    fn begin_transaction(conn: &mut PostgresConnection) -> QueryResult<()> {
        Inner::begin_transaction(&mut conn.0)
    }

    fn rollback_transaction(conn: &mut PostgresConnection) -> QueryResult<()> {
        Inner::rollback_transaction(&mut conn.0)
    }

    fn commit_transaction(conn: &mut PostgresConnection) -> QueryResult<()> {
        Inner::commit_transaction(&mut conn.0)
    }

    fn transaction_manager_status_mut(conn: &mut PostgresConnection) -> &mut TransactionManagerStatus {
        Inner::transaction_manager_status_mut(&mut conn.0)
    }

    fn is_broken_transaction_manager(conn: &mut PostgresConnection) -> bool {
        Inner::is_broken_transaction_manager(&mut conn.0)
    }
}

/// Stands where diesel would ask the database for the number of a type: we use built-in types only, whose numbers are fixed.
struct BuiltInTypes;

impl PgMetadataLookup for BuiltInTypes {
    fn lookup_type(&mut self, type_name: &str, schema: Option<&str>) -> PgTypeMetadata {
        let schema = schema.unwrap_or("public");
        unreachable!("{schema}.{type_name} is not a built-in type; the schema uses built-in types only")
    }
}

impl MultiConnectionHelper for PostgresConnection {
    fn to_any<'a>(_: &mut <Self::Backend as TypeMetadata>::MetadataLookup) -> &mut (dyn Any + 'a) {
        // A value without size is not allocated, so nothing leaks.
        Box::leak(Box::new(BuiltInTypes))
    }

    fn from_any(lookup: &mut dyn Any) -> Option<&mut <Self::Backend as TypeMetadata>::MetadataLookup> {
        lookup.downcast_mut::<BuiltInTypes>().map(|types| types as &mut dyn PgMetadataLookup)
    }
}
