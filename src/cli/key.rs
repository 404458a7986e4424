//! `vizavi key`: what machines call the API with.

use super::{Done, Place, print};
use crate::clock::Timestamp;
use crate::ids;
use crate::operations::access::{Role, key};

/// Who the audit says did it.
const ACTOR: &str = "cli";

/// What is asked about keys.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Make a key; it is shown only now
    Create {
        /// What it is for
        name: String,
        /// viewer, marketer, admin, ingest (posts facts) or decide (asks for decisions)
        #[arg(long)]
        role: String,
        /// From when on it is refused
        #[arg(long, value_name = "INSTANT", value_parser = super::place::instant)]
        expires: Option<Timestamp>,
    },
    /// All keys, without their secrets
    List,
    /// The secret that webhooks are signed with, both ours and those of providers: 32 bytes in hexadecimal
    Webhook,
    /// Refuse a key from now on
    Revoke {
        /// The key's number
        id: i64,
    },
}

/// Makes, lists or revokes.
pub fn run(place: &Place, args: &Args) -> Done {
    let ws = place.make()?;
    match &args.verb {
        Verb::Create { name, role, expires } => {
            let (made, secret) = key::create(&ws, name, Role::parse(role)?, *expires, ACTOR)?;
            if place.json {
                print::json(
                    &serde_json::json!({ "id": made.id, "name": made.name, "role": made.role, "key": secret }),
                )?;
            } else {
                print::text(&format!("key {} ({}), shown only now:\n{secret}\n", made.id, made.role))?;
            }
        }
        Verb::List => list(place, &key::list(&ws)?)?,
        Verb::Webhook => {
            let hex = ids::hex(ws.webhook_secret());
            print::text(&if place.json { format!("{{\"secret\": \"{hex}\"}}\n") } else { format!("{hex}\n") })?;
        }
        Verb::Revoke { id } => {
            key::revoke(&ws, *id, ACTOR)?;
            print::text(&if place.json { format!("{{\"id\": {id}}}\n") } else { format!("key {id} is refused\n") })?;
        }
    }
    Ok(())
}

fn list(place: &Place, keys: &[key::ApiKey]) -> crate::Result<()> {
    if place.json {
        return print::json(keys);
    }
    let instant = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let mut table = print::Table::new(&["key", "name", "role", "last used", "expires", "revoked"]);
    for key in keys {
        table.row(vec![
            key.id.to_string(),
            key.name.clone(),
            key.role.clone(),
            instant(key.last_used_at),
            instant(key.expires_at),
            instant(key.revoked_at),
        ]);
    }
    print::text(&if table.is_empty() { "no keys yet\n".to_owned() } else { table.to_string() })
}
