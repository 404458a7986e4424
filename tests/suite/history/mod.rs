//! The company's memory from outside: who is merged, who is erased, what a check finds, what an export holds.

mod care;
#[cfg(feature = "cloud")]
mod cloud;
mod erase;
mod merge;
