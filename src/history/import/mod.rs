//! Import: files become facts and rows of the store.
//!
//! ```text
//!  source (CSV, NDJSON, Parquet) -> record -> mapping -> line: facts -> stage -> sealed segments
//!                                                          |     rows -> spool -> sink (the store)
//!                                                          +---- reason -> report, rejects file
//! ```
//!
//! It streams: memory does not grow with the file, but for a few bytes for each customer. Nothing counts before the whole
//! file has been read.

mod csv;
mod field;
mod line;
mod mapping;
mod ndjson;
mod parquet;
mod record;
mod rejects;
mod report;
mod run;
mod sink;
mod source;
mod spool;
pub(crate) mod stage;
mod target;

pub use field::{FieldSpec, FieldTable};
pub use mapping::{Condition, Defaults, FileSpec, Mapping, MappingSpec, RecordSpec, RejectSpec};
pub use report::{Reason, Report};
pub use run::{Request, import};
pub use sink::{Sink, StoreRow};
pub use stage::Stage;
pub use target::{ALL as TARGETS, FieldKind, Target, TargetField};
