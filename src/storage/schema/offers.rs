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
