//! Who may ask for what: keys of machines, users and their sessions, roles and permissions.

pub mod key;
mod permission;
mod secret;
pub mod session;
pub mod user;

pub use key::ApiKey;
pub use permission::{Permission, Role};
pub use secret::{fresh as fresh_secret, same};
pub use session::{Login, Session};
pub use user::User;

#[cfg(test)]
mod tests;
