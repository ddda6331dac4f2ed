//! How long a waiter looks before it sleeps: learned from the waits before.

use super::rhythm::{Alarm, Rhythm, Rising};
use super::{monotonic, poll_backoff::PollBackoff};
use crate::layer::Spins;
use core::hint::spin_loop;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use core::time::Duration;

/// Whether [`Wait::Spin`] spins on.
#[cold]
fn spins_on(spun: &mut Spins) -> bool {
    let now = monotonic();
    now.saturating_sub(*spun.since.get_or_insert(now)) < PATIENCE
}

/// What a handle does while it waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wait {
    /// Looks for as long as recent waits say that it pays, then sleeps. Paced traffic sleeps at once,
    /// ping-pong spins, and where there are more processes than cores, it gives the others the core. Who is
    /// waited for at regular intervals is expected: the sleeper gets up a little before.
    #[default]
    Adaptive,
    /// Spins for some milliseconds before it sleeps. For a core of its own.
    Spin,
    /// Sleeps at once.
    Park,
}

/// What the waits of one handle have taught: how many looks are worth while.
///
/// All of it is a hint, written by whoever waits; it orders nothing and is in no segment.
#[derive(Debug)]
pub struct AdaptiveWait {
    /// Looks with a pause between them; then looks after giving up the core; then sleep.
    spins: AtomicU32,
    yields: AtomicU32,
    /// The looks with a pause of the wait that goes on, or that was the last: fewer where the core is shared.
    turn: AtomicU32,
    /// Looks of the wait that goes on, or that was the last.
    looks: AtomicU32,
    /// Somebody else wanted the core lately: spinning keeps them from it, whom we may be waiting for. Counts down
    /// with each time that it comes back at once.
    crowded: AtomicU32,
    /// How that wait ended, if in sleep: [`SHORT`] or [`LONG`].
    slept: AtomicU32,
    /// Waits so far: every so many, spinning is tried again.
    waits: AtomicU32,
    backoff: PollBackoff,
    rhythm: Rhythm,
    most_spins: u32,
    wait: AtomicU32,
}

/// About the price of one sleep.
const MOST_SPINS: u32 = 256;
const MOST_YIELDS: u32 = 64;
/// [`Wait::Spin`] reads the clock once in so many looks, which take some tens of microseconds.
const READS_CLOCK: u32 = 512;
/// Upper bound on the time that one wait spins, or spends in `yield_now`. Neither its deadline nor liveness is checked
/// meanwhile.
const PATIENCE: Duration = Duration::from_millis(5);
/// A sleep shorter than this would have been caught by looking on.
const WORTH: Duration = Duration::from_micros(50);
/// One wait in so many spins, even if spinning has not paid lately.
const TRIAL: u32 = 64;
/// One wait in so many begins by giving up the core, to see whether somebody wants it.
const PROBE: u32 = 1024;
/// Who has the core back later than this has shared it with somebody.
const SHARED: Duration = Duration::from_micros(2);
/// So often it has to come back at once until nobody wants it.
const CROWD: u32 = 64;

const SHORT: u32 = 1;
const LONG: u32 = 2;

impl AdaptiveWait {
    /// For a machine with this many cores, and a ring of this many slots. On a single core no other thread can answer
    /// while this one spins.
    pub const fn new(cores: usize, slots: u32) -> Self {
        let most_spins = if cores > 1 { MOST_SPINS } else { 0 };
        Self {
            spins: AtomicU32::new(most_spins),
            yields: AtomicU32::new(MOST_YIELDS),
            turn: AtomicU32::new(most_spins),
            looks: AtomicU32::new(0),
            crowded: AtomicU32::new(0),
            slept: AtomicU32::new(0),
            waits: AtomicU32::new(0),
            backoff: PollBackoff::new(slots),
            rhythm: Rhythm::new(),
            most_spins,
            wait: AtomicU32::new(Wait::Adaptive as u32),
        }
    }

    /// Waits like this from now on.
    pub fn set(&self, wait: Wait) {
        self.wait.store(wait as u32, Relaxed);
    }

