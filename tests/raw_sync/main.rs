//! Properties of the raw_sync layer alone: locks belong to threads, and thread numbers belong to a PID namespace. The
//! clocks and objects are pthread's own. Each role runs in a real process of this binary.
#![cfg(target_os = "linux")]

#[cfg(all(target_env = "gnu", target_pointer_width = "64"))]
mod broken;
mod child;
mod clock;
mod filter;
mod forget;
mod marks;
mod namespaces;
#[cfg(all(target_env = "gnu", target_pointer_width = "64"))]
mod remaining;
#[cfg(all(target_env = "gnu", target_pointer_width = "64"))]
mod trace;
