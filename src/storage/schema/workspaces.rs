//! Tables of the workspace.

diesel::table! {
    /// Secrets and switches.
    workspace (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    /// Who did what.
    audit (id) {
        id -> BigInt,
        at -> BigInt,
        actor -> Text,
        action -> Text,
        subject -> Text,
        detail -> Text,
        request_id -> Text,
        hash -> Text,
    }
}
