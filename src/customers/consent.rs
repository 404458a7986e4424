//! Consent: what a customer agreed to, per channel and purpose, with when and how. Absent means not given.

use diesel::prelude::*;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::ids::CustomerId;
use crate::storage::schema::consent;

/// The purpose of selling; service and contract have their own.
pub const MARKETING: &str = "marketing";

/// One agreement, or its withdrawal.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = consent, treat_none_as_default_value = false)]
pub struct Consent {
    /// Whose.
    pub customer_id: CustomerId,
    /// `email`, `sms`, `call`, `letter`, or a placement.
    pub channel: String,
    /// `marketing`, `service`, ...
    pub purpose: String,
    /// Given, or withdrawn.
    pub granted: bool,
    /// Why we may: `consent`, `contract`, `legitimate_interest`.
    pub legal_basis: String,
    /// Where it was given (form, call, import file), the proof.
    pub source: String,
    /// When.
    pub recorded_at: Timestamp,
}
