//! The project's tests from outside: the public API of the library, the binary, and the source tree itself.

mod architecture;
<<<<<<< HEAD
mod features;
mod import;
=======
mod deliveries;
>>>>>>> delivery
mod schema;
mod storage;
mod support;
