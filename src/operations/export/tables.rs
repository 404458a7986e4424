//! Tables of the store as files, whatever their columns: read through JSON, which both stores make of a row, typed by their own catalogue.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::history::{Format, TableFile};
use crate::storage::{Connection, Store};

/// Rows read at a time.
const PAGE: usize = 5_000;

/// The tables that are exported, in the order of their names. Neither secrets nor what only the program itself needs.
pub const TABLES: [&str; 36] = [
    "account_owner",
    "audit",
    "bounce",
    "campaign",
    "campaign_run",
    "campaign_version",
    "consent",
    "contact_ledger",
    "customer",
    "customer_alias",
    "customer_note",
    "customer_stage",
    "customer_state",
    "customer_task",
    "decision",
    "delivery",
    "event_personal",
    "event_type",
    "inquiry",
    "journey",
    "journey_step",
    "kpi_reading",
    "lead",
    "lifetime_score",
    "model_version",
    "offer",
    "outcome",
    "referral",
    "review",
    "score",
    "segment",
    "segment_member",
    "stage_step",
    "static_member",
    "static_segment",
    "steering",
];

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    row: String,
}

/// The columns of a table in their order, and those of its key.
fn columns(conn: &mut Connection, table: &str) -> Result<(Vec<Column>, Vec<String>)> {
    let postgres = conn.is_postgres();
    let all = if postgres {
        format!(
            "SELECT column_name::text AS name, upper(data_type::text) AS kind FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = '{table}' AND is_generated = 'NEVER' ORDER BY ordinal_position"
        )
    } else {
        format!("SELECT name, upper(type) AS kind FROM pragma_table_info('{table}') ORDER BY cid")
    };
    let key = if postgres {
        format!(
            "SELECT a.attname::text AS name, 'KEY' AS kind FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid \
             AND a.attnum = ANY(i.indkey) WHERE i.indrelid = '{table}'::regclass AND i.indisprimary ORDER BY array_position(i.indkey::int2[], a.attnum)"
        )
    } else {
        format!("SELECT name, 'KEY' AS kind FROM pragma_table_info('{table}') WHERE pk > 0 ORDER BY pk")
    };
    let columns: Vec<Column> = diesel::sql_query(all).load(conn)?;
    let key: Vec<Column> = diesel::sql_query(key).load(conn)?;
    if columns.is_empty() || key.is_empty() {
        return Err(Error::internal(format!("the table `{table}` cannot be exported")));
    }
    Ok((columns, key.into_iter().map(|column| column.name).collect()))
}

/// Writes a table; the number of its rows.
pub fn export(store: &Store, table: &str, file: &Path, format: Format) -> Result<u64> {
    let (columns, key) = store.read(|conn| columns(conn, table))?;
    let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
    let mut out = TableFile::create(file, schema.clone(), format)?;
    let mut after: Option<Map<String, Value>> = None;
    loop {
        let rows = store.read(|conn| page(conn, table, &columns, &key, after.as_ref()))?;
        if rows.is_empty() {
            return Ok(out.finish()?.publish()?.1);
        }
        let arrays = columns.iter().map(|column| array(column, &rows)).collect();
        let batch = RecordBatch::try_new(schema.clone(), arrays)
            .map_err(|error| Error::internal(format!("the columns of `{table}`")).caused_by(error))?;
        out.write(&batch)?;
        after = rows.into_iter().next_back();
    }
}

fn field(column: &Column) -> Field {
    let kind = match column.kind.as_str() {
        "BIGINT" | "INTEGER" | "BOOLEAN" => DataType::Int64,
        "DOUBLE PRECISION" => DataType::Float64,
        _ => DataType::Utf8,
    };
    Field::new(&column.name, kind, true)
}

/// The rows after a row, in the order of the key.
fn page(
    conn: &mut Connection,
    table: &str,
    columns: &[Column],
    key: &[String],
    after: Option<&Map<String, Value>>,
) -> Result<Vec<Map<String, Value>>> {
    let ordered: Vec<String> = key.iter().map(|name| format!("\"{name}\"")).collect();
    let condition = after.map_or_else(String::new, |row| {
        let values: Vec<String> = key.iter().map(|name| literal(&row[name])).collect();
        format!(" WHERE ({}) > ({})", ordered.join(", "), values.join(", "))
    });
    let rows = format!("SELECT * FROM \"{table}\"{condition} ORDER BY {} LIMIT {PAGE}", ordered.join(", "));
    let sql = if conn.is_postgres() {
        format!("SELECT row_to_json(t)::text AS row FROM ({rows}) t")
    } else {
        let pairs: Vec<String> = columns.iter().map(|column| format!("'{0}', t.\"{0}\"", column.name)).collect();
        format!("SELECT json_object({}) AS row FROM ({rows}) t", pairs.join(", "))
    };
    let found: Vec<Row> = diesel::sql_query(sql).load(conn)?;
    found.into_iter().map(|row| Ok(serde_json::from_str(&row.row)?)).collect()
}

/// A value of a key, which is a number or a text.
fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        other => other.to_string(),
    }
}

fn array(column: &Column, rows: &[Map<String, Value>]) -> ArrayRef {
    let values = || rows.iter().map(|row| row.get(&column.name).filter(|value| !value.is_null()));
    let whole = |value: &Value| value.as_i64().or_else(|| value.as_bool().map(i64::from));
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match field(column).data_type() {
        DataType::Int64 => Arc::new(values().map(|value| value.and_then(whole)).collect::<Int64Array>()),
        DataType::Float64 => Arc::new(values().map(|value| value.and_then(Value::as_f64)).collect::<Float64Array>()),
        _ => Arc::new(values().map(|value| value.map(text)).collect::<StringArray>()),
    }
}
