//! Tables of history: the manifest of sealed segments, the hot tail, and the state of each fact type.

diesel::table! {
    /// Sealed Parquet files.
    history_segment (id) {
        id -> BigInt,
        fact_type -> Text,
        file -> Text,
        bucket -> Integer,
        row_count -> BigInt,
        byte_count -> BigInt,
        digest -> Text,
        min_customer -> BigInt,
        max_customer -> BigInt,
        min_time -> BigInt,
        max_time -> BigInt,
        sealed_at -> BigInt,
        generation -> BigInt,
    }
}

diesel::table! {
    /// Sealed facts that count no more.
    history_tombstone (id) {
        id -> BigInt,
        fact_type -> Text,
        generation -> BigInt,
        customer_id -> BigInt,
        source -> Nullable<Text>,
        fact_key -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    /// Files that no longer count and are not removed yet.
    history_retired (file) {
        file -> Text,
        fact_type -> Text,
        retired_at -> BigInt,
    }
}

diesel::table! {
    /// Facts that arrived one by one.
    history_tail (id) {
        id -> BigInt,
        fact_type -> Text,
        source -> Text,
        fact_key -> Text,
        customer_id -> BigInt,
        occurred_at -> BigInt,
        accepted_at -> BigInt,
        payload -> Text,
        batch -> BigInt,
        sealed_at -> BigInt,
        feed -> BigInt,
    }
}

diesel::table! {
    /// Generation and number of buckets of each fact type.
    history_state (fact_type) {
        fact_type -> Text,
        generation -> BigInt,
        buckets -> Integer,
    }
}
