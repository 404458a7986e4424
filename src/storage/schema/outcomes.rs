//! Tables of outcomes.

diesel::table! {
    /// What came of a contact.
    outcome (id) {
        id -> BigInt,
        kind -> Text,
        customer_id -> BigInt,
        delivery_id -> Nullable<BigInt>,
        decision_id -> Nullable<BigInt>,
        campaign_run_id -> Nullable<BigInt>,
        occurred_at -> BigInt,
        value -> Nullable<BigInt>,
        source_key -> Text,
    }
}
