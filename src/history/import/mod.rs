//! Import: files become facts and rows of the store.
//!
//! ```text
//!  source (CSV, NDJSON, Parquet) -> record -> plan -> line: facts -> stage -> sealed segments
//!                                                       |     rows -> spool -> sink (the store)
//!                                                       +---- reason -> report, rejects file
//! ```
//!
//! It streams: memory does not grow with the file, but for a few bytes for each customer and a bit for each line. Nothing
//! counts before the whole file has been read; a journal tells an import that was killed where to go on.

mod bound;
mod csv;
mod field;
mod input;
pub(in crate::history) mod journal;
mod key;
mod line;
mod lines;
pub mod log;
mod mapping;
mod ndjson;
mod number;
mod parquet;
mod pass;
mod plan;
mod record;
mod rejects;
mod report;
mod run;
mod sink;
mod source;
mod spool;
pub(crate) mod stage;
mod target;
mod time;

pub use field::{FieldSpec, FieldTable};
pub use mapping::{Condition, Defaults, FileSpec, Mapping, MappingSpec, RecordSpec, RejectSpec};
pub use report::{Reason, Report};
pub use run::{Request, check, import};
pub use sink::{Sink, StoreRow};
pub use source::{STANDARD_INPUT, ending, plain};
pub use stage::{SORTED, Stage};
pub use target::{ALL as TARGETS, FieldKind, Target, TargetField};