    /// Passes the time until the next look; false: sleep.
    pub fn look_again(&self, spun: &mut Spins) -> bool {
        let wait = self.wait.load(Relaxed);
        if wait != Wait::Adaptive as u32 {
            spin_loop();
            spun.polls += 1;
            return wait == Wait::Spin as u32 && (spun.polls % READS_CLOCK != 0 || spins_on(spun));
        }
        let looks = &mut spun.polls;
        if *looks == 0 {
            self.learn();
        }
        let (spins, yields) = (self.turn.load(Relaxed), self.yields.load(Relaxed));
        let mut more = *looks < spins + yields;
        if *looks < spins {
            spin_loop();
        } else if more {
            more = self.give_up_the_core(&mut spun.since);
        }
        *looks += 1;
        self.looks.store(*looks, Relaxed);
        more
    }

    /// False: it had it back too late, this time and those before together.
    fn give_up_the_core(&self, since: &mut Option<Duration>) -> bool {
        let now = monotonic();
        let patient = now.saturating_sub(*since.get_or_insert(now)) < PATIENCE;
        if patient {
            std::thread::yield_now();
            self.had_it_back(monotonic().saturating_sub(now));
        }
        patient
    }

    /// The core was ours again after so long.
    fn had_it_back(&self, time: Duration) {
        let crowded = if time > SHARED { CROWD } else { self.crowded.load(Relaxed).saturating_sub(1) };
        self.crowded.store(crowded, Relaxed);
    }

    /// Pauses before a wait's first poll, while what the first polls find grows with the pause.
    pub fn before_first_poll(&self) {
        if self.most_spins > 0 && self.wait.load(Relaxed) == Wait::Adaptive as u32 {
            for _ in 0..self.backoff.pauses() {
                spin_loop();
            }
        }
    }

    /// The first poll of a wait found so many messages.
    pub fn after_first_poll(&self, messages: u64) {
        self.backoff.found(messages);
    }

    /// When to get up, if who is waited for can be expected.
    pub(super) fn alarm(&self, now: Duration) -> Option<Alarm> {
        let adaptive = self.most_spins > 0 && self.wait.load(Relaxed) == Wait::Adaptive as u32;
        if adaptive { self.rhythm.alarm(now) } else { None }
    }

    /// What was waited for came, after an alarm that went like this, or without one.
    pub(super) fn arrived(&self, now: Duration, rising: Option<Rising>) {
        self.rhythm.arrived(now, rising);
    }

    /// A sleep is over.
    pub fn slept(&self, time: Duration) {
        self.slept.store(if time < WORTH { SHORT } else { LONG }, Relaxed);
    }

