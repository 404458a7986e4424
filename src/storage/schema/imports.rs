//! Tables of imports.

diesel::table! {
    /// What was imported.
    import_log (id) {
        id -> BigInt,
        kind -> Text,
        file -> Text,
        byte_count -> BigInt,
        digest -> Text,
        mapping -> Text,
        state -> Text,
        report -> Text,
        started_at -> BigInt,
        finished_at -> BigInt,
        actor -> Text,
        job_id -> Nullable<BigInt>,
        error -> Nullable<Text>,
    }
}
