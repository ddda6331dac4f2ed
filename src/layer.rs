//! The only door to memory that another process can see.
//!
//! The protocol is written once against these traits, of which each asks for no more than it needs:
//! - [`Memory`] says what a [`Word`] is and how fences order. A protocol that never sleeps needs only this.
//! - [`Park`] adds the sleep until a word changes, on a [`Clock`].
//! - [`Layer`] adds what acknowledged broadcast needs: a [`Lock`], [`Signal`]s, and which participants are alive.
//!
//! [`Futex`](crate::layers::Futex) puts the words into real shared memory. `verify/` has layers in which every operation
//! is a step of a model checker. Nothing here needs `std` or an allocator.
#![deny(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::unreachable
)]

use crate::protocol::Event;
use core::{fmt, sync::atomic::Ordering, time::Duration};
use thiserror::Error;

/// An atomic word in the segment. `T` is `u32` or `u64`.
///
/// Orderings are the caller's, as literals at the call site. Each method is `track_caller`, so a layer can tell the
/// sites apart without annotations.
///
/// # Safety
/// The methods are atomic accesses to one location that all participants share, in the C++20 memory
/// model, of the ordering given. The protocol's access to slots relies on it.
pub unsafe trait Word<T>: fmt::Debug {
    /// Reads the word.
    #[track_caller]
    fn load(&self, order: Ordering) -> T;
    /// Reads a word that no other participant can write at the same time. All earlier writes to it happen before this
    /// load. So it is [`Relaxed`](Ordering::Relaxed) and still exact. A checker reports a concurrent write.
    #[track_caller]
    fn load_owned(&self) -> T;
    /// Writes the word.
    #[track_caller]
    fn store(&self, value: T, order: Ordering);
    /// Writes the word and returns its previous value, in one step.
    #[track_caller]
    fn swap(&self, value: T, order: Ordering) -> T;
    /// Writes `new` if the word holds `current`, in one step.
    ///
    /// # Errors
    /// The value found, when it is not `current`.
    #[track_caller]
    fn compare_exchange(&self, current: T, new: T, success: Ordering, failure: Ordering) -> Result<T, T>;
}

/// When a call gives up waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// Never. The call still returns when the participants that it waits for are dead.
    Never,
    /// At once: the call polls, checks liveness once, and does not wait.
    Now,
    /// When [`Clock::now`] has reached this value.
    At(Duration),
}

/// What a poll reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poll {
    /// The words alone: no system call, except for the first message of a channel that waits for consumers.
    Words,
    /// The words, and whether the participants that are waited for are alive.
    WordsAndLiveness,
}

/// A participant: its number in the registry, and its generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Participant {
    /// Consumers come first, producers after them.
    pub number: u32,
    /// Counts the occupants of this number: tells a participant from its dead predecessor.
    pub generation: u32,
}

/// The system does not say whether a participant is alive. A wait that depends on it ends with this error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the system does not say which participants live (errno {errno}); \
     a sandbox must allow fcntl(2) with F_OFD_SETLK and F_OFD_GETLK on the segment's file"
)]
pub struct LivenessUnknown {
    /// The system's error number.
    pub errno: i32,
}

/// Words and fences, as one participant uses them.
///
/// # Safety
/// The fences order as their methods promise. The protocol's access to slots relies on it.
pub unsafe trait Memory: Sized + fmt::Debug {
    /// A 32-bit word.
    type W32: Word<u32>;
    /// A 64-bit word.
    type W64: Word<u64>;

    /// The light side of an asymmetric fence, for the side that runs often. A light fence and a
    /// [heavy](Memory::heavy_fence) one order what stands before and after them as two fences of this ordering do. Two
    /// light fences do not order each other.
    #[track_caller]
    fn light_fence(&self, order: Ordering);

    /// The heavy side. May cost a system call. Orders as a fence does, against light and heavy fences.
    #[track_caller]
    fn heavy_fence(&self, order: Ordering);
}

/// The clock that deadlines and sleeps refer to.
pub trait Clock {
    /// Monotonic time since an arbitrary start.
    fn now(&self) -> Duration;
}

