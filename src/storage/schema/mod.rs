//! The tables as diesel knows them, in the order of the columns in `migrations/`; a test compares them with both stores.

#![allow(missing_docs)] // diesel writes the columns, which carry no docs of their own

mod access;
mod campaigns;
mod customers;
mod decisions;
mod deliveries;
mod events;
mod experiments;
mod history;
mod imports;
mod jobs;
mod journeys;
mod migrations;
mod models;
mod offers;
mod outcomes;
mod reports;
mod segments;
mod service;
mod webhooks;
mod workspaces;

pub use access::{api_key, idempotency, login_failure, user_session, workspace_user};
pub use campaigns::{campaign, campaign_run, campaign_version};
pub use customers::{consent, contact_ledger, customer, customer_alias, customer_state, merge_request, suppression};
pub use decisions::{capacity, decision, decision_price, reservation, review};
pub use deliveries::{bounce, delivery, delivery_brake, delivery_pace, delivery_variables, incoming, inquiry};
pub use events::{event_personal, event_type};
pub use experiments::{experiment_choice, experiment_period, experiment_test};
pub use history::{history_retired, history_segment, history_state, history_tail, history_tombstone};
pub use imports::import_log;
pub use jobs::job;
pub use journeys::{journey, journey_step, journey_watch};
pub use migrations::schema_migration;
pub use models::{lifetime_score, model_drift, model_version, score, segment, segment_member};
pub use offers::{offer, offer_code};
pub use outcomes::outcome;
pub use reports::{kept_report, kpi_reading, steering};
pub use segments::{
    counter, customer_change, customer_stage, feed_follower, rule_segment, rule_segment_block, rule_segment_change,
    stage_step, static_member, static_segment,
};
pub use service::{account_owner, customer_note, customer_task, lead, referral};
pub use webhooks::{webhook, webhook_call, webhook_event};
pub use workspaces::{audit, workspace};

diesel::allow_tables_to_appear_in_same_query!(customer_alias, history_tail);
diesel::allow_tables_to_appear_in_same_query!(delivery, review);
