//! Tables of rule segments, and of what they follow.

diesel::table! {
    /// Numbers that only rise.
    counter (name) {
        name -> Text,
        value -> BigInt,
    }
}

diesel::table! {
    /// Who follows new facts, and how far.
    feed_follower (name) {
        name -> Text,
        position -> BigInt,
    }
}

diesel::table! {
    /// Customers whose profile changed.
    customer_change (id) {
        id -> BigInt,
        customer_id -> BigInt,
        feed -> BigInt,
    }
}

diesel::table! {
    /// Where each customer stands.
    customer_stage (customer_id) {
        customer_id -> BigInt,
        stage -> Text,
        since -> BigInt,
    }
}

diesel::table! {
    /// Dated steps between stages.
    stage_step (customer_id, at, to_stage) {
        customer_id -> BigInt,
        at -> BigInt,
        from_stage -> Text,
        to_stage -> Text,
        by_model -> Bool,
    }
}

diesel::table! {
    /// Segments that a rule defines.
    rule_segment (id) {
        id -> BigInt,
        name -> Text,
        definition -> Text,
        version -> BigInt,
        revision -> BigInt,
        bits -> Integer,
        size -> BigInt,
        epoch -> BigInt,
        position -> BigInt,
        stale -> Bool,
        built_at -> Nullable<BigInt>,
        refreshed_at -> Nullable<BigInt>,
        lease_until -> BigInt,
        failure -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    /// Members and measures of a small range of customers.
    rule_segment_block (segment_id, block) {
        segment_id -> BigInt,
        block -> BigInt,
        members -> BigInt,
        due_at -> BigInt,
        data -> Text,
    }
}

diesel::table! {
    /// Who entered and who left.
    rule_segment_change (id) {
        id -> BigInt,
        segment_id -> BigInt,
        customer_id -> BigInt,
        entered -> Bool,
        at -> BigInt,
    }
}

diesel::table! {
    /// A segment whose members were uploaded.
    static_segment (id) {
        id -> BigInt,
        name -> Text,
        title -> Nullable<Text>,
        version -> BigInt,
        size -> BigInt,
        uploaded_by -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    /// Who is in it.
    static_member (segment_id, customer_id) {
        segment_id -> BigInt,
        customer_id -> BigInt,
        entered_at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(static_segment, static_member);
