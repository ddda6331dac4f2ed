//! A sticky signal on one word, for one waiter: Dekker's pattern with fences, once for many sleeps.
//!
//! The waiter says that it is about to sleep and then looks; the notifier writes and then looks
//! whether anybody sleeps. With a SeqCst fence between the two steps of each, at least one of them
//! sees the other, so no notification is lost, and a notifier that finds nobody asleep has made no
//! read-modify-write and no system call. Who is about to sleep has time, so its fence is the heavy one.
//!
//! It has less time where messages come one by one, with a sleep for each. So it does not take back what it
//! has said when it wakes: until it does, every notifier finds that the word is not [`EMPTY`] and *exchanges*
//! it, and exchanges of one word come one after the other. The waiter's next exchange either comes later, and
//! it sees what was written before, or earlier, and the notifier wakes it. No fence is needed for that. Who
//! finds something without sleep takes it back, since then a stream may have begun.
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

use crate::layer::{Deadline, Layer, Park, Poll, Signal, Spins, Word};
use crate::timer::{Duty, WaitTimer};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

/// The signal's word; see the [module](self).
#[derive(Debug)]
#[repr(C)]
pub struct WordSignal<L: Layer> {
    /// [`EMPTY`], [`PARKED`] or [`NOTIFIED`]. Only the waiter makes it EMPTY, or something else when it is.
    state: L::W32,
}

/// Nobody sleeps here: whoever is about to makes it known with a fence. The value of a fresh segment.
pub const EMPTY: u32 = 0;
/// The waiter sleeps, or is about to.
pub const PARKED: u32 = 1;
/// It was woken, and may be about to sleep again.
pub const NOTIFIED: u32 = 2;

impl<L: Layer> WordSignal<L> {
    /// A signal on a word that holds [`EMPTY`].
    pub const fn new(state: L::W32) -> Self {
        Self { state }
    }
}

impl<L: Park> WordSignal<L> {
    /// The waiter may sleep, or be about to: it shall look again.
    #[cold]
    #[inline(never)]
    fn notify_parked(&self, layer: &L, mut seen: u32) {
        while seen != EMPTY {
            match self.state.compare_exchange(seen, NOTIFIED, Release, Relaxed) {
                Ok(PARKED) => return layer.wake(&self.state), // a waiter before its sleep finds the word changed
                Ok(_) => return,        // R1, to R2: it has yet to make its exchange, and then looks
                Err(now) => seen = now, // another notifier was faster, or the waiter has got on
            }
        }
    }

    /// We do not sleep: notifiers need not care for us.
    fn stay_awake(&self) {
        if self.state.load(Relaxed) != EMPTY {
            self.state.store(EMPTY, Relaxed); // a hint: saves them exchanges, and the next one a wake
        }
    }
}

// SAFETY: `notify_all` fences before it asks for the first signal.
unsafe impl<L: Park> Signal<L> for WordSignal<L> {
    fn wait<T>(&self, layer: &L, deadline: Deadline, mut poll: impl FnMut(Poll) -> Option<T>) -> Option<T> {
        let mut spins = Spins::default();
        loop {
            if let Some(found) = poll(Poll::Words) {
                self.stay_awake();
                return Some(found);
            }
            if deadline == Deadline::Now {
                return poll(Poll::WordsAndLiveness);
            }
            if !layer.spin(&mut spins) {
                break;
            }
        }
        let mut timer = WaitTimer::start(layer, deadline, spins);
        let mut look = Poll::Words;
        loop {
            // R2, from R1: unless it was EMPTY, all who have notified since it was have made an exchange.
            if self.state.swap(PARKED, Acquire) == EMPTY {
                layer.heavy_fence(SeqCst); // F1, to F2: either we see its write or it sees PARKED
            }
            if let Some(found) = poll(look) {
                self.stay_awake();
                return Some(found);
            }
            let parked = layer.park(&self.state, PARKED, timer.sleep_until());
            match timer.after_sleep(layer, parked) {
                Duty::Poll(Poll::Words) => {
                    look = Poll::Words;
                    // Most times it is there, and what we have said still holds at our next sleep.
                    if let Some(found) = poll(look) {
                        return Some(found);
                    }
                }
                Duty::Poll(Poll::WordsAndLiveness) => look = Poll::WordsAndLiveness,
                Duty::GiveUp => {
                    self.stay_awake();
                    return poll(Poll::WordsAndLiveness);
                }
            }
        }
    }

    fn reset(&self, _layer: &L) {
        // No hint: the last waiter may have died between its exchange and its fence, which nobody has made then.
        self.state.store(EMPTY, Relaxed);
    }

    #[inline(always)]
    fn notify_all<'a>(layer: &L, signals: impl Iterator<Item = &'a Self>)
    where
        Self: 'a,
    {
        layer.light_fence(SeqCst); // F2, to F1: either we see that it is not EMPTY or the waiter sees our write
        for signal in signals {
            let seen = signal.state.load(Relaxed);
            if seen != EMPTY {
                signal.notify_parked(layer, seen);
            }
        }
    }
}
