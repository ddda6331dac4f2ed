//! How often a wait polls before it sleeps: learned from the waits before it.
//!
//! A wait has three stages: polls with a pause between them (*spins*), polls after a `yield_now` (*yields*), and sleep.
//! To be woken from a sleep takes some tens of microseconds, so a short wait should not sleep; and a long wait should
//! not poll, because that costs processor time. Neither is known beforehand. [`AdaptiveWait::learn`] has the rules.

use super::PollBackoff;
use crate::layer::Spins;
use crate::layers::monotonic;
use core::hint::spin_loop;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use core::time::Duration;

/// What a handle does while it waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wait {
    /// Polls for as long as recent waits say that polling pays, then sleeps. Where messages come rarely, the wait
    /// sleeps at once. Where they come densely, it spins. Where more threads than cores want to run, it yields first.
    #[default]
    Adaptive,
    /// Spins for some milliseconds before it sleeps. For a thread that has a core of its own.
    Spin,
    /// Sleeps at once.
    Park,
}

/// What the waits of one handle have taught: how many polls are worth while.
///
/// A hint: it orders nothing, and is in no segment. One thread at a time waits through a handle, so no update needs to
/// be a read-modify-write. Such a step would wait until every earlier store of this thread has reached the other cores.
#[derive(Debug)]
pub struct AdaptiveWait {
    strategy: AtomicU32,
    /// The most spins that a wait may have: 0 on a single core, where no other thread can run meanwhile.
    max_spins: u32,
    /// Learned: spins of a wait on a core that no other thread wants.
    spins: AtomicU32,
    /// Learned: yields of a wait, after its spins.
    yields: AtomicU32,
    /// Spins of the current wait: `spins`, or 0 while other threads want the core.
    spins_now: AtomicU32,
    /// Polls of the current or last wait.
    polls: AtomicU32,
    /// How the last wait ended: [`NO_SLEEP`], [`SHORT`] or [`LONG`].
    last_sleep: AtomicU32,
    /// Prompt yields to go until the core counts as ours alone; 0: no other thread wanted it lately.
    shared: AtomicU32,
    /// Waits so far.
    waits: AtomicU32,
    backoff: PollBackoff,
}

// The numbers were chosen by `verify/bench`, on 2 cores of a virtual AMD EPYC: workloads `ping-pong` (spins), `fan`
// (yields, with more processes than cores) and `paced` (sleep).

/// Upper bound on the spins of a wait: about the processor time of a sleep.
const MAX_SPINS: u32 = 256;
/// Upper bound on the yields of a wait.
const MAX_YIELDS: u32 = 64;
/// Upper bound on the time that one wait spends in `yield_now`, or in [`Wait::Spin`]. Neither the deadline nor liveness
/// is checked meanwhile.
const MAX_POLL_TIME: Duration = Duration::from_millis(5);
/// Polls of [`Wait::Spin`] between two readings of the clock: some tens of microseconds.
const CLOCK_PERIOD: u32 = 512;
/// A shorter sleep counts as [`SHORT`]: more polls might have spared it.
const SHORT_SLEEP: Duration = Duration::from_micros(50);
/// Waits between two trials of spinning, where spinning has not paid.
const SPIN_TRIAL_PERIOD: u32 = 64;
/// Waits between two that begin with a yield, where all others spin. Only a yield shows that another thread wants the
/// core.
const YIELD_TRIAL_PERIOD: u32 = 1024;
/// A yield that takes longer than this ran another thread.
const PROMPT_YIELD: Duration = Duration::from_micros(2);
/// Prompt yields in a row after which the core counts as ours alone.
const PROMPT_YIELDS: u32 = 64;
/// A yield that takes longer than this ran a thread that takes no part in the channel: participants take less time for
/// their messages, and a time slice is longer. A sleeper would have had the core back at its wake.
const LONG_YIELD: Duration = Duration::from_micros(500);

/// The wait ended without a sleep.
const NO_SLEEP: u32 = 0;
/// The wait ended in a sleep shorter than [`SHORT_SLEEP`].
const SHORT: u32 = 1;
/// The wait ended in a longer sleep, or had a yield longer than [`LONG_YIELD`].
const LONG: u32 = 2;

impl AdaptiveWait {
    /// The state of a new handle, on a machine with this many cores and a ring of this many slots.
    pub const fn new(cores: usize, slots: u32) -> Self {
        let max_spins = if cores > 1 { MAX_SPINS } else { 0 };
        Self {
            strategy: AtomicU32::new(Wait::Adaptive as u32),
            max_spins,
            spins: AtomicU32::new(max_spins),
            yields: AtomicU32::new(MAX_YIELDS),
            spins_now: AtomicU32::new(max_spins),
            polls: AtomicU32::new(0),
            last_sleep: AtomicU32::new(NO_SLEEP),
            shared: AtomicU32::new(0),
            waits: AtomicU32::new(0),
            backoff: PollBackoff::new(slots),
        }
    }