    /// Draws the lesson of the last wait.
    fn learn(&self) {
        let (spins, yields) = (self.spins.load(Relaxed), self.yields.load(Relaxed));
        let (looks, turn) = (self.looks.load(Relaxed), self.turn.load(Relaxed));
        // One waiter at a time uses a handle, so none of this needs to be one step: a read-modify-write
        // would hold up the wait until all that we stored before has reached the others.
        let slept = self.slept.load(Relaxed);
        let (mut spins, yields) = match slept {
            LONG => (spins / 2, yields / 2),
            SHORT => (spins, (2 * yields + 8).min(MOST_YIELDS)),
            // It was caught while spinning, which may take longer next time.
            _ if looks <= turn => ((spins + spins.div_ceil(4)).max(2 * looks), yields),
            // Or only after the core was given to somebody else, whom spinning kept from it, if there was any.
            _ => {
                let less = if turn < spins { 0 } else { spins.div_ceil(4) };
                (spins - less, yields.max(2 * (looks - turn)).min(MOST_YIELDS))
            }
        };
        let waits = self.waits.load(Relaxed);
        if waits % TRIAL == 0 && yields > 0 {
            spins = spins.max(MOST_SPINS / 2);
        }
        let spins = spins.min(self.most_spins);
        let shared = self.crowded.load(Relaxed) > 0 || waits % PROBE == PROBE / 2;
        self.turn.store(if shared && yields > 0 { 0 } else { spins }, Relaxed);
        self.spins.store(spins, Relaxed);
        self.yields.store(yields, Relaxed);
        self.slept.store(0, Relaxed);
        self.waits.store(waits.wrapping_add(1), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks that a wait takes which ends by sleeping for so long.
    fn wait_and_sleep(budget: &AdaptiveWait, time: Duration) -> u32 {
        let mut spins = Spins::default();
        while budget.look_again(&mut spins) {}
        budget.slept(time);
        spins.polls
    }

    #[test]
    fn paced_traffic_sleeps_at_once() {
        let budget = AdaptiveWait::new(2, 1024);
        for _ in 0..16 {
            wait_and_sleep(&budget, Duration::from_millis(1));
        }
        assert_eq!(wait_and_sleep(&budget, Duration::from_millis(1)), 1, "no look before the sleep");
    }

    #[test]
    fn short_sleeps_teach_to_look_longer() {
        let budget = AdaptiveWait::new(2, 1024);
        for _ in 0..16 {
            wait_and_sleep(&budget, Duration::from_millis(1));
        }
        for _ in 0..16 {
            wait_and_sleep(&budget, Duration::from_micros(9));
        }
        wait_and_sleep(&budget, Duration::from_micros(9)); // as many looks, if the core is to be had
        assert_eq!(budget.yields.load(Relaxed), MOST_YIELDS);
    }

    #[test]
    fn what_only_comes_when_the_core_is_given_away_is_not_spun_for() {
        let budget = AdaptiveWait::new(2, 1024);
        for _ in 0..TRIAL - 1 {
            let mut looks = Spins::default();
            let spins = budget.spins.load(Relaxed);
            budget.crowded.store(0, Relaxed); // whoever else this machine works for
            while budget.look_again(&mut looks) && looks.polls <= spins {}
        }
        assert_eq!(budget.spins.load(Relaxed), 0);
    }

    #[test]
    fn where_somebody_else_wants_the_core_nobody_spins() {
        let budget = AdaptiveWait::new(2, 1024);
        let turn = || {
            budget.learn();
            budget.turn.load(Relaxed)
        };
        assert_ne!(turn(), 0);
        budget.had_it_back(2 * SHARED);
        assert_eq!(turn(), 0);
        (1..CROWD).for_each(|_| budget.had_it_back(Duration::ZERO));
        assert_eq!(turn(), 0, "they may be back");
        budget.had_it_back(Duration::ZERO);
        assert_ne!(turn(), 0, "they do not come any more");
        let spins = budget.spins.load(Relaxed);
        assert_eq!(spins, MOST_SPINS, "what spinning is worth otherwise is not forgotten");
        assert_eq!((0..PROBE).filter(|_| turn() == 0).count(), 1, "who spins does not hear of it, so one asks");
    }

    #[test]
    fn who_does_not_get_the_core_back_in_time_sleeps() {
        let budget = AdaptiveWait::new(2, 1024);
        let mut looks = Spins { polls: MOST_SPINS, since: None };
        assert!(budget.look_again(&mut looks), "it yields for the first time");
        looks.since = Some(monotonic().saturating_sub(2 * PATIENCE));
        assert!(!budget.look_again(&mut looks), "and that took too long");
    }

    #[test]
    fn nobody_spins_on_one_core_and_strategies_are_what_they_say() {
        let budget = AdaptiveWait::new(1, 1024);
        assert_eq!(budget.spins.load(Relaxed), 0);
        budget.set(Wait::Park);
        assert!(!budget.look_again(&mut Spins::default()));
        budget.set(Wait::Spin);
        let mut looks = Spins { polls: READS_CLOCK - 1, since: None };
        assert!(budget.look_again(&mut looks) && looks.since.is_some());
        let long_ago = Some(monotonic().saturating_sub(2 * PATIENCE));
        assert!(!budget.look_again(&mut Spins { polls: READS_CLOCK - 1, since: long_ago }));
    }
}
