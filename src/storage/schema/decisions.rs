//! Tables of decisions and of the prices they were made at.

diesel::table! {
    /// What was decided for a customer.
    decision (id) {
        id -> BigInt,
        campaign_run_id -> Nullable<BigInt>,
        customer_id -> BigInt,
        ordinal -> Integer,
        decided_at -> BigInt,
        arm -> Text,
        offer_id -> Nullable<BigInt>,
        offer -> Nullable<Text>,
        channel -> Nullable<Text>,
        slot_from -> Nullable<BigInt>,
        slot_until -> Nullable<BigInt>,
        variant -> Nullable<Text>,
        value -> BigInt,
        p1 -> Nullable<Double>,
        p0 -> Nullable<Double>,
        propensity -> Double,
        forced -> Bool,
        variants -> Text,
        context -> Text,
        trace -> Text,
        model_versions -> Text,
        segment -> Nullable<Text>,
        variant_propensity -> Nullable<Double>,
    }
}

diesel::table! {
    /// Prices of scarce resources that a run found.
    decision_price (campaign_run_id) {
        campaign_run_id -> BigInt,
        decided_at -> BigInt,
        value -> BigInt,
        bound -> Double,
        prices -> Text,
    }
}

diesel::table! {
    /// What is used of what is scarce.
    capacity (campaign_id, resource, period) {
        campaign_id -> BigInt,
        resource -> Text,
        period -> BigInt,
        used -> BigInt,
        contacts -> BigInt,
        value -> BigInt,
    }
}

diesel::table! {
    /// What one contact holds of it.
    reservation (id) {
        id -> BigInt,
        campaign_id -> BigInt,
        offer_id -> BigInt,
        takes -> Text,
        value -> BigInt,
        code -> Nullable<Text>,
        state -> Text,
        expires_at -> BigInt,
    }
}

diesel::table! {
    /// Contacts that wait for a person's word.
    review (id) {
        id -> BigInt,
        campaign_run_id -> BigInt,
        customer_id -> BigInt,
        ordinal -> Integer,
        offer -> Text,
        channel -> Text,
        planned_for -> BigInt,
        expires_at -> BigInt,
        state -> Text,
        reason -> Nullable<Text>,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
    }
}
