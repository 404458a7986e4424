//! Relays that ask for a login and for TLS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::*;
use crate::clock::Timestamp;
use crate::deliveries::email::tests::{message, row};

/// How a relay behaves.
#[derive(Clone)]
struct Manner {
    /// What follows `AUTH`.
    offers: &'static str,
    /// Whether it takes the login.
    admits: bool,
    /// The certificate it shows, under STARTTLS or from the first byte.
    tls: Option<(Arc<ServerConfig>, SmtpTls)>,
}

/// A relay for one conversation; every line it was told goes to the channel, with a note of whether it came under TLS.
fn relay(manner: Manner) -> (u16, mpsc::Receiver<(bool, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (told, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            match &manner.tls {
                Some((config, SmtpTls::Tls)) => secured(socket, config, &manner, &told),
                _ => {
                    if let Some(socket) = converse(socket, false, &manner, &told)
                        && let Some((config, _)) = &manner.tls
                    {
                        secured(socket, config, &manner, &told);
                    }
                }
            }
        }
    });
    (port, lines)
}

fn secured(socket: TcpStream, config: &Arc<ServerConfig>, manner: &Manner, told: &mpsc::Sender<(bool, String)>) {
    let session = ServerConnection::new(config.clone()).unwrap();
    converse(StreamOwned::new(session, socket), true, manner, told);
}

/// Speaks until the end; gives the socket back when it is to go under TLS.
fn converse<S: Read + Write>(
    socket: S,
    under_tls: bool,
    manner: &Manner,
    told: &mpsc::Sender<(bool, String)>,
) -> Option<S> {
    let mut lines = BufReader::new(socket);
    let immediate = matches!(manner.tls, Some((_, SmtpTls::Tls)));
    if !under_tls || immediate {
        lines.get_mut().write_all(b"220 relay\r\n").ok()?;
    }
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        told.send((under_tls, line.trim_end().to_owned())).ok()?;
        let (word, rest) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
        let login = if manner.admits { "235 2.7.0 welcome" } else { "535 5.7.8 no such login" };
        let answer = match word {
            "EHLO" if manner.tls.is_some() && !under_tls => "250-relay\r\n250 STARTTLS".to_owned(),
            "EHLO" => format!("250-relay\r\n250 AUTH {}", manner.offers),
            "STARTTLS" => {
                lines.get_mut().write_all(b"220 go\r\n").ok()?;
                return Some(lines.into_inner());
            }
            "AUTH" if rest.starts_with("PLAIN ") => login.to_owned(),
            "AUTH" => {
                for prompt in ["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"] {
                    lines.get_mut().write_all(prompt.as_bytes()).ok()?;
                    line.clear();
                    lines.read_line(&mut line).ok()?;
                    told.send((under_tls, line.trim_end().to_owned())).ok()?;
                }
                login.to_owned()
            }
            "DATA" => {
                lines.get_mut().write_all(b"354 go\r\n").ok()?;
                let mut body = String::new();
                while lines.read_line(&mut body).unwrap_or(0) > 0 && !body.ends_with("\r\n.\r\n") {}
                "250 accepted".to_owned()
            }
            "QUIT" => return None,
            _ => "250 ok".to_owned(),
        };
        lines.get_mut().write_all(format!("{answer}\r\n").as_bytes()).ok()?;
    }
}

/// A relay of ours with a login; `roots` are the certificates it trusts.
fn ours(port: u16, host: &str, tls: SmtpTls, roots: Option<RootCertStore>) -> Arc<SmtpRelay> {
    let sender = Sender::parse("Shop <news@shop.example>", None).unwrap();
    let relay = Smtp { user: Some("anna".into()), tls, ..Smtp::plain(host, port) };
    let tls = roots.map_or_else(stream::Tls::none, |roots| stream::Tls::with_roots(roots).unwrap());
    Arc::new(SmtpRelay { relay, password: Some("secret".into()), sender, tls })
}

fn send(relay: &Arc<SmtpRelay>) -> Result<Vec<Outcome>> {
    let mut session = relay.session()?;
    let (row, message) = (row("anna@example.org"), message());
    match session.prepare(&Parcel { delivery: &row, message: &message, now: Timestamp(0) }) {
        Ok(()) => Ok(session.commit(&[true])),
        Err(outcome) => Ok(vec![outcome]),
    }
}

