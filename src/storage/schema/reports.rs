//! Tables of reports.

diesel::table! {
    /// A report over all history, as made last.
    kept_report (name) {
        name -> Text,
        body -> Text,
        as_of -> BigInt,
    }
}

diesel::table! {
    /// What the company steers by, as data.
    steering (kind, name) {
        kind -> Text,
        name -> Text,
        spec -> Text,
        version -> BigInt,
        updated_at -> BigInt,
        updated_by -> Text,
    }
}

diesel::table! {
    /// What indicators read when they were made.
    kpi_reading (indicator, segment, until_at, from_at) {
        indicator -> Text,
        segment -> Text,
        from_at -> BigInt,
        until_at -> BigInt,
        value -> Double,
    }
}
