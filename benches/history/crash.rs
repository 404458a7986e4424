//! Case `crash`: the program is killed with SIGKILL at random moments while it imports, takes in facts, seals and compacts. No
//! fact that was acknowledged may be lost, none may count twice, and `history check` must find nothing after each restart.
//!
//! A fact is acknowledged when the request was answered with 200, or the import ended with exit code 0. A request that got no answer
//! is sent again, and the facts' own keys must tell what is known; an import that was killed is called again.

use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;

use crate::company;
use crate::figure;
use crate::process::Workspace;

const LINES: u64 = 60_000;
const CUSTOMERS: u64 = 5_000;
const BATCH: u64 = 200;
const CLIENTS: u64 = 2;
/// After so many kills everything is counted.
const AUDIT: u64 = 20;

/// Kills on both stores.
pub fn run(options: &crate::Options) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut workspaces = vec![("sqlite", folder.path().join("sqlite"), None)];
    match crate::postgres::database() {
        Some(url) => workspaces.push(("postgresql", folder.path().join("postgresql"), Some(url))),
        None => eprintln!("skipped on PostgreSQL: it is not installed"),
    }
    for (store, folder, url) in workspaces {
        std::fs::create_dir_all(folder.join("data")).expect("a temporary folder");
        let mut trial = Trial::begin(Workspace { folder, url });
        for number in 0..options.kills {
            trial.kill(number);
            if (number + 1) % AUDIT == 0 || number + 1 == options.kills {
                trial.settle();
                trial.audit();
            }
        }
        trial.print(store);
    }
}

/// What has been promised so far, and what went wrong.
struct Trial {
    workspace: Workspace,
    key: String,
    /// Files imported to the end: the source of their facts, and how many they hold.
    imported: Vec<(String, u64)>,
    /// The file of an import that was killed, and how many facts it holds.
    unfinished: Option<(String, u64)>,
    /// Batches answered with 200.
    acknowledged: Vec<u64>,
    /// Batches that got no answer.
    unanswered: Vec<u64>,
    next_batch: u64,
    kills: BTreeMap<&'static str, u64>,
    /// Kills that came before the work had ended.
    in_time: u64,
    lost: u64,
    doubled: u64,
    unclean: u64,
    facts: u64,
}

impl Trial {
    fn begin(workspace: Workspace) -> Trial {
        std::fs::write(workspace.folder.join("data/vizavi.toml"), "listen = \"127.0.0.1:0\"\n").expect("a file");
        workspace.done(&["migrate"]);
        let made = workspace.done(&["key", "create", "crash", "--role", "ingest", "--json"]);
        let made: serde_json::Value = serde_json::from_str(&made).expect("JSON");
        Trial {
            key: made["key"].as_str().expect("the key").to_owned(),
            workspace,
            imported: Vec::new(),
            unfinished: None,
            acknowledged: Vec::new(),
            unanswered: Vec::new(),
            next_batch: 0,
            kills: BTreeMap::new(),
            in_time: 0,
            lost: 0,
            doubled: 0,
            unclean: 0,
            facts: 0,
        }
    }

    fn kill(&mut self, number: u64) {
        let part = company::draw(number, 91) % 1_000;
        match number % 4 {
            0 => self.kill_import(number, part),
            1 => self.kill_ingest(part),
            2 => {
                self.post_unhurt();
                self.kill_verb("sealing", &["work", "--once"], 600 * part / 1_000);
            }
            _ => self.kill_verb("compaction", &["history", "compact"], 900 * part / 1_000),
        }
        let checked = self.workspace.command(&["history", "check", "--json"]).output().expect("the binary runs");
        if !checked.status.success() {
            self.unclean += 1;
            eprintln!("after kill {number}: {}", String::from_utf8_lossy(&checked.stdout));
        }
    }

    fn kill_import(&mut self, number: u64, part: u64) {
        let (file, lines) = self.unfinished.take().unwrap_or_else(|| {
            let path = self.workspace.folder.join(format!("till{number}.csv"));
            // No two files alike: one that is would be known by its digest.
            company::orders(&path, LINES + number, CUSTOMERS).expect("a file");
            (path.display().to_string(), LINES + number)
        });
        let child = self.workspace.start(&["import", "orders", &file]);
        self.unfinished = Some((file, lines));
        if self.killed("import", child, Duration::from_millis(1_500 * part / 1_000)) {
            return;
        }
        self.finish_import();
    }

    fn finish_import(&mut self) {
        if let Some((file, lines)) = self.unfinished.take() {
            self.workspace.done(&["import", "orders", &file]);
            let name = std::path::Path::new(&file).file_stem().expect("a name").to_string_lossy().into_owned();
            self.imported.push((name, lines));
        }
    }

    fn kill_verb(&mut self, what: &'static str, arguments: &[&str], milliseconds: u64) {
        let child = self.workspace.start(arguments);
        self.killed(what, child, Duration::from_millis(milliseconds));
    }

