//! One conversation with a relay: RFC 5321, PIPELINING (RFC 2920) where it is offered, AUTH PLAIN and LOGIN (RFC 4954).

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::stream::{Stream, Tls};
use crate::deliveries::email::Wire;
use crate::deliveries::transport::Outcome;
use crate::settings::{Smtp, SmtpTls};

const MOST_LINE: u64 = 4 * 1024;
const MOST_LINES: usize = 100;

/// What the relay answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The three digits.
    pub code: i32,
    /// The words, lines joined by a blank.
    pub text: String,
}

impl Reply {
    /// What a refusal means for the message: 4xx later, else never.
    pub(super) fn outcome(self) -> Outcome {
        match self.code / 100 {
            5 => Outcome::Refused { code: Some(self.code), text: self.text },
            _ => Outcome::Later { code: Some(self.code), text: self.text },
        }
    }
}

/// Why a step failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The relay said no.
    Refused(Reply),
    /// The socket broke, timed out or closed.
    Socket(std::io::Error),
    /// The relay does not speak SMTP, or not what was asked for.
    Protocol(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Refused(reply) => write!(f, "{} {}", reply.code, reply.text),
            Failure::Socket(error) => write!(f, "the connection failed ({})", error.kind()),
            Failure::Protocol(what) => f.write_str(what),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::Socket(error)
    }
}

impl Failure {
    /// Whether it is the conversation that has ended, and another may do better.
    pub(super) fn is_of_the_connection(&self) -> bool {
        match self {
            Failure::Socket(_) | Failure::Protocol(_) => true,
            Failure::Refused(reply) => reply.code == 421,
        }
    }

    /// What it means before the final dot: the relay has nothing yet.
    pub(super) fn before_commit(self) -> Outcome {
        match self {
            Failure::Refused(reply) => reply.outcome(),
            other => Outcome::later(other.to_string()),
        }
    }
}

/// One conversation.
pub(super) struct Connection {
    stream: BufReader<Stream>,
    pipelining: bool,
    utf8: bool,
    auth: String,
    in_data: bool,
    /// The answers to an offer are still to be read.
    unread: bool,
    patience: Duration,
}

impl Connection {
    /// Connects, greets, and goes under TLS as the settings ask.
    pub(super) fn open(relay: &Smtp, tls: &Tls, patience: Duration) -> Result<Connection, Failure> {
        let mut stream = Stream::connect(&relay.host, relay.port, patience)?;
        if relay.tls == SmtpTls::Tls {
            stream = stream.secured(&relay.host, tls)?;
        }
        let mut connection = Connection {
            stream: BufReader::new(stream),
            pipelining: false,
            utf8: false,
            auth: String::new(),
            in_data: false,
            unread: false,
            patience,
        };
        connection.expect(2)?;
        let offers_tls = connection.greet()?;
        if relay.tls != SmtpTls::Starttls {
            return Ok(connection);
        }
        if !offers_tls {
            return Err(Failure::Protocol(
                "the relay does not offer STARTTLS; use another, or smtp.tls = \"tls\"".into(),
            ));
        }
        connection.command("STARTTLS", 2)?;
        // What came in before the handshake came in plain text: it must not be taken for an answer under TLS.
        if !connection.stream.buffer().is_empty() {
            return Err(Failure::Protocol("the relay spoke before the TLS handshake".into()));
        }
        let plain = connection.stream.into_inner();
        connection.stream = BufReader::new(plain.secured(&relay.host, tls)?);
        connection.greet()?;
        Ok(connection)
    }

