//! Tables of prospects and of the service side.

diesel::table! {
    /// Who showed interest, where they came from, and what that cost.
    lead (id) {
        id -> BigInt,
        customer_id -> BigInt,
        source -> Text,
        cost -> BigInt,
        at -> BigInt,
        campaign -> Nullable<Text>,
        converted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// What staff write down about a customer.
    customer_note (id) {
        id -> BigInt,
        customer_id -> BigInt,
        text -> Text,
        author -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    /// What somebody has still to do for a customer.
    customer_task (id) {
        id -> BigInt,
        customer_id -> BigInt,
        text -> Text,
        owner -> Text,
        due_at -> BigInt,
        created_by -> Text,
        created_at -> BigInt,
        closed_by -> Nullable<Text>,
        closed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Who looks after a customer.
    account_owner (customer_id) {
        customer_id -> BigInt,
        owner -> Text,
        team -> Text,
        since -> BigInt,
    }
}

diesel::table! {
    /// Who brought whom.
    referral (referred_id) {
        referred_id -> BigInt,
        referrer_id -> BigInt,
        at -> BigInt,
    }
}
