//! Tables of access: keys, users, sessions, and answers kept for repeated writes.

diesel::table! {
    /// Keys of machines.
    api_key (id) {
        id -> BigInt,
        name -> Text,
        role -> Text,
        secret_hash -> Text,
        created_by -> Text,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// People who log in.
    workspace_user (id) {
        id -> BigInt,
        email -> Text,
        role -> Text,
        password_hash -> Text,
        created_at -> BigInt,
        disabled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Who is logged in.
    user_session (token_hash) {
        token_hash -> Text,
        user_id -> BigInt,
        form_token -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    /// Failed log-ins.
    login_failure (id) {
        id -> BigInt,
        account_hash -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    /// Answers kept for repeated writes.
    idempotency (caller, idempotency_key) {
        caller -> Text,
        idempotency_key -> Text,
        request_hash -> Text,
        started_at -> BigInt,
        status -> Nullable<Integer>,
        headers -> Text,
        body -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(workspace_user, user_session);
