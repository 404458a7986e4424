//! The schema: one tree of migrations, each applied once and in order, in the SQL that both stores understand; where one of
//! them has its own way, under a line that names it.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::schema::schema_migration;
use super::{Connection, Store};
use crate::clock::Timestamp;
use crate::error::{Error, Result};

macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../migrations/", $name, ".sql")))),*]
    };
}

/// Name and text of each migration, in order. A migration that has been released is never edited.
pub const MIGRATIONS: &[(&str, &str)] = migrations![
    "001_workspace",
    "002_customers",
    "003_offers",
    "004_campaigns",
    "010_history",
    "020_models",
    "030_decisions",
    "040_deliveries",
    "050_outcomes",
    "060_jobs",
    "070_access",
    "080_identity",
    "081_event_types",
    "082_rule_segments",
    "083_imports",
    "084_merge_requests",
    "085_kept_reports",
    "090_lifetime",
    "091_stages",
    "095_model_drift",
    "098_segment_portraits",
    "099_uploads",
    "102_active_hours",
    "110_real_time",
    "111_reviews",
    "120_incoming",
    "121_domain_pace",
    "130_experiments",
    "140_due_in_order",
    "150_scorecard",
    "151_prospects",
    "152_service",
    "160_journeys",
    "170_webhooks",
    "171_static_segments",
    "180_gap_of_pace",
    "190_open_deliveries",
    "200_variables_apart",
    "210_in_place",
];

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migration \
    (name TEXT PRIMARY KEY, digest TEXT NOT NULL, applied_at BIGINT NOT NULL)";

/// Brings the store to the present schema; returns the names of what was applied.
///
/// # Errors
/// Conflict, when an applied migration differs from ours, or the store is newer than this program.
pub fn migrate(store: &Store, now: Timestamp) -> Result<Vec<&'static str>> {
    store.write(|conn| {
        if conn.is_postgres() {
            // Two nodes that start together take turns.
            conn.batch_execute("SELECT pg_advisory_xact_lock(7317291)")?;
        }
        conn.batch_execute(TABLE)?;
        let applied: Vec<(String, String)> =
            schema_migration::table.select((schema_migration::name, schema_migration::digest)).load(conn)?;
        for (name, _) in &applied {
            if !MIGRATIONS.iter().any(|(ours, _)| ours == name) {
                return Err(Error::conflict(format!(
                    "the store has `{name}`, which this program does not know; use a newer one"
                )));
            }
        }
        let mut done = Vec::new();
        for (name, sql) in MIGRATIONS {
            match applied.iter().find(|(applied, _)| applied == name) {
                Some((_, digest)) if *digest == digest_of(sql) => {}
                Some(_) => {
                    return Err(Error::conflict(format!("migration `{name}` was changed after it had been applied")));
                }
                None => {
                    apply(conn, name, sql, now)?;
                    done.push(*name);
                }
            }
        }
        Ok(done)
    })
}

fn apply(conn: &mut Connection, name: &str, sql: &str, now: Timestamp) -> Result<()> {
    conn.batch_execute(&text_for(sql, conn.is_postgres()))
        .map_err(|e| Error::from(e).context(format!("migration {name}")))?;
    diesel::insert_into(schema_migration::table)
        .values((
            schema_migration::name.eq(name),
            schema_migration::digest.eq(digest_of(sql)),
            schema_migration::applied_at.eq(now.0),
        ))
        .execute(conn)?;
    Ok(())
}

/// What of a migration is for one store: all of it, or from a line `-- On SQLite:` or `-- On PostgreSQL:` on what is for that one.
fn text_for(sql: &str, postgres: bool) -> String {
    let (mut text, mut ours) = (String::with_capacity(sql.len()), true);
    for line in sql.lines() {
        match line {
            "-- On SQLite:" => ours = !postgres,
            "-- On PostgreSQL:" => ours = postgres,
            _ if ours => text.extend([line, "\n"]),
            _ => {}
        }
    }
    text
}

fn digest_of(sql: &str) -> String {
    crate::ids::hex(&Sha256::digest(sql.as_bytes()))
}
