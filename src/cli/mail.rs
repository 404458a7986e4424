//! `vizavi mail`: takes what came back, from a pipe, files or a Maildir, and shows what customers ask.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Done, Failure, Place, print};
use crate::error::{Error, Result};
use crate::operations::Workspace;
use crate::operations::incoming::{Taken, inquiries, maildir, take_mail};

/// Who the audit says did it.
const ACTOR: &str = "cli";
/// More than any mail that is taken; the rest of a longer one is not read.
const MOST_READ: u64 = 33 * 1024 * 1024;

/// What is asked about mail.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Take mails that came back: bounces, complaints, replies. From standard input when no file is named, as a mail system pipes them
    Take {
        /// Mails as they came, one a file
        files: Vec<PathBuf>,
    },
    /// Take every new mail of a Maildir; `vizavi work` does so by itself where [mail] maildir is set
    Poll {
        /// The Maildir
        folder: PathBuf,
    },
    /// What customers ask in reply to messages
    Inquiries {
        /// open, noted (said without a question) or closed
        #[arg(long, default_value = "open")]
        state: String,
    },
    /// Close an inquiry that was answered
    Close {
        /// Its number
        id: i64,
    },
}

/// Takes, polls, lists or closes.
pub fn run(place: &Place, args: &Args) -> Done {
    let ws = place.open()?;
    match &args.verb {
        Verb::Take { files } if files.is_empty() => {
            let mut raw = Vec::new();
            std::io::stdin().lock().take(MOST_READ).read_to_end(&mut raw).map_err(Error::from)?;
            show(place, &[take_mail(&ws, &raw)?])?;
        }
        Verb::Take { files } => {
            let mut taken = Vec::new();
            for file in files {
                match take_file(&ws, file) {
                    Ok(one) => taken.push(one),
                    Err(error) if taken.is_empty() => return Err(error.into()),
                    // Those before it were taken.
                    Err(error) => return Err(Failure::after_some(error)),
                }
            }
            show(place, &taken)?;
        }
        Verb::Poll { folder } => {
            let polled = maildir::poll(&ws, folder)?;
            if place.json {
                print::json(&polled)?;
            } else {
                let maildir::Polled { matched, others, unreadable } = polled;
                print::text(&format!("{matched} belong to messages, {others} to none, {unreadable} cannot be read\n"))?;
            }
        }
        Verb::Inquiries { state } => list(place, &ws, state)?,
        Verb::Close { id } => {
            let closed = inquiries::close(&ws, *id, ACTOR)?;
            if place.json {
                print::json(&closed)?;
            } else {
                print::text(&format!("inquiry {id} is closed\n"))?;
            }
        }
    }
    Ok(())
}

fn take_file(ws: &Workspace, file: &Path) -> Result<Taken> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut raw = Vec::new();
        std::fs::File::open(file)?.take(MOST_READ).read_to_end(&mut raw)?;
        Ok(raw)
    };
    let raw = read().map_err(|error| Error::from(error).context(file.display().to_string()))?;
    take_mail(ws, &raw).map_err(|error| error.context(file.display().to_string()))
}

fn show(place: &Place, taken: &[Taken]) -> Result<()> {
    if place.json {
        return print::json(taken);
    }
    let mut text = String::new();
    for one in taken {
        let of = one.delivery.map_or_else(|| "no message of ours".to_owned(), |id| format!("delivery {id}"));
        text += &format!("{} of {of}{}\n", one.kind, if one.new { "" } else { ", known before" });
    }
    print::text(&text)
}

fn list(place: &Place, ws: &Workspace, state: &str) -> Result<()> {
    let found = inquiries::list(ws, state, None, 1_000)?;
    if place.json {
        return print::json(&found);
    }
    let mut table = print::Table::new(&["inquiry", "asked", "channel", "text"]);
    for one in found {
        let text: String = one.text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect();
        table.row(vec![one.id.to_string(), one.asked_at.to_string(), one.channel, text]);
    }
    print::text(&if table.is_empty() { "none\n".to_owned() } else { table.to_string() })
}
