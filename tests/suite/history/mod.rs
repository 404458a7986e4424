//! The company's memory from outside: who is merged, who is erased, what a check finds, what an export holds.

mod care;
mod erase;
mod merge;
