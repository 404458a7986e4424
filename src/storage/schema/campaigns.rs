//! Tables of campaigns.

diesel::table! {
    /// A campaign's present version and state.
    campaign (id) {
        id -> BigInt,
        name -> Text,
        version -> BigInt,
        digest -> Text,
        state -> Text,
        approved_by -> Nullable<Text>,
        next_run_at -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    /// Every version that was applied.
    campaign_version (campaign_id, version) {
        campaign_id -> BigInt,
        version -> BigInt,
        folder -> Text,
        plan -> Nullable<Text>,
        planned_at -> Nullable<BigInt>,
        created_at -> BigInt,
        applied_by -> Nullable<Text>,
    }
}

diesel::table! {
    /// One batch.
    campaign_run (id) {
        id -> BigInt,
        campaign_id -> BigInt,
        version -> BigInt,
        occasion -> Text,
        seed -> BigInt,
        state -> Text,
        decided_at -> BigInt,
        summary -> Text,
        started_at -> BigInt,
        finished_at -> Nullable<BigInt>,
        measured_at -> Nullable<BigInt>,
        step -> Nullable<Integer>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(campaign, campaign_version, campaign_run);
