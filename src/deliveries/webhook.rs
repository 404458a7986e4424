//! Webhooks: any provider of SMS, push or chat. A signed POST; private targets are refused, redirects are not followed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::Sha256;
use ureq::Agent;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use super::transport::{Outcome, Parcel, Session, Transport};
use crate::error::{Error, Result};
use crate::ids::hex;

/// How long an answer may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Posts messages to a provider.
#[derive(Clone)]
pub struct Webhook {
    url: String,
    secret: Vec<u8>,
    agent: Agent,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Webhook(..)")
    }
}

impl Webhook {
    /// Posts to `url`, signed with `secret`. `allow` names private targets (`127.0.0.1:9000`) that may be called all the same.
    ///
    /// # Errors
    /// Invalid when it is no http(s) URL or there is no secret.
    pub fn new(url: &str, secret: &[u8], allow: &[String]) -> Result<Webhook> {
        let uri: Uri = url.parse().map_err(|_| Error::invalid("webhook: this is not a URL"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https"))
            || uri.authority().is_none_or(|a| a.as_str().contains('@'))
        {
            return Err(Error::invalid("webhook: write http://host/path or https://host/path, without a user"));
        }
        if secret.is_empty() {
            return Err(Error::invalid("webhook: a secret is needed to sign with"));
        }
        let config = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .proxy(None)
            .build();
        let resolver = PublicOnly { inner: DefaultResolver::default(), allow: allow.to_vec() };
        let agent = Agent::with_parts(config, DefaultConnector::new(), resolver);
        Ok(Webhook { url: url.to_owned(), secret: secret.to_vec(), agent })
    }
}

/// The signature of a body: `v1=` and the hexadecimal HMAC-SHA256 over `<seconds>.<body>`. Receivers refuse timestamps that
/// are more than five minutes off.
pub fn signature(secret: &[u8], seconds: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    format!("v1={}", hex(&mac.finalize().into_bytes()))
}

impl Transport for Webhook {
    fn session(&self) -> Result<Box<dyn Session>> {
        Ok(Box::new(WebhookSession { hook: self.clone(), prepared: Vec::new() }))
    }
}

struct Prepared {
    body: Vec<u8>,
    key: String,
    seconds: i64,
}

struct WebhookSession {
    hook: Webhook,
    prepared: Vec<Prepared>,
}

impl Session for WebhookSession {
    fn prepare(&mut self, parcel: &Parcel<'_>) -> Result<(), Outcome> {
        let (row, message) = (parcel.delivery, parcel.message);
        let body = json!({
            "delivery": row.id.to_string(), "channel": row.channel, "to": row.address, "locale": message.locale,
            "subject": message.subject, "html": message.html, "text": message.text, "unsubscribe": message.unsubscribe,
        });
        let key = row.message_id.trim_matches(['<', '>']).to_owned();
        let seconds = parcel.now.0.div_euclid(crate::clock::SECOND);
        self.prepared.push(Prepared { body: body.to_string().into_bytes(), key, seconds });
        Ok(())
    }

    fn commit(&mut self, keep: &[bool]) -> Vec<Outcome> {
        let prepared = std::mem::take(&mut self.prepared);
        prepared.into_iter().zip(keep).filter(|(_, keep)| **keep).map(|(one, _)| self.post(&one)).collect()
    }

    fn abandon(&mut self) {
        self.prepared.clear();
    }
}

impl WebhookSession {
    fn post(&self, one: &Prepared) -> Outcome {
        self.hook.post(&one.body, &one.key, one.seconds)
    }
}

impl Webhook {
    /// Posts a JSON body, signed as of `seconds`; `key` is the same for every attempt at it, so that the receiver can tell.
    pub fn post(&self, body: &[u8], key: &str, seconds: i64) -> Outcome {
        let answer = self
            .agent
            .post(&self.url)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", key)
            .header("Vizavi-Timestamp", seconds.to_string())
            .header("Vizavi-Signature", signature(&self.secret, seconds, body))
            .send(body);
        match answer {
            Ok(response) => judge(i32::from(response.status().as_u16())),
            // Before the request went out, nothing has happened; after it, nobody knows.
            Err(ureq::Error::HostNotFound | ureq::Error::ConnectionFailed) => {
                Outcome::later("the webhook is out of reach")
            }
            Err(ureq::Error::Io(e)) if e.kind() == std::io::ErrorKind::PermissionDenied => {
                Outcome::refused("the webhook's address is private; add it to webhook_allow if that is meant")
            }
            Err(ureq::Error::Io(e)) if e.kind() == std::io::ErrorKind::ConnectionRefused => {
                Outcome::later("the webhook refuses connections")
            }
            Err(ureq::Error::BadUri(_) | ureq::Error::Tls(_) | ureq::Error::Rustls(_)) => {
                Outcome::later("the webhook's TLS or address is wrong")
            }
            Err(error) => Outcome::Uncertain { text: format!("the webhook gave no answer: {error}") },
        }
    }
}

/// 2xx is accepted; 408, 425, 429 and 5xx are worth another try (with the same idempotency key); the rest never is.
fn judge(code: i32) -> Outcome {
    let text = format!("HTTP {code}");
    match code {
        200..=299 => Outcome::Sent { code: Some(code), text },
        408 | 425 | 429 | 500..=599 => Outcome::Later { code: Some(code), text },
        _ => Outcome::Refused { code: Some(code), text },
    }
}

/// Looks names up and refuses private addresses: the connection goes to the very address that was judged, so that a name
/// that changes its mind between check and use gains nothing.
#[derive(Debug)]
struct PublicOnly {
    inner: DefaultResolver,
    allow: Vec<String>,
}

impl Resolver for PublicOnly {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let mut good = self.empty();
        for address in found.iter() {
            if is_public(address.ip()) || self.allow.iter().any(|allowed| *allowed == address.to_string()) {
                good.push(*address);
            }
        }
        if good.is_empty() {
            return Err(ureq::Error::Io(std::io::ErrorKind::PermissionDenied.into()));
        }
        Ok(good)
    }
}

/// Whether an address is of the public internet (RFC 6890), also when it hides in an IPv6 form.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let special =
        (a == 192 && b == 0 && (c == 0 || c == 2)) || (a == 198 && (b == 18 || b == 19)) || a == 0 || a >= 240;
    !(v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_documentation()
        || shared
        || special)
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    if let Some(v4) = v6.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    // Only 2000::/3 is given out; 6to4 and Teredo inside it carry IPv4 addresses, and 2001:db8::/32 is for documents.
    let [first, second, ..] = v6.segments();
    let tunnel = first == 0x2002 || (first == 0x2001 && (second == 0 || second == 0xdb8));
    first & 0xe000 == 0x2000 && !tunnel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_refused_in_every_form() {
        for bad in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "::ffff:10.0.0.1",
            "fe80::1",
            "fd00::1",
            "2002:7f00:1::",
            "64:ff9b::a00:1",
            "255.255.255.255",
        ] {
            assert!(!is_public(bad.parse().unwrap()), "{bad}");
        }
        assert!(is_public("93.184.216.34".parse().unwrap()) && is_public("2606:2800:220:1::1".parse().unwrap()));
    }

    #[test]
    fn signatures_cover_time_and_body() {
        let one = signature(b"key", 5, b"{}");
        assert_eq!(one.len(), 3 + 64);
        assert_ne!(one, signature(b"key", 6, b"{}"));
        assert_ne!(one, signature(b"key", 5, b"{ }"));
        assert_ne!(one, signature(b"other", 5, b"{}"));
    }

    #[test]
    fn answers_are_classed() {
        assert!(matches!(judge(202), Outcome::Sent { .. }));
        assert!(matches!(judge(503), Outcome::Later { .. }));
        assert!(matches!(judge(302), Outcome::Refused { .. }));
        assert!(Webhook::new("ftp://a", b"x", &[]).is_err());
        assert!(Webhook::new("https://user@a/", b"x", &[]).is_err());
    }
}
