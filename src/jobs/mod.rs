//! Background work: what is due is found, claimed under a lease by one of any number of workers, and done once.

mod stop;

pub use stop::Stop;
