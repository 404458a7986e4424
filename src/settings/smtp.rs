//! What `vizavi.toml` says of a relay.

use serde::{Deserialize, Serialize};

/// The relay that takes e-mails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Its name or address.
    pub host: String,
    /// Its port.
    #[serde(default = "default_smtp_port")]
    pub port: u16,
    /// `none`, `starttls` or `tls`.
    #[serde(default)]
    pub tls: SmtpTls,
    /// The user; the password comes from `VIZAVI_SMTP_PASSWORD`, that of a further relay from `VIZAVI_SMTP_PASSWORD_NAME`.
    #[serde(default)]
    pub user: Option<String>,
    /// What a further relay is called, in letters, digits and `_`.
    #[serde(default)]
    pub name: Option<String>,
    /// Its share of the messages, beside the others'.
    #[serde(default = "default_weight")]
    pub weight: u32,
    /// The most messages a second that it takes, from all processes together.
    #[serde(default)]
    pub pace: Option<i32>,
}

impl Smtp {
    /// A relay in plain text and without a user, as on the same machine.
    pub fn plain(host: &str, port: u16) -> Smtp {
        Smtp { host: host.into(), port, tls: SmtpTls::None, user: None, name: None, weight: 1, pace: None }
    }

    /// Under what its pace is kept.
    pub fn pace_key(&self) -> String {
        format!("relay:{}:{}", self.host, self.port)
    }

    /// The variable of the environment that holds its password.
    pub fn password_variable(&self) -> String {
        let name = self.name.as_ref().map_or_else(String::new, |name| format!("_{}", name.to_uppercase()));
        format!("VIZAVI_SMTP_PASSWORD{name}")
    }
}

/// How the connection to the relay is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// Plain text; for a relay on the same machine.
    None,
    /// STARTTLS, required.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
}

fn default_weight() -> u32 {
    1
}

fn default_smtp_port() -> u16 {
    587
}
