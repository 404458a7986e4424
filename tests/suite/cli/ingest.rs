//! Facts posted to the program: still there after it was killed, and not in its logs.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::program::{Program, TEN};

const SECRET: &str = "Ana Petrova 17 Rose Street";

/// Starts the service; the process and its address.
fn serve(program: &Program) -> (Child, String) {
    program.file("data/vizavi.toml", "listen = \"127.0.0.1:0\"\n");
    let declared = "[search.properties]\nwords = { kind = \"text\", personal = true }\n";
    program.file("data/events.toml", declared);
    let mut command = program.command(TEN, &["serve", "--no-work"]);
    command.env("VIZAVI_LOG", "debug").stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect("the address is printed");
    let address = address.to_owned();
    (child, address)
}

/// Everything is read while the process still writes, so that it never waits for a full pipe.
fn log_of(child: &mut Child) -> std::thread::JoinHandle<String> {
    let mut stream = child.stderr.take().unwrap();
    std::thread::spawn(move || {
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("a log in UTF-8");
        text
    })
}

#[test]
fn what_was_answered_with_200_survives_a_kill_and_the_log_names_nobody() {
    for (store, program) in Program::on_both_stores() {
        let made = program.done(&["key", "create", "shop", "--role", "ingest", "--json"]).json();
        let key = made["key"].as_str().unwrap();
        let (mut child, address) = serve(&program);
        let log = log_of(&mut child);
        let lines: String = (0..50)
            .map(|n| {
                format!(
                    "{{\"customer\":\"CUSTOMER-{n}\",\"name\":\"search\",\"key\":\"{n}\",\"properties\":{{\"words\":\"{SECRET}\"}}}}\n"
                )
            })
            .collect();
        let answer = ureq::post(format!("http://{address}/v1/events"))
            .header("authorization", format!("Bearer {key}"))
            .content_type("application/x-ndjson")
            .send(&lines)
            .unwrap_or_else(|error| panic!("{store}: {error}"));
        assert_eq!(answer.status().as_u16(), 200, "{store}");
        child.kill().expect("SIGKILL");
        child.wait().expect("it is gone");
        let log = log.join().unwrap();
        assert!(log.contains("/v1/events"), "{store}: the request is in the log: {log}");
        for personal in ["Petrova", "CUSTOMER-", key] {
            assert!(!log.contains(personal), "{store}: {personal} in the log");
        }
        let batches = program.workspace().history().query("SELECT count(*) FROM event").unwrap();
        assert_eq!(batches[0].column(0).as_primitive::<Int64Type>().value(0), 50, "{store}");
    }
}
