//! A message as it would look, for a person who approves the campaign. Its links lead nowhere.

use serde::Serialize;

use super::compose::{Form, Message, Signer, compose};
use super::links::LinkKeys;
use super::template::CampaignTemplates;
use crate::error::Result;
use crate::ids::{CustomerId, DeliveryId};

/// What the preview shows. The HTML belongs into a sandboxed frame of its own origin.
#[derive(Debug, Serialize)]
pub struct Preview {
    /// The message.
    #[serde(flatten)]
    pub message: Message,
    /// Its size in bytes.
    pub bytes: usize,
}

/// Makes the message with links that no service accepts, whatever its keys.
///
/// # Errors
/// As [`compose`].
pub fn preview(templates: &CampaignTemplates, form: Form, variables: &str) -> Result<Preview> {
    // A key that nobody verifies with: a preview that leaks must not unsubscribe anyone.
    let keys = LinkKeys::new([0; 32]).rotated(0, [0; 32]);
    let nobody =
        Signer { base_url: "https://preview.invalid", keys: &keys, delivery: DeliveryId(0), customer: CustomerId(0) };
    let message = compose(templates, form, variables, nobody)?;
    let bytes = message.text.len() + message.html.as_ref().map_or(0, String::len);
    Ok(Preview { message, bytes })
}
