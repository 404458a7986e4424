//! Delimited text, read strictly: a broken quote costs the line it opens on, and not the lines after it.

use std::io::Read;

use super::lines::{Found, Lines, Place};
use super::record::{KEPT, NTH, REASON, ROW, Record};
use crate::error::{Error, Fault, Result};

/// Reads delimited records.
pub struct CsvReader {
    lines: Lines,
    delimiter: Delimiter,
    columns: Vec<String>,
    row: u64,
    row_column: Option<usize>,
    nth_column: Option<usize>,
    single_until: u64,
    field: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delimiter {
    Byte(u8),
    /// Any run of blanks, at the start of a line none.
    Blanks,
}

/// How a record with quotes ended.
enum Quoted {
    /// After so many bytes and lines, the last of which begins at `last`.
    Whole { next: usize, lines: u64, last: usize },
    /// A quote is broken; what was looked through ends at `seen`.
    Broken { why: &'static str, seen: usize },
}

const OPEN: &str = "a quote opens and never closes; close it, or double it if it belongs to the text";
const STRAY: &str = "a closing quote must end its field; double quotes inside one";
const TOO_LONG: &str = "is longer than 1 MiB; only its beginning is kept";

impl CsvReader {
    /// Begins a file. `columns` names them where the file has no header line; a rejects file always has one.
    ///
    /// # Errors
    /// Invalid, when the delimiter is not one character or the header is broken.
    pub fn new(
        input: Box<dyn Read + Send>,
        file: &str,
        delimiter: &str,
        columns: Option<&[String]>,
    ) -> Result<CsvReader> {
        let delimiter = match delimiter {
            "blanks" => Delimiter::Blanks,
            "tab" => Delimiter::Byte(b'\t'),
            one if one.len() == 1 => Delimiter::Byte(one.as_bytes()[0]),
            _ => return Err(Error::faults("the mapping cannot be used", vec![delimiter_fault()])),
        };
        let mut reader = CsvReader {
            lines: Lines::new(input, file)?,
            delimiter,
            columns: Vec::new(),
            row: 0,
            row_column: None,
            nth_column: None,
            single_until: 0,
            field: Vec::new(),
        };
        reader.read_header(columns)?;
        Ok(reader)
    }

    fn read_header(&mut self, columns: Option<&[String]>) -> Result<()> {
        let first = match self.lines.find(0)? {
            Found::Line { end, .. } => &self.lines.rest()[..end],
            Found::TooLong => {
                return Err(self.fault(1, "the first line is longer than 1 MiB; it must name the columns"));
            }
            Found::End if columns.is_some() => &[],
            Found::End => return Err(self.fault(1, "the file is empty; the first line must name the columns")),
        };
        let is_rejects = first.trim_ascii_end().ends_with(format!("{ROW},{REASON}").as_bytes());
        if is_rejects {
            self.delimiter = Delimiter::Byte(b',');
        } else if let Some(columns) = columns {
            self.columns = columns.to_vec();
            return Ok(());
        }
        let mut header = Record::default();
        self.read_record(&mut header)?;
        if let Some(fault) = &header.fault {
            return Err(self.fault(1, fault));
        }
        self.columns = header.values().map(str::to_owned).collect();
        let at = |name: &str| self.columns.iter().position(|column| column == name);
        (self.row_column, self.nth_column) = (at(ROW), at(NTH));
        Ok(())
    }

    /// The columns' names.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Where the next record begins.
    pub fn place(&self) -> Place {
        let (offset, line) = (self.lines.offset(), self.lines.line());
        Place { offset, line, row: self.row, single_until: self.single_until }
    }

    /// Goes on from a place reached earlier.
    pub fn skip_to(&mut self, place: &Place) -> Result<()> {
        (self.row, self.single_until) = (place.row, place.single_until);
        self.lines.skip_to(place)
    }

    /// The next record; false at the end. What is wrong with it stands in the record.
    ///
    /// # Errors
    /// Unavailable, when the file cannot be read; invalid, when it is damaged.
    pub fn next(&mut self, record: &mut Record) -> Result<bool> {
        loop {
            if !self.read_record(record)? {
                return Ok(false);
            }
            if record.len() > 1 || !record.value(0).is_empty() || record.fault.is_some() {
                break;
            }
        }
        self.row += 1;
        record.row = self.row;
        let (have, want) = (record.len(), self.columns.len());
        if have != want && record.fault.is_none() {
            record.fault = Some(format!("has {have} fields instead of {want}"));
        }
        let number = |column: Option<usize>| column.and_then(|column| record.value(column).parse::<u64>().ok());
        let (row, nth) = (number(self.row_column), number(self.nth_column));
        record.row = row.unwrap_or(record.row);
        record.nth = nth.and_then(|nth| u32::try_from(nth).ok());
        Ok(true)
    }