/// The primitives over one segment, as one participant holds them.
///
/// # Safety
/// An implementation keeps what its methods promise: a number has at most one living claimant, and an answer of
/// `is_alive` that is `Ok(false)` is a death. The protocol's access to slots relies on both.
pub unsafe trait Layer: Memory + Clock {
    /// The write lock's storage.
    type Lock: Lock<Self>;
    /// A signal's storage.
    type Signal: Signal<Self>;

    /// Takes a participant's number for this handle, until [`release`](Layer::release) or death. False: another living
    /// handle has it.
    ///
    /// A number has at most one living claimant. Everything that the previous claimant did happens before a successful
    /// claim.
    ///
    /// # Errors
    /// [`LivenessUnknown`] when the system refuses to tell.
    #[track_caller]
    fn claim(&self, number: u32) -> Result<bool, LivenessUnknown>;

    /// Gives the number back.
    #[track_caller]
    fn release(&self, number: u32);

    /// Whether another living handle has this number. `false` is final for the holder that it is about: everything that
    /// holder did happens before the answer.
    ///
    /// The answer may be as stale as an acquire load: it is no older than what happens before the call. A caller that
    /// has read a word of a later holder with Acquire gets an answer about that holder, or about a later one.
    ///
    /// # Errors
    /// [`LivenessUnknown`] when the system refuses to tell. It is no proof of life, so no wait goes on after it.
    #[track_caller]
    fn is_alive(&self, number: u32) -> Result<bool, LivenessUnknown>;

    /// How long a waiter that checks liveness at time `now` may wait until its next check.
    fn liveness_interval(&self, now: Duration) -> Duration;

    /// Whether this handle was made before a fork, by the parent of this process. Every operation on such a handle is
    /// an error.
    fn is_inherited(&self) -> bool {
        false
    }

    /// Whether [`note`](Layer::note) does anything.
    const HAS_LOG: bool = false;

    /// Tells a log what this participant did or noticed. Not called for a message. Some events come while the caller
    /// holds the write lock.
    fn note(&self, _event: Event) {}
}

/// What a poll found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// What the wait returns.
    pub value: T,
    /// How many messages the waiter can handle before it polls again. A hint: the layer may poll less often where
    /// each poll finds few.
    pub messages: u64,
}

impl<T> Found<T> {
    /// A value that says nothing about messages.
    pub const fn new(value: T) -> Self {
        Self { value, messages: 0 }
    }
}

/// Memory on which a thread can sleep until a word changes. [`WordLock`](crate::lock::WordLock) and
/// [`WordSignal`](crate::signal::WordSignal) are made of it.
pub trait Park: Memory + Clock {
    /// A wait for a signal begins. The layer may let a moment pass, so that the first poll finds more.
    fn before_first_poll(&self) {}

    /// The first poll of that wait found so many messages; 0 if it found none.
    fn after_first_poll(&self, _messages: u64) {}

    /// Whether to poll once more before parking. The time that one wait spends here is bounded. `spins.since` is set
    /// before that time matters to a deadline.
    fn spin(&self, spins: &mut Spins) -> bool;

    /// Sleeps while `word` holds `expected`, at most until [`now`](Clock::now) reaches `until`. May return early.
    #[track_caller]
    fn park(&self, word: &Self::W32, expected: u32, until: Duration) -> Parked;

    /// Wakes one thread that sleeps on `word`.
    #[track_caller]
    fn wake(&self, word: &Self::W32);
}

/// The polls of one wait before its first sleep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spins {
    /// How many polls there were.
    pub polls: u32,
    /// When the layer first read the clock in this wait. `None` before that.
    pub since: Option<Duration>,
}

/// Why [`Park::park`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parked {
    /// The word changed, a wake came, the time is up, or the wake-up is spurious.
    Woken,
    /// The kernel has told the layer that a participant left or died.
    CheckLiveness,
    /// A checker's layer has ended the execution: the wait gives up.
    Stopped,
}

