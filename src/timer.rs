//! The clock of a wait: when it checks liveness next, and when it gives up.
//!
//! A waiter must notice within a bounded time that the participant it waits for is dead. The failing order first, of
//! a waiter that checks liveness whenever it has slept undisturbed for an interval:
//!
//! ```text
//!   producer, waits for room                      consumer A, alive          consumer B, dead
//!   sleeps for at most an interval
//!                                                 acknowledges, wakes
//!   polls: B has not acknowledged
//!   sleeps for at most an interval, from now on
//!                                                 acknowledges, wakes
//!   ...                                           ...
//! ```
//!
//! A wakes the producer more often than once an interval, so the producer never checks whether B lives. A signal
//! handler that interrupts the sleep, or another consumer that joins and leaves, does the same.
//!
//! So the wait has a clock of its own. **L2, per wait**: at most one [`liveness_interval`](Layer::liveness_interval)
//! passes between two checks, and before the first one, plus the way back from one sleep, a fence and a poll.
//! 1. The sleep ends by itself: [`sleep_until`](WaitTimer::sleep_until) is not after the check that is due.
//! 2. It ends early, for whatever reason: [`after_sleep`](WaitTimer::after_sleep) reads the clock. Only a check moves
//!    `check_at`.
//!
//! A check concerns the participant that blocks this poll. The next check finds a second dead participant.
//!
//! The same goes for the deadline. `verify/src/explore/progress/` follows a wait through every interference, and finds
//! the failing order in a faulty loop. `verify/src/self_checks/interference.rs` has the durations of sleeps.
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

use crate::layer::{Deadline, Layer, Parked, Poll, Spins};
use core::time::Duration;

/// See the [module](self).
#[derive(Clone, Copy, Debug)]
pub struct WaitTimer {
    deadline: Deadline,
    /// When the next liveness check is due, on the layer's clock.
    check_at: Duration,
}

/// What a waiter does after a sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// It polls like this, and goes on.
    Poll(Poll),
    /// Its deadline has passed: it polls for the last time, with a liveness check.
    GiveUp,
}

impl WaitTimer {
    /// Starts the clock of a wait that has spun. The time spent spinning counts, so the first check is not late.
    pub fn start<L: Layer>(layer: &L, deadline: Deadline, spins: Spins) -> Self {
        let began = spins.since.unwrap_or_else(|| layer.now());
        Self { deadline, check_at: began.saturating_add(layer.liveness_interval(began)) }
    }

    /// The time on the layer's clock until which the waiter may sleep.
    pub fn sleep_until(&self) -> Duration {
        match self.deadline {
            Deadline::At(end) => end.min(self.check_at),
            Deadline::Never => self.check_at,
            Deadline::Now => Duration::ZERO,
        }
    }

    /// What the waiter does after this sleep. A liveness check that the answer asks for counts as made.
    pub fn after_sleep<L: Layer>(&mut self, layer: &L, parked: Parked) -> Duty {
        let now = layer.now();
        let over = match self.deadline {
            Deadline::At(end) => end <= now,
            Deadline::Never => false,
            Deadline::Now => true,
        };
        if over || parked == Parked::Stopped {
            return Duty::GiveUp;
        }
        if parked == Parked::Woken && now < self.check_at {
            return Duty::Poll(Poll::Words);
        }
        self.check_at = now.saturating_add(layer.liveness_interval(now));
        Duty::Poll(Poll::WordsAndLiveness)
    }
}