    fn fault(&self, line: u64, message: &str) -> Error {
        let fault = Fault::at("", message).in_file(self.lines.file()).on_line(line);
        Error::faults("the file cannot be read; nothing was imported", vec![fault])
    }

    /// Reads one record of raw fields; false at the end of the file.
    fn read_record(&mut self, record: &mut Record) -> Result<bool> {
        record.begin(self.lines.line() + 1);
        let (end, next) = match self.lines.find(0)? {
            Found::Line { end, next } => (end, next),
            Found::End => return Ok(false),
            Found::TooLong => {
                record.push(&String::from_utf8_lossy(&self.lines.rest()[..KEPT]));
                record.fault = Some(TOO_LONG.into());
                self.lines.skip_line()?;
                return Ok(true);
            }
        };
        let line = without_return(&self.lines.rest()[..end]);
        let Delimiter::Byte(delimiter) = self.delimiter else {
            line.split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty())
                .for_each(|word| record.push_bytes(word));
            self.lines.take(next, 1);
            return Ok(true);
        };
        if memchr::memchr(b'"', line).is_none() {
            record.split(line, delimiter);
            self.lines.take(next, 1);
            return Ok(true);
        }
        self.read_quoted(record, delimiter, end, next)?;
        Ok(true)
    }

    /// Reads a record with quotes, whose first line ends at `end`.
    fn read_quoted(&mut self, record: &mut Record, delimiter: u8, end: usize, next: usize) -> Result<()> {
        let (why, seen) = match self.fields(record, delimiter, end, next)? {
            Quoted::Whole { next, lines, .. } if lines == 1 => {
                self.lines.take(next, lines);
                return Ok(());
            }
            Quoted::Whole { next, lines, .. } if self.columns.is_empty() || record.len() == self.columns.len() => {
                self.lines.take(next, lines);
                return Ok(());
            }
            // The quote closed on a later line, and the record has not the fields it should have: it closed by chance.
            Quoted::Whole { last, .. } => (OPEN, last),
            Quoted::Broken { why, seen } => (why, seen),
        };
        // Lines that were looked through in vain may be looked through once more, but not again for each of them.
        self.single_until = self.single_until.max(self.lines.offset() + seen as u64);
        record.begin(record.line);
        record.split(without_return(&self.lines.rest()[..end]), delimiter);
        record.fault = Some(why.into());
        self.lines.take(next, 1);
        Ok(())
    }

    /// Takes the fields of a record apart, over several lines if need be.
    fn fields(&mut self, record: &mut Record, delimiter: u8, mut end: usize, mut next: usize) -> Result<Quoted> {
        let may_span = self.lines.offset() >= self.single_until;
        let (mut at, mut lines, mut last) = (0, 1, 0);
        loop {
            if self.lines.rest()[..end].get(at) != Some(&b'"') {
                let line = &self.lines.rest()[..end];
                let stop = memchr::memchr(delimiter, &line[at..]).map(|n| at + n);
                let field = &line[at..stop.unwrap_or(end)];
                record.push_bytes(if stop.is_some() { field } else { without_return(field) });
                match stop {
                    Some(stop) => at = stop + 1,
                    None => return Ok(Quoted::Whole { next, lines, last }),
                }
                continue;
            }
            at += 1;
            self.field.clear();
            loop {
                let line = &self.lines.rest()[..end];
                let Some(quote) = memchr::memchr(b'"', &line[at..]).map(|n| at + n) else {
                    self.field.extend_from_slice(without_return(&line[at..]));
                    self.field.push(b'\n');
                    if !may_span {
                        return Ok(Quoted::Broken { why: OPEN, seen: 0 });
                    }
                    last = next;
                    match self.lines.find(next)? {
                        Found::Line { end: e, next: n } => (at, end, next, lines) = (next, e, n, lines + 1),
                        Found::TooLong | Found::End => return Ok(Quoted::Broken { why: OPEN, seen: next }),
                    }
                    continue;
                };
                self.field.extend_from_slice(&line[at..quote]);
                at = quote + 1;
                if line.get(at) != Some(&b'"') {
                    break;
                }
                self.field.push(b'"');
                at += 1;
            }
            record.push_bytes(&self.field);
            let rest = without_return(&self.lines.rest()[at..end]);
            match rest.first() {
                None => return Ok(Quoted::Whole { next, lines, last }),
                Some(&byte) if byte == delimiter => at += 1,
                // On a later line it was some other quote: the one that opened never closed.
                Some(_) if lines > 1 => return Ok(Quoted::Broken { why: OPEN, seen: last }),
                Some(_) => return Ok(Quoted::Broken { why: STRAY, seen: last }),
            }
        }
    }
}

/// A line without the carriage return before its end.
fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn delimiter_fault() -> Fault {
    Fault::at("file.delimiter", "write one character, `tab`, or `blanks`")
}

#[cfg(test)]
mod tests {
    use super::*;

