//! The project's tests from outside: the public API of the library, the binary, and the source tree itself.

mod api;
mod architecture;
mod cli;
mod console;
mod deliveries;
mod experiments;
mod features;
mod history;
mod import;
mod import_files;
mod journeys;
mod models;
mod objection;
mod point_in_time;
mod profit;
mod real_time;
mod schema;
mod scorecard;
mod stages;
mod storage;
mod support;
mod tls;
mod webhooks;
