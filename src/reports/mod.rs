//! Read models over everything: one customer's story, the state of the company's base, the scorecard.

pub mod attribution;
pub mod budget;
pub mod calendar;
pub mod lifetime;
pub mod overview;
pub mod people;
pub mod profit;
pub mod scorecard;
pub mod segments;
pub mod stages;
pub mod timeline;
pub mod what_if;
