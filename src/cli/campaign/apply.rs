//! `vizavi campaign apply PATH`.

use std::path::Path;

use super::ACTOR;
use crate::campaigns::folder;
use crate::cli::{Done, Place, print};
use crate::error::{Error, Fault};
use crate::operations::apply::apply;

/// Reads the folder before the workspace is touched, applies it, and prints what is unwise.
pub fn run(place: &Place, path: &Path) -> Done {
    let folder = folder::read(path)?;
    let ws = place.open()?;
    let applied = apply(&ws, &folder, ACTOR).map_err(|error| in_files(error, path))?;
    if place.json {
        print::json(&applied)?;
        return Ok(());
    }
    let campaign = &applied.campaign;
    let mut text = if applied.changed {
        format!("campaign {}: version {} is kept ({})\n", campaign.name, campaign.version, campaign.state)
    } else {
        format!("campaign {}: nothing changed, version {} ({})\n", campaign.name, campaign.version, campaign.state)
    };
    for warning in &applied.warnings {
        text += &format!("  unwise: {warning}\n");
    }
    if applied.changed {
        text += &format!("next: vizavi campaign plan {}\n", campaign.name);
    }
    print::text(&text)?;
    Ok(())
}

/// The same error, each fault with the file, and where it can be found the line, that is to be mended.
pub(super) fn in_files(error: Error, path: &Path) -> Error {
    if error.fault_list().is_empty() {
        return error;
    }
    let root = if path.is_file() { path.parent().unwrap_or(Path::new(".")) } else { path };
    let definition = root.join("campaign.toml");
    let text = std::fs::read_to_string(&definition).unwrap_or_default();
    let place = |fault: &Fault| match &fault.file {
        Some(file) if file.ends_with(".hbs") => {
            let file = root.join("templates").join(file).display().to_string();
            fault.clone().in_file(file)
        }
        Some(_) => fault.clone(),
        None => Fault {
            file: Some(definition.display().to_string()),
            line: fault.line.or_else(|| line_of(&text, &fault.key)),
            ..fault.clone()
        },
    };
    Error::faults(error.message(), error.fault_list().iter().map(place).collect())
}

/// The line of a definition on which a key such as `offers[0]` or `channels[1].hours` stands: that of its first part.
fn line_of(text: &str, key: &str) -> Option<u64> {
    let end = key.find(['.', '[', ':']).unwrap_or(key.len());
    let (head, rest) = key.split_at(end);
    let index: usize = rest.strip_prefix('[').and_then(|rest| rest.split(']').next()?.parse().ok()).unwrap_or(0);
    if head.is_empty() {
        return None;
    }
    let (table, element) = (format!("[{head}]"), format!("[[{head}]]"));
    let lines = || text.lines().map(str::trim).zip(1u64..);
    let mut elements = lines().filter(|(line, _)| line.starts_with(&element));
    let assigned = |line: &str| line.strip_prefix(head).is_some_and(|rest| rest.trim_start().starts_with(['=', '.']));
    elements
        .nth(index)
        .or_else(|| lines().find(|(line, _)| line.starts_with(&table) || assigned(line)))
        .map(|found| found.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_on_their_lines() {
        let text = "name = \"x\"\noffers = [\"a\"]\n\n[[channels]]\nchannel = \"email\"\n[[channels]]\n[schedule]\n";
        let lines = ["offers[0]", "channels[1].hours", "schedule.cron", "audience", ""].map(|key| line_of(text, key));
        assert_eq!(lines, [Some(2), Some(6), Some(7), None, None]);
    }
}
