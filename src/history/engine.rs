//! The query engine: DataFusion in this process, on a runtime of its own, so that callers stay synchronous.

use std::fs::File;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::logical_expr::{Expr, SortExpr};
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext, col, lit};
use datafusion::scalar::ScalarValue;
use object_store::ObjectStore;
use tokio::runtime::{Handle, Runtime};
use url::Url;

use super::aggregates;
use super::files::Readers;
use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// Threads, memory and spill folder that all queries of one history share.
pub(super) struct Engine {
    /// None only while it is being dropped.
    runtime: Option<Runtime>,
    env: Arc<RuntimeEnv>,
    threads: usize,
    readers: Readers,
}

impl Engine {
    /// An engine that uses at most `memory` bytes for sorting and grouping, and spills beyond into `spill`.
    pub fn start(threads: usize, memory: usize, spill: &Path, readers: Readers) -> Result<Engine> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("history")
            .enable_all()
            .build()?;
        let env = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(memory)))
            .with_temp_file_path(spill)
            .build_arc()
            .map_err(failed)?;
        Ok(Engine { runtime: Some(runtime), env, threads, readers })
    }

    /// Runs to the end on the engine's own threads.
    pub fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.runtime.as_ref().expect("present until dropped").block_on(work)
    }

    /// Where work of the engine can be waited for.
    pub fn handle(&self) -> Handle {
        self.runtime.as_ref().expect("present until dropped").handle().clone()
    }

    /// Lets queries read from an object store.
    pub fn register(&self, url: &Url, store: Arc<dyn ObjectStore>) {
        self.env.register_object_store(url, store);
    }

    /// How many threads queries may use.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// A session without tables. Begin it before the manifest is read: no file is removed while it lasts.
    pub fn session(self: &Arc<Engine>) -> Result<Snapshot> {
        self.session_with(self.threads, false, false)
    }

    /// A session for a few rows of many: columns are decoded only where the condition holds.
    pub fn lookup_session(self: &Arc<Engine>) -> Result<Snapshot> {
        self.session_with(self.threads, false, true)
    }

    /// A session without tables for one of several queries that run beside each other: each stays in one thread, in the order of
    /// segments, and reads texts as views, which are cheaper to group by.
    pub fn session_of_one_thread(self: &Arc<Engine>) -> Result<Snapshot> {
        self.session_with(1, true, false)
    }

    fn session_with(self: &Arc<Engine>, partitions: usize, text_views: bool, pushdown: bool) -> Result<Snapshot> {
        let reading = self.readers.enter()?;
        let config = SessionConfig::new()
            .with_target_partitions(partitions)
            .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
            // Segments of different customers follow one another: read them in order instead of sorting.
            .set_bool("datafusion.execution.split_file_groups_by_statistics", true)
            .set_bool("datafusion.execution.parquet.pushdown_filters", pushdown)
            // A merge of two sorted sides spills; a hash table of all keys would not.
            .set_bool("datafusion.optimizer.prefer_hash_join", false);
        let context = SessionContext::new_with_config_rt(config, self.env.clone());
        aggregates::all().into_iter().for_each(|aggregate| context.register_udaf(aggregate));
        Ok(Snapshot { engine: self.clone(), context, text_views, _reading: reading })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Dropping a runtime waits for its threads, which is not allowed on a thread of another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Sealed files that are read alike.
pub(super) struct Part {
    pub urls: Vec<ListingTableUrl>,
    /// The condition on which a row counts; none when all do.
    pub shown: Option<Expr>,
}

/// History as of one instant of the manifest and the tail: whatever is sealed or appended later is not seen.
pub struct Snapshot {
    engine: Arc<Engine>,
    context: SessionContext,
    /// While it is held, no file that is read here is removed.
    _reading: File,
    /// Whether texts are read as views instead of copies.
    text_views: bool,
}

impl Snapshot {
    /// Runs a SQL query over the fact types' tables and collects its rows.
    ///
    /// # Errors
    /// Invalid, when the SQL does not fit the tables; unavailable, when memory or the spill disk do not suffice.
    pub fn query(&self, sql: &str) -> Result<Vec<RecordBatch>> {
        self.engine.block_on(async { self.read(sql).await?.collect().await }).map_err(failed)
    }

    /// Plans a query. One that would write, or change the session, is refused.
    async fn read(&self, sql: &str) -> datafusion::error::Result<DataFrame> {
        let reading = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        self.context.sql_with_options(sql, reading).await
    }

    /// Runs a query and hands over its batches one after another, so that the whole never stands in memory.
    ///
    /// # Errors
    /// As [`Snapshot::query`], and whatever `take` answers.
    pub fn stream(&self, sql: &str, mut take: impl FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        let mut batches: SendableRecordBatchStream =
            self.engine.block_on(async { self.read(sql).await?.execute_stream().await }).map_err(failed)?;
        while let Some(batch) = self.engine.block_on(next(&mut batches)) {
            take(batch.map_err(failed)?)?;
        }
        Ok(())
    }

    /// Runs a query whose rows later queries of this snapshot see as a table; they are held in memory, in the order of their
    /// column `customer_id`.
    ///
    /// # Errors
    /// As [`Snapshot::query`]; invalid, when the query gives no `customer_id`.
    pub fn hold(&self, name: &str, sql: &str) -> Result<()> {
        let by_customer = || vec![col("customer_id").sort(true, false)];
        let made = self.engine.block_on(async {
            let rows = self.read(sql).await?.sort(by_customer())?;
            let schema = Arc::new(rows.schema().as_arrow().clone());
            MemTable::try_new(schema, vec![rows.collect().await?])
        });
        let table = made.map_err(failed)?.with_sort_order(vec![by_customer()]);
        self.context.register_table(name, Arc::new(table)).map(drop).map_err(failed)
    }

    /// The one whole number that a query answers.
    pub(super) fn count(&self, sql: &str) -> Result<i64> {
        use arrow::array::AsArray;
        let batches = self.query(sql)?;
        let first = batches.iter().find(|batch| batch.num_rows() > 0);
        Ok(first.map_or(0, |batch| batch.column(0).as_primitive::<arrow::datatypes::Int64Type>().value(0)))
    }

    /// Adds a table made of Parquet files and of batches in memory. `sorted` files are read in the order of a segment.
    pub(super) fn add_table(
        &self,
        name: &str,
        schema: SchemaRef,
        parts: Vec<Part>,
        sorted: bool,
        mut tail: Vec<RecordBatch>,
    ) -> Result<()> {
        let schema = if self.text_views { with_text_views(&schema) } else { schema };
        for batch in &mut tail {
            *batch = cast(batch, &schema)?;
        }
        let mut frames = Vec::new();
        for part in parts.into_iter().filter(|part| !part.urls.is_empty()) {
            frames.push(self.sealed(part, schema.clone(), sorted)?);
        }
        let in_memory = MemTable::try_new(schema, vec![tail.clone()]).map_err(failed)?;
        if frames.is_empty() {
            return self.context.register_table(name, Arc::new(in_memory)).map(drop).map_err(failed);
        }
        if !tail.is_empty() {
            let in_memory = if sorted { in_memory.with_sort_order(vec![order()]) } else { in_memory };
            frames.push(self.context.read_table(Arc::new(in_memory)).map_err(failed)?);
        }
        let first = frames.remove(0);
        let all = frames.into_iter().try_fold(first, DataFrame::union).map_err(failed)?;
        self.context.register_table(name, all.into_view()).map(drop).map_err(failed)
    }

    /// Sealed files, less their hidden rows.
    fn sealed(&self, part: Part, schema: SchemaRef, sorted: bool) -> Result<DataFrame> {
        let mut options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension(".parquet");
        if sorted {
            options = options.with_file_sort_order(vec![order()]);
        }
        let config =
            ListingTableConfig::new_with_multi_paths(part.urls).with_listing_options(options).with_schema(schema);
        let table = Arc::new(ListingTable::try_new(config).map_err(failed)?);
        let rows = self.context.read_table(table).map_err(failed)?;
        match part.shown {
            Some(shown) => rows.filter(shown).map_err(failed),
            None => Ok(rows),
        }
    }

    /// Hides from a table what happened at or after an instant, and what other customers did.
    pub(super) fn narrow(
        &self,
        name: &str,
        before: Option<Timestamp>,
        customers: Option<&RangeInclusive<i64>>,
    ) -> Result<()> {
        let instant = |at: Timestamp| lit(ScalarValue::TimestampMicrosecond(Some(at.0), Some("UTC".into())));
        let earlier = before.map(|before| col("occurred_at").lt(instant(before)));
        let inside = customers.map(|ids| col("customer_id").between(lit(*ids.start()), lit(*ids.end())));
        let Some(condition) = earlier.into_iter().chain(inside).reduce(Expr::and) else { return Ok(()) };
        let table = self.context.deregister_table(name).map_err(failed)?;
        let table = table.ok_or_else(|| Error::internal(format!("no table `{name}` to narrow")))?;
        let narrowed = self.context.read_table(table).and_then(|all| all.filter(condition));
        self.context.register_table(name, narrowed.map_err(failed)?.into_view()).map(drop).map_err(failed)
    }
}

async fn next(batches: &mut SendableRecordBatchStream) -> Option<datafusion::error::Result<RecordBatch>> {
    std::future::poll_fn(|context| batches.as_mut().poll_next(context)).await
}

/// The schema with texts as views: a text that repeats, or is short, is not copied.
fn with_text_views(schema: &SchemaRef) -> SchemaRef {
    let viewed = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 => Field::new(field.name(), DataType::Utf8View, field.is_nullable()),
        _ => field.as_ref().clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(viewed).collect::<Vec<_>>()))
}

