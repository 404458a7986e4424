//! Secrets that are shown once: made from the system's entropy, kept as SHA-256, compared in constant time.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// 256 random bits as base64url, 43 characters.
///
/// # Errors
/// Unavailable, when the system gives no entropy.
pub fn fresh() -> Result<String> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::unavailable("the system gives no entropy").caused_by(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What is kept of a secret. A plain hash is enough for 256 random bits: there is nothing to guess.
pub fn hash(secret: &str) -> String {
    crate::ids::hex(&Sha256::digest(secret.as_bytes()))
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0u8, |differ, (a, b)| differ | (a ^ b)) == 0
}
