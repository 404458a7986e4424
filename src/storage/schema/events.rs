//! Tables of events: what they may carry, and what of it is personal.

diesel::table! {
    /// Which properties an event of a name may carry.
    event_type (name) {
        name -> Text,
        definition -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    /// Personal properties of events.
    event_personal (source, fact_key) {
        source -> Text,
        fact_key -> Text,
        customer_id -> BigInt,
        properties -> Text,
    }
}
