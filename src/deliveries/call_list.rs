//! The call list: one CSV a run for the phone team, which a spreadsheet can open without running anything in it.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::delivery::Delivery;
use super::transport::{Outcome, Parcel, Session, Transport};
use crate::error::{Error, Result};
use crate::ids::CampaignRunId;

const BATCH: usize = 200;
const HEADER: &str = "delivery,customer,phone,language,script\r\n";

/// Appends to `<folder>/calls-<run>.csv`.
#[derive(Debug, Clone)]
pub struct CallLists {
    folder: PathBuf,
}

impl CallLists {
    /// Lists in `folder`, which is made when it is needed.
    pub fn new(folder: &Path) -> CallLists {
        CallLists { folder: folder.to_owned() }
    }

    /// The list of a run.
    pub fn path(&self, run: CampaignRunId) -> PathBuf {
        self.folder.join(format!("calls-{run}.csv"))
    }
}

impl Transport for CallLists {
    fn batch(&self) -> usize {
        BATCH
    }

    fn session(&self) -> Result<Box<dyn Session>> {
        fs::create_dir_all(&self.folder)?;
        Ok(Box::new(CallSession { lists: self.clone(), prepared: Vec::new() }))
    }

    fn proof(&self, delivery: &Delivery) -> Option<bool> {
        match fs::read(self.path(delivery.campaign_run_id)) {
            Ok(bytes) => Some(listed(&bytes).contains(&delivery.id.0)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(false),
            Err(_) => None,
        }
    }
}

struct CallSession {
    lists: CallLists,
    prepared: Vec<(i64, CampaignRunId, String)>,
}

impl Session for CallSession {
    fn prepare(&mut self, parcel: &Parcel<'_>) -> Result<(), Outcome> {
        let row = parcel.delivery;
        if row.address.trim().is_empty() {
            return Err(Outcome::refused("there is no number to call"));
        }
        let cells = [
            row.id.to_string(),
            row.customer_id.to_string(),
            row.address.clone(),
            parcel.message.locale.clone(),
            parcel.message.text.trim().to_owned(),
        ];
        let line = cells.iter().map(|cell| safe_cell(cell)).collect::<Vec<_>>().join(",") + "\r\n";
        self.prepared.push((row.id.0, row.campaign_run_id, line));
        Ok(())
    }

    fn commit(&mut self, keep: &[bool]) -> Vec<Outcome> {
        let kept: Vec<_> = self.prepared.drain(..).zip(keep).filter(|(_, keep)| **keep).map(|(line, _)| line).collect();
        let mut outcomes = Vec::with_capacity(kept.len());
        for lines in kept.chunk_by(|a, b| a.1 == b.1) {
            let written = append(&self.lists.path(lines[0].1), lines);
            outcomes.extend(lines.iter().map(|_| match &written {
                Ok(()) => Outcome::Sent { code: None, text: "listed".into() },
                Err(error) => Outcome::Uncertain { text: error.message().to_owned() },
            }));
        }
        outcomes
    }

    fn abandon(&mut self) {
        self.prepared.clear();
    }
}

/// Appends what is not listed yet, under a lock that other processes respect; a line that a crash cut off is removed first.
fn append(path: &Path, lines: &[(i64, CampaignRunId, String)]) -> Result<()> {
    let mut file: File = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    file.lock().map_err(|error| Error::unavailable("the call list is locked").caused_by(error))?;
    let mut present = Vec::new();
    file.read_to_end(&mut present)?;
    let whole = whole_lines(&present);
    let listed = listed(&present[..whole]);
    let mut text = if whole == 0 { HEADER.to_owned() } else { String::new() };
    for (_, _, line) in lines.iter().filter(|(id, ..)| !listed.contains(id)) {
        text.push_str(line);
    }
    file.set_len(whole as u64)?;
    file.seek(SeekFrom::Start(whole as u64))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(())
}

/// How many bytes end in a whole record: a line break outside quotes.
fn whole_lines(bytes: &[u8]) -> usize {
    let (mut quoted, mut whole) = (false, 0);
    for (i, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => whole = i + 1,
            _ => {}
        }
    }
    whole
}

fn listed(bytes: &[u8]) -> HashSet<i64> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(&bytes[..whole_lines(bytes)]);
    let ids =
        reader.byte_records().flatten().filter_map(|record| std::str::from_utf8(record.get(0)?).ok()?.parse().ok());
    ids.collect()
}

/// A cell that no spreadsheet takes for a formula (a leading `= + - @`, tab or return gets an apostrophe), quoted where needed.
/// A telephone number keeps its plus: digits and blanks after it cannot call anything.
fn safe_cell(text: &str) -> String {
    let number =
        text.strip_prefix('+').is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || " ()-".contains(c)));
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && !number;
    let text = if risky { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text_and_numbers_stay() {
        assert_eq!(safe_cell("=cmd|'/C calc'!A0"), "'=cmd|'/C calc'!A0");
        assert_eq!(safe_cell("+1+cmd|x"), "'+1+cmd|x");
        assert_eq!(safe_cell("+359 2 555 0100"), "+359 2 555 0100");
        assert_eq!(safe_cell("say \"hi\",\nthen wait"), "\"say \"\"hi\"\",\nthen wait\"");
    }

    #[test]
    fn a_cut_line_is_repaired_and_nothing_is_listed_twice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls-1.csv");
        let line = |id: i64| (id, CampaignRunId(1), format!("{id},9,+1,en,\"two\nlines\"\r\n"));
        append(&path, &[line(1), line(2)]).unwrap();
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"3,9,+1,en,\"cut\nin the mid").unwrap();
        assert!(!listed(&fs::read(&path).unwrap()).contains(&3));
        append(&path, &[line(2), line(3)]).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches("delivery,customer").count(), 1);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let ids: Vec<String> = reader.records().map(|record| record.unwrap()[0].to_owned()).collect();
        assert_eq!(ids, ["1", "2", "3"]);
    }
}
