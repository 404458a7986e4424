//! Tables of journeys.

diesel::table! {
    /// One client's way through a campaign.
    journey (id) {
        id -> BigInt,
        campaign_id -> BigInt,
        customer_id -> BigInt,
        entry -> Text,
        entered_at -> BigInt,
        step -> Integer,
        due_at -> BigInt,
        state -> Text,
        reason -> Nullable<Text>,
        updated_at -> BigInt,
    }
}

diesel::table! {
    /// Each step that was taken, or passed over.
    journey_step (journey_id, step) {
        journey_id -> BigInt,
        step -> Integer,
        campaign_run_id -> Nullable<BigInt>,
        at -> BigInt,
    }
}

diesel::table! {
    /// How far a campaign has looked for clients who begin.
    journey_watch (campaign_id) {
        campaign_id -> BigInt,
        trigger_spec -> Text,
        position -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(journey, journey_step);
