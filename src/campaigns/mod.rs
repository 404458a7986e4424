//! Campaigns: what a marketer defines, the states it goes through, and when it runs.

pub mod definition;
pub mod experiment;
pub mod folder;
pub mod journey;
pub mod lifecycle;
pub mod schedule;
pub mod store;

pub use definition::{CampaignSpec, ChannelSpec, Priority, ShareSpec};
pub use experiment::{ExperimentSpec, VariantSpec};
pub use journey::{FactsSpec, StepSpec, TriggerSpec};
pub use lifecycle::{Action, RunState, State};
