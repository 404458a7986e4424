//! Text records of DNS, from the resolvers that the machine is set up with.

use hickory_resolver::TokioResolver;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RData;

use crate::error::{Error, Result};

/// Where text records come from.
pub trait Texts {
    /// The text records at a name, each whole; none when there are none.
    ///
    /// # Errors
    /// Unavailable when nobody answers.
    fn texts(&self, name: &str) -> Result<Vec<String>>;
}

/// The machine's own resolvers.
pub struct SystemDns {
    runtime: tokio::runtime::Runtime,
    resolver: TokioResolver,
}

impl std::fmt::Debug for SystemDns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SystemDns(..)")
    }
}

impl SystemDns {
    /// Reads the machine's set-up.
    ///
    /// # Errors
    /// Unavailable when there is none.
    pub fn new() -> Result<SystemDns> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let out = |error: &dyn std::fmt::Display| Error::unavailable(format!("DNS cannot be used here: {error}"));
        let built = runtime.block_on(async { TokioResolver::builder_tokio().and_then(|builder| builder.build()) });
        Ok(SystemDns { resolver: built.map_err(|error| out(&error))?, runtime })
    }
}

/// Whether a name server said that there are none. One that fails or refuses to answer gives no records either, and says nothing.
fn says_none(error: &NetError) -> bool {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => {
            matches!(none.response_code, ResponseCode::NoError | ResponseCode::NXDomain)
        }
        _ => false,
    }
}

impl Texts for SystemDns {
    fn texts(&self, name: &str) -> Result<Vec<String>> {
        // With a dot at the end no search domain of this machine is tried.
        let found = match self.runtime.block_on(self.resolver.txt_lookup(format!("{name}."))) {
            Ok(found) => found,
            Err(error) if says_none(&error) => return Ok(Vec::new()),
            Err(error) => return Err(Error::unavailable(format!("DNS gave no answer for {name}: {error}"))),
        };
        let texts = found.answers().iter().filter_map(|record| match &record.data {
            // A long record comes in pieces that are one text.
            RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
            _ => None,
        });
        Ok(texts.collect())
    }
}
