//! What is special to the raw_sync layer: locks that belong to threads, thread numbers that belong to a PID
//! namespace, pthread's own clocks and objects. Real processes, each this binary in some role.
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
