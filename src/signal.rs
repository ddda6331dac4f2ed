//! A sticky signal on one word, for one waiter at a time: Dekker's pattern with fences, where one fence serves many
//! sleeps.
//!
//! The order that must not happen:
//!
//! ```text
//!   notifier                              waiter
//!                                         polls: nothing there
//!   writes
//!   reads the word: EMPTY, so no wake
//!                                         word = PARKED; sleeps, and nothing wakes it
//! ```
//!
//! # The first sleep
//!
//! Each side writes, fences, and then reads what the other side writes:
//!
//! ```text
//!   notifier                              waiter
//!   writes                                word: EMPTY -> PARKED      (R2)
//!   fence                      (F2)       fence                      (F1)
//!   reads the word             (F3)       polls
//! ```
//!
//! (F1) pairs with (F2). They are SeqCst, so one of them comes first. If F2 does, the poll sees the write. If F1 does,
//! F3 reads PARKED or a later value. A notifier that reads EMPTY has made no read-modify-write and no system call. The
//! waiter is about to sleep and has time, so its fence is the heavy one.
//!
//! # The sleeps after it
//!
//! A waiter leaves the word as it is when the poll after a sleep succeeds. While the word is not EMPTY, notifiers
//! *exchange* it (R1), and so does the waiter before its next sleep (R2). Exchanges of one word are totally ordered, so
//! that sleep needs no fence:
//!
//! ```text
//!   notifier                              waiter
//!   writes                                word: NOTIFIED -> PARKED   (R2)
//!   word: PARKED or NOTIFIED
//!         -> NOTIFIED    (R1)       polls
//! ```
//!
//! (R1) pairs with (R2). **L1**: let *w* be a notifier's write before F2, and *s* an exchange R2 before a sleep. Each
//! later poll that reads the word of *w* sees *w*, or the sleep ends. Let *e* be the last exchange R2, up to *s*
//! itself, that replaced EMPTY, and F1 its fence. From *e* to *s* each write of the signal's word is an exchange, and
//! none of them stores EMPTY.
//! 1. F2 comes before F1. F1 happens before each poll after *s*. So these polls see *w*.
//! 2. F1 comes before F2. F3 reads *e* or a later value.
//!    (a) F3, or a failed R1, reads EMPTY. That EMPTY was stored after *s*: the sleep is over.
//!    (b) R1 comes before *s*. Exchanges lead from R1 to *s*. So *s* acquires what R1 releases: the poll sees *w*.
//!    (c) R1 comes after *s* and replaces PARKED. P4 ends the sleep.
//!    (d) R1 comes after *s* and replaces NOTIFIED. An earlier R1 has replaced PARKED. The P4 of that notifier ends the
//!    sleep.
//!
//! A notifier may die, or be stopped, between R1 and P4. The word is NOTIFIED then, and the waiter sleeps. Later
//! notifiers make no wake, nor does a new owner of the lock. The sleep ends at the waiter's next liveness check
//! ([`timer`](crate::timer)).
//!
//! # A change of waiter
//!
//! [`Control::space`](crate::protocol::Control::space) goes with the write lock. So *e* may be an exchange of an
//! earlier owner A, where B has replaced PARKED or NOTIFIED and made no fence. A's fence F1 happens before A's release
//! of the lock (E8), and that before B's polls (E7). So case 1 holds for B. Case 2 does not depend on the waiter.
//!
//! If A has died, B does not know whether A made its fence after *e*. So B stores EMPTY first
//! ([`reset`](Signal::reset)), and *e* is B's own. A consumer that takes the number of a dead one does the same.
//!
//! # A waiter that asks
//!
//! A thread that serves an event loop must not sleep. It [asks](Signal::ask): it makes R2, F1 and the poll, and returns.
//! A second thread sleeps in its place (P3) and [tells](Signal::await_told) it to poll again. That thread reads the
//! word and never writes it. Cases 1, 2(a) and 2(b) do not depend on which thread sleeps. In cases 2(c) and 2(d) the
//! word is NOTIFIED. P3 has begun, and P4 ends it; or P3 begins later, finds the word changed, and ends at once. The
//! second thread reads the word before and after each sleep (H16), so it tells the waiter in either case. It does so,
//! too, when the waiter has stored EMPTY meanwhile, which does no harm.
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

use crate::layer::{Deadline, Found, Layer, Memory, Park, Parked, Poll, Signal, Spins, Told, Word};
use crate::timer::{Duty, WaitTimer};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use core::time::Duration;

/// The signal's word; see the [module](self).
#[derive(Debug)]
#[repr(C)]
pub struct WordSignal<M: Memory> {
    /// [`EMPTY`], [`PARKED`] or [`NOTIFIED`]. Only the waiter stores EMPTY, and only the waiter replaces it.
    state: M::W32,
}

/// EMPTY: no waiter sleeps; the next one makes a fence before it does. The value of a fresh segment.
pub const EMPTY: u32 = 0;
/// PARKED: the waiter sleeps, is about to sleep, or has returned from a sleep that no notifier ended.
pub const PARKED: u32 = 1;
/// NOTIFIED: a notifier has replaced PARKED or NOTIFIED. The waiter is awake, or that notifier is about to wake it.
pub const NOTIFIED: u32 = 2;

impl<M: Memory> WordSignal<M> {
    /// A signal on a word that holds [`EMPTY`].
    pub const fn new(state: M::W32) -> Self {
        Self { state }
    }
}

