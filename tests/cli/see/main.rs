//! Tests `ackcast list`, `inspect`, `top` and `tap` as a user runs them. The participants are this process's.
#![cfg(target_os = "linux")]

#[path = "../descriptors/mod.rs"]
mod descriptors;
mod inspect;
mod list;
#[allow(dead_code, reason = "the tests of `send` and `recv` use all of it")]
#[path = "../stream/process.rs"]
mod process;
mod setting;
mod tap;
mod top;
mod trace;
