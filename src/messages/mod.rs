//! Messages: a campaign's templates, checked once and compiled once, become what one customer reads.
//!
//! ```text
//!  files -> include -> guard -> compile -> variables check -> CampaignTemplates
//!                                                                  | compose(variables, links)
//!                                                                  v
//!                                                               Message
//! ```
//!
//! A template is input from a person with few rights, so it is refused before it can do harm: nothing recursive, nothing deep,
//! nothing that reads more than the declared variables, and no output without a cap.

mod advice;
mod capped;
pub mod compose;
pub mod context;
mod guard;
pub mod header;
mod helpers;
mod include;
pub mod links;
pub mod locale;
mod mjml;
pub mod plain;
pub mod preview;
mod program;
pub mod template;
mod variables;

pub use compose::{Form, Message};
pub use context::Variables;
pub use header::HeaderText;
pub use links::{LinkKeys, Purpose, Token};
pub use locale::Locale;
pub use template::CampaignTemplates;
