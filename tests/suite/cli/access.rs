//! Users, keys and the service, by the command line.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use super::program::{Program, TEN, finished};

#[test]
fn users_and_keys_are_made_and_their_secrets_shown_once() {
    let program = Program::new(None);
    let added = program.done(&["user", "add", "Mara@example.org", "--role", "admin"]);
    assert!(added.out.contains("mara@example.org (admin)") && added.out.contains("shown only now"), "{}", added.out);
    assert!(program.done(&["user", "list"]).out.contains("mara@example.org"));
    let again = program.call(&["user", "add", "mara@example.org"]);
    assert_eq!(again.code, Some(1), "{}", again.err);
    let unknown = program.call(&["user", "add", "ivo@example.org", "--role", "king"]);
    assert_eq!((unknown.code, unknown.err.contains("viewer")), (Some(2), true), "{}", unknown.err);

    let made = program.done(&["key", "create", "shop", "--role", "ingest", "--json"]).json();
    let secret = made["key"].as_str().unwrap();
    assert!(secret.starts_with("vzk_"));
    let listed = program.done(&["key", "list"]).out;
    assert!(listed.contains("shop") && !listed.contains(secret.splitn(3, '_').nth(2).unwrap()), "{listed}");
    program.done(&["key", "revoke", &made["id"].to_string()]);
}

#[test]
fn a_password_comes_from_stdin_and_a_weak_one_is_refused() {
    let program = Program::new(None);
    let mut command = program.command(TEN, &["user", "add", "mara@example.org", "--password-stdin"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"abc\n").unwrap();
    let said = finished(child);
    assert_eq!((said.code, said.err.contains("password")), (Some(2), true), "{}", said.err);
    assert_eq!(program.done(&["user", "list", "--json"]).json(), serde_json::json!([]));
}

#[test]
fn the_service_answers_and_ends_on_a_signal() {
    let program = Program::new(None);
    program.file("data/vizavi.toml", "listen = \"127.0.0.1:0\"\n");
    let mut child = program.start(TEN, &["serve"]);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect("the address is printed");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let said = finished(child);
    assert_eq!(said.code, Some(0), "{}", said.err);
}
