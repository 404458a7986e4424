//! Signed links: a token says for which delivery and customer it was made and what it may do, and nobody else can make one.
//!
//! Layout (base64url, 48 characters): key id (1 byte), purpose (1), delivery (8), customer (8), link (2), then the first 128 bits
//! of HMAC-SHA256 over them. It holds no personal data (ids are keyed hashes) and no address: a click's target is looked
//! up in the message, so that there is no open redirect. Tokens do not expire, because a right to unsubscribe does not.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::error::{Error, Result};
use crate::ids::{CustomerId, DeliveryId};

const BODY: usize = 20;
const SIGNATURE: usize = 16;
/// Bytes of a return token: key id, delivery, and 88 bits of the signature, which make 32 characters of base32.
const RETURN: usize = 20;

/// What a token may do. A token for one purpose is refused for every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// Follow a link of the message.
    Click = b'c',
    /// Count that the message was opened.
    Open = b'o',
    /// Unsubscribe.
    Unsubscribe = b'u',
    /// See and change what the customer agreed to.
    Preferences = b'p',
}

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it may do.
    pub purpose: Purpose,
    /// The message it stood in.
    pub delivery: DeliveryId,
    /// Whose message that was.
    pub customer: CustomerId,
    /// Which link of the message, from 0; 0 for other purposes.
    pub link: u16,
}

/// The secrets that sign links. Old keys stay, so that old messages keep working after a rotation.
#[derive(Clone)]
pub struct LinkKeys {
    current: u8,
    /// Each with its key taken in: that is half of the work of signing.
    keys: BTreeMap<u8, Hmac<Sha256>>,
}

impl std::fmt::Debug for LinkKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LinkKeys(current: {}, {} keys)", self.current, self.keys.len())
    }
}

impl LinkKeys {
    /// One key, with the id 1.
    pub fn new(secret: [u8; 32]) -> LinkKeys {
        LinkKeys { current: 1, keys: BTreeMap::from([(1, keyed(&secret))]) }
    }

    /// Signs with `secret` under `id` from now on; tokens of earlier keys stay valid.
    #[must_use]
    pub fn rotated(mut self, id: u8, secret: [u8; 32]) -> LinkKeys {
        self.keys.insert(id, keyed(&secret));
        self.current = id;
        self
    }

