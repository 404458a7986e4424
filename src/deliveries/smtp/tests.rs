use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, mpsc};

use super::*;
use crate::clock::Timestamp;
use crate::deliveries::Delivery;
use crate::deliveries::email::tests::{message, row};

/// What the relay does with the next message.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Accepts,
    RefusesRecipient,
    SaysLaterAfterDot,
    HangsUpAfterDot,
}

/// A relay on loopback: takes conversations one after another and sends each accepted body to the channel.
fn relay(pipelining: bool, moods: Vec<Mood>) -> (Arc<SmtpRelay>, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (accepted, bodies) = mpsc::channel();
    std::thread::spawn(move || {
        let mut moods = moods.into_iter();
        let mut mood = moods.next();
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut lines = BufReader::new(socket.try_clone().unwrap());
            let mut say = |text: &str| socket.write_all(format!("{text}\r\n").as_bytes()).is_ok();
            say("220 relay");
            let mut line = String::new();
            loop {
                line.clear();
                if lines.read_line(&mut line).unwrap_or(0) == 0 {
                    break;
                }
                let word = line.split_whitespace().next().unwrap_or("").to_ascii_uppercase();
                match word.as_str() {
                    "EHLO" => say(if pipelining { "250-relay\r\n250-PIPELINING\r\n250 8BITMIME" } else { "250 relay" }),
                    "RCPT" if mood == Some(Mood::RefusesRecipient) => say("550-5.1.1 no such\r\n550 5.1.1 user"),
                    "DATA" if mood == Some(Mood::RefusesRecipient) => {
                        mood = moods.next();
                        say("503 no recipient")
                    }
                    "RSET" if !pipelining && mood == Some(Mood::RefusesRecipient) => {
                        mood = moods.next();
                        say("250 ok")
                    }
                    "DATA" => {
                        say("354 go");
                        let mut body = String::new();
                        while lines.read_line(&mut body).unwrap_or(0) > 0 && !body.ends_with("\r\n.\r\n") {}
                        if !body.ends_with("\r\n.\r\n") {
                            break;
                        }
                        let now = mood;
                        mood = moods.next();
                        match now {
                            Some(Mood::SaysLaterAfterDot) => say("451 later"),
                            Some(Mood::HangsUpAfterDot) => break,
                            _ => {
                                accepted.send(body).unwrap();
                                say("250 2.0.0 accepted")
                            }
                        }
                    }
                    "QUIT" => break,
                    _ => say("250 ok"),
                };
            }
        }
    });
    (Arc::new(at(port)), bodies)
}

fn at(port: u16) -> SmtpRelay {
    let sender = Sender::parse("Shop <news@shop.example>", None).unwrap();
    SmtpRelay::new(Smtp::plain("127.0.0.1", port), None, sender).unwrap()
}

fn one(session: &mut dyn Session, keep: bool) -> Result<Vec<Outcome>, Outcome> {
    let (row, message) = (row("anna@example.org"), message());
    session.prepare(&Parcel { delivery: &row, message: &message, now: Timestamp(0) })?;
    Ok(session.commit(&[keep]))
}

/// The one outcome, whether it came before the mark or after it.
fn outcome(session: &mut dyn Session) -> Outcome {
    one(session, true).map_or_else(|before| before, |mut after| after.remove(0))
}

