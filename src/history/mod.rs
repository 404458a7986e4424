//! The company's memory: facts about customers, appended and never changed.
//!
//! ```text
//!  files (CSV, NDJSON, Parquet) --import--> staged facts --seal--> sealed Parquet segments --+
//!  REST --append--> hot tail (a table of the store) --seal------------^                      +--> query(sql)
//!                        +-----------------------------------------------------------------> +
//! ```
//!
//! A segment is a Parquet file of one fact type and a range of customers, sorted by customer, time and key. It counts from
//! the transaction that adds its row to the manifest; a file without a row is what a crash left behind, and is removed when
//! the folder is opened. A query sees one snapshot of manifest and tail.
//!
//! Nothing sealed is changed in place. Merge of identities, correction and erasure write tombstones, which hide sealed rows,
//! and moved or corrected facts re-enter the tail in the same transaction ([`Change`]); compaction leaves the hidden rows out.
//! A fact that reached the tail although it is sealed is hidden from queries, and dropped by the seal.

mod aggregates;
mod buckets;
mod bulk;
mod change;
mod check;
mod compact;
mod engine;
pub mod event_types;
mod export;
pub mod facts;
pub mod feed;
mod files;
mod folder;
pub mod import;
mod lookup;
mod manifest;
#[cfg(test)]
mod model_tests;
mod remote;
mod seal;
mod segment;
mod slice;
mod table_file;
mod tail;
mod tail_change;
#[cfg(test)]
pub(crate) mod tests;
mod tombstone;
mod value;
mod view;

pub use change::Change;
pub use check::{Checked, Finding};
pub use compact::{Compacted, Depth};
pub use engine::Snapshot;
pub use export::{Export, Exported};
pub use facts::{Column, FactType, Kind};
pub use folder::{DEFAULT_BUCKETS, History, Options};
pub use manifest::Segment;
pub use seal::Sealed;
pub use slice::Slices;
pub use table_file::{Format, TableFile};
pub use tail::Appended;
pub use value::{Fact, FactBatch, Value};
