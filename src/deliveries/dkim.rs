//! DKIM signatures of our own, for who has no relay that signs: RFC 6376, rsa-sha256, both canonicalizations relaxed.
//!
//! Receivers that matter verify RSA and not all of them Ed25519, so it is RSA. A signature of 2,048 bits takes about 0.7 ms of a core:
//! where the relay signs, leave it to the relay.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::SignatureScheme;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::Signer;
use sha2::{Digest, Sha256};

use crate::clock::{SECOND, Timestamp};
use crate::error::{Error, Result};

/// The headers that are signed where a message has them, in this order. `from` stands twice: nobody can add a second one.
const SIGNED: [&str; 13] = [
    "from",
    "from",
    "to",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "feedback-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];

/// A key with what its DNS record is called; cheap to clone.
#[derive(Clone)]
pub struct Dkim {
    domain: String,
    selector: String,
    key: Arc<dyn Signer>,
}

impl std::fmt::Debug for Dkim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dkim({}._domainkey.{})", self.selector, self.domain)
    }
}

impl Dkim {
    /// Signs for `domain` with the RSA key in `pem`, whose public half stands at `<selector>._domainkey.<domain>`.
    ///
    /// # Errors
    /// Invalid, when it is no RSA key in PEM.
    pub fn new(domain: &str, selector: &str, pem: &[u8]) -> Result<Dkim> {
        let refuse = || Error::invalid("mail.dkim_key: this is not an RSA key in PEM; openssl genrsa 2048 makes one");
        let der = PrivateKeyDer::from_pem_slice(pem).map_err(|_| refuse())?;
        let key = rustls::crypto::ring::sign::any_supported_type(&der).map_err(|_| refuse())?;
        let key = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]).ok_or_else(refuse)?;
        Ok(Dkim { domain: domain.to_owned(), selector: selector.to_owned(), key: Arc::from(key) })
    }

    /// The mail with its signature before it.
    ///
    /// # Errors
    /// Internal, when the key fails.
    pub(super) fn sign(&self, mail: &[u8], at: Timestamp) -> Result<Vec<u8>> {
        let end = memchr::memmem::find(mail, b"\r\n\r\n").map_or(mail.len(), |end| end + 2);
        let (head, body) = (String::from_utf8_lossy(&mail[..end]), mail.get(end + 2..).unwrap_or_default());
        let headers = headers(&head);
        let present = |name: &&str| headers.iter().any(|(known, _)| known == name);
        let signed: Vec<&str> = SIGNED.into_iter().filter(present).collect();
        let hash = STANDARD.encode(Sha256::digest(relaxed_body(body)));
        let unsigned = format!(
            "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n\td={}; s={}; t={};\r\n\th={};\r\n\tbh={hash};\r\n\tb=",
            self.domain,
            self.selector,
            at.0 / SECOND,
            signed.join(":\r\n\t ")
        );
        let signature = self.key.sign(to_sign(&headers, &signed, &unsigned).as_bytes());
        let signature = STANDARD.encode(signature.map_err(|error| Error::internal(format!("DKIM: {error}")))?);
        let mut out = Vec::with_capacity(mail.len() + 1_024);
        out.extend_from_slice(unsigned.as_bytes());
        for (i, line) in signature.as_bytes().chunks(72).enumerate() {
            out.extend_from_slice(if i == 0 { b"" } else { b"\r\n\t " });
            out.extend_from_slice(line);
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(mail);
        Ok(out)
    }
}

/// The text of which the signature is made: the signed headers, then the signature's own without its value.
fn to_sign(headers: &[(String, String)], signed: &[&str], unsigned: &str) -> String {
    let mut text = String::new();
    let mut taken = Vec::new();
    for name in signed {
        // A name that stands once more than there are headers adds nothing.
        let next = (0..headers.len()).rev().find(|i| headers[*i].0 == *name && !taken.contains(i));
        if let Some(i) = next {
            taken.push(i);
            text.push_str(&format!("{name}:{}\r\n", headers[i].1));
        }
    }
    let own = self::headers(&format!("{unsigned}\r\n"));
    if let Some((name, value)) = own.first() {
        text.push_str(&format!("{name}:{value}"));
    }
    text
}

