//! The binary from outside: what it prints, what it answers to its caller, what it leaves behind.

mod company;
mod inputs;
mod loop_closed;
mod program;
mod verbs;
mod workers;
