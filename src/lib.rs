//! Acknowledged broadcast over shared memory.
#![cfg_attr(not(feature = "std"), no_std)]

#[cfg(feature = "std")]
mod channel;
pub mod layer;
#[cfg(feature = "std")]
pub mod layers;
pub mod lock;
pub mod protocol;
#[cfg(feature = "std")]
pub mod segment;
pub mod signal;

#[cfg(feature = "std")]
pub use channel::{
    AttachError, Builder, Channel, Consumer, CreateError, Loan, Message, Messages, Producer, RecvValueError,
};
#[cfg(feature = "std")]
pub use layers::Sync;
pub use protocol::{Finished, RecvError, SendError};
