//! `vizavi campaign test NAME CUSTOMER`: sends one message as that customer would get it to addresses of ours, those of `[mail] seeds`
//! when none is named.

use super::ACTOR;
use crate::cli::{Done, Place, print};
use crate::error::Error;
use crate::operations::test_send::{TestSend, test_send};

/// Sends to each address, and prints what each receiver said.
pub fn run(place: &Place, name: &str, customer: &str, channel: &str, to: &[String]) -> Done {
    let ws = place.open()?;
    let addresses = if to.is_empty() { ws.settings().mail.seeds.clone() } else { to.to_vec() };
    if addresses.is_empty() {
        return Err(Error::invalid("name an address with --to, or set [mail] seeds").into());
    }
    let mut said = Vec::new();
    for address in addresses {
        let what = TestSend {
            customer: customer.to_owned(),
            channel: channel.to_owned(),
            to: address.clone(),
            offer: None,
            variant: None,
        };
        let sent = test_send(&ws, name, &what, ACTOR).map_err(|error| error.context(format!("to {address}")))?;
        said.push((address, sent));
    }
    if place.json {
        let list: Vec<_> = said
            .iter()
            .map(|(to, sent)| serde_json::json!({ "to": to, "subject": sent.subject, "answer": sent.answer }))
            .collect();
        print::json(&list)?;
        return Ok(());
    }
    let lines: Vec<String> = said.iter().map(|(to, sent)| format!("{to}: {}\n", sent.answer)).collect();
    print::text(&lines.concat())?;
    Ok(())
}
