//! Bulk sealing: any number of facts become sorted segments, each fact once, in a fixed amount of memory.
//!
//! ```text
//!  rows of bytes --sorted 32 MiB at a time--> runs on disk --merged, bucket by bucket--> segments
//!        |                                                           ^
//!        +--> identities, cut by hash --+--> which rows come twice --+ (one bit a row)
//!  sealed segments --> identities ------+
//! ```
//!
//! Rows stay rows, one piece of bytes each, until they are written: sorting moves an index, and merging copies bytes, where
//! columns would have to be gathered twice.

mod cursor;
mod decode;
mod encoding;
mod identity;
mod known;
mod merge;
mod repeats;
mod row;
mod runs;
mod write;

pub(super) use encoding::properties;
pub(super) use row::{Head, RowBuilder, encode_fact};
pub(super) use runs::{RunMark, Runs};
pub(super) use write::{Target, write_segments};

use crate::error::Error;

/// A temporary file does not hold what was written to it.
fn damaged() -> Error {
    Error::unavailable("a staged file is damaged; check the disk and import again")
}
