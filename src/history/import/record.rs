//! One line of a file, whatever the format: texts under the names of columns.

use crate::error::{Error, Fault};

/// Number of the line's record within the file, as a column: mappings may use it in keys.
pub const ROW: &str = "_row";
/// Why a line was rejected; a column of a rejects file.
pub const REASON: &str = "_reason";
/// Which repetition of its order and article a rejected line is; a column of a rejects file.
pub const NTH: &str = "_n";
/// Longest line; what is longer is a broken file, not a line.
pub const LONGEST: usize = 1 << 20;
/// What is kept of a longer one, for the rejects file.
pub const KEPT: usize = 200;

/// A line. Its texts stand in one piece, which the next line uses again.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Its number among the records of the file, from 1; a rejects file carries the number from the file it comes from.
    pub row: u64,
    /// The line of the file it begins on, from 1.
    pub line: u64,
    /// Which repetition of its order and article it is, when a rejects file says so.
    pub nth: Option<u32>,
    /// What is wrong with the line as such (too few fields, not UTF-8), if anything.
    pub fault: Option<String>,
    text: String,
    spans: Vec<(u32, u32)>,
}

impl Record {
    /// Begins a new line without values.
    pub fn begin(&mut self, line: u64) {
        self.text.clear();
        self.spans.clear();
        (self.row, self.line, self.nth, self.fault) = (0, line, None, None);
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// The value of a column; empty where there is none.
    pub fn value(&self, at: usize) -> &str {
        self.spans.get(at).map_or("", |(start, end)| &self.text[*start as usize..*end as usize])
    }

    /// All values in order.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.spans.iter().map(|(start, end)| &self.text[*start as usize..*end as usize])
    }

    /// Adds a value.
    pub fn push(&mut self, value: &str) {
        let start = self.text.len();
        self.text.push_str(value);
        self.spans.push((start as u32, self.text.len() as u32));
    }

    /// Adds a value that may not be UTF-8: the line is then faulty.
    pub fn push_bytes(&mut self, value: &[u8]) {
        match std::str::from_utf8(value) {
            Ok(text) => self.push(text),
            Err(_) => {
                self.push(&String::from_utf8_lossy(value));
                self.fault = Some("is not UTF-8; convert the file".into());
            }
        }
    }

    /// Adds the values of a whole line without quotes.
    pub fn split(&mut self, line: &[u8], delimiter: u8) {
        let Ok(text) = std::str::from_utf8(line) else {
            return line.split(|byte| *byte == delimiter).for_each(|value| self.push_bytes(value));
        };
        self.text.push_str(text);
        let mut start = 0;
        for end in memchr::memchr_iter(delimiter, line) {
            self.spans.push((start, end as u32));
            start = end as u32 + 1;
        }
        self.spans.push((start, line.len() as u32));
    }

    /// Puts `count` empty values, to be set by [`Record::set`].
    pub fn blank(&mut self, count: usize) {
        self.spans.resize(count, (0, 0));
    }

    /// Sets a value that was put as empty.
    pub fn set(&mut self, at: usize, value: &str) {
        let start = self.text.len();
        self.text.push_str(value);
        self.spans[at] = (start as u32, self.text.len() as u32);
    }

    /// Sets a value to something that is shown.
    pub fn set_shown(&mut self, at: usize, value: &dyn std::fmt::Display) {
        use std::fmt::Write;
        let start = self.text.len();
        // Writing to a text does not fail.
        write!(self.text, "{value}").ok();
        self.spans[at] = (start as u32, self.text.len() as u32);
    }
}

/// A failure to read on: the fault of the file when it is cut off or not what it says it is, else of the machine.
pub(super) fn unreadable(error: std::io::Error, file: &str, line: u64) -> Error {
    use std::io::ErrorKind as K;
    let message = match error.kind() {
        K::FileTooLarge => "it expands more than five-hundredfold; unpack it yourself if you trust it",
        K::UnexpectedEof | K::InvalidData | K::InvalidInput | K::Other => {
            "the compressed file is damaged or cut off; fetch it again"
        }
        _ => return Error::from(error).context(file),
    };
    let fault = Fault::at("", message).in_file(file).on_line(line);
    Error::faults("the file cannot be read; nothing was imported", vec![fault]).caused_by(error)
}