    /// The token as it stands in a URL.
    pub fn sign(&self, token: &Token) -> String {
        let body = body_of(self.current, token);
        let key = self.keys.get(&self.current).expect("the current key was inserted with its id");
        let mut bytes = [0u8; BODY + SIGNATURE];
        bytes[..BODY].copy_from_slice(&body);
        bytes[BODY..].copy_from_slice(&mac(key, &body).finalize().into_bytes()[..SIGNATURE]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token made for `purpose`. The signature is compared in constant time.
    ///
    /// # Errors
    /// Invalid, with one sentence for every reason, so that it tells a forger nothing.
    pub fn verify(&self, text: &str, purpose: Purpose) -> Result<Token> {
        let refuse = || Error::invalid("this link is not valid; use the one from the message");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refuse())?;
        let bytes: [u8; BODY + SIGNATURE] = bytes.try_into().map_err(|_| refuse())?;
        let (body, signature) = bytes.split_at(BODY);
        let key = self.keys.get(&body[0]).ok_or_else(refuse)?;
        mac(key, body).verify_truncated_left(signature).map_err(|_| refuse())?;
        if body[1] != purpose as u8 {
            return Err(refuse());
        }
        let id = |from: usize| {
            let mut eight = [0u8; 8];
            eight.copy_from_slice(&body[from..from + 8]);
            i64::from_be_bytes(eight)
        };
        let link = u16::from_be_bytes([body[18], body[19]]);
        Ok(Token { purpose, delivery: DeliveryId(id(2)), customer: CustomerId(id(10)), link })
    }

    /// The Message-ID of a delivery: the same for every attempt, so that receivers can recognise a second copy, and one that
    /// we recognise when a report or a reply names it.
    pub fn message_id(&self, delivery: DeliveryId, domain: &str) -> String {
        // Always the first key: a rotation must not change the id of a message that is tried again.
        let first = *self.keys.keys().next().expect("there is at least one key");
        format!("<{}@{domain}>", self.return_token_of(first, delivery))
    }

    /// What stands in the return path of a delivery: 32 letters and digits whose case does not matter, for some mail systems
    /// change it.
    pub fn return_token(&self, delivery: DeliveryId) -> String {
        self.return_token_of(self.current, delivery)
    }

    fn return_token_of(&self, key: u8, delivery: DeliveryId) -> String {
        let mut bytes = [0u8; RETURN];
        bytes[0] = key;
        bytes[1..9].copy_from_slice(&delivery.0.to_be_bytes());
        let signature =
            self.return_mac(key, delivery).expect("the caller names a key there is").finalize().into_bytes();
        bytes[9..].copy_from_slice(&signature[..RETURN - 9]);
        BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()
    }

    /// The delivery that a return token was made for; `None` when we did not make it.
    pub fn read_return_token(&self, text: &str) -> Option<DeliveryId> {
        let bytes = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok()?;
        let bytes: [u8; RETURN] = bytes.try_into().ok()?;
        let mut eight = [0u8; 8];
        eight.copy_from_slice(&bytes[1..9]);
        let delivery = DeliveryId(i64::from_be_bytes(eight));
        self.return_mac(bytes[0], delivery)?.verify_truncated_left(&bytes[9..]).ok()?;
        Some(delivery)
    }

    fn return_mac(&self, key: u8, delivery: DeliveryId) -> Option<Hmac<Sha256>> {
        let mut mac = mac(self.keys.get(&key)?, b"return");
        mac.update(&delivery.0.to_be_bytes());
        Some(mac)
    }
}

fn body_of(key: u8, token: &Token) -> [u8; BODY] {
    let mut body = [0u8; BODY];
    body[0] = key;
    body[1] = token.purpose as u8;
    body[2..10].copy_from_slice(&token.delivery.0.to_be_bytes());
    body[10..18].copy_from_slice(&token.customer.0.to_be_bytes());
    body[18..].copy_from_slice(&token.link.to_be_bytes());
    body
}

fn keyed(secret: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length")
}

fn mac(key: &Hmac<Sha256>, data: &[u8]) -> Hmac<Sha256> {
    let mut mac = key.clone();
    mac.update(data);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(purpose: Purpose) -> Token {
        Token { purpose, delivery: DeliveryId(77), customer: CustomerId(i64::MAX), link: 3 }
    }

    #[test]
    fn every_flipped_bit_and_every_other_purpose_is_refused() {
        let keys = LinkKeys::new([7; 32]);
        let text = keys.sign(&token(Purpose::Unsubscribe));
        assert_eq!(keys.verify(&text, Purpose::Unsubscribe).unwrap(), token(Purpose::Unsubscribe));
        assert!(keys.verify(&text, Purpose::Click).is_err());
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut forged = bytes.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(keys.verify(&URL_SAFE_NO_PAD.encode(&forged), Purpose::Unsubscribe).is_err(), "bit {bit}");
        }
        for bad in ["", "abc", "====", &text[1..], &format!("{text}A")] {
            assert!(keys.verify(bad, Purpose::Unsubscribe).is_err());
        }
    }

    #[test]
    fn rotation_keeps_old_links_and_message_ids() {
        let old = LinkKeys::new([1; 32]);
        let text = old.sign(&token(Purpose::Click));
        let id = old.message_id(DeliveryId(5), "mail.example");
        let new = old.clone().rotated(2, [2; 32]);
        assert_eq!(new.verify(&text, Purpose::Click).unwrap(), token(Purpose::Click));
        assert!(old.verify(&new.sign(&token(Purpose::Click)), Purpose::Click).is_err());
        assert_eq!(new.message_id(DeliveryId(5), "mail.example"), id);
        assert_ne!(new.message_id(DeliveryId(6), "mail.example"), id);
        assert_eq!(new.read_return_token(&old.return_token(DeliveryId(5))), Some(DeliveryId(5)));
        assert_eq!(new.read_return_token(&new.return_token(DeliveryId(-5)).to_uppercase()), Some(DeliveryId(-5)));
        assert_eq!(old.read_return_token(&new.return_token(DeliveryId(5))), None);
        assert_eq!(new.read_return_token(&id[1..33]), Some(DeliveryId(5)), "{id}");
        assert_eq!(format!("{new:?}"), "LinkKeys(current: 2, 2 keys)");
    }

    #[test]
    fn no_changed_character_of_a_return_token_passes() {
        let keys = LinkKeys::new([9; 32]);
        let token = keys.return_token(DeliveryId(77));
        assert!(token.len() == 32 && token.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{token}");
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'a' { b'b' } else { b'a' };
            assert_eq!(keys.read_return_token(std::str::from_utf8(&forged).unwrap()), None, "{at}");
        }
        assert_eq!(keys.read_return_token(""), None);
    }
}
