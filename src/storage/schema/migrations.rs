//! The table of applied migrations.

diesel::table! {
    /// What was applied, with the digest of its text.
    schema_migration (name) {
        name -> Text,
        digest -> Text,
        applied_at -> BigInt,
    }
}
