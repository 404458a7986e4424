//! Tables of the outbox.

diesel::table! {
    /// One message to one customer.
    delivery (id) {
        id -> BigInt,
        campaign_run_id -> BigInt,
        customer_id -> BigInt,
        step -> Integer,
        occasion -> Text,
        channel -> Text,
        address -> Text,
        state -> Text,
        attempt -> Integer,
        lease_owner -> Nullable<Text>,
        lease_until -> BigInt,
        next_at -> BigInt,
        message_id -> Text,
        template_version -> Text,
        reason -> Nullable<Text>,
        reply_code -> Nullable<Integer>,
        reply_text -> Nullable<Text>,
        cost -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    /// What a message is made of, kept apart from the row that changes with each step of its way.
    delivery_variables (delivery_id) {
        delivery_id -> BigInt,
        variables -> Text,
    }
}

diesel::table! {
    /// Runs that are paused or cancelled; run 0 stands for everything.
    delivery_brake (campaign_run_id) {
        campaign_run_id -> BigInt,
        state -> Text,
        reason -> Text,
        changed_at -> BigInt,
    }
}

diesel::table! {
    /// How fast a channel may go.
    delivery_pace (channel) {
        channel -> Text,
        next_free -> BigInt,
        turns_until -> BigInt,
        gap -> BigInt,
    }
}

diesel::table! {
    /// What came back, each thing once.
    incoming (digest) {
        digest -> Text,
        kind -> Text,
        delivery_id -> Nullable<BigInt>,
        received_at -> BigInt,
    }
}

diesel::table! {
    /// Bounces by the hash of their address.
    bounce (id) {
        id -> BigInt,
        delivery_id -> BigInt,
        campaign_run_id -> BigInt,
        channel -> Text,
        address_hash -> Text,
        class -> Text,
        status -> Nullable<Text>,
        occurred_at -> BigInt,
    }
}

diesel::table! {
    /// What customers asked in reply to a message.
    inquiry (id) {
        id -> BigInt,
        customer_id -> BigInt,
        delivery_id -> Nullable<BigInt>,
        channel -> Text,
        text -> Text,
        state -> Text,
        asked_at -> BigInt,
        closed_at -> Nullable<BigInt>,
        closed_by -> Nullable<Text>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(delivery, delivery_brake);
diesel::allow_tables_to_appear_in_same_query!(delivery, delivery_variables);
