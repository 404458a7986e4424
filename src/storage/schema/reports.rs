//! Tables of reports.

diesel::table! {
    /// A report over all history, as made last.
    kept_report (name) {
        name -> Text,
        body -> Text,
        as_of -> BigInt,
    }
}
