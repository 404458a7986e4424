//! E-mails to a relay by SMTP.
//!
//! Sender and recipient are named before the mark and the body with the final dot goes out after it, so that a crash in between
//! loses nothing and doubles nothing: without the dot, the relay must forget the message (RFC 5321, 4.1.1.4). The relay answers
//! the envelope while the mark becomes durable: neither waits for the other. With a body goes the envelope of the next message, where
//! it is known. Client libraries do all in one step; that is why the
//! conversation is our own, and lettre builds the message.

mod connection;
mod pool;
mod stream;

use std::time::Duration;

pub use connection::Reply;
use connection::{Connection, Failure};
pub use pool::{Gate, SmtpRelays};

use super::email::{self, Sender, Wire};
use super::transport::{Outcome, Parcel, Session, Transport};
use crate::error::{Error, Result};
use crate::ids::DeliveryId;
use crate::settings::{Smtp, SmtpTls};

/// How long the relay may take for anything but the last answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to accept a message (RFC 5321, 4.5.3.2.6).
const LAST_PATIENCE: Duration = Duration::from_secs(600);

/// The relay that takes e-mails.
pub struct SmtpRelay {
    relay: Smtp,
    password: Option<String>,
    sender: Sender,
    tls: stream::Tls,
}

impl std::fmt::Debug for SmtpRelay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SmtpRelay({}:{})", self.relay.host, self.relay.port)
    }
}

impl SmtpRelay {
    /// E-mails from `sender` through `relay`; the password comes from the environment, never from a file.
    ///
    /// # Errors
    /// Invalid when there is a user without a password, or one without TLS on another machine; unavailable without root
    /// certificates.
    pub fn new(relay: Smtp, password: Option<String>, sender: Sender) -> Result<SmtpRelay> {
        if relay.user.is_some() && password.is_none() {
            return Err(Error::invalid(format!("smtp.user: set {} too", relay.password_variable())));
        }
        let local = matches!(relay.host.as_str(), "localhost" | "127.0.0.1" | "::1");
        if relay.tls == SmtpTls::None && relay.user.is_some() && !local {
            return Err(Error::invalid("smtp.tls: a password goes out only under starttls or tls"));
        }
        let tls = if relay.tls == SmtpTls::None { stream::Tls::none() } else { stream::Tls::with_system_roots()? };
        Ok(SmtpRelay { relay, password, sender, tls })
    }

    fn connect(&self) -> Result<Connection, Failure> {
        let mut connection = Connection::open(&self.relay, &self.tls, PATIENCE)?;
        if let (Some(user), Some(password)) = (&self.relay.user, &self.password) {
            connection.authenticate(user, password)?;
        }
        Ok(connection)
    }
}

impl Transport for std::sync::Arc<SmtpRelay> {
    fn session(&self) -> Result<Box<dyn Session>> {
        let connection = self.connect().map_err(|failure| Error::unavailable(format!("smtp: {failure}")))?;
        Ok(Box::new(SmtpSession::new(self.clone(), Some(connection))))
    }
}

struct SmtpSession {
    relay: std::sync::Arc<SmtpRelay>,
    /// None after anything went wrong: a new conversation is safer than an old one of unknown state.
    connection: Option<Connection>,
    /// What was offered and not yet committed.
    wire: Option<Wire>,
    /// What comes after it.
    next: Option<(DeliveryId, Wire)>,
}

impl SmtpSession {
    fn new(relay: std::sync::Arc<SmtpRelay>, connection: Option<Connection>) -> SmtpSession {
        SmtpSession { relay, connection, wire: None, next: None }
    }

    /// Names sender and recipient on a new connection.
    fn offer_anew(&mut self, wire: &Wire) -> Result<(), Outcome> {
        // Whatever a relay says before it has seen the message (no login, no room), says nothing about the message.
        let mut new = self.relay.connect().map_err(|failure| Outcome::later(failure.to_string()))?;
        let answer = new.offer(wire);
        self.keep(new, answer)
    }

    /// Keeps the connection where it can be used again: a refused recipient leaves it so after RSET.
    fn keep(&mut self, mut connection: Connection, answer: Result<(), Failure>) -> Result<(), Outcome> {
        let usable = match &answer {
            Ok(()) => true,
            Err(Failure::Refused(_)) => connection.reset().is_ok(),
            Err(_) => false,
        };
        self.connection = usable.then_some(connection);
        answer.map_err(Failure::before_commit)
    }

    /// Waits until the relay asks for the body. A relay may have closed an idle conversation: then the next one gets the same
    /// offer, once; nothing of the message has gone out yet.
    fn await_answer(&mut self, wire: &Wire) -> Result<(), Outcome> {
        if let Some(mut old) = self.connection.take() {
            match old.answered() {
                Err(failure) if failure.is_of_the_connection() => {}
                answer => return self.keep(old, answer),
            }
        }
        self.offer_anew(wire)?;
        match self.connection.take() {
            Some(mut new) => {
                let answer = new.answered();
                self.keep(new, answer)
            }
            None => Err(Outcome::later("there was no connection")),
        }
    }
}

impl Session for SmtpSession {
    fn prepare(&mut self, parcel: &Parcel<'_>) -> Result<(), Outcome> {
        let wire = match self.next.take().filter(|(of, _)| *of == parcel.delivery.id) {
            Some((_, wire)) if self.connection.as_ref().is_some_and(Connection::has_offer) => {
                self.wire = Some(wire);
                return Ok(());
            }
            Some((_, wire)) => wire,
            None => {
                // Should another be offered, it can only be taken back by hanging up.
                self.connection = self.connection.take().filter(|open| !open.has_offer());
                email::build(&self.relay.sender, parcel).map_err(|error| Outcome::refused(error.to_string()))?
            }
        };
        if let Some(mut old) = self.connection.take() {
            match old.offer(&wire) {
                Err(failure) if failure.is_of_the_connection() => {}
                answer => self.keep(old, answer)?,
            }
        }
        if self.connection.is_none() {
            self.offer_anew(&wire)?;
        }
        self.wire = Some(wire);
        Ok(())
    }

    fn look_ahead(&mut self, parcel: &Parcel<'_>) {
        // What cannot be made is told when it is prepared.
        self.next = email::build(&self.relay.sender, parcel).ok().map(|wire| (parcel.delivery.id, wire));
    }

    fn commit(&mut self, keep: &[bool]) -> Vec<Outcome> {
        let Some(wire) = self.wire.take().filter(|_| keep == [true]) else {
            self.abandon();
            return Vec::new();
        };
        if let Err(outcome) = self.await_answer(&wire) {
            return vec![outcome];
        }
        let Some(mut connection) = self.connection.take() else {
            return vec![Outcome::later("there was no connection")];
        };
        vec![match connection.finish(&wire, self.next.as_ref().map(|(_, next)| next), LAST_PATIENCE) {
            Ok(reply) => {
                self.connection = Some(connection);
                Outcome::Sent { code: Some(reply.code), text: reply.text }
            }
            Err(Failure::Refused(reply)) => {
                self.connection = Some(connection);
                reply.outcome()
            }
            Err(other) => Outcome::Uncertain { text: other.to_string() },
        }]
    }

    fn abandon(&mut self) {
        // Once a message is offered there is no way back but to hang up; the relay then forgets it.
        self.connection = None;
        self.wire = None;
    }
}

impl Drop for SmtpSession {
    fn drop(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.quit();
        }
    }
}

#[cfg(test)]
mod login_tests;
#[cfg(test)]
mod tests;