/// Names and values in their relaxed form (RFC 6376, 3.4.2).
fn headers(head: &str) -> Vec<(String, String)> {
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", "\t");
    let one = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let value = value.split([' ', '\t']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        Some((name.trim_end_matches([' ', '\t']).to_ascii_lowercase(), value))
    };
    unfolded.split("\r\n").filter_map(one).collect()
}

/// The body in its relaxed form (RFC 6376, 3.4.4).
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut empty_lines = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r\n").unwrap_or(line);
        let kept = line.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last + 1);
        if kept == 0 {
            empty_lines += 1;
            continue;
        }
        for _ in 0..std::mem::take(&mut empty_lines) {
            out.extend_from_slice(b"\r\n");
        }
        let mut blank = false;
        for &byte in &line[..kept] {
            let is_blank = matches!(byte, b' ' | b'\t');
            if is_blank && !blank {
                out.push(b' ');
            } else if !is_blank {
                out.push(byte);
            }
            blank = is_blank;
        }
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_relaxed_forms_of_rfc_6376_3_4_5() {
        let shown: Vec<String> = headers("A: X\r\nB : Y\t\r\n\tZ  \r\n")
            .into_iter()
            .map(|(name, value)| format!("{name}:{value}"))
            .collect();
        assert_eq!(shown, ["a:X", "b:Y Z"]);
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!((relaxed_body(b""), relaxed_body(b"\r\n\r\n")), (Vec::new(), Vec::new()));
    }

    #[test]
    fn openssl_verifies_what_we_sign() {
        let folder = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| Command::new("openssl").current_dir(&folder).args(arguments).output();
        if run(&["genrsa", "-out", "key.pem", "2048"]).is_err() {
            eprintln!("skipped: the openssl command was not found");
            return;
        }
        let dkim = Dkim::new("shop.example", "s1", &std::fs::read(folder.path().join("key.pem")).unwrap()).unwrap();
        let mail = b"From: Shop <news@shop.example>\r\nTo: a@b.example\r\nSubject: Two\r\n  words\r\nX-Other: 1\r\n\r\nHello  there \r\n\r\n";
        let signed = String::from_utf8(dkim.sign(mail, Timestamp(7 * SECOND)).unwrap()).unwrap();
        let (own, rest) = signed.split_once("\r\nFrom: ").unwrap();
        assert_eq!(format!("From: {rest}").as_bytes(), mail, "the mail itself is as it was");
        assert!(signed.split("\r\n").all(|line| line.len() <= 78), "{signed}");
        let (before, value) = own.split_once("\tb=").unwrap();
        let hash = STANDARD.encode(Sha256::digest(b"Hello there\r\n"));
        assert!(before.contains(&format!("bh={hash};")), "{before}");
        // The text by hand, as a receiver makes it.
        let text = format!(
            "from:Shop <news@shop.example>\r\nto:a@b.example\r\nsubject:Two words\r\ndkim-signature:v=1; a=rsa-sha256; \
             c=relaxed/relaxed; d=shop.example; s=s1; t=7; h=from: from: to: subject; bh={hash}; b="
        );
        let bytes = STANDARD.decode(value.split_whitespace().collect::<String>()).unwrap();
        std::fs::write(folder.path().join("signature"), bytes).unwrap();
        std::fs::write(folder.path().join("text"), text).unwrap();
        run(&["rsa", "-in", "key.pem", "-pubout", "-out", "public.pem"]).unwrap();
        let said = run(&["dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "text"]).unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
    }

    #[test]
    fn what_is_no_rsa_key_is_refused_without_being_repeated() {
        let error = Dkim::new("a.example", "s1", b"-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----")
            .unwrap_err();
        assert!(error.message().starts_with("mail.dkim_key") && !error.to_string().contains("secret"), "{error}");
    }
}
