//! E-mails in files of many: each batch is one mbox file (RFC 4155, lines quoted as mboxrd does), for a service that takes them from a
//! folder. A million are written with a few thousand flushes.
//!
//! The rename is the commit. A file's name tells from which delivery to which it reaches, so that what went out can be proven; and who
//! looks for a proof first takes away what was written and not renamed, so that a writer that slept past its lease renames nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memchr::memmem;

use super::delivery::Delivery;
use super::email::{self, Sender, Wire};
use super::file::{publish, write_synced};
use super::transport::{Outcome, Parcel, Session, Transport};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{self, CampaignRunId};

/// Parcels that share a mark and a file.
const BATCH: usize = 200;
/// What a file is called until it is whole.
const UNFINISHED: &str = "tmp";

/// Writes e-mails below a folder.
#[derive(Debug, Clone)]
pub struct Mboxes(Arc<Config>);

#[derive(Debug)]
struct Config {
    folder: PathBuf,
    sender: Sender,
}

impl Mboxes {
    /// E-mails from `sender`, below `folder`, which is made when it is needed.
    pub fn new(folder: &Path, sender: Sender) -> Mboxes {
        Mboxes(Arc::new(Config { folder: folder.to_owned(), sender }))
    }

    fn run_folder(&self, run: CampaignRunId) -> PathBuf {
        self.0.folder.join(run.to_string())
    }

    /// Files that reach over the delivery's id, and end in `ending`.
    fn reaching(&self, delivery: &Delivery, ending: &str) -> std::io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(self.run_folder(delivery.campaign_run_id)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let range = name.split('.').next().and_then(|range| range.split_once('-'));
            let (first, last) = match range.map(|(first, last)| (first.parse::<i64>(), last.parse::<i64>())) {
                Some((Ok(first), Ok(last))) => (first, last),
                _ => continue,
            };
            if (first..=last).contains(&delivery.id.0) && name.ends_with(ending) {
                found.push(path);
            }
        }
        Ok(found)
    }

    /// Whether a file holds the message; an unfinished one that does is taken away.
    fn went_out(&self, delivery: &Delivery) -> std::io::Result<bool> {
        for path in self.reaching(delivery, UNFINISHED)? {
            if holds(&path, delivery)? {
                gone(fs::remove_file(&path))?;
            }
        }
        for path in self.reaching(delivery, ".mbox")? {
            if holds(&path, delivery)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes a message out of the file that it was written to, if it was.
    ///
    /// # Errors
    /// Unavailable, when the disk refuses.
    pub fn remove(&self, delivery: &Delivery) -> Result<()> {
        for path in self.reaching(delivery, "")? {
            let Some(bytes) = read(&path)? else { continue };
            let Some((from, to)) = place(&bytes, delivery) else { continue };
            let rest = [&bytes[..from], &bytes[to..]].concat();
            let new = path.with_extension("new");
            write_synced(&new, &rest)?;
            publish(&new, &path)?;
        }
        Ok(())
    }
}

impl Transport for Mboxes {
    fn batch(&self) -> usize {
        BATCH
    }

    fn session(&self) -> Result<Box<dyn Session>> {
        fs::create_dir_all(&self.0.folder)?;
        Ok(Box::new(MboxSession { boxes: self.clone(), prepared: Vec::new() }))
    }

    fn proof(&self, delivery: &Delivery) -> Option<bool> {
        self.went_out(delivery).ok()
    }
}

struct Prepared {
    id: i64,
    run: CampaignRunId,
    at: Timestamp,
    wire: Wire,
}

struct MboxSession {
    boxes: Mboxes,
    prepared: Vec<Prepared>,
}

impl Session for MboxSession {
    fn prepare(&mut self, parcel: &Parcel<'_>) -> Result<(), Outcome> {
        let wire = email::build(&self.boxes.0.sender, parcel).map_err(|error| Outcome::refused(error.to_string()))?;
        let row = parcel.delivery;
        self.prepared.push(Prepared { id: row.id.0, run: row.campaign_run_id, at: parcel.now, wire });
        Ok(())
    }

    fn commit(&mut self, keep: &[bool]) -> Vec<Outcome> {
        let kept: Vec<Prepared> =
            self.prepared.drain(..).zip(keep).filter(|(_, keep)| **keep).map(|(prepared, _)| prepared).collect();
        let mut of_runs: BTreeMap<i64, Vec<&Prepared>> = BTreeMap::new();
        for prepared in &kept {
            of_runs.entry(prepared.run.0).or_default().push(prepared);
        }
        let written: BTreeMap<i64, Outcome> = of_runs
            .iter()
            .map(|(run, of_run)| (*run, write_box(&self.boxes.run_folder(CampaignRunId(*run)), of_run)))
            .collect();
        kept.iter().map(|prepared| written[&prepared.run.0].clone()).collect()
    }

    fn abandon(&mut self) {
        self.prepared.clear();
    }
}

/// One file of the messages of a run.
fn write_box(folder: &Path, messages: &[&Prepared]) -> Outcome {
    let mut bytes = Vec::with_capacity(messages.iter().map(|message| message.wire.bytes.len() + 128).sum());
    for message in messages {
        entry(message, &mut bytes);
    }
    let ids = messages.iter().map(|message| message.id);
    let (first, last) = (ids.clone().min().unwrap_or_default(), ids.max().unwrap_or_default());
    let unique = ids::fresh(messages.first().map_or(Timestamp(0), |message| message.at));
    let path = folder.join(format!("{first}-{last}.{unique}.mbox"));
    let unfinished = path.with_extension(UNFINISHED);
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match write_synced(&unfinished, &bytes) {
        // Nothing has its name yet: it can be tried again.
        Err(error) => {
            fs::remove_file(&unfinished).ok();
            Outcome::later(format!("file: {}", error.kind()))
        }
        Ok(()) => match publish(&unfinished, &path) {
            Ok(()) => Outcome::Sent { code: None, text: name.to_owned() },
            Err(error) => Outcome::Uncertain { text: format!("file: {}", error.kind()) },
        },
    }
}

/// `From` line, message with plain line ends and lines that look like a `From` line quoted, empty line.
fn entry(message: &Prepared, out: &mut Vec<u8>) {
    let at = message.at.to_jiff().strftime("%a %b %e %H:%M:%S %Y").to_string();
    out.extend_from_slice(format!("From {} {at}\n", message.wire.from).as_bytes());
    for line in message.wire.bytes.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\r\n").unwrap_or(line);
        let quotes = text.iter().take_while(|byte| **byte == b'>').count();
        if text[quotes..].starts_with(b"From ") {
            out.push(b'>');
        }
        out.extend_from_slice(text);
        if line.ends_with(b"\n") {
            out.push(b'\n');
        }
    }
    out.extend_from_slice(b"\n\n");
}

