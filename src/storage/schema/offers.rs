//! Tables of offers.

diesel::table! {
    /// What is proposed.
    offer (id) {
        id -> BigInt,
        name -> Text,
        definition -> Text,
        stock -> Nullable<BigInt>,
        used -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    /// Single-use codes.
    offer_code (offer_id, code) {
        offer_id -> BigInt,
        code -> Text,
        state -> Text,
        held_by -> Nullable<BigInt>,
        changed_at -> BigInt,
    }
}
