//! The files of a made-up company, the same on every machine: what the cases import.
//!
//! Orders come in the order of time, as a till writes them, so that a customer's lines are spread over the whole file. A tenth of
//! the customers place about half of the orders.

use std::fs::File;
use std::io::{BufWriter, Result, Write};
use std::path::Path;

use crate::process::Workspace;

const START: i64 = 1_672_531_200; // 2023-01-01T00:00:00Z
const YEARS: i64 = 3 * 365 * 86_400;
/// The instant after the last fact: features look back from here.
pub const AS_OF: i64 = START + YEARS;

const CATEGORIES: [&str; 12] =
    ["garden", "kitchen", "toys", "books", "shoes", "paper", "lights", "sport", "pets", "music", "travel", "health"];
const CHANNELS: [&str; 3] = ["web", "shop", "call"];
const REASONS: [&str; 5] = ["question", "order", "complaint", "campaign", "campaign"];

/// A hash that serves as a random number: the same for the same place and purpose.
pub fn draw(place: u64, purpose: u64) -> u64 {
    let mut z = place.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(purpose.wrapping_mul(0xd1b5_4a32_d192_ed03));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn customer(place: u64, purpose: u64, customers: u64) -> u64 {
    let tenth = (customers / 10).max(1);
    if draw(place, purpose) % 100 < 44 {
        draw(place, purpose + 1) % tenth
    } else {
        draw(place, purpose + 1) % customers
    }
}

/// Seconds since 1970 as ISO 8601.
fn iso(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).expect("a time of this century").to_string()
}

fn time(at: u64, of: u64) -> i64 {
    START + (at as i128 * YEARS as i128 / of.max(1) as i128) as i64
}

/// Order lines, two and a half an order.
pub fn orders(path: &Path, lines: u64, customers: u64) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(out, "customer,occurred_at,order_key,sku,category,quantity,amount,cost,discount,channel")?;
    let (mut written, mut order) = (0, 0);
    while written < lines {
        let who = customer(order, 1, customers);
        let at = iso(time(written, lines));
        let channel = CHANNELS[(draw(order, 3) % 3) as usize];
        for line in 0..(1 + draw(order, 4) % 4).min(lines - written) {
            let place = order * 8 + line;
            let sku = draw(place, 5) % 5_000;
            let category = CATEGORIES[(sku % 12) as usize];
            let quantity = 1 + draw(place, 6) % 5;
            let amount = quantity * (199 + draw(place, 7) % 4_800);
            let (cost, discount) = (amount * 6 / 10, if draw(place, 8).is_multiple_of(5) { amount / 10 } else { 0 });
            let units = |cents: u64| format!("{}.{:02}", cents / 100, cents % 100);
            let (amount, cost, discount) = (units(amount), units(cost), units(discount));
            writeln!(
                out,
                "C{who:07},{at},O{order:08},A{sku:05},{category},{quantity},{amount},{cost},{discount},{channel}"
            )?;
            written += 1;
        }
        order += 1;
    }
    out.flush()
}

/// Lines that came back.
pub fn returns(path: &Path, lines: u64, customers: u64) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(out, "customer,occurred_at,order_key,sku,category,quantity,amount")?;
    for line in 0..lines {
        let (who, sku) = (customer(line, 11, customers), draw(line, 13) % 5_000);
        let amount = 199 + draw(line, 14) % 4_800;
        let (at, category) = (iso(time(line, lines)), CATEGORIES[(sku % 12) as usize]);
        writeln!(out, "C{who:07},{at},R{line:08},A{sku:05},{category},1,{}.{:02}", amount / 100, amount % 100)?;
    }
    out.flush()
}

/// Calls, messages and complaints.
pub fn interactions(path: &Path, lines: u64, customers: u64) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(out, "customer,occurred_at,fact_key,direction,channel,reason,outcome,duration_s")?;
    for line in 0..lines {
        let who = customer(line, 21, customers);
        let reason = REASONS[(draw(line, 23) % 5) as usize];
        let (direction, channel) = if reason == "campaign" { ("out", "email") } else { ("in", "call") };
        let outcome = match (reason, draw(line, 24) % 10) {
            ("campaign", 0) => "clicked",
            ("campaign", 1..=3) => "opened",
            ("campaign", _) => "",
            _ => "solved",
        };
        let at = iso(time(line, lines));
        writeln!(out, "C{who:07},{at},I{line:08},{direction},{channel},{reason},{outcome},{}", draw(line, 25) % 600)?;
    }
    out.flush()
}

/// What customers did on the site.
pub fn events(path: &Path, lines: u64, customers: u64) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(out, "customer,occurred_at,fact_key,name,channel")?;
    for line in 0..lines {
        let who = customer(line, 31, customers);
        let name = ["page_view", "search", "basket_left"][(draw(line, 33) % 3) as usize];
        writeln!(out, "C{who:07},{},E{line:08},{name},web", iso(time(line, lines)))?;
    }
    out.flush()
}

/// A data folder `<folder>/data` with the company imported; one that is there already stays as it is.
pub fn imported(folder: &Path, lines: u64) {
    let done = folder.join("imported");
    if done.exists() {
        return;
    }
    std::fs::create_dir_all(folder).expect("a folder");
    let place = Workspace { folder: folder.to_owned(), url: None };
    type Make = fn(&Path, u64, u64) -> Result<()>;
    let kinds: [(&str, Make, u64); 4] =
        [("orders", orders, 1), ("returns", returns, 20), ("interactions", interactions, 5), ("events", events, 5)];
    for (kind, make, per) in kinds {
        if vizavi::history::import::Target::named(kind).is_none() {
            eprintln!("{kind} cannot be imported: left out");
            continue;
        }
        let file = folder.join(format!("{kind}.csv"));
        make(&file, lines / per, lines / 10).expect("room on the disk");
        place.done(&["import", kind, file.to_str().expect("UTF-8")]);
        std::fs::remove_file(&file).expect("just made");
    }
    File::create(done).expect("a mark");
}