/// Where the message stands in a file: from its `From` line to the next.
fn place(bytes: &[u8], delivery: &Delivery) -> Option<(usize, usize)> {
    let header = format!("\nMessage-ID: {}\n", delivery.message_id);
    let at = memmem::find(bytes, header.as_bytes())?;
    let from = memmem::rfind(&bytes[..at], b"\nFrom ").map_or(0, |before| before + 1);
    let to = memmem::find(&bytes[at..], b"\nFrom ").map_or(bytes.len(), |next| at + next + 1);
    Some((from, to))
}

fn holds(path: &Path, delivery: &Delivery) -> std::io::Result<bool> {
    Ok(read(path)?.is_some_and(|bytes| place(&bytes, delivery).is_some()))
}

/// The bytes of a file, none when it is gone.
fn read(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        bytes => bytes.map(Some),
    }
}

/// That a file is not there any more is no error.
fn gone(result: std::io::Result<()>) -> std::io::Result<()> {
    result.or_else(|error| if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliveries::email::tests::{message, row};
    use crate::ids::DeliveryId;

    fn delivery(id: i64) -> Delivery {
        let mut delivery = row("anna@example.org");
        (delivery.id, delivery.message_id) = (DeliveryId(id), format!("<{id:032}@shop.example>"));
        delivery
    }

    fn boxes(folder: &Path) -> Mboxes {
        Mboxes::new(folder, Sender::parse("Shop <news@shop.example>", None).unwrap())
    }

    fn send(boxes: &Mboxes, ids: &[i64], keep: &[bool]) -> Vec<Outcome> {
        let mut session = boxes.session().unwrap();
        let mut message = message();
        message.text = "\nFrom here on\n>From there\nend".into();
        for id in ids {
            session.prepare(&Parcel { delivery: &delivery(*id), message: &message, now: Timestamp(0) }).unwrap();
        }
        session.commit(keep)
    }

    #[test]
    fn a_batch_is_one_file_of_whole_messages_and_proves_what_went_out() {
        let folder = tempfile::tempdir().unwrap();
        let boxes = boxes(folder.path());
        let outcomes = send(&boxes, &[10, 20, 30], &[true, false, true]);
        assert!(
            outcomes.len() == 2 && outcomes.iter().all(|outcome| matches!(outcome, Outcome::Sent { .. })),
            "{outcomes:?}"
        );
        let proofs: Vec<_> = [10, 20, 30, 40].map(|id| boxes.proof(&delivery(id)).unwrap()).to_vec();
        assert_eq!(proofs, [true, false, true, false]);
        let files: Vec<_> =
            fs::read_dir(folder.path().join("7")).unwrap().flatten().map(|entry| entry.path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        let text = String::from_utf8(fs::read(&files[0]).unwrap()).unwrap();
        assert_eq!(
            text.lines().filter(|line| line.starts_with("From news@shop.example Thu Jan  1 00:00:00 1970")).count(),
            2
        );
        assert!(text.contains("\n>From here on\n>>From there\n") && !text.contains('\r'), "{text}");
        boxes.remove(&delivery(10)).unwrap();
        assert_eq!((boxes.proof(&delivery(10)), boxes.proof(&delivery(30))), (Some(false), Some(true)));
        let left = String::from_utf8(fs::read(&files[0]).unwrap()).unwrap();
        assert!(text.ends_with(&left) && left.starts_with("From news@"), "{left}");
    }

    #[test]
    fn who_looks_for_a_proof_takes_away_what_a_sleeper_could_still_publish() {
        let folder = tempfile::tempdir().unwrap();
        let boxes = boxes(folder.path());
        send(&boxes, &[1, 5], &[true, true]);
        let path = fs::read_dir(folder.path().join("7")).unwrap().next().unwrap().unwrap().path();
        let unfinished = path.with_extension(UNFINISHED);
        fs::rename(&path, &unfinished).unwrap();
        assert_eq!(boxes.proof(&delivery(3)), Some(false));
        assert!(unfinished.exists(), "it does not hold that one");
        assert_eq!(boxes.proof(&delivery(5)), Some(false));
        assert!(publish(&unfinished, &path).is_err(), "the sleeper wakes and can do nothing");
    }

    #[test]
    fn a_full_disk_is_no_message_lost_or_in_doubt() {
        let folder = tempfile::tempdir().unwrap();
        let boxes = boxes(folder.path());
        // A file stands where the folder of the run should be: nothing can be written there, whoever asks.
        fs::write(folder.path().join("7"), "x").unwrap();
        let outcomes = send(&boxes, &[1, 2], &[true, true]);
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Later { .. })), "{outcomes:?}");
    }
}
