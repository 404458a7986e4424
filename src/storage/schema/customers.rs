//! Tables of customers.

diesel::table! {
    /// A person or firm.
    customer (id) {
        id -> BigInt,
        external_id -> Text,
        kind -> Text,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        address -> Nullable<Text>,
        country -> Nullable<Text>,
        locale -> Nullable<Text>,
        zone -> Nullable<Text>,
        household -> Nullable<Text>,
        profiling_objection -> Bool,
        tracking -> Bool,
        acquired_at -> Nullable<BigInt>,
        acquisition_cost -> Nullable<BigInt>,
        attributes -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    /// Keys that became one customer with another.
    customer_alias (alias_id) {
        alias_id -> BigInt,
        external_id -> Text,
        customer_id -> BigInt,
        merged_at -> BigInt,
    }
}

diesel::table! {
    /// Keys that an import says are one customer's.
    merge_request (id) {
        id -> BigInt,
        external_id -> Text,
        into_external_id -> Text,
        requested_at -> BigInt,
    }
}

diesel::table! {
    /// What a customer agreed to.
    consent (customer_id, channel, purpose) {
        customer_id -> BigInt,
        channel -> Text,
        purpose -> Text,
        granted -> Bool,
        legal_basis -> Text,
        source -> Text,
        recorded_at -> BigInt,
    }
}

diesel::table! {
    /// Addresses that must not be used.
    suppression (channel, address_hash) {
        channel -> Text,
        address_hash -> Text,
        reason -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    /// The serving row.
    customer_state (customer_id) {
        customer_id -> BigInt,
        segment -> Nullable<Text>,
        features -> Text,
        scores -> Text,
        last_order_at -> Nullable<BigInt>,
        open_complaints -> BigInt,
        orders -> BigInt,
        revenue -> BigInt,
        cost_to_serve -> BigInt,
        profit -> BigInt,
        scored_at -> Nullable<BigInt>,
        updated_at -> BigInt,
        stage -> Nullable<Text>,
        service_level -> Nullable<Text>,
        active_hours -> Text,
    }
}

diesel::table! {
    /// Contacts reserved and made.
    contact_ledger (id) {
        id -> BigInt,
        customer_id -> BigInt,
        household -> Nullable<Text>,
        channel -> Text,
        message_class -> Text,
        campaign_run_id -> Nullable<BigInt>,
        delivery_id -> Nullable<BigInt>,
        at -> BigInt,
        state -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(customer, consent, customer_state, contact_ledger);
