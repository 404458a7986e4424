//! Properties of decisions over random companies.

pub mod company;

mod properties;
mod scenarios;
