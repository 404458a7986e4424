//! Webhooks: other systems are told what happens, each event at least once, and those of one customer in their order.
//!
//! ```text
//!  whoever decides, sends, hears, settles --tell--> webhook_event --hand_over--> webhook_call --claim, post, record--> receiver
//!        (in its own transaction)                   order of writing             position; one row a webhook
//! ```
//!
//! **Order.** An event is numbered when it is written (`seq`): what was written after something had been committed has the greater
//! number. Handing over takes what is committed, in that order, and gives it positions, one hander at a time. So an event that was
//! committed before another one began stands before it, on any number of nodes; of two that overlap in time either may come first.
//! Of each stream (a customer; an experiment's campaign) only the open call with the least position can be claimed: the others wait
//! until it was accepted or given up, and other streams go on meanwhile.
//!
//! **At least once.** A call is claimed under a lease. Whoever dies with it leaves it to the next one, who posts it again with the
//! same id. What was given up is a dead letter: it holds nobody back any more, and can be sent again.

pub mod event;
pub mod outbox;
pub mod queue;
pub mod store;

pub use event::{Event, KINDS, PING, Wanted};
pub use queue::{Call, CallState};
pub use store::Webhook;
