//! After the story: the console on the demo's own workspace, in the demo's own present.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::ACTOR;
use crate::cli::{print, serve};
use crate::clock::{Clock, Timestamp};
use crate::error::{Error, Result};
use crate::operations::access::{self, Role};
use crate::operations::{Options, Workspace};

/// Who may log in.
const USER: &str = "demo@shop.example";

/// Goes on from the end of the story at the pace of the machine: in the company's records it is still that day.
struct Onward {
    from: Timestamp,
    began: Instant,
}

impl Clock for Onward {
    fn now(&self) -> Timestamp {
        self.from.plus(i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX))
    }
}

/// Serves the console until a signal comes.
///
/// # Errors
/// Unavailable, when the address is taken.
pub fn serve(data: &Path, present: Timestamp) -> Result<()> {
    let clock = Arc::new(Onward { from: present, began: Instant::now() });
    let ws = Workspace::open(data, None, clock, Options::default())?;
    let password = password()?;
    access::user::create(&ws, USER, Role::Admin, &password, ACTOR)?;
    print::text(&format!("\nLog in as {USER} with the password {password}; end with Ctrl-C.\n"))?;
    serve::serve(&ws, true, false)
}

/// A password of 96 random bits; the seed gives the decisions, not the keys to the house.
fn password() -> Result<String> {
    let mut bytes = [0u8; 12];
    getrandom::fill(&mut bytes).map_err(|_| Error::unavailable("the system gives no random numbers"))?;
    Ok(crate::ids::hex(&bytes))
}
