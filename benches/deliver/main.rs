//! How fast messages are made and sent, and whether each arrives once: `cargo bench --bench deliver -- [CASE...] [options] --json`.
//!
//! | case | measures | options |
//! |---|---|---|
//! | `render` | messages a second on one thread, beside handlebars.js | `--messages` |
//! | `smtp` | messages a second to `smtp-sink` from a durable outbox in SQLite and PostgreSQL, beside nodemailer and `smtp-source` | `--messages --connections` |
//! | `campaign` | the same of a campaign by the program itself, with all that a message is looked at for and leaves behind | `--messages --connections` |
//! | `file` | a million messages planned, rendered and written to mbox files, and the same with a file each (a tenth of them) | `--messages` |
//! | `memory` | what the `file` case holds at most, for 10,000 messages and for a million | `--messages` |
//! | `kill` | messages that arrive twice, or unlisted not at all, when senders are killed | `--messages --kills` |
//!
//! `--peer DIR` is a folder with the peer's `peer.js` and its packages, `--postfix DIR` one with `smtp-sink` and `smtp-source`.

#![allow(clippy::print_stdout)] // its lines are its result

mod campaign;
#[path = "../support/figure.rs"]
#[allow(dead_code, reason = "a bench takes what it needs")]
mod figure;
mod kill;
mod message;

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[path = "../../tests/suite/support/postgres.rs"]
#[allow(dead_code, reason = "a bench takes what it needs")]
mod postgres;
#[path = "../support/process.rs"]
#[allow(dead_code, reason = "a bench takes what it needs")]
mod process;
mod sink;
mod speed;

use std::path::PathBuf;

use kill::{Orders, Trial};
use speed::Beside;
use vizavi::storage::Location;

struct Options {
    cases: Vec<String>,
    messages: Option<i64>,
    connections: usize,
    rounds: usize,
    kills: u64,
    beside: Beside,
}

fn options() -> Options {
    let beside = Beside { peer: None, postfix: PathBuf::from("/usr/sbin") };
    let mut options = Options { cases: Vec::new(), messages: None, connections: 5, rounds: 3, kills: 100, beside };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut next = || arguments.next().expect("a value");
        match argument.as_str() {
            "--messages" => options.messages = Some(next().parse().expect("a number")),
            "--connections" => options.connections = next().parse().expect("a number"),
            "--rounds" => options.rounds = next().parse().expect("a number"),
            "--kills" => options.kills = next().parse().expect("a number"),
            "--peer" => options.beside.peer = Some(PathBuf::from(next())),
            "--postfix" => options.beside.postfix = PathBuf::from(next()),
            case if !case.starts_with("--") => options.cases.push(case.to_owned()),
            _ => {}
        }
    }
    if options.cases.is_empty() {
        options.cases = ["render", "smtp", "campaign", "kill", "file", "memory"].map(str::to_owned).to_vec();
    }
    options
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, worker, folder, port, ahead, url @ ..] = &arguments[..]
        && worker == "--worker"
    {
        let number = |text: &String| text.parse().expect("a number");
        let (folder, url) = (PathBuf::from(folder), url.first().cloned());
        kill::work(&Orders { folder, url, port: number(port) as u16, ahead: number(ahead) });
        return;
    }
    let options = options();
    for case in &options.cases {
        match case.as_str() {
            "render" => speed::render(options.messages.unwrap_or(20_000), options.rounds, &options.beside),
            "smtp" => smtp(&options),
            "file" => {
                let count = options.messages.unwrap_or(1_000_000);
                files(count, false);
                files(count / 10, true);
            }
            "memory" => {
                let few = files(10_000, false);
                let many = files(options.messages.unwrap_or(1_000_000), false);
                figure::print(
                    "memory",
                    "many_against_few",
                    many / few,
                    "times",
                    serde_json::json!({"limit": 1.1, "few_mib": few, "many_mib": many}),
                );
            }
            "kill" => kills(&options),
            "campaign" => campaigns(&options),
            other => panic!("there is no case `{other}`: render, smtp, campaign, file, memory, kill"),
        }
    }
}

fn files(count: i64, each: bool) -> f64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    speed::files(folder.path(), count, each)
}

fn smtp(options: &Options) {
    let count = options.messages.unwrap_or(10_000);
    let folders = std::cell::RefCell::new(Vec::new());
    let embedded = || {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let location = Location::choose(folder.path(), None).expect("a place");
        folders.borrow_mut().push(folder);
        location
    };
    speed::smtp("sqlite", &embedded, count, options.connections, options.rounds, &options.beside);
    if postgres::durable_database().is_some() {
        // One server and one database: a round empties the outbox of the one before.
        let shared = || {
            let url = postgres::durable_database().expect("it was there");
            empty(&url);
            Location::choose(&std::env::temp_dir(), Some(&url)).expect("a place")
        };
        speed::smtp("postgresql", &shared, count, options.connections, options.rounds, &options.beside);
    }
}

fn campaigns(options: &Options) {
    let (count, connections) = (options.messages.unwrap_or(10_000), options.connections);
    let of = campaign::Size { count, connections, rounds: options.rounds };
    campaign::campaign("sqlite", &|| None, &of, &options.beside);
    if postgres::durable_database().is_some() {
        let fresh = || {
            let url = postgres::durable_database().expect("it was there");
            empty(&url);
            Some(url)
        };
        campaign::campaign("postgresql", &fresh, &of, &options.beside);
    }
}

fn empty(url: &str) {
    use diesel::connection::SimpleConnection;
    let location = Location::choose(&std::env::temp_dir(), Some(url)).expect("a place");
    let store = vizavi::storage::Store::open(&location).expect("the database");
    store
        .write(|conn| Ok(conn.batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")?))
        .expect("the schema is emptied");
}

fn kills(options: &Options) {
    for processes in [1, 2] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let embedded = Location::choose(folder.path(), None).expect("a place");
        let messages = options.messages.unwrap_or(10_000);
        let of = |name, location, url| Trial {
            name,
            location,
            folder: folder.path().to_owned(),
            url,
            messages,
            kills: options.kills,
            processes,
        };
        kill::run(&of("sqlite", embedded, None));
        if let Some(url) = postgres::durable_database() {
            empty(&url);
            let location = Location::choose(folder.path(), Some(&url)).expect("a place");
            kill::run(&of("postgresql", location, Some(url)));
        }
    }
}
