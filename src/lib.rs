//! Acknowledged broadcast over shared memory.
#![cfg_attr(not(feature = "std"), no_std)]

pub mod layer;
pub mod lock;
pub mod protocol;
pub mod signal;