impl<P: Park> WordSignal<P> {
    /// The waiter may sleep, or be about to: makes it poll again.
    #[cold]
    #[inline(never)]
    fn notify_parked(&self, layer: &P, mut seen: u32) {
        while seen != EMPTY {
            // R1 (Release), pairs with R2: what the notifier wrote. F2 does not release it: it may be no more than a
            // compiler's fence.
            match self.state.compare_exchange(seen, NOTIFIED, Release, Relaxed) {
                Ok(PARKED) => {
                    // P4: ends P3. A waiter that has not slept yet finds the word changed.
                    return layer.wake(&self.state);
                }
                Ok(_) => return, // another notifier wakes the waiter, or the waiter makes R2 and polls
                Err(now) => seen = now, // another notifier came first, or the waiter went on
            }
        }
    }

    /// The waiter is about to sleep, or another thread in its place: a poll after this call sees each earlier write, or
    /// its notifier finds that the word is not EMPTY.
    fn announce(&self, layer: &P) {
        // R2 (Acquire), pairs with R1: what the notifiers wrote that have replaced the word since it was EMPTY.
        if self.state.swap(PARKED, Acquire) == EMPTY {
            // F1 (SeqCst, heavy), pairs with F2: the poll sees the write, or F3 reads PARKED.
            layer.heavy_fence(SeqCst);
        }
    }

    /// Sleeps while the word is PARKED, at most until this time.
    fn sleep(&self, layer: &P, until: Duration) -> Parked {
        // P3: ended by P4, or by the timer.
        layer.park(&self.state, PARKED, until)
    }

    /// The waiter goes on without a sleep: notifiers need no exchange for it.
    fn stay_awake(&self) {
        // H8 (Relaxed): only the waiter stores EMPTY or replaces it.
        if self.state.load(Relaxed) != EMPTY {
            // H9 (Relaxed): it saves notifiers their exchanges, and the next notifier a wake. After it, a thread that
            // sleeps in the waiter's place ends, when P5 wakes it (H16).
            self.state.store(EMPTY, Relaxed);
        }
    }
}

// SAFETY: `notify_all` fences before it asks for the first signal.
unsafe impl<L: Layer + Park> Signal<L> for WordSignal<L> {
    fn wait<T>(&self, layer: &L, deadline: Deadline, mut poll: impl FnMut(Poll) -> Option<Found<T>>) -> Option<T> {
        if deadline != Deadline::Now {
            layer.before_first_poll();
        }
        let first = poll(Poll::Words);
        layer.after_first_poll(first.as_ref().map_or(0, |found| found.messages));
        if let Some(found) = first {
            self.stay_awake();
            return Some(found.value);
        }
        let mut poll = |kind| poll(kind).map(|found| found.value);
        if deadline == Deadline::Now {
            return poll(Poll::WordsAndLiveness);
        }
        let mut spins = Spins::default();
        while layer.spin(&mut spins) {
            if let Some(found) = poll(Poll::Words) {
                self.stay_awake();
                return Some(found);
            }
        }
        let mut timer = WaitTimer::start(layer, deadline, spins);
        let mut kind = Poll::Words;
        loop {
            self.announce(layer);
            if let Some(found) = poll(kind) {
                self.stay_awake();
                return Some(found);
            }
            let parked = self.sleep(layer, timer.sleep_until());
            match timer.after_sleep(layer, parked) {
                Duty::Poll(Poll::Words) => {
                    kind = Poll::Words;
                    // Most sleeps end with what was waited for. The word stays as it is: the next sleep needs no fence.
                    if let Some(found) = poll(kind) {
                        return Some(found);
                    }
                }
                Duty::Poll(Poll::WordsAndLiveness) => kind = Poll::WordsAndLiveness,
                Duty::GiveUp => {
                    self.stay_awake();
                    return poll(Poll::WordsAndLiveness);
                }
            }
        }
    }

    fn ask<T>(&self, layer: &L, mut poll: impl FnMut(Poll) -> Option<Found<T>>) -> Option<T> {
        self.announce(layer);
        let found = poll(Poll::WordsAndLiveness)?;
        self.stay_awake();
        Some(found.value)
    }

    fn await_told(&self, layer: &L, mut check: impl FnMut() -> bool) -> Told {
        let mut timer = WaitTimer::start(layer, Deadline::Never, Spins::default());
        loop {
            // H16 (Relaxed), before P3 and after it: R1 has replaced PARKED, or the waiter has stored EMPTY. The
            // waiter's own poll acquires what it finds.
            if self.state.load(Relaxed) != PARKED {
                return Told::Notified;
            }
            let parked = self.sleep(layer, timer.sleep_until());
            if parked == Parked::Stopped {
                return Told::Stopped;
            }
            if timer.after_sleep(layer, parked) != Duty::Poll(Poll::Words) && check() {
                return Told::Check;
            }
        }
    }

    fn end_ask(&self, layer: &L) {
        self.stay_awake();
        // P5: ends P3 of the thread that sleeps in the waiter's place. If that thread does not sleep yet, it finds that
        // the word is not PARKED.
        layer.wake(&self.state);
    }

    fn reset(&self, _layer: &L) {
        // H10 (Relaxed), before R2: a dead waiter may have made R2 without F1. The next waiter makes both.
        self.state.store(EMPTY, Relaxed);
    }

    #[inline(always)]
    fn notify_all<'a>(layer: &L, signals: impl Iterator<Item = &'a Self>)
    where
        Self: 'a,
    {
        // F2 (SeqCst, light), pairs with F1: F3 reads PARKED, or the poll sees the write. Also the fence of N.
        layer.light_fence(SeqCst);
        for signal in signals {
            // F3 (Relaxed), after F2: EMPTY means that no waiter sleeps, or will sleep without a fence.
            let seen = signal.state.load(Relaxed);
            if seen != EMPTY {
                signal.notify_parked(layer, seen);
            }
        }
    }

    fn is_parked(&self) -> Option<bool> {
        // H15 (Relaxed): a statistic.
        Some(self.state.load(Relaxed) == PARKED)
    }
}
