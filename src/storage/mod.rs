//! The operational store: SQLite in this process, or PostgreSQL that several nodes share; the same SQL.

mod checkpoint;
mod connection;
pub mod counter;
mod insert_row;
pub mod migrate;
mod postgres;
mod prepared;
pub mod schema;
mod store;
mod update_row;
pub mod workspace;

pub use connection::{StoreConnection as Connection, insert_rows, on_each, update_rows};
pub use insert_row::{Around, insert_row};
pub use postgres::PostgresConnection;
pub use prepared::Prepared;
pub use store::{Location, Store};
pub use update_row::update_row;
