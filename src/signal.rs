//! A sticky signal on one word, for one waiter: Dekker's pattern with fences.
//!
//! The waiter says that it is about to sleep and then looks; the notifier writes and then looks
//! whether anybody sleeps. With a SeqCst fence between the two steps of each, at least one of them
//! sees the other, so no notification is lost, and a notifier that finds nobody asleep has made no
//! read-modify-write and no system call. Who is about to sleep has time, so its fence is the heavy one.
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

use crate::layer::{Deadline, Layer, Look, Park, Parked, Signal, Word};
use core::sync::atomic::Ordering::{Relaxed, SeqCst};

/// The signal's word; see the [module](self).
#[derive(Debug)]
#[repr(C)]
pub struct WordSignal<L: Layer> {
    /// [`AWAKE`]: whoever waits here will look again before it sleeps; [`PARKED`]: it may sleep.
    state: L::W32,
}

/// Nobody sleeps here. The value of a fresh segment.
pub const AWAKE: u32 = 0;
/// The waiter sleeps, or is about to.
pub const PARKED: u32 = 1;

impl<L: Layer> WordSignal<L> {
    /// A signal on a word that holds [`AWAKE`].
    pub const fn new(state: L::W32) -> Self {
        Self { state }
    }
}

impl<L: Park> WordSignal<L> {
    /// The waiter sleeps, or is about to: it shall look again.
    #[cold]
    #[inline(never)]
    fn rouse(&self, layer: &L) {
        // The word changes before the wake: a waiter between its look and its sleep does not fall
        // asleep. A waiter that comes back in between sets PARKED after this store or loses it to
        // this store; either way it looks again.
        self.state.store(AWAKE, Relaxed);
        layer.wake(&self.state);
    }
}

impl<L: Park> Signal<L> for WordSignal<L> {
    fn wait<T>(&self, layer: &L, deadline: Deadline, mut poll: impl FnMut(Look) -> Option<T>) -> Option<T> {
        if let Some(found) = poll(Look::Quick) {
            return Some(found);
        }
        if deadline == Deadline::Now {
            return poll(Look::Thorough);
        }
        let mut spins = 0;
        while layer.spin(&mut spins) {
            if let Some(found) = poll(Look::Quick) {
                return Some(found);
            }
        }
        let mut look = Look::Quick;
        loop {
            self.state.store(PARKED, Relaxed); // before F1: a notifier that we miss sees this
            layer.heavy_fence(SeqCst); // F1, to F2: either we see its write or it sees PARKED
            if let Some(found) = poll(look) {
                self.state.store(AWAKE, Relaxed); // a hint: saves the next notifier a wake
                return Some(found);
            }
            match layer.park(&self.state, PARKED, deadline) {
                Parked::Woken => {
                    look = Look::Quick;
                    // Most times it is there, and the fence, which others feel, is not needed.
                    if let Some(found) = poll(look) {
                        return Some(found);
                    }
                }
                Parked::Patrol => look = Look::Thorough,
                Parked::TimedOut => {
                    self.state.store(AWAKE, Relaxed); // a hint, as above
                    return poll(Look::Thorough);
                }
            }
        }
    }

    fn renew(&self, _layer: &L) {
        // All that a dead waiter can leave is PARKED, which costs the next notifier one wake.
    }

    #[inline(always)]
    fn notify_all<'a>(layer: &L, signals: impl Iterator<Item = &'a Self>)
    where
        Self: 'a,
    {
        layer.light_fence(SeqCst); // F2, to F1: either we see PARKED or the waiter sees our write
        for signal in signals {
            if signal.state.load(Relaxed) == PARKED {
                signal.rouse(layer);
            }
        }
    }
}
