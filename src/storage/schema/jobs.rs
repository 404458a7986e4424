//! The table of background work.

diesel::table! {
    /// One piece of background work.
    job (id) {
        id -> BigInt,
        kind -> Text,
        payload -> Text,
        state -> Text,
        attempts -> Integer,
        run_at -> BigInt,
        lease_owner -> Nullable<Text>,
        lease_until -> BigInt,
        last_error -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
        finished_at -> Nullable<BigInt>,
        progress -> Nullable<Text>,
    }
}
