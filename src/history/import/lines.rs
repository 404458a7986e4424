//! Lines of a stream in a buffer that does not grow: a line longer than 1 MiB is stepped over.

use std::io::Read;

use super::record::{LONGEST, unreadable};
use crate::error::Result;

const CHUNK: usize = 1 << 18;
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Where a reader stands: enough to go on from here in another process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// Bytes of the unpacked stream before the next line.
    pub offset: u64,
    /// Lines before it.
    pub line: u64,
    /// Records before it.
    pub row: u64,
    /// Up to this byte a quoted text may not span lines: a quote that was open here was given up.
    pub single_until: u64,
}

/// What stands at a place of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A line, from the place asked for to `end`; the next one begins at `next`.
    Line { end: usize, next: usize },
    /// More than 1 MiB since the beginning without an end.
    TooLong,
    /// The end of the stream.
    End,
}

/// The lines of a stream. Places within are counted from the beginning of the first line that is not yet stepped over.
pub struct Lines {
    input: Box<dyn Read + Send>,
    file: String,
    buffer: Vec<u8>,
    start: usize,
    filled: usize,
    ended: bool,
    offset: u64,
    line: u64,
}

impl Lines {
    /// Begins a stream; the byte order mark that spreadsheets put first is stepped over.
    pub fn new(input: Box<dyn Read + Send>, file: &str) -> Result<Lines> {
        let mut lines = Lines {
            input,
            file: file.to_owned(),
            buffer: vec![0; CHUNK],
            start: 0,
            filled: 0,
            ended: false,
            offset: 0,
            line: 0,
        };
        while lines.filled < MARK.len() && lines.fill()? {}
        if lines.rest().starts_with(MARK) {
            lines.step(MARK.len());
        }
        Ok(lines)
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Lines stepped over.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Bytes stepped over.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// What has been read and not stepped over.
    pub fn rest(&self) -> &[u8] {
        &self.buffer[self.start..self.filled]
    }

    /// The line that begins at `from`.
    ///
    /// # Errors
    /// Invalid, when the file is damaged; unavailable, when it cannot be read.
    pub fn find(&mut self, from: usize) -> Result<Found> {
        let mut searched = from;
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.rest()[searched..]) {
                let end = searched + at;
                return Ok(if end > LONGEST { Found::TooLong } else { Found::Line { end, next: end + 1 } });
            }
            searched = self.rest().len();
            if searched > LONGEST {
                return Ok(Found::TooLong);
            }
            if !self.fill()? {
                return Ok(if searched == from { Found::End } else { Found::Line { end: searched, next: searched } });
            }
        }
    }

    /// Steps over `lines` lines of `length` bytes together.
    pub fn take(&mut self, length: usize, lines: u64) {
        self.step(length);
        self.line += lines;
    }

    /// Steps over a line of any length.
    pub fn skip_line(&mut self) -> Result<()> {
        loop {
            let end = memchr::memchr(b'\n', self.rest());
            let length = end.map_or(self.rest().len(), |end| end + 1);
            self.step(length);
            if end.is_some() || !self.fill()? {
                self.line += 1;
                return Ok(());
            }
        }
    }

    /// Steps over everything before a place reached earlier.
    pub fn skip_to(&mut self, place: &Place) -> Result<()> {
        while self.offset < place.offset {
            let length = self.rest().len().min((place.offset - self.offset) as usize);
            self.step(length);
            if self.offset < place.offset && !self.fill()? {
                let error = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
                return Err(unreadable(error, &self.file, place.line));
            }
        }
        self.line = place.line;
        Ok(())
    }

    fn step(&mut self, length: usize) {
        self.start += length;
        self.offset += length as u64;
    }

    /// Reads more behind what is there; false at the end.
    fn fill(&mut self) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.start = 0;
        }
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.filled + CHUNK, 0);
        }
        let read = loop {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other.map_err(|error| unreadable(error, &self.file, self.line + 1))?,
            }
        };
        self.filled += read;
        self.ended = read == 0;
        Ok(!self.ended)
    }
}
