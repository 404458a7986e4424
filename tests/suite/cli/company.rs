//! A small company as files: customers who buy at their own pace, with consents, and one offer.

use std::fmt::Write;
use std::path::Path;

use super::program::{Program, TEN};
use vizavi::clock::{DAY, Timestamp};
use vizavi::random::Stream;

/// The definition of the win-back campaign of these tests; `more` is added to it.
pub fn definition(more: &str) -> String {
    format!(
        "name = \"win-back\"\noffers = [\"ten-off\"]\nholdout = 0.1\nexploration = 0.0\nconversion_days = 14\n{more}\n\
         [[channels]]\nchannel = \"email\"\nhours = [10]\n"
    )
}

pub const OFFERS: &str = "name,title,percent,base_rate\nten-off,10 % off,10,0.30\n";

impl Program {
    /// The campaign's folder: the shipped templates with this definition.
    pub fn campaign(&self, folder: &str, definition: &str) -> String {
        let shipped = crate::support::root().join("campaigns/win-back");
        copy(&shipped.join("templates"), &self.path(folder).join("templates"));
        std::fs::copy(shipped.join("sample.json"), self.path(folder).join("sample.json")).unwrap();
        self.file(&format!("{folder}/campaign.toml"), definition);
        self.path(folder).display().to_string()
    }

    /// Imports `count` customers with two years of orders, their consents (every tenth has none), and the offer.
    pub fn import_company(&self, count: usize) {
        let files = [
            ("customers", customers(count)),
            ("consents", consents(count)),
            ("orders", orders(count)),
            ("offers", OFFERS.to_owned()),
        ];
        for (kind, text) in files {
            let file = self.file(&format!("{kind}.csv"), &text);
            self.done(&["import", kind, &file]);
        }
    }

    /// Imports, trains, scores, applies, plans and approves: ready to run.
    pub fn ready(&self, count: usize, more: &str) {
        self.ready_at(TEN, count, more);
    }

    pub fn ready_at(&self, at: &str, count: usize, more: &str) {
        self.import_company(count);
        self.done_at(at, &["train"]);
        self.done_at(at, &["score"]);
        self.done_at(at, &["campaign", "apply", &self.campaign("win-back", &definition(more))]);
        self.done_at(at, &["campaign", "plan", "win-back"]);
        self.done_at(at, &["campaign", "approve", "win-back"]);
    }
}

fn customers(count: usize) -> String {
    let mut text = String::from("customer_id,first_name,last_name,email,zone,locale\n");
    for i in 0..count {
        writeln!(text, "C{i},Ann{i},Test,c{i}@example.org,UTC,en").unwrap();
    }
    text
}

fn consents(count: usize) -> String {
    let mut text = String::from("customer_id,channel,purpose,granted,recorded_at\n");
    for i in 0..count {
        let granted = if i % 10 == 0 { "no" } else { "yes" };
        writeln!(text, "C{i},email,marketing,{granted},2024-01-01").unwrap();
    }
    text
}

/// Orders of two years that end two days before the present, so that nobody rests after a purchase.
fn orders(count: usize) -> String {
    let end = Timestamp::parse(TEN).unwrap().plus(-2 * DAY);
    let mut stream = Stream::new(11, "orders");
    let mut text = String::from("customer_id,occurred_at,order_id,sku,quantity,amount\n");
    for i in 0..count {
        let pace = [10.0, 40.0, 90.0, 200.0][i % 4];
        let mut at = end.plus(-730 * DAY).plus((stream.uniform() * pace * DAY as f64) as i64);
        let mut n = 0;
        while at < end {
            let amount = 10.0 + 90.0 * stream.uniform();
            writeln!(text, "C{i},{at},O{i}-{n},s{},1,{amount:.2}", n % 7).unwrap();
            at = at.plus(DAY + (-(1.0 - stream.uniform()).ln() * pace * DAY as f64) as i64);
            n += 1;
            // Some leave.
            if stream.uniform() < 0.04 {
                break;
            }
        }
    }
    text
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
