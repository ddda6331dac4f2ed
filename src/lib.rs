//! Acknowledged broadcast over shared memory: processes on one machine send messages to every consumer. No message is
//! overwritten before every consumer has acknowledged it.
//!
//! ```
//! # #[cfg(not(feature = "std"))] fn main() {}
//! # #[cfg(feature = "std")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use ackcast::{Channel, Consumer, Producer};
//! # let name = format!("front-{}", std::process::id());
//! let _channel = Channel::create(&name).slots(4).build()?; // once
//! let mut consumer = Consumer::attach(&name)?; // in each process that receives
//! Producer::attach(&name)?.send(b"Hello")?; // in each process that sends
//! # assert_eq!(consumer.recv()?, b"Hello");
//! # Ok(()) }
//! ```
//!
//! The same with two consumers, from the first message to END. Threads stand for processes here:
//!
//! ```
//! # #[cfg(not(feature = "std"))] fn main() {}
//! # #[cfg(feature = "std")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use ackcast::{Channel, Consumer, Producer};
//! use std::thread;
//!
//! let name = format!("hello-{}", std::process::id());
//! let _channel = Channel::create(&name).slots(4).consumers(2).build()?;
//!
//! let consumers = [(); 2].map(|()| Consumer::attach(&name).unwrap());
//! let consumers = consumers.map(|mut consumer| {
//!     thread::spawn(move || consumer.iter().collect::<Result<Vec<_>, _>>()) // up to END
//! });
//!
//! let mut producer = Producer::attach(&name)?;
//! producer.send(b"Hello")?;
//! producer.send(b"world")?;
//! producer.finish()?; // END
//!
//! for consumer in consumers {
//!     assert_eq!(consumer.join().unwrap()?, [b"Hello", b"world"]);
//! }
//! # Ok(()) }
//! ```
//!
//! A [`Channel`] is made by a [`Builder`], sent to by a [`Producer`] and received from by a [`Consumer`]. A [`Loan`], a
//! [`Message`] and a [`Batch`] give access to a slot without a copy. A [`Watch`] looks at a channel without being
//! attached to it: [`Stats`] say which participant waits for which, and a [`Tap`] reads what passes. Each operation has
//! its own error type, which says what was wrong and what would be right. No method panics. Linux only. All processes
//! of a channel belong to the same user.
//!
//! # Properties
//!
//! Tests and comments cite the properties by these names. Each backend keeps them as follows:
//!
//! | | | [`Futex`](Backend::Futex) | [`RawSync`](Backend::RawSync) |
//! | --- | --- | --- | --- |
//! | S1 | no torn payload: no data race on any slot | holds | holds |
//! | S2 | every consumer gets every message from its join to its end, once, in the one total order | holds | holds |
//! | S3 | no slot is overwritten before all active consumers have acknowledged its message | holds | holds |
//! | S4 | one writer at a time | holds | holds |
//! | S5 | END is last, and is seen only after all data | holds | holds |
//! | L1 | no deadlock, no lost wake-up | holds | unless a process dies inside pthread |
//! | L2 | every call returns within its deadline, whatever other processes have died | holds | unless a process dies, or is stopped, inside pthread |
//! | C1 | a consumer dying at any step harms no other participant | holds | unless it dies inside pthread |
//! | C2 | a producer dying at any step leaves each message wholly delivered to all or to none, and the channel usable | holds | unless it dies inside pthread: then some calls on the channel may not return |
//! | C3 | dying during recovery is as harmless as dying before it | holds | as C1 and C2 |
//!
//! [`RawSync`](Backend::RawSync) is built on pthread's condition variables, whose internal lock a process can die with.
//! Its processes must share a PID namespace and have the same C library; others are refused. `docs/crash.md` says when
//! and for how many instructions each limit applies, what ends it, and which test shows it.
//!
//! # Events
//!
//! With the feature `tracing`, handles tell what they do and notice to the crate [`tracing`](https://docs.rs/tracing).
//! The target of each event is `ackcast`, and each has the field `channel`. No message makes an event. Without the
//! feature nothing of it is compiled in.
//!
//! | level | event | further fields |
//! | --- | --- | --- |
//! | INFO | created a channel | `slots`, `slot_size` |
//! | INFO | a consumer has joined | `consumer`, `next`: its first message |
//! | INFO | a producer has joined | `producer` |
//! | INFO | a consumer has left | `consumer`, `next`: the first message that it has not acknowledged |
//! | INFO | a producer has left | `producer` |
//! | WARN | a producer has left without finishing: the others take it for dead | `producer` |
//! | WARN | a consumer is dead, and was evicted | `consumer` |
//! | WARN | took the write lock over from a dead producer | `producer`: the one that took it |
//! | WARN | every producer is dead, told once by each consumer | `producers`, `next`: the message waited for |
//! | INFO | published END | `messages`, END included |
//! | DEBUG | received END | `consumer` |
//! | ERROR | the channel is corrupt | `corruption` |
//!
//! Evictions, takeovers and END are told while the producer holds the write lock. So a subscriber that is slow delays
//! the other producers, and a subscriber must not send on the channel that an event is of.
//!
//! # For reading and checking
//!
//! A program that sends and receives needs none of these modules. The protocol is written once, against the traits of a
//! layer. So the text that runs across processes is the text that the model checkers explore. `verify/` reaches it by
//! these paths.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`protocol`] | the protocol: words, labels of all shared accesses, producer, consumer, joining and leaving |
//! | [`lock`], [`signal`], [`timer`] | the write lock that survives its owner, the sticky signal, the clock of a wait |
//! | [`layer`] | the traits of all that other processes can see: words, fences, parking, liveness |
#![cfg_attr(feature = "std", doc = "| [`layers`] | the layers that run on real shared memory |")]
#![cfg_attr(feature = "std", doc = "| [`segment`] | the files: names, headers, layout, creation and removal |")]
//!
//! Without the feature `std`, `protocol`, `lock`, `signal`, `timer` and `layer` are all that there is. They need `core`
//! alone.
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