fn cast(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| arrow::compute::cast(column, field.data_type()));
    columns
        .collect::<std::result::Result<_, _>>()
        .and_then(|columns| RecordBatch::try_new(schema.clone(), columns))
        .map_err(|error| failed(error.into()))
}

/// The order of a segment.
fn order() -> Vec<SortExpr> {
    ["customer_id", "occurred_at", "fact_key"].into_iter().map(|column| col(column).sort(true, false)).collect()
}

/// Which side is at fault: the query, the machine's resources, or ours.
pub(super) fn failed(error: DataFusionError) -> Error {
    let made = match error.find_root() {
        DataFusionError::SQL(..) | DataFusionError::Plan(_) | DataFusionError::SchemaError(..) => {
            Error::invalid(format!("the query does not fit history: {}", error.strip_backtrace()))
        }
        DataFusionError::ResourcesExhausted(_) => {
            Error::unavailable("the query needs more memory than history may use; narrow it or raise the limit")
        }
        DataFusionError::IoError(io) => Error::from(std::io::Error::from(io.kind())).context("history"),
        DataFusionError::ObjectStore(_) => {
            Error::unavailable("a history file cannot be read; run `vizavi history check`")
        }
        _ => Error::internal(format!("history could not answer: {}", error.strip_backtrace())),
    };
    made.caused_by(error)
}