    /// EHLO; returns whether STARTTLS is offered.
    fn greet(&mut self) -> Result<bool, Failure> {
        let lines = self.lines("EHLO vizavi.localdomain", 2)?;
        let offers = |name: &str| lines.iter().any(|line| line.eq_ignore_ascii_case(name));
        self.pipelining = offers("PIPELINING");
        self.utf8 = offers("SMTPUTF8");
        let auth = lines.iter().find(|line| line.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("AUTH ")));
        self.auth = auth.map(|line| line.to_ascii_uppercase()).unwrap_or_default();
        Ok(offers("STARTTLS"))
    }

    /// AUTH PLAIN, or LOGIN where only that is offered.
    pub(super) fn authenticate(&mut self, user: &str, password: &str) -> Result<(), Failure> {
        if self.auth.contains("PLAIN") {
            let secret = STANDARD.encode(format!("\0{user}\0{password}"));
            return self.command(&format!("AUTH PLAIN {secret}"), 2).map(drop);
        }
        if self.auth.contains("LOGIN") {
            self.command("AUTH LOGIN", 3)?;
            self.command(&STANDARD.encode(user), 3)?;
            return self.command(&STANDARD.encode(password), 2).map(drop);
        }
        Err(Failure::Protocol("the relay offers neither AUTH PLAIN nor AUTH LOGIN".into()))
    }

    /// Names sender and recipient. Where the relay takes commands in one go, their answers are not waited for: they come while
    /// the mark is written; else all is asked here.
    pub(super) fn offer(&mut self, wire: &Wire) -> Result<(), Failure> {
        self.stream.get_ref().set_patience(self.patience)?;
        let [mail, rcpt] = self.envelope(wire)?;
        if self.pipelining {
            self.write(in_one_go(&mail, &rcpt).as_bytes())?;
            self.unread = true;
            return Ok(());
        }
        self.command(&mail, 2)?;
        self.command(&rcpt, 2)?;
        self.command("DATA", 3)?;
        Ok(())
    }

    fn envelope(&self, wire: &Wire) -> Result<[String; 2], Failure> {
        let (from, to) = (wire.from.to_string(), wire.to.to_string());
        let ascii = from.is_ascii() && to.is_ascii();
        if !ascii && !self.utf8 {
            let text = "the relay takes no international addresses (SMTPUTF8)".to_owned();
            return Err(Failure::Refused(Reply { code: 553, text }));
        }
        let utf8 = if ascii { "" } else { " SMTPUTF8" };
        Ok([format!("MAIL FROM:<{from}>{utf8}"), format!("RCPT TO:<{to}>")])
    }

    /// Whether a message is offered whose body has not gone out.
    pub(super) fn has_offer(&self) -> bool {
        self.unread
    }

    /// Whether the relay waits for the body of what was offered.
    pub(super) fn answered(&mut self) -> Result<(), Failure> {
        if !std::mem::take(&mut self.unread) {
            return Ok(());
        }
        self.stream.get_ref().set_patience(self.patience)?;
        // All three answers are read, whatever the first says.
        let (mail, rcpt, data) = (self.reply()?, self.reply()?, self.reply()?);
        for reply in [mail, rcpt] {
            if reply.code / 100 != 2 {
                // A relay that opened DATA without a recipient has no way back but hanging up.
                self.in_data = data.code == 354;
                return Err(Failure::Refused(reply));
            }
        }
        accept(data, 3).map(drop)
    }

    /// The body and the final dot, and their answer. An error other than a refusal leaves the message uncertain. The `next` message is
    /// offered in the same go, where the relay takes that (RFC 2920, 3.1: the end of a body may be followed by a new transaction).
    pub(super) fn finish(&mut self, wire: &Wire, next: Option<&Wire>, patience: Duration) -> Result<Reply, Failure> {
        self.stream.get_ref().set_patience(patience)?;
        let mut bytes = stuffed(&wire.bytes);
        bytes.extend_from_slice(b".\r\n");
        if let Some([mail, rcpt]) = next.filter(|_| self.pipelining).and_then(|next| self.envelope(next).ok()) {
            bytes.extend_from_slice(in_one_go(&mail, &rcpt).as_bytes());
            self.unread = true;
        }
        self.write(&bytes)?;
        let reply = self.reply()?;
        match reply.code / 100 {
            2 => Ok(reply),
            4 | 5 => Err(Failure::Refused(reply)),
            _ => Err(Failure::Protocol(format!("an answer that SMTP does not know: {}", reply.code))),
        }
    }

    /// Clears the envelope.
    pub(super) fn reset(&mut self) -> Result<(), Failure> {
        if self.in_data {
            return Err(Failure::Protocol("the relay waits for a body".into()));
        }
        self.command("RSET", 2).map(drop)
    }

    /// Says goodbye, without waiting; where the relay waits for a body, hanging up is all that can be said.
    pub(super) fn quit(&mut self) {
        if !self.unread && !self.in_data {
            self.write(b"QUIT\r\n").ok();
        }
    }

    fn command(&mut self, line: &str, class: i32) -> Result<Reply, Failure> {
        self.write(format!("{line}\r\n").as_bytes())?;
        accept(self.reply()?, class)
    }

    fn expect(&mut self, class: i32) -> Result<Reply, Failure> {
        accept(self.reply()?, class)
    }

    fn lines(&mut self, command: &str, class: i32) -> Result<Vec<String>, Failure> {
        self.write(format!("{command}\r\n").as_bytes())?;
        let (code, lines) = self.reply_lines()?;
        accept(Reply { code, text: lines.join(" ") }, class)?;
        Ok(lines)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.stream.get_mut().write_all(bytes)?;
        self.stream.get_mut().flush()?;
        Ok(())
    }

    fn reply(&mut self) -> Result<Reply, Failure> {
        let (code, lines) = self.reply_lines()?;
        Ok(Reply { code, text: lines.join(" ") })
    }

    /// Reads `250-one`, `250 two`. A relay that drips its answer byte by byte ends at the same instant as one that is silent.
    fn reply_lines(&mut self) -> Result<(i32, Vec<String>), Failure> {
        let deadline = Instant::now() + self.patience.max(Duration::from_secs(600));
        let mut lines = Vec::new();
        loop {
            let mut line = Vec::new();
            (&mut self.stream).take(MOST_LINE).read_until(b'\n', &mut line)?;
            if !line.ends_with(b"\n") {
                let what = if line.is_empty() { "the relay hung up" } else { "the relay's answer is cut or too long" };
                return Err(Failure::Protocol(what.into()));
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            let code = text.get(..3).and_then(|digits| digits.parse::<i32>().ok()).filter(|c| (200..600).contains(c));
            let Some(code) = code else { return Err(Failure::Protocol("the relay does not speak SMTP".into())) };
            lines.push(text.get(4..).unwrap_or("").to_owned());
            match text.as_bytes().get(3) {
                Some(b'-') if lines.len() < MOST_LINES && Instant::now() < deadline => {}
                Some(b'-') => return Err(Failure::Protocol("the relay's answer does not end".into())),
                _ => return Ok((code, lines)),
            }
        }
    }
}

fn in_one_go(mail: &str, rcpt: &str) -> String {
    format!("{mail}\r\n{rcpt}\r\nDATA\r\n")
}

fn accept(reply: Reply, class: i32) -> Result<Reply, Failure> {
    if reply.code / 100 == class { Ok(reply) } else { Err(Failure::Refused(reply)) }
}

/// The body with every leading dot doubled, ending in CRLF, without the final dot (RFC 5321, 4.5.2).
fn stuffed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 64);
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_dots_are_doubled() {
        assert_eq!(stuffed(b".a\r\nb\r\n..c"), b"..a\r\nb\r\n...c\r\n");
        assert_eq!(stuffed(b"a\r\n.\r\nb\r\n"), b"a\r\n..\r\nb\r\n");
    }
}