    /// The handle waits like this from now on.
    pub fn set(&self, wait: Wait) {
        self.strategy.store(wait as u32, Relaxed);
    }

    fn is(&self, wait: Wait) -> bool {
        self.strategy.load(Relaxed) == wait as u32
    }

    /// Pauses before a wait's first poll, as long as the first polls find more after a longer pause.
    pub fn before_first_poll(&self) {
        if self.max_spins > 0 && self.is(Wait::Adaptive) {
            for _ in 0..self.backoff.pauses() {
                spin_loop();
            }
        }
    }

    /// The first poll of a wait found so many messages.
    pub fn after_first_poll(&self, messages: u64) {
        self.backoff.found(messages);
    }

    /// Passes the time until the next poll; false: the wait sleeps.
    pub fn spin(&self, spins: &mut Spins) -> bool {
        if self.is(Wait::Adaptive) {
            return self.spin_adaptively(spins);
        }
        spin_loop();
        spins.polls += 1;
        self.is(Wait::Spin) && (spins.polls % CLOCK_PERIOD != 0 || may_poll_on(&mut spins.since, monotonic()))
    }

    fn spin_adaptively(&self, spins: &mut Spins) -> bool {
        if spins.polls == 0 {
            self.learn();
        }
        let (spins_now, yields) = (self.spins_now.load(Relaxed), self.yields.load(Relaxed));
        let more = if spins.polls < spins_now {
            spin_loop();
            true
        } else {
            spins.polls < spins_now + yields && self.yield_core(&mut spins.since)
        };
        spins.polls += 1;
        self.polls.store(spins.polls, Relaxed);
        more
    }

    /// Yields. False: this wait has spent [`MAX_POLL_TIME`] in yields.
    fn yield_core(&self, since: &mut Option<Duration>) -> bool {
        let before = monotonic();
        if !may_poll_on(since, before) {
            return false;
        }
        std::thread::yield_now();
        self.yielded(monotonic().saturating_sub(before));
        true
    }

    /// A yield took so long.
    fn yielded(&self, time: Duration) {
        let shared = if time > PROMPT_YIELD { PROMPT_YIELDS } else { self.shared.load(Relaxed).saturating_sub(1) };
        self.shared.store(shared, Relaxed);
        if time > LONG_YIELD {
            self.yields.store(0, Relaxed);
            self.last_sleep.store(LONG, Relaxed);
        }
    }

    /// The wait has slept for so long.
    pub fn slept(&self, time: Duration) {
        if self.last_sleep.load(Relaxed) != LONG {
            self.last_sleep.store(if time < SHORT_SLEEP { SHORT } else { LONG }, Relaxed);
        }
    }

    /// Sets the spins and yields of the wait that begins, by how the last wait ended. Four cases:
    /// - (a) in a long sleep or yield: polling did not pay, so both halve;
    /// - (b) in a short sleep: more yields might have spared it;
    /// - (c) in a spin: spinning paid, and may take longer next time;
    /// - (d) in a yield: the thread that was waited for may have needed this core, so spins shrink and yields grow.
    fn learn(&self) {
        let (spins, yields) = (self.spins.load(Relaxed), self.yields.load(Relaxed));
        let (polls, spun) = (self.polls.load(Relaxed), self.spins_now.load(Relaxed));
        let (mut spins, yields) = match self.last_sleep.load(Relaxed) {
            LONG => (spins / 2, yields / 2),
            SHORT => (spins, (2 * yields + 8).min(MAX_YIELDS)),
            _ if polls <= spun => ((spins + spins.div_ceil(4)).max(2 * polls), yields),
            _ => {
                // A wait that did not spin says nothing about spinning.
                let less = if spun < spins { 0 } else { spins.div_ceil(4) };
                (spins - less, yields.max(2 * (polls - spun)).min(MAX_YIELDS))
            }
        };
        let waits = self.waits.load(Relaxed);
        if waits % SPIN_TRIAL_PERIOD == 0 && yields > 0 {
            spins = spins.max(MAX_SPINS / 2);
        }
        let spins = spins.min(self.max_spins);
        let yields_first = self.shared.load(Relaxed) > 0 || waits % YIELD_TRIAL_PERIOD == YIELD_TRIAL_PERIOD / 2;
        self.spins_now.store(if yields_first && yields > 0 { 0 } else { spins }, Relaxed);
        self.spins.store(spins, Relaxed);
        self.yields.store(yields, Relaxed);
        self.last_sleep.store(NO_SLEEP, Relaxed);
        self.waits.store(waits.wrapping_add(1), Relaxed);
    }
}

/// Whether a wait that has read the clock first at `since` has polled for less than [`MAX_POLL_TIME`].
fn may_poll_on(since: &mut Option<Duration>, now: Duration) -> bool {
    now.saturating_sub(*since.get_or_insert(now)) < MAX_POLL_TIME
}

#[cfg(test)]
mod tests;
