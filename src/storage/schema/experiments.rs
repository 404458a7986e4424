//! Tables of experiments.

diesel::table! {
    /// A run that tried variants on a share of its audience.
    experiment_test (campaign_run_id) {
        campaign_run_id -> BigInt,
        campaign_id -> BigInt,
        version -> BigInt,
        experiment -> Text,
        occasion -> Text,
        decide_at -> BigInt,
        state -> Text,
        variant -> Nullable<Text>,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        because -> Nullable<Text>,
        rest_run_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// What was settled about an experiment.
    experiment_choice (id) {
        id -> BigInt,
        campaign_id -> BigInt,
        experiment -> Text,
        salt -> Text,
        kind -> Text,
        variant -> Text,
        decided_by -> Text,
        decided_at -> BigInt,
        because -> Text,
    }
}

diesel::table! {
    /// The weights of a run, and what came of each variant.
    experiment_period (campaign_run_id, variant) {
        campaign_run_id -> BigInt,
        variant -> Text,
        campaign_id -> BigInt,
        experiment -> Text,
        salt -> Text,
        decided_at -> BigInt,
        buckets -> Integer,
        units -> Nullable<BigInt>,
        successes -> Nullable<BigInt>,
    }
}
