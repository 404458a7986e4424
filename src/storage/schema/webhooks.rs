//! Tables of webhooks.

diesel::table! {
    /// A subscription.
    webhook (id) {
        id -> BigInt,
        name -> Text,
        url -> Text,
        events -> Text,
        enabled -> Bool,
        secret -> Text,
        version -> BigInt,
        failures -> Integer,
        rest_until -> BigInt,
        created_by -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    /// What happened and has not been handed to the calls.
    webhook_event (id) {
        id -> BigInt,
        seq -> BigInt,
        kind -> Text,
        stream -> BigInt,
        customer_id -> Nullable<BigInt>,
        at -> BigInt,
        data -> Text,
    }
}

diesel::table! {
    /// One event on its way to one webhook.
    webhook_call (id) {
        id -> BigInt,
        webhook_id -> BigInt,
        position -> BigInt,
        event_id -> BigInt,
        kind -> Text,
        stream -> BigInt,
        customer_id -> Nullable<BigInt>,
        at -> BigInt,
        data -> Text,
        state -> Text,
        attempts -> Integer,
        tried -> Text,
        next_at -> BigInt,
        lease_owner -> Nullable<Text>,
        lease_until -> BigInt,
        updated_at -> BigInt,
    }
}