    /// Kills after a while; whether it still worked then.
    fn killed(&mut self, what: &'static str, mut child: Child, after: Duration) -> bool {
        std::thread::sleep(after);
        let works = child.try_wait().expect("a child").is_none();
        child.kill().ok();
        child.wait().expect("a child");
        *self.kills.entry(what).or_default() += 1;
        self.in_time += u64::from(works);
        works
    }

    fn kill_ingest(&mut self, part: u64) {
        let (child, address) = self.workspace.serve();
        let again = std::mem::take(&mut self.unanswered);
        let (first, key) = (self.next_batch, self.key.clone());
        let answers: Mutex<HashMap<u64, bool>> = Mutex::new(HashMap::new());
        std::thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (again, answers, address, key) = (&again, &answers, &address, &key);
                scope.spawn(move || {
                    let resent = again.iter().copied().skip(client as usize).step_by(CLIENTS as usize);
                    for batch in resent.chain((first + client..).step_by(CLIENTS as usize)) {
                        answers.lock().expect("unpoisoned").insert(batch, false);
                        if !post(address, key, batch) {
                            return;
                        }
                        answers.lock().expect("unpoisoned").insert(batch, true);
                    }
                });
            }
            self.killed("ingest", child, Duration::from_millis(50 + part));
        });
        let answers = answers.into_inner().expect("unpoisoned");
        self.next_batch = answers.keys().max().map_or(first, |last| (last + 1).max(first));
        self.unanswered.extend(again.iter().filter(|batch| !answers.contains_key(batch)));
        for (batch, answered) in answers {
            if answered { self.acknowledged.push(batch) } else { self.unanswered.push(batch) }
        }
    }

    /// Facts for the next seal.
    fn post_unhurt(&mut self) {
        let (mut child, address) = self.workspace.serve();
        for _ in 0..5 {
            let batch = self.next_batch;
            self.next_batch += 1;
            assert!(post(&address, &self.key, batch), "a healthy service takes facts");
            self.acknowledged.push(batch);
        }
        for batch in std::mem::take(&mut self.unanswered) {
            assert!(post(&address, &self.key, batch), "a healthy service takes facts again");
            self.acknowledged.push(batch);
        }
        child.kill().ok();
        child.wait().expect("a child");
    }

    /// Lets everything that was begun end.
    fn settle(&mut self) {
        self.finish_import();
        self.post_unhurt();
    }

    /// Counts every fact.
    fn audit(&mut self) {
        let out = self.workspace.folder.join("export");
        let folder = out.display().to_string();
        std::fs::remove_dir_all(&out).ok();
        self.workspace.done(&["history", "export", &folder, "--format", "csv"]);
        let events = counts(&out.join("event.csv"), "fact_key");
        let expected = self.acknowledged.iter().flat_map(|batch| (0..BATCH).map(move |line| key_of(*batch, line)));
        (self.lost, self.doubled, self.facts) = (0, 0, 0);
        for key in expected {
            match events.get(&key).copied().unwrap_or(0) {
                0 => self.lost += 1,
                1 => self.facts += 1,
                more => self.doubled += more - 1,
            }
        }
        let lines = counts(&out.join("order_item.csv"), "source");
        for (source, written) in &self.imported {
            let found = lines.get(source).copied().unwrap_or(0);
            self.lost += written.saturating_sub(found);
            self.doubled += found.saturating_sub(*written);
            self.facts += found;
        }
    }

    fn print(&self, store: &str) {
        let case = format!("crash {store}");
        let kills: u64 = self.kills.values().sum();
        figure::print(&case, "kills", kills as f64, "kills", json!({ "in_time": self.in_time, "while": self.kills }));
        let of = json!({ "limit": 0, "of": self.facts });
        figure::print(&case, "lost", self.lost as f64, "facts", of.clone());
        figure::print(&case, "doubled", self.doubled as f64, "facts", of);
        figure::print(&case, "unclean", self.unclean as f64, "checks", json!({ "limit": 0 }));
    }
}

fn key_of(batch: u64, line: u64) -> String {
    format!("b{batch}-{line}")
}

/// Posts a batch; whether it was answered with 200.
fn post(address: &str, key: &str, batch: u64) -> bool {
    let mut body = String::new();
    for line in 0..BATCH {
        let customer = company::draw(batch * BATCH + line, 92) % CUSTOMERS;
        let (key, customer) = (key_of(batch, line), format!("C{customer:07}"));
        body += &json!({ "customer": customer, "key": key, "name": "page_view" }).to_string();
        body.push('\n');
    }
    request(address, key, &body).is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

fn request(address: &str, key: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(
        stream,
        "POST /v1/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/x-ndjson\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// How often each value of a column stands in a file.
fn counts(path: &std::path::Path, column: &str) -> HashMap<String, u64> {
    let mut counts = HashMap::new();
    let Ok(mut reader) = csv::Reader::from_path(path) else { return counts };
    let at = reader.headers().expect("a header").iter().position(|name| name == column).expect("the column");
    for record in reader.records() {
        *counts.entry(record.expect("a record")[at].to_owned()).or_default() += 1;
    }
    counts
}
