//! Tables of models, scores and segments.

diesel::table! {
    /// Every fit of every model.
    model_version (id) {
        id -> BigInt,
        name -> Text,
        kind -> Text,
        status -> Text,
        spec_digest -> Text,
        window_from -> BigInt,
        window_until -> BigInt,
        seed -> BigInt,
        horizon_days -> Nullable<Integer>,
        trained_at -> BigInt,
        promoted_at -> Nullable<BigInt>,
        parameters -> Text,
        metrics -> Text,
        verdict -> Text,
        card -> Text,
    }
}

diesel::table! {
    /// How far each fit has drifted, as last seen.
    model_drift (model_version_id) {
        model_version_id -> BigInt,
        model -> Text,
        computed_at -> BigInt,
        largest -> Double,
        drift -> Text,
    }
}

diesel::table! {
    /// The latest score of a customer by each model.
    score (customer_id, model) {
        customer_id -> BigInt,
        model -> Text,
        value -> Double,
        model_version_id -> BigInt,
        horizon_days -> Nullable<Integer>,
        computed_at -> BigInt,
    }
}

diesel::table! {
    /// What a customer is expected to bring, of the last scoring.
    lifetime_score (customer_id) {
        customer_id -> BigInt,
        model_version_id -> BigInt,
        computed_at -> BigInt,
        horizon_days -> Integer,
        value_days -> Integer,
        interval_share -> Double,
        historic -> BigInt,
        predicted -> BigInt,
        predicted_low -> BigInt,
        predicted_high -> BigInt,
        of_contracts -> BigInt,
        expected_orders -> Double,
        orders_low -> Integer,
        orders_high -> Integer,
        p_alive -> Nullable<Double>,
        order_value -> Nullable<BigInt>,
        order_chance -> Nullable<Double>,
        next_order_days -> Nullable<Double>,
        next_order_days_low -> Nullable<Double>,
        next_order_days_high -> Nullable<Double>,
    }
}

diesel::table! {
    /// Segments of a segmentation.
    segment (segmentation, code) {
        segmentation -> Text,
        code -> Text,
        name -> Text,
        size -> BigInt,
        economics -> Text,
        model_version_id -> BigInt,
        computed_at -> BigInt,
        portrait -> Text,
    }
}

diesel::table! {
    /// Who is in which segment.
    segment_member (customer_id, segmentation) {
        customer_id -> BigInt,
        segmentation -> Text,
        code -> Text,
        computed_at -> BigInt,
        likeness -> Nullable<Double>,
    }
}
