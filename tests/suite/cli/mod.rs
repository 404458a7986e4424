//! The binary from outside: what it prints, what it answers to its caller, what it leaves behind.

mod access;
mod company;
mod contractual;
mod demo;
mod forecast;
mod ingest;
mod inputs;
mod lifetime;
mod loop_closed;
mod messages;
mod policy;
pub mod program;
mod segmentation;
mod together;
mod uploads;
mod verbs;
mod webhook;
mod workers;
