//! ackcast for C and C++. `include/ackcast.h` is made from this crate, and says what each function does; `docs/c.md` is
//! the page for its users.
//!
//! Each function checks its arguments and the state of the handle, calls the library, and keeps the error.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `status`, `error`, `last_error` | the numbers of the errors, what each library error becomes, the last one of a thread |
//! | `border`, `arguments`, `wait`, `values` | what each function begins with: panics, handles, pointers, timeouts, lengths |
//! | `lend` | an owner and its loan in one value |
//! | `channel`, `observe`, `stats`, `names`, `settings` | channels |
//! | `producer`, `send`, `loan` | sending |
//! | `consumer`, `recv`, `recv_batch` | receiving |
//! | `event` | handles for event loops |
#![allow(non_camel_case_types)] // the names of C

mod arguments;
mod border;
mod channel;
mod consumer;
mod error;
mod event;
mod last_error;
mod lend;
mod loan;
mod names;
mod observe;
mod producer;
mod recv;
mod recv_batch;
mod send;
mod settings;
mod stats;
mod status;
mod values;
mod wait;
