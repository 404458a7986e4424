//! Templates are linted, what came back is piped in, what is missing is sent, all from the command line.

use std::io::Write;
use std::process::Stdio;

use vizavi::deliveries::outbox::claim::{Claim, NoCheck, claim};
use vizavi::deliveries::outbox::record::record;
use vizavi::deliveries::outbox::recover::recover;
use vizavi::deliveries::outbox::step::step;
use vizavi::deliveries::transport::Outcome;
use vizavi::operations::checks::Checks;

use super::loop_closed::assert_each_once;
use super::program::{Program, Said, TEN, finished};

fn run_id(said: &Said) -> String {
    let json = said.json();
    json["run"].as_i64().unwrap_or_else(|| panic!("no run in {json}")).to_string()
}

#[test]
fn a_campaign_is_linted_without_a_workspace() {
    let program = Program::new(None);
    let shipped = crate::support::root().join("campaigns/win-back");
    let good = program.done(&["campaign", "lint", shipped.to_str().unwrap()]);
    assert!(good.out.contains("nothing to say against it"), "{}", good.out);
    let definition =
        program.file("c/campaign.toml", "name = \"c\"\noffers = [\"x\"]\n[[channels]]\nchannel = \"email\"\n");
    let folder = std::path::Path::new(&definition).parent().unwrap().display().to_string();
    program.file("c/templates/a/en/subject.hbs", "ACT NOW!!");
    program.file("c/templates/a/en/html.hbs", "<p>Hello</p><img src=\"http://shop.example/a.png\">");
    let hints = program.done(&["campaign", "lint", &folder, "--json"]).json()["hints"].to_string();
    for key in ["spam", "image", "link", "text", "links.unsubscribe", "sender.postal_address"] {
        assert!(hints.contains(&format!("\"{key}\"")), "{key} is missing in {hints}");
    }
    program.file("c/templates/a/en/html.hbs", "<p>{{customer.nickname}} {{shout offer.name}}</p>");
    let bad = program.call(&["campaign", "lint", &folder]);
    assert_eq!(bad.code, Some(2), "{}{}", bad.out, bad.err);
    assert!(bad.err.contains("nickname") && bad.err.contains("no helper `shout`"), "{}", bad.err);
    assert!(!program.data().exists(), "linting makes nothing");
}

#[test]
fn those_whom_nothing_reached_get_one_more_message_and_nobody_else_does() {
    for (store, program) in Program::on_both_stores() {
        program.ready(300, "");
        let run = run_id(&program.done(&["campaign", "run", "win-back", "--no-send", "--json"]));
        let ws = program.workspace();
        let now = vizavi::clock::Timestamp::parse(TEN).unwrap();
        let checks = Checks::new(&ws);
        let failed = ws
            .store()
            .write(|conn| {
                let ask = Claim { channel: "email", owner: "test", now, lease: 60_000_000, limit: 5 };
                let rows = claim(conn, ask, &NoCheck)?.taken;
                for row in &rows {
                    record(conn, row, &Outcome::refused("the relay was set up wrongly"), now, &checks)?;
                }
                Ok(rows.len())
            })
            .unwrap();
        assert_eq!(failed, 5, "{store}");
        drop((checks, ws));
        program.done(&["work", "--once"]);
        let before = program.recipients().len();
        let resent = program.done(&["deliveries", "resend", &run, "--json"]).json();
        assert_eq!((resent["planned"].as_u64(), resent["held"].as_i64()), (Some(5), Some(0)), "{store}: {resent}");
        program.done(&["work", "--once"]);
        let recipients = program.recipients();
        assert_eq!(recipients.len(), before + 5, "{store}");
        assert_each_once(store, &recipients);
        let again = program.done(&["deliveries", "resend", &run, "--json"]).json();
        assert_eq!(
            (again["planned"].as_u64(), &again["left"]["sent_again_before"]),
            (Some(0), &serde_json::json!(5)),
            "{store}"
        );
        program.done(&["work", "--once"]);
        assert_eq!(program.recipients().len(), before + 5, "{store}");
        let list = program.done(&["deliveries", "list", &run, "--state", "failed", "--json"]).json();
        assert_eq!(list["deliveries"].as_array().unwrap().len(), 5, "{store}: {list}");
        assert_eq!(list["run"]["balances"], true, "{store}: {list}");
        assert_eq!(program.call(&["deliveries", "list", &run, "--state", "lost"]).code, Some(2), "{store}");
    }
}

