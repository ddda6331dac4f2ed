//! Real deaths: processes that SIGKILL themselves at every step, or are killed at random.
#![cfg(target_os = "linux")]

mod child;
mod detection;
#[path = "../interrupt/mod.rs"]
mod interrupt;
mod killer;
#[path = "../../verify/src/report/labels.rs"]
mod labels;
mod release;
mod restart;
mod soak;
mod steps;
mod storm;
mod table;
