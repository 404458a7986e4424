//! The API from outside.

mod access;
mod clients;
mod document;
mod edits;
mod events;
mod facts;
mod imports;
mod incoming;
mod links;
mod lists;
mod problems;
mod segments;
pub mod service;
mod serving_rows;
