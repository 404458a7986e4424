//! Webhooks at work: who is told, what happened to be told, and the telling.

mod define;
mod deliver;
pub mod news;
mod show;

pub use define::{Made, WebhookInput, again, new_secret, ping, put, remove};
pub use deliver::{Delivered, deliver, sweep};
pub use show::{CallShown, WebhookShown, calls, list, show};
