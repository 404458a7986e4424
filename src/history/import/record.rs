//! One line of a file, whatever the format: texts under the names of columns.

use crate::error::{Error, Fault};

/// Number of the line's record within the file, as a column: mappings may use it in keys.
pub const ROW: &str = "_row";
/// Why a line was rejected; a column of a rejects file.
pub const REASON: &str = "_reason";

/// A line.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Its number among the records of the file, from 1; a rejects file carries the number from the file it comes from.
    pub row: u64,
    /// The line of the file it begins on, from 1.
    pub line: u64,
    /// The value of each column; empty where there is none.
    pub values: Vec<String>,
    /// What is wrong with the line as such (too few fields, not UTF-8), if anything.
    pub fault: Option<String>,
}

/// A failure to read on: the fault of the file when it is cut off or not what it says it is, else of the machine.
pub(super) fn unreadable(error: std::io::Error, file: &str, line: u64) -> Error {
    use std::io::ErrorKind as K;
    if matches!(error.kind(), K::UnexpectedEof | K::InvalidData | K::InvalidInput) {
        let message = "the compressed file is damaged or cut off; fetch it again";
        let fault = Fault::at("", message).in_file(file).on_line(line);
        return Error::faults("the file cannot be read; nothing was imported", vec![fault]).caused_by(error);
    }
    Error::from(error).context(file)
}