    type Seen = (u64, Vec<String>, Option<String>);

    fn read(text: impl Into<Vec<u8>>) -> Vec<Seen> {
        let input = Box::new(std::io::Cursor::new(text.into()));
        let mut reader = CsvReader::new(input, "f.csv", ",", None).unwrap();
        let mut record = Record::default();
        let mut all = Vec::new();
        while reader.next(&mut record).unwrap() {
            all.push((record.line, record.values().map(str::to_owned).collect(), record.fault.clone()));
        }
        all
    }

    fn good(all: &[Seen]) -> Vec<u64> {
        all.iter().filter(|(_, _, fault)| fault.is_none()).map(|(line, ..)| *line).collect()
    }

    #[test]
    fn quotes_lines_and_ragged_records() {
        let all = read("\u{feff}a,b\r\n1,\"x, \"\"y\"\"\nz\"\n\n2\n3,4\r\n\"5\",\"6\"\r\n\"7\"\"\",");
        assert_eq!(all[0].1, ["1", "x, \"y\"\nz"]);
        assert_eq!((all[1].0, all[1].2.as_deref()), (5, Some("has 1 fields instead of 2")));
        assert_eq!((all[2].0, all[2].1[1].as_str()), (6, "4"));
        assert_eq!((&all[3].1, &all[4].1), (&vec!["5".to_owned(), "6".into()], &vec!["7\"".to_owned(), String::new()]));
        assert_eq!(all[4].2, None);
    }

    #[test]
    fn a_broken_quote_costs_its_own_line() {
        let stray = read("a,b\n1,\"x\"y\n2,3\n");
        assert_eq!((stray[0].2.as_deref(), good(&stray)), (Some(STRAY), vec![3]));
        let open = read("a,b\n1,2\n3,\"open\n4,5\n6,7\n");
        assert_eq!((open[1].0, open[1].2.as_deref(), good(&open)), (3, Some(OPEN), vec![2, 4, 5]));
        assert_eq!(open[1].1, ["3", "\"open"], "the line stands as it came, to be mended");
        // Two strays seem to close each other: the fields tell that they do not.
        let two = read("a,b\n1,\"open\n4,5\n6\",7\n8,9\n");
        assert_eq!(good(&two), [3, 4, 5]);
        let far = format!("a,b\n1,\"open\n{}", "4,5\n".repeat(400_000));
        let all = read(far);
        assert_eq!((all.len(), good(&all).len()), (400_001, 400_000));
        // Each of these seems to open a quote that goes on for ever; it is not searched for again in every line.
        let hostile = format!("a,b\n{}", "x\",\"z\n".repeat(300_000));
        assert_eq!(read(hostile).len(), 300_000);
    }

    #[test]
    fn a_line_too_long_and_bytes_of_another_encoding_are_rejected_alone() {
        let mut text = b"a,b\n1,2\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', 3 << 20));
        text.extend(b"\n3,4\n5,\xe9t\xe9\n6,7\n");
        let all = read(text);
        assert_eq!(good(&all), [2, 4, 6]);
        assert_eq!((all[1].1[0].len(), all[1].2.as_deref()), (KEPT, Some(TOO_LONG)));
        assert!(all[3].2.as_deref().unwrap().contains("UTF-8"));
    }
}