#[test]
fn messages_arrive_whole_and_each_answer_has_its_meaning() {
    for pipelining in [true, false] {
        let moods =
            vec![Mood::Accepts, Mood::RefusesRecipient, Mood::SaysLaterAfterDot, Mood::HangsUpAfterDot, Mood::Accepts];
        let (relay, bodies) = relay(pipelining, moods);
        let mut session = relay.session().unwrap();
        let sent = one(session.as_mut(), true).unwrap();
        assert!(matches!(&sent[0], Outcome::Sent { code: Some(250), .. }), "{sent:?}");
        let body = bodies.recv().unwrap();
        assert!(body.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
        let refused = outcome(session.as_mut());
        assert_eq!(refused, Outcome::Refused { code: Some(550), text: "5.1.1 no such 5.1.1 user".into() });
        assert!(matches!(&one(session.as_mut(), true).unwrap()[0], Outcome::Later { code: Some(451), .. }));
        assert!(matches!(&one(session.as_mut(), true).unwrap()[0], Outcome::Uncertain { .. }));
        // The next conversation begins by itself.
        assert!(matches!(&one(session.as_mut(), true).unwrap()[0], Outcome::Sent { .. }));
    }
}

/// What comes of `moods`, one message each, where the next is told ahead or not; and whether any was offered with a body.
fn in_turn(pipelining: bool, moods: &[Mood], told: impl Fn(usize) -> Option<usize>) -> (Vec<Outcome>, usize, bool) {
    let (relay, bodies) = relay(pipelining, moods.to_vec());
    let mut session = SmtpSession::new(relay, None);
    let message = message();
    let rows: Vec<_> =
        (0..moods.len() as i64 + 1).map(|id| Delivery { id: DeliveryId(id), ..row("a@b.example") }).collect();
    let parcel = |i: usize| Parcel { delivery: &rows[i], message: &message, now: Timestamp(0) };
    let mut offered = false;
    let outcomes = (0..moods.len()).map(|i| {
        if let Err(before) = session.prepare(&parcel(i)) {
            return before;
        }
        if let Some(next) = told(i) {
            session.look_ahead(&parcel(next));
        }
        let outcome = session.commit(&[true]).remove(0);
        offered |= session.connection.as_ref().is_some_and(Connection::has_offer);
        outcome
    });
    let outcomes = outcomes.collect();
    drop(session);
    (outcomes, bodies.try_iter().count(), offered)
}

#[test]
fn a_message_told_ahead_changes_no_outcome_and_is_offered_with_the_body_before() {
    let any = [Mood::Accepts, Mood::RefusesRecipient, Mood::SaysLaterAfterDot, Mood::HangsUpAfterDot];
    for (first, second) in any.iter().flat_map(|first| any.iter().map(move |second| (*first, *second))) {
        let moods = [first, second, Mood::Accepts];
        for pipelining in [true, false] {
            let (outcomes, arrived, offered) = in_turn(pipelining, &moods, |_| None);
            assert!(!offered);
            let ahead = in_turn(pipelining, &moods, |i| Some(i + 1));
            assert_eq!((&ahead.0, ahead.1), (&outcomes, arrived));
            assert_eq!(ahead.2, pipelining, "in one go only where the relay says that it takes it so");
            // A hint that was wrong: what was offered is taken back by hanging up. (This relay's moods go by what it is offered.)
            if !moods.contains(&Mood::RefusesRecipient) {
                let wrong = in_turn(pipelining, &moods, |_| Some(moods.len()));
                assert_eq!((wrong.0, wrong.1), (outcomes, arrived));
            }
        }
    }
}

#[test]
fn without_the_final_dot_nothing_arrives() {
    let (relay, bodies) = relay(true, vec![Mood::Accepts]);
    let mut session = relay.session().unwrap();
    assert_eq!(one(session.as_mut(), false).unwrap(), []);
    drop(session);
    let mut session = relay.session().unwrap();
    one(session.as_mut(), true).unwrap();
    assert_eq!(bodies.iter().take(1).count(), 1);
    assert!(bodies.try_recv().is_err());
}

#[test]
fn a_password_never_goes_out_in_plain_text() {
    let sender = Sender::parse("a@b.c", None).unwrap();
    let settings = Smtp { user: Some("u".into()), ..Smtp::plain("relay.example", 25) };
    assert!(SmtpRelay::new(settings.clone(), Some("p".into()), sender.clone()).is_err());
    assert!(SmtpRelay::new(settings, None, sender).is_err());
}

#[test]
fn relays_share_by_weight_and_take_over_from_one_that_is_gone() {
    let accepting = || relay(true, vec![Mood::Accepts; 100]);
    let ((first, to_first), (second, to_second)) = (accepting(), accepting());
    let ports = (first.relay.port, second.relay.port);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let pool = |members: &[(u16, u32)]| {
        Arc::new(SmtpRelays::new(members.iter().map(|(port, weight)| (at(*port), *weight)).collect()).unwrap())
    };
    let mut session = pool(&[(ports.0, 3), (ports.1, 1)]).session().unwrap();
    for _ in 0..40 {
        assert!(matches!(&one(session.as_mut(), true).unwrap()[0], Outcome::Sent { .. }));
    }
    assert_eq!((to_first.try_iter().count(), to_second.try_iter().count()), (30, 10));
    drop(session);
    let mut session = pool(&[(closed, 9), (ports.1, 1)]).session().unwrap();
    for _ in 0..10 {
        assert!(matches!(&one(session.as_mut(), true).unwrap()[0], Outcome::Sent { .. }));
    }
    assert_eq!(to_second.try_iter().count(), 10, "nobody waits for a relay that is gone");
    let Err(error) = pool(&[(closed, 1), (closed, 1)]).session() else { panic!("there is nobody") };
    assert_eq!(error.kind(), crate::error::Kind::Unavailable);
    assert!(SmtpRelays::new(Vec::new()).is_err());
}

/// Lets so many messages through, and after that one each time it has been asked in vain.
#[derive(Debug)]
struct Few(std::sync::Mutex<(usize, usize)>);

impl Gate for Few {
    fn pass(&self) -> crate::error::Result<Option<Duration>> {
        let (left, refused) = &mut *self.0.lock().unwrap();
        if *left == 0 {
            (*left, *refused) = (1, *refused + 1);
            return Ok(Some(Duration::from_micros(1)));
        }
        *left -= 1;
        Ok(None)
    }
}

#[test]
fn a_relay_that_has_had_its_messages_leaves_the_rest_to_the_others_and_all_wait_when_all_have() {
    let accepting = || relay(true, vec![Mood::Accepts; 100]);
    let ((first, to_first), (second, to_second)) = (accepting(), accepting());
    let gate = |left: usize| Arc::new(Few(std::sync::Mutex::new((left, 0))));
    let (narrow, wide) = (gate(3), gate(20));
    let members = vec![
        (at(first.relay.port), 1, Some(narrow.clone() as Arc<dyn Gate>)),
        (at(second.relay.port), 1, Some(wide.clone() as Arc<dyn Gate>)),
    ];
    let mut session = Arc::new(SmtpRelays::gated(members).unwrap()).session().unwrap();
    for _ in 0..40 {
        assert!(matches!(&one(session.as_mut(), true).unwrap()[0], Outcome::Sent { .. }));
    }
    let (to_first, to_second) = (to_first.try_iter().count(), to_second.try_iter().count());
    assert_eq!(to_first + to_second, 40);
    let refused = narrow.0.lock().unwrap().1 + wide.0.lock().unwrap().1;
    assert!(refused >= 17, "what was beyond both had to wait: {refused}");
}

#[test]
fn a_refused_recipient_is_no_reason_to_ask_another_relay() {
    let (first, _) = relay(true, vec![Mood::RefusesRecipient]);
    let (second, to_second) = relay(true, vec![Mood::Accepts]);
    let members = vec![(at(first.relay.port), 9), (at(second.relay.port), 1)];
    let mut session = Arc::new(SmtpRelays::new(members).unwrap()).session().unwrap();
    assert!(matches!(outcome(session.as_mut()), Outcome::Refused { code: Some(550), .. }));
    assert!(to_second.try_recv().is_err());
}
