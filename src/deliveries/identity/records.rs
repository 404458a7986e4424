//! What each record should be, and what is wrong with the one that is there. Pure.

use super::{Finding, Grade, Identity, Texts};

/// Looks a name up; `None` when nobody answered.
fn look(dns: &dyn Texts, name: &str, begins: &str) -> Option<Vec<String>> {
    let found = dns.texts(name).ok()?;
    Some(found.into_iter().filter(|text| text.to_ascii_lowercase().starts_with(begins)).collect())
}

fn unknown(record: &'static str, name: String, expected: String) -> Finding {
    let advice = "the name servers gave no answer; look again, or ask where they are reachable".into();
    Finding { record, name, expected, found: Vec::new(), grade: Grade::Unknown, advice }
}

/// The value of a tag in `a=b; c=d`.
fn tag<'a>(record: &'a str, name: &str) -> Option<&'a str> {
    let tags = record.split(';').filter_map(|part| part.split_once('='));
    tags.map(|(key, value)| (key.trim(), value.trim()))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// SPF: exactly one record that ends by refusing others (RFC 7208).
pub(super) fn spf(identity: &Identity, dns: &dyn Texts) -> Finding {
    let name = identity.envelope.clone();
    let relay = identity.relay.as_deref().unwrap_or("the relay's domain");
    let expected = format!("v=spf1 include:{relay} -all (with what the relay's manual names)");
    let Some(found) = look(dns, &name, "v=spf1") else { return unknown("SPF", name, expected) };
    let (grade, advice) = match found.as_slice() {
        [] => (Grade::Bad, "add the record: without it receivers cannot tell who may send for this domain"),
        [one] => spf_end(one),
        _ => (Grade::Bad, "merge the records into one: with several, SPF fails for everybody"),
    };
    Finding { record: "SPF", name, expected, found, grade, advice: advice.into() }
}

fn spf_end(record: &str) -> (Grade, &'static str) {
    let lower = record.to_ascii_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    if words.iter().any(|word| matches!(*word, "all" | "+all")) {
        return (Grade::Bad, "take +all away: it lets anybody send in your name");
    }
    if words.iter().any(|word| matches!(*word, "-all" | "~all"))
        || words.iter().any(|word| word.starts_with("redirect="))
    {
        return (Grade::Good, "");
    }
    (Grade::Weak, "end the record with -all or ~all, so that others cannot send in your name")
}

/// DKIM: a key at the relay's selector (RFC 6376).
pub(super) fn dkim(identity: &Identity, dns: &dyn Texts) -> Finding {
    let expected = "v=DKIM1; k=rsa; p=<the public key that the relay shows>".to_owned();
    let Some(selector) = &identity.selector else {
        let advice =
            "set [mail] dkim_selector to the selector that the relay signs with; it cannot be found out from DNS"
                .into();
        let name = format!("<selector>._domainkey.{}", identity.from);
        return Finding { record: "DKIM", name, expected, found: Vec::new(), grade: Grade::Unknown, advice };
    };
    let name = format!("{selector}._domainkey.{}", identity.from);
    let Ok(found) = dns.texts(&name) else { return unknown("DKIM", name, expected) };
    // The version may be left out; the key may not.
    let found: Vec<String> = found.into_iter().filter(|text| tag(text, "p").is_some()).collect();
    let (grade, advice) = match found.iter().map(|text| tag(text, "p").unwrap_or_default()).next() {
        None => (Grade::Bad, "add the relay's public key here, and have the relay sign"),
        Some("") => (Grade::Bad, "the key is revoked (p is empty): add the present one"),
        // 1024 bits are 216 characters; the shortest key of 2048 bits has 360. Ed25519 has 44 and says so.
        Some(_) if found.iter().any(|text| tag(text, "k") == Some("ed25519")) => {
            (Grade::Weak, "keep an RSA key beside it: large receivers do not verify Ed25519")
        }
        Some(_) => (Grade::Good, ""),
    };
    Finding { record: "DKIM", name, expected, found, grade, advice: advice.into() }
}

/// DMARC: a policy at the From's domain, or at the one above it (RFC 7489).
pub(super) fn dmarc(identity: &Identity, dns: &dyn Texts) -> Finding {
    let name = format!("_dmarc.{}", identity.from);
    let expected = format!("v=DMARC1; p=none; rua=mailto:dmarc@{}", identity.from);
    let Some(mut found) = look(dns, &name, "v=dmarc1") else { return unknown("DMARC", name, expected) };
    if found.is_empty()
        && let Some((_, parent)) = identity.from.split_once('.').filter(|(_, parent)| parent.contains('.'))
    {
        found = look(dns, &format!("_dmarc.{parent}"), "v=dmarc1").unwrap_or_default();
    }
    let (grade, advice) = match found.as_slice() {
        [] => (Grade::Bad, "add the record; p=none is enough to begin with"),
        [one] => match (tag(one, "p"), tag(one, "rua")) {
            (None, _) => (Grade::Bad, "name a policy: p=none, p=quarantine or p=reject"),
            (Some(_), None) => (Grade::Weak, "add rua=mailto:..., or you will not learn who sends in your name"),
            (Some(_), Some(_)) => (Grade::Good, ""),
        },
        _ => (Grade::Bad, "keep one record: with several there is no policy"),
    };
    Finding { record: "DMARC", name, expected, found, grade, advice: advice.into() }
}

/// Whether SPF speaks for the From's domain too: the envelope's is the same, above or below it.
pub(super) fn alignment(identity: &Identity) -> Finding {
    let (from, envelope) = (identity.from.to_ascii_lowercase(), identity.envelope.to_ascii_lowercase());
    let below = |one: &str, other: &str| one == other || one.ends_with(&format!(".{other}"));
    let aligned = below(&from, &envelope) || below(&envelope, &from);
    let (grade, advice) = if aligned {
        (Grade::Good, "")
    } else {
        (Grade::Weak, "DMARC then rests on DKIM alone: put [mail] return_path below the From's domain")
    };
    Finding {
        record: "alignment",
        name: envelope,
        expected: format!("the domain {from}, or one above or below it"),
        found: Vec::new(),
        grade,
        advice: advice.into(),
    }
}