#[test]
fn both_logins_are_spoken_and_a_refused_one_fails_no_message() {
    let of = |offers, admits| relay(Manner { offers, admits, tls: None });
    let (port, told) = of("PLAIN LOGIN", true);
    assert!(matches!(&send(&ours(port, "127.0.0.1", SmtpTls::None, None)).unwrap()[..], [Outcome::Sent { .. }]));
    // RFC 4616: nothing, user, password, each after a zero byte.
    assert!(told.try_iter().any(|(_, line)| line == "AUTH PLAIN AGFubmEAc2VjcmV0"));
    let (port, told) = of("LOGIN", true);
    assert!(matches!(&send(&ours(port, "127.0.0.1", SmtpTls::None, None)).unwrap()[..], [Outcome::Sent { .. }]));
    let lines: Vec<String> = told.try_iter().map(|(_, line)| line).collect();
    assert!(lines.windows(3).any(|three| three == ["AUTH LOGIN", "YW5uYQ==", "c2VjcmV0"]), "{lines:?}");
    let (port, _told) = of("PLAIN", false);
    let refused = ours(port, "127.0.0.1", SmtpTls::None, None);
    assert_eq!(send(&refused).unwrap_err().kind(), crate::error::Kind::Unavailable);
    let mut session = SmtpSession::new(refused, None);
    let (row, message) = (row("anna@example.org"), message());
    let outcome = session.prepare(&Parcel { delivery: &row, message: &message, now: Timestamp(0) }).unwrap_err();
    assert!(matches!(outcome, Outcome::Later { .. }), "a wrong password is not the message's fault: {outcome:?}");
    let (port, _told) = of("CRAM-MD5", true);
    let error = send(&ours(port, "127.0.0.1", SmtpTls::None, None)).unwrap_err().to_string();
    assert!(error.contains("neither"), "{error}");
}

/// A certificate for localhost, and the root that signed it; `None`, saying so, without the `openssl` command.
fn certificate(folder: &Path) -> Option<(Arc<ServerConfig>, RootCertStore)> {
    let script = r#"
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj "/CN=test" -addext "basicConstraints=critical,CA:TRUE"
        openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj "/CN=localhost"
        printf 'subjectAltName=DNS:localhost' > server.ext
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 2 -extfile server.ext
    "#;
    let mut shell = Command::new("sh");
    let made = shell.args(["-ec", script]).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: the openssl command, which makes the test's certificates, was not found");
        return None;
    }
    let chain: Vec<_> =
        CertificateDer::pem_file_iter(folder.join("server.crt")).unwrap().map(std::result::Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("ca.crt")).unwrap()).unwrap();
    Some((Arc::new(config), roots))
}

#[test]
fn nothing_but_the_greeting_goes_out_before_tls_and_a_strange_certificate_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let Some((config, roots)) = certificate(folder.path()) else { return };
    for mode in [SmtpTls::Starttls, SmtpTls::Tls] {
        let of = || relay(Manner { offers: "PLAIN", admits: true, tls: Some((config.clone(), mode)) });
        let (port, told) = of();
        let sent = send(&ours(port, "localhost", mode, Some(roots.clone()))).unwrap();
        assert!(matches!(&sent[..], [Outcome::Sent { .. }]), "{mode:?}: {sent:?}");
        let lines: Vec<(bool, String)> = told.try_iter().collect();
        assert!(lines.iter().any(|(tls, line)| *tls && line.starts_with("AUTH PLAIN")), "{mode:?}: {lines:?}");
        let plain: Vec<&str> =
            lines.iter().filter(|(tls, _)| !tls).map(|(_, line)| line.split(' ').next().unwrap()).collect();
        let allowed: &[&str] = if mode == SmtpTls::Starttls { &["EHLO", "STARTTLS"] } else { &[] };
        assert_eq!(plain, allowed, "{mode:?}");
        // The same server, by a name that is not in its certificate; and by one that nobody we trust has signed.
        let (port, _told) = of();
        let other = ours(port, "127.0.0.1", mode, Some(roots.clone()));
        assert_eq!(send(&other).unwrap_err().kind(), crate::error::Kind::Unavailable, "{mode:?}");
        let (port, _told) = of();
        assert!(send(&ours(port, "localhost", mode, Some(RootCertStore::empty()))).is_err(), "{mode:?}");
    }
    let (port, told) = relay(Manner { offers: "PLAIN", admits: true, tls: None });
    assert!(send(&ours(port, "localhost", SmtpTls::Starttls, Some(roots))).is_err(), "no way back to plain text");
    assert!(told.try_iter().all(|(_, line)| !line.starts_with("AUTH") && !line.starts_with("MAIL")));
}
