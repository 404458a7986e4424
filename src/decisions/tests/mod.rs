//! Properties of decisions over random companies.

pub mod company;

mod joint;
mod properties;
mod scenarios;
