//! The two machine-readable parts: delivery status (RFC 3464) and feedback (RFC 5965). Both are groups of header fields.

use mail_parser::MessageParser;

use super::Says;
use super::status::{Class, Status};

/// The fields of one group.
struct Group<'a>(mail_parser::Message<'a>);

impl Group<'_> {
    /// The value of a field, `rfc822;` and blanks taken away.
    fn field(&self, name: &'static str) -> Option<String> {
        let raw = self.0.header_raw(name)?;
        let value = raw.split_once(';').filter(|(kind, _)| kind.trim().eq_ignore_ascii_case("rfc822"));
        Some(value.map_or(raw, |(_, value)| value).trim().to_owned())
    }
}

/// The groups of a part: they are divided by empty lines.
fn groups(part: &str) -> Vec<String> {
    let plain = part.replace("\r\n", "\n");
    let filled = plain.split("\n\n").map(str::trim).filter(|group| !group.is_empty());
    filled.map(|group| format!("{group}\n\n")).collect()
}

/// What a delivery status says of its worst recipient. We write to one at a time, so there is one in all that is ours.
pub(super) fn delivery_status(part: &str) -> Says {
    let mut found = Says::Automatic;
    for group in groups(part) {
        let Some(fields) = MessageParser::default().parse_headers(group.as_bytes()).map(Group) else { continue };
        let Some(action) = fields.field("Action") else { continue };
        let status = fields.field("Status").as_deref().and_then(Status::find);
        let words = fields.field("Diagnostic-Code");
        // `5.0.0` says nothing; the receiver's own words often do.
        let told = words.as_deref().and_then(Status::find);
        let status = match status {
            Some(status) if !status.to_string().ends_with(".0.0") => Some(status),
            vague => told.or(vague),
        };
        let says = match action.split_whitespace().next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "failed" => Says::Bounced { status, class: status.map_or(Class::Soft, Status::class) },
            "delayed" => Says::Delayed,
            "delivered" | "relayed" | "expanded" => Says::Delivered,
            _ => continue,
        };
        if rank(&says) > rank(&found) {
            found = says;
        }
    }
    found
}

fn rank(says: &Says) -> u8 {
    match says {
        Says::Bounced { .. } => 3,
        Says::Delayed => 2,
        Says::Delivered => 1,
        _ => 0,
    }
}

/// What a feedback report says.
pub(super) fn feedback(part: &str) -> Says {
    let kind = groups(part).into_iter().find_map(|group| {
        MessageParser::default()
            .parse_headers(group.as_bytes())
            .map(Group)
            .and_then(|fields| fields.field("Feedback-Type"))
    });
    match kind.unwrap_or_default().to_ascii_lowercase().as_str() {
        "abuse" | "fraud" | "virus" | "other" => Says::Complained,
        "opt-out" | "opt-out-list" => Says::OptedOut,
        // `not-spam` takes nothing away, and `auth-failure` is about our records.
        _ => Says::Automatic,
    }
}