/// Why [`Signal::await_told`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The waiter was notified, or asks no more.
    Notified,
    /// The liveness check was true.
    Check,
    /// A checker's layer has ended the execution.
    Stopped,
}

/// The write lock. A segment's lock has at most one owner, over all processes, dead ones included: a dead owner's lock
/// is taken over, never shared.
///
/// # Safety
/// That is what the protocol's exclusive access to a slot relies on.
pub unsafe trait Lock<L: Layer>: fmt::Debug {
    /// Whether the owner may keep the lock between calls, and release it from another thread.
    const IS_THREAD_INDEPENDENT: bool;

    /// Takes the lock.
    ///
    /// # Errors
    /// [`LockError::Busy`] when the deadline passes first; the owner is alive then. [`LockError::Liveness`].
    fn acquire(&self, layer: &L, me: Participant, deadline: Deadline) -> Result<Acquired, LockError>;

    /// Takes over the lock from a dead predecessor under the same number. True if the predecessor held it: the caller
    /// holds it now.
    fn inherit(&self, layer: &L, me: Participant) -> bool;

    /// Releases the lock, which the caller holds.
    fn release(&self, layer: &L, me: Participant);

    /// The owner's participant number, for an observer: stale when it returns. The owner may be dead. `None` if the lock
    /// is free, or where the layer cannot name the owner.
    fn owner(&self) -> Option<u32>;
}

/// How a lock was acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acquired {
    /// The lock was free.
    Clean,
    /// The lock's owner died holding it.
    OwnerDied,
}

/// Why a lock was not acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockError {
    /// A living owner holds the lock.
    Busy {
        /// The owner's participant number; `None` where the layer cannot name it.
        owner: Option<u32>,
    },
    /// The lock is held, and the system does not say whether its owner is alive.
    Liveness(LivenessUnknown),
    /// The lock's own memory is corrupt.
    Broken,
}

/// A sticky signal with one waiter: a notification that comes before the wait is not lost.
///
/// # Safety
/// `notify_all` makes the fence that it promises. The proof that a consumer may join without the lock relies on it.
pub unsafe trait Signal<L: Layer>: fmt::Debug + Sized {
    /// Waits until `poll` finds something; `None` when the deadline passes first.
    ///
    /// `poll` reads words that other participants write before they notify this signal. The wait calls it with
    /// [`Poll::WordsAndLiveness`] once in each [liveness interval](Layer::liveness_interval) of the wait's own time,
    /// and before it gives up. Wakes, interruptions and insufficient changes do not put that off.
    fn wait<T>(&self, layer: &L, deadline: Deadline, poll: impl FnMut(Poll) -> Option<Found<T>>) -> Option<T>;

    /// Asks to be told, in the place of a wait: polls once, and never sleeps. `None`: a notification from now on ends
    /// [`await_told`](Signal::await_told), also one that comes before that call. Then the waiter asks again.
    fn ask<T>(&self, layer: &L, poll: impl FnMut(Poll) -> Option<Found<T>>) -> Option<T>;

    /// Sleeps in the place of the waiter that has [asked](Signal::ask). One thread at a time does so, with a layer of
    /// its own. `check` is called once in each [liveness interval](Layer::liveness_interval); true ends the sleep.
    fn await_told(&self, layer: &L, check: impl FnMut() -> bool) -> Told;

    /// The waiter that has [asked](Signal::ask) asks no more: [`await_told`](Signal::await_told) returns, at once or when
    /// it begins.
    fn end_ask(&self, layer: &L);

    /// A new waiter is about to use the signal. The last waiter may have died waiting. Notifiers may run meanwhile.
    fn reset(&self, layer: &L);

    /// Makes the waiters of these signals poll again, after everything that was written before this call. The iterator
    /// is advanced after a light SeqCst fence.
    fn notify_all<'a>(layer: &L, signals: impl Iterator<Item = &'a Self>)
    where
        Self: 'a;

    /// Whether the waiter is parked, for an observer: stale when it returns. A waiter whose last sleep no notifier has
    /// ended counts as parked until its next wait ends. `None` where the layer cannot tell.
    fn is_parked(&self) -> Option<bool>;
}
