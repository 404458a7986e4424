//! `vizavi user`: who may log in to the console.

use std::io::BufRead;

use base64::Engine;

use super::{Done, Place, print};
use crate::error::{Error, Result};
use crate::operations::access::{Role, user};

/// Who the audit says did it.
const ACTOR: &str = "cli";

/// What is asked about users.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Add a user; prints a new password once, unless one is given
    Add {
        /// The address to log in with
        email: String,
        /// viewer, marketer or admin
        #[arg(long, default_value = "viewer")]
        role: String,
        /// Take the password from the first line of stdin
        #[arg(long)]
        password_stdin: bool,
    },
    /// All users
    List,
    /// Set a new password, which ends every session
    Password {
        /// The user's address
        email: String,
        /// Take the password from the first line of stdin
        #[arg(long)]
        password_stdin: bool,
    },
    /// Let a user log in no more
    Disable {
        /// The user's address
        email: String,
    },
}

/// Adds, lists, changes or disables.
pub fn run(place: &Place, args: &Args) -> Done {
    let ws = place.make()?;
    match &args.verb {
        Verb::Add { email, role, password_stdin } => {
            let role = Role::parse(role)?;
            let (password, made) = password(*password_stdin)?;
            let added = user::create(&ws, email, role, &password, ACTOR)?;
            tell(
                place,
                &format!("user {} ({}) may log in\n", added.email, added.role),
                &added,
                made.then_some(password),
            )
        }
        Verb::List => list(place, &user::list(&ws)?),
        Verb::Password { email, password_stdin } => {
            let (password, made) = password(*password_stdin)?;
            user::set_password(&ws, email, &password, ACTOR)?;
            let text = format!("the password of {email} is set; every session has ended\n");
            tell(place, &text, &serde_json::json!({ "email": email }), made.then_some(password))
        }
        Verb::Disable { email } => {
            user::disable(&ws, email, ACTOR)?;
            tell(place, &format!("{email} can log in no more\n"), &serde_json::json!({ "email": email }), None)
        }
    }
}

fn tell<T: serde::Serialize>(place: &Place, text: &str, value: &T, password: Option<String>) -> Done {
    if place.json {
        let mut value = serde_json::to_value(value).map_err(Error::from)?;
        if let (Some(fields), Some(password)) = (value.as_object_mut(), password) {
            fields.insert("password".into(), password.into());
        }
        print::json(&value)?;
        return Ok(());
    }
    let shown = password.map_or_else(String::new, |password| format!("password, shown only now: {password}\n"));
    print::text(&format!("{text}{shown}"))?;
    Ok(())
}

fn list(place: &Place, users: &[user::User]) -> Done {
    if place.json {
        print::json(users)?;
        return Ok(());
    }
    let mut table = print::Table::new(&["user", "role", "since", "disabled at"]);
    for user in users {
        table.row(vec![
            user.email.clone(),
            user.role.clone(),
            user.created_at.to_string(),
            user.disabled_at.map(|at| at.to_string()).unwrap_or_default(),
        ]);
    }
    print::text(&if table.is_empty() { "no users yet\n".to_owned() } else { table.to_string() })?;
    Ok(())
}

/// The password, and whether it was made here. Never an argument: others see the arguments of a process.
fn password(from_stdin: bool) -> Result<(String, bool)> {
    if from_stdin {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map_err(|error| Error::from(error).context("stdin"))?;
        return Ok((line.trim_end_matches(['\r', '\n']).to_owned(), false));
    }
    let mut bytes = [0u8; 18];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::unavailable("the system gives no entropy").caused_by(error.to_string()))?;
    Ok((base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes), true))
}
