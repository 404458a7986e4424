//! The sender's identity: which DNS records receivers ask for before they believe that a message is ours, and whether they are there.
//!
//! SPF (RFC 7208) is asked of the envelope's domain, DKIM (RFC 6376) of the relay's selector, DMARC (RFC 7489) of the From's domain,
//! where one of the other two must agree with it. Large receivers refuse bulk mail without all three.

mod dns;
mod records;

use serde::Serialize;

pub use dns::{SystemDns, Texts};

/// Who sends, as the check needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The domain of the From.
    pub from: String,
    /// The domain of the envelope's sender.
    pub envelope: String,
    /// The selector that the relay signs with.
    pub selector: Option<String>,
    /// The relay's name.
    pub relay: Option<String>,
}

/// How a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// As it should be.
    Good,
    /// It works, and could be better.
    Weak,
    /// Nobody could look.
    Unknown,
    /// Receivers will hold it against us.
    Bad,
}

/// What was found about one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `SPF`, `DKIM`, `DMARC`, `alignment`.
    pub record: &'static str,
    /// Where it stands.
    pub name: String,
    /// What should stand there.
    pub expected: String,
    /// What stands there.
    pub found: Vec<String>,
    /// How it is.
    pub grade: Grade,
    /// What to do.
    pub advice: String,
}

/// Looks every record up and judges it.
pub fn check(identity: &Identity, dns: &dyn Texts) -> Vec<Finding> {
    let mut findings = vec![records::spf(identity, dns)];
    findings.push(records::dkim(identity, dns));
    findings.push(records::dmarc(identity, dns));
    findings.push(records::alignment(identity));
    findings
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::error::{Error, Result};

    /// A zone in memory; a name that maps to nothing does not answer.
    struct Zone(BTreeMap<&'static str, Option<Vec<&'static str>>>);

    impl Texts for Zone {
        fn texts(&self, name: &str) -> Result<Vec<String>> {
            match self.0.get(name) {
                Some(Some(texts)) => Ok(texts.iter().map(|text| (*text).to_owned()).collect()),
                Some(None) => Err(Error::unavailable("no answer")),
                None => Ok(Vec::new()),
            }
        }
    }

    fn identity() -> Identity {
        Identity {
            from: "shop.example".into(),
            envelope: "bounce.shop.example".into(),
            selector: Some("s1".into()),
            relay: Some("relay.example".into()),
        }
    }

    fn grades(zone: &[(&'static str, Option<Vec<&'static str>>)], identity: &Identity) -> Vec<(&'static str, Grade)> {
        let zone = Zone(zone.iter().cloned().collect());
        check(identity, &zone).into_iter().map(|finding| (finding.record, finding.grade)).collect()
    }

    #[test]
    fn a_good_identity_passes() {
        let zone = [
            ("bounce.shop.example", Some(vec!["unrelated", "v=spf1 include:relay.example -all"])),
            ("s1._domainkey.shop.example", Some(vec!["v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"])),
            ("_dmarc.shop.example", Some(vec!["v=DMARC1; p=quarantine; rua=mailto:d@shop.example"])),
        ];
        let good = [("SPF", Grade::Good), ("DKIM", Grade::Good), ("DMARC", Grade::Good), ("alignment", Grade::Good)];
        assert_eq!(grades(&zone, &identity()), good);
    }

    #[test]
    fn what_is_missing_revoked_doubled_or_silent_is_told() {
        let zone = [
            ("bounce.shop.example", Some(vec!["v=spf1 -all", "v=spf1 ~all"])),
            ("s1._domainkey.shop.example", Some(vec!["v=DKIM1; p="])),
            ("_dmarc.shop.example", None),
        ];
        let other = Identity { envelope: "mail.other.example".into(), ..identity() };
        assert_eq!(
            grades(&zone, &Identity { envelope: "bounce.shop.example".into(), ..other.clone() }),
            [("SPF", Grade::Bad), ("DKIM", Grade::Bad), ("DMARC", Grade::Unknown), ("alignment", Grade::Good)]
        );
        let bare = grades(&[], &Identity { selector: None, ..other });
        assert_eq!(
            bare,
            [("SPF", Grade::Bad), ("DKIM", Grade::Unknown), ("DMARC", Grade::Bad), ("alignment", Grade::Weak)]
        );
    }

    #[test]
    fn weak_records_say_what_would_be_better() {
        let zone = Zone(BTreeMap::from([
            ("bounce.shop.example", Some(vec!["v=spf1 include:relay.example ?all"])),
            ("_dmarc.shop.example", Some(vec!["v=DMARC1; p=none"])),
        ]));
        let findings = check(&identity(), &zone);
        assert_eq!((findings[0].grade, findings[2].grade), (Grade::Weak, Grade::Weak));
        assert!(findings[0].advice.contains("-all"), "{:?}", findings[0]);
        assert!(findings[2].advice.contains("rua"), "{:?}", findings[2]);
        let all = Zone(BTreeMap::from([("bounce.shop.example", Some(vec!["v=spf1 +all"]))]));
        assert_eq!(check(&identity(), &all)[0].grade, Grade::Bad, "anybody could send in our name");
    }
}