// What a user calls, what the calls return, and what the errors say.
#[cfg(feature = "tokio")]
pub use channel::{AsyncConsumer, AsyncProducer, AsyncRecvError, AsyncSendError};
#[cfg(feature = "std")]
pub use channel::{
    AttachError, Batch, Builder, Channel, Consumer, CreateError, Difference, DrainError, Drained, EventConsumer,
    EventError, EventProducer, Loan, Message, Messages, OpenOrCreateError, Payload, Producer, RecvTypedError,
    RecvValueError, TypeError, Typed, TypedBatch, TypedConsumer, TypedLoan, TypedMessage, TypedMessages, TypedProducer,
    Unjoinable, WaitForError,
};
#[doc(inline)]
pub use layer::LivenessUnknown;
#[cfg(feature = "std")]
#[doc(inline)]
pub use layers::{Backend, Fences, MarkFault, Wait};
#[doc(inline)]
pub use protocol::{
    BatchError, BlockedOn, Corruption, DeadProducers, Finished, Geometry, JoinError, Published, RecvError, SendError,
    Start,
};
#[cfg(feature = "std")]
#[doc(inline)]
pub use segment::{
    ConsumerStats, HeaderFault, LayoutError, Limit, Name, NameError, OpenError, ProducerStats, Stats, Tap, TapError,
    Tapped, ValueType, ValueTypeError, Watch,
};
/// The traits and derives that a [`Typed`] value needs, of the version that this crate uses.
#[cfg(feature = "std")]
pub use zerocopy;

/// The README's example is compiled and run.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// A glob import of this crate shadows no name of the prelude: with two globs, a name that both have is ambiguous.
///
/// ```
/// use ackcast::*;
/// use std::prelude::rust_2024::*;
///
/// fn markers<T: Send + Sync + Sized + Unpin + Copy + Clone>() {}
/// fn operators<T: PartialEq + Eq + PartialOrd + Ord + Default, F: Fn() + FnMut() + FnOnce()>() {}
/// fn asynchronous<T: Future + IntoFuture, F: AsyncFn() + AsyncFnMut() + AsyncFnOnce()>() {}
/// fn conversions<T: AsRef<T> + AsMut<T> + From<T> + Into<T> + TryFrom<T> + TryInto<T> + ToOwned + ToString>() {}
/// fn iterators<T: Iterator + DoubleEndedIterator + ExactSizeIterator + IntoIterator + Extend<u8>>() {}
/// fn collected<T: FromIterator<u8>>() {}
/// struct Dropped;
/// impl Drop for Dropped {
///     fn drop(&mut self) {}
/// }
/// drop(Dropped);
/// let values: Option<Vec<Result<Box<u8>, String>>> = Some(Vec::from([Ok(Box::new(1)), Err(String::new())]));
/// assert_ne!(values, None);
/// assert_eq!((size_of::<u8>(), align_of::<u8>(), size_of_val(&1_u8), align_of_val(&1_u8)), (1, 1, 1, 1));
/// ```
///
/// The check can fail:
///
/// ```compile_fail,E0659
/// mod shadow {
///     pub struct Sync;
/// }
/// use shadow::*;
/// use std::prelude::rust_2024::*;
///
/// fn markers<T: Sync>() {}
/// ```
///
/// ```
/// mod shadow {
///     pub struct Backend;
/// }
/// use shadow::*;
/// use std::prelude::rust_2024::*;
///
/// fn markers<T: Sync>() {}
/// ```
#[cfg(all(doctest, feature = "std"))]
struct Prelude;
