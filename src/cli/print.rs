//! Results on stdout: text for people, JSON for machines, tables. The one place that writes there.

use std::io::{ErrorKind, Write};

use serde::Serialize;

use crate::error::{Error, Result};

/// Prints text as it is. A reader that has gone away (`| head`) is no fault.
///
/// # Errors
/// Unavailable, when stdout is a file on a full disk.
pub fn text(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::from(error).context("stdout")),
        _ => Ok(()),
    }
}

/// Prints a value as JSON.
pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<()> {
    text(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// Rows under a header, two blanks apart; columns of numbers stand to the right.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with this header.
    pub fn new(header: &[&str]) -> Table {
        Table { rows: vec![header.iter().map(|name| (*name).to_owned()).collect()] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Whether there is nothing under the header.
    pub fn is_empty(&self) -> bool {
        self.rows.len() < 2
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cells = |column: usize| self.rows.iter().filter_map(move |row| row.get(column));
        let widths: Vec<usize> =
            (0..columns).map(|column| cells(column).map(|cell| cell.chars().count()).max().unwrap_or(0)).collect();
        let right: Vec<bool> = (0..columns).map(|column| cells(column).skip(1).all(|cell| is_number(cell))).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let width = widths[column];
                line += &if right[column] { format!("{cell:>width$}  ") } else { format!("{cell:<width$}  ") };
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Whether a cell reads as a number, with or without its unit.
fn is_number(cell: &str) -> bool {
    let first = cell.trim_start_matches(['-', '+']).chars().next();
    cell.is_empty() || cell == "-" || first.is_some_and(|c| c.is_ascii_digit()) && !cell.contains(':')
}

/// A share as a percentage with one digit.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A number as short as it can be read.
pub fn number(value: f64) -> String {
    // Adding zero makes an ordinary zero of the negative one that an empty sum gives.
    let value = value + 0.0;
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value}") } else { format!("{value:.4}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_line() {
        let mut table = Table::new(&["name", "size"]);
        table.row(vec!["новые".into(), "7".into()]);
        table.row(vec!["loyal clients".into(), "1234".into()]);
        assert_eq!(table.to_string(), "name           size\nновые             7\nloyal clients  1234\n");
        assert_eq!((percent(0.1234), number(3.0), number(0.12345)), ("12.3 %".into(), "3".into(), "0.1235".into()));
    }
}
