//! The API from outside.

mod access;
mod document;
mod edits;
mod facts;
mod links;
mod problems;
pub mod service;
