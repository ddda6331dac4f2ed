//! Acknowledged broadcast over shared memory: processes on one machine send messages to every
//! consumer, and no message is overwritten before every consumer has acknowledged it.
//!
//! [`Channel`], [`Producer`] and [`Consumer`] are for use; [`protocol`], [`lock`], [`signal`] and
//! [`layer`] are for reading: the protocol is written once against the layer's traits, so that the
//! text that runs across processes is the text that the model checkers explore. These four use
//! `core` alone; without the feature `std` they are all there is.
//!
//! Properties, as the tests and the comments cite them, and what holds of them on each layer:
//!
//! | | | futex | raw_sync |
//! | --- | --- | --- | --- |
//! | S1 | no torn payload: no data race on any slot | holds | holds |
//! | S2 | every consumer gets every message from its join to its end, once, in the one total order | holds | holds |
//! | S3 | nothing is overwritten before all active consumers acknowledged it | holds | holds |
//! | S4 | one writer at a time | holds | holds |
//! | S5 | END is last, and is seen only after all data | holds | holds |
//! | L1 | no deadlock, no lost wake-up | holds | unless a process dies inside pthread |
//! | L2 | every call returns within its deadline, whoever else has died | holds | unless a process dies, or is stopped, inside pthread |
//! | C1 | a consumer dying at any step harms nobody else | holds | unless it dies inside pthread |
//! | C2 | a producer dying at any step leaves each message wholly delivered to all or to none, and the channel usable | holds | unless it dies inside pthread: then some calls on the channel may not return |
//! | C3 | dying during recovery is as harmless as dying before it | holds | as C1 and C2 |
//!
//! The raw_sync layer stands on pthread's condition variables, whose internal lock a process can die with. Its
//! processes must be of one PID namespace and have one C library, and are refused otherwise. `docs/crash.md` says
//! when and for how many instructions each limit applies, what ends it, and which test shows it.
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
pub mod timer;

#[cfg(feature = "std")]
pub use channel::{
    AttachError, Batch, Builder, Channel, Consumer, CreateError, Loan, Message, Messages, Producer, RecvValueError,
};
#[cfg(feature = "std")]
pub use layers::{Backend, Wait};
pub use protocol::{BatchError, DeadProducers, Finished, RecvError, SendError};

/// The README's example is compiled and run.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;
