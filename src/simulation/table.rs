//! Plain tables: columns aligned by the width of their characters, no colour, the same on a terminal and in a file.

/// How a column is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Lays rows out under a header, two blanks between columns, a rule under the header. Cells beyond the header are dropped.
pub fn table(header: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|(name, _)| name.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells
            .zip(&widths)
            .zip(header)
            .map(|((cell, width), (_, align))| match align {
                Align::Left => format!("{cell:<width$}"),
                Align::Right => format!("{cell:>width$}"),
            })
            .collect();
        format!("  {}\n", padded.join("  ").trim_end())
    };
    let mut text = line(&mut header.iter().map(|(name, _)| *name));
    let rule: usize = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
    text.push_str(&format!("  {}\n", "-".repeat(rule)));
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

/// A whole number with commas between thousands.
pub fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// Minor units as whole units with commas.
pub fn units(minor: f64) -> String {
    thousands((minor / 100.0).round() as i64)
}

/// Minor units with two decimals and commas.
pub fn cents(minor: f64) -> String {
    let whole = minor.round() as i64;
    let sign = if whole < 0 { "-" } else { "" };
    let absolute = whole.unsigned_abs();
    format!("{sign}{}.{:02}", thousands((absolute / 100) as i64), absolute % 100)
}

/// A share as a percentage with one decimal.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!([thousands(0), thousands(999), thousands(-1_234_567)], ["0", "999", "-1,234,567"]);
        assert_eq!([cents(-1.0), cents(123_456.0), units(-123_456.0)], ["-0.01", "1,234.56", "-1,235"]);
        assert_eq!(percent(0.0525), "5.2 %");
    }

    #[test]
    fn columns_are_aligned_by_characters() {
        let rows = vec![vec!["Иван".into(), "7".into()], vec!["x".into(), "1,000".into()]];
        let text = table(&[("name", Align::Left), ("profit", Align::Right)], &rows);
        assert_eq!(text, "  name  profit\n  ------------\n  Иван       7\n  x      1,000\n");
    }
}