#[test]
fn a_mail_system_pipes_what_came_back() {
    let program = Program::new(None);
    program.ready(60, "");
    let run = run_id(&program.done(&["campaign", "run", "win-back", "--json"]));
    let sent = program.done(&["deliveries", "list", &run, "--state", "sent", "--json"]).json();
    let id = sent["deliveries"][0]["message_id"].as_str().unwrap().to_owned();
    let report = format!(
        "From: MAILER-DAEMON@mx.example\r\nTo: news@shop.example\r\nSubject: failure\r\n\r\n550 5.1.1 unknown\r\nMessage-ID: {id}\r\n"
    );
    let pipe = |text: &str| {
        let mut command = program.command(TEN, &["mail", "take", "--json"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        finished(child)
    };
    let taken = pipe(&report);
    assert_eq!(taken.json()[0]["kind"], "bounce", "{}", taken.err);
    assert_eq!(taken.json()[0]["delivery"], sent["deliveries"][0]["id"]);
    assert_eq!(pipe(&report).json()[0]["new"], false);
    assert_eq!(pipe("").code, Some(2));
    let file =
        program.file("reply.eml", &format!("From: a@b.c\r\nSubject: Re\r\nIn-Reply-To: {id}\r\n\r\nWhere is it?\r\n"));
    assert!(program.done(&["mail", "take", &file]).out.starts_with("reply of delivery"));
    assert!(program.done(&["mail", "inquiries"]).out.contains("Where is it?"));
}

#[test]
fn a_campaign_that_draws_complaints_pauses_itself() {
    let program = Program::new(None);
    program.ready(200, "");
    program.file("data/vizavi.toml", "[mail]\ncomplaint_minimum = 20\n");
    let run = run_id(&program.done(&["campaign", "run", "win-back", "--no-send", "--json"]));
    let ws = program.workspace();
    let now = vizavi::clock::Timestamp::parse(TEN).unwrap();
    let sent = ws
        .store()
        .write(|conn| {
            let ask = Claim { channel: "email", owner: "test", now, lease: 60_000_000, limit: 20 };
            let rows = claim(conn, ask, &NoCheck)?.taken;
            for row in &rows {
                assert_eq!(step(conn, &[], &[row], now.plus(60_000_000), now, &NoCheck)?.1, [true]);
                record(conn, row, &Outcome::Sent { code: Some(250), text: "ok".into() }, now, &NoCheck)?;
            }
            Ok(rows)
        })
        .unwrap();
    assert_eq!(sent.len(), 20);
    drop(ws);
    let complaint = format!(
        "From: fbl@isp.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n\
         Feedback-Type: abuse\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {}\r\n\r\nx\r\n--b--\r\n",
        sent[0].message_id
    );
    let file = program.file("complaint.eml", &complaint);
    assert!(program.done(&["mail", "take", &file]).out.starts_with("complaint of delivery"));
    let campaign = program.done(&["campaign", "list", "--json"]).json()[0].clone();
    assert_eq!(campaign["state"], "paused", "{campaign}");
    program.done(&["work", "--once", "--only", "sending"]);
    let list = program.done(&["deliveries", "list", &run, "--json"]).json();
    assert_eq!(list["run"]["reconciliation"]["sent"], 20, "{list}");
    assert!(list["run"]["reconciliation"]["open"].as_i64().unwrap() > 0, "{list}");
}

#[test]
fn a_test_message_goes_to_every_seed_and_counts_as_no_contact() {
    let program = Program::new(None);
    program.ready(60, "");
    let none = program.call(&["campaign", "test", "win-back", "C1"]);
    assert_eq!(none.code, Some(2), "{}{}", none.out, none.err);
    program.file("data/vizavi.toml", "[mail]\nseeds = [\"one@seed.example\", \"two@seed.example\"]\n");
    let said = program.done(&["campaign", "test", "win-back", "C1", "--json"]).json();
    assert_eq!(said.as_array().unwrap().len(), 2, "{said}");
    assert_eq!(program.recipients(), ["To: one@seed.example", "To: two@seed.example"]);
    let story = program.done(&["customer", "C1", "--json"]).out;
    assert!(!story.contains("seed.example"), "{story}");
}

#[test]
fn whoever_answers_had_the_message_so_what_was_held_is_sent() {
    let program = Program::new(None);
    program.ready(60, "");
    let run = run_id(&program.done(&["campaign", "run", "win-back", "--no-send", "--json"]));
    let ws = program.workspace();
    let now = vizavi::clock::Timestamp::parse("2026-06-01T10:59:00Z").unwrap();
    let begun = ws
        .store()
        .write(|conn| {
            let ask = Claim { channel: "email", owner: "gone", now, lease: 30_000_000, limit: 2 };
            let rows = claim(conn, ask, &NoCheck)?.taken;
            for row in &rows {
                assert_eq!(step(conn, &[], &[row], now.plus(30_000_000), now, &NoCheck)?.1, [true]);
            }
            // Looked at before a worker comes: it would write the files of what is held again, which does no harm.
            assert_eq!(recover(conn, now.plus(31_000_000), &NoCheck)?.held, 2);
            Ok(rows)
        })
        .unwrap();
    assert_eq!(begun.len(), 2, "two were due");
    drop(ws);
    // The other process is gone before the answer: a minute later nobody knows.
    let later = "2026-06-01T11:00:00Z";
    let sums =
        || program.done_at(later, &["deliveries", "list", &run, "--json"]).json()["run"]["reconciliation"].clone();
    let before = sums();
    assert_eq!((before["held"].as_i64(), before["sent"].as_i64()), (Some(2), Some(0)), "{before}");
    let mail = |more: &str, text: &str| {
        let id = &begun[0].message_id;
        program.file("back.eml", &format!("From: a@b.c\r\nSubject: Re\r\n{more}In-Reply-To: {id}\r\n\r\n{text}\r\n"))
    };
    program.done_at(later, &["mail", "take", &mail("Auto-Submitted: auto-replied\r\n", "I am away.")]);
    assert_eq!(sums()["held"], 2, "an absence is no proof");
    program.done_at(later, &["mail", "take", &mail("", "Until when does it hold?")]);
    let after = sums();
    assert_eq!(
        (after["held"].as_i64(), after["sent"].as_i64()),
        (Some(1), before["sent"].as_i64().map(|n| n + 1)),
        "{after}"
    );
    let settle = ["deliveries", "settle", "--run", &run, "--as", "never-arrived", "--proof", "not in the relay's log"];
    assert!(program.done_at(later, &settle).out.starts_with("1 settled"));
    program.done_at(later, &["work", "--once", "--only", "sending"]);
    let end = sums();
    assert_eq!((end["held"].as_i64(), end["open"].as_i64()), (Some(0), Some(0)), "{end}");
    assert_eq!(end["sent"], end["planned"], "{end}");
    assert_each_once("SQLite", &program.recipients());
}
