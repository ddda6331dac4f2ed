//! ackcast for C and C++. `include/ackcast.h` is made from this crate, and says what each function does; `docs/c.md` is
//! the page for its users.
//!
//! Each function checks its arguments and the state of the handle, calls the library, and keeps the error.
#![allow(non_camel_case_types)] // the names of C

mod border;
mod channel;
mod consumer;
mod error;
mod last_error;
mod lend;
mod producer;
mod settings;
mod status;
