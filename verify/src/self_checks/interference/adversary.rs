//! The adversary: a layer with a clock, whose sleeps last and end as a sequence says.

use ackcast::layer::{Clock, Deadline, Layer, LivenessUnknown, Memory, Park, Parked, Spins};
use ackcast::lock::WordLock;
use ackcast::signal::WordSignal;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// The clock's unit.
pub const TICK: Duration = Duration::from_millis(1);
/// Ticks between two liveness checks.
pub const INTERVAL: u32 = 4;
/// How many sleeps of a wait a sequence chooses; the next sleep ends the wait.
pub const SLEEPS: usize = 6;
/// The sleeps that a sequence chooses from.
const CHOICES: [Sleep; 5] = [
    Sleep { lasts: Some(0), ends: Parked::Woken },
    Sleep { lasts: Some(1), ends: Parked::Woken },
    Sleep { lasts: Some(INTERVAL - 1), ends: Parked::Woken },
    Sleep { lasts: None, ends: Parked::Woken },
    Sleep { lasts: Some(1), ends: Parked::CheckLiveness },
];

#[derive(Clone, Copy, Debug)]
struct Sleep {
    /// In ticks; `None`: until its time is up.
    lasts: Option<u32>,
    ends: Parked,
}

/// The clock, the sequence of sleeps, and what the wait has done.
#[derive(Default)]
pub struct Adversary {
    now: Cell<Duration>,
    /// The last call of `park` returned at once, because its time was up.
    late: Cell<bool>,
    /// The clock that the wait reads stands still.
    pub stopped: Cell<bool>,
    /// When the wait last checked liveness, or began.
    checked: Cell<Duration>,
    deadline: Cell<Option<Duration>>,
    /// The sequence: an index into [`CHOICES`] for each sleep.
    sleeps: RefCell<Vec<usize>>,
    /// How many sleeps there were.
    pub slept: Cell<usize>,
    /// The dead participants, a bit for each number.
    pub dead: Cell<u32>,
}

/// The layer of the participant that waits.
#[derive(Clone, Default)]
pub struct AdversaryLayer(pub Rc<Adversary>);

impl std::fmt::Debug for AdversaryLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdversaryLayer").finish_non_exhaustive()
    }
}

impl AdversaryLayer {
    /// Starts a wait with this sequence, and a deadline in so many ticks.
    pub fn begin(&self, sleeps: &[usize], deadline: Option<u32>) -> Deadline {
        let now = self.0.now.get();
        self.0.checked.set(now);
        self.0.slept.set(0);
        *self.0.sleeps.borrow_mut() = sleeps.to_vec();
        self.0.deadline.set(deadline.map(|ticks| now + TICK * ticks));
        self.0.deadline.get().map_or(Deadline::Never, Deadline::At)
    }

    /// Notes a liveness check.
    pub fn check(&self) {
        self.0.checked.set(self.0.now.get());
    }

    fn tick(&self, ticks: u32) {
        self.0.now.set(self.0.now.get() + TICK * ticks);
    }
}

// SAFETY: one thread uses the layer.
unsafe impl Memory for AdversaryLayer {
    type W32 = AtomicU32;
    type W64 = AtomicU64;

    fn light_fence(&self, _: Ordering) {}

    fn heavy_fence(&self, _: Ordering) {}
}

impl Clock for AdversaryLayer {
    fn now(&self) -> Duration {
        if self.0.stopped.get() { Duration::ZERO } else { self.0.now.get() }
    }
}

// SAFETY: one thread uses the layer, and no slot is accessed.
unsafe impl Layer for AdversaryLayer {
    type Lock = WordLock<Self>;
    type Signal = WordSignal<Self>;

    fn claim(&self, _: u32) -> Result<bool, LivenessUnknown> {
        Ok(true)
    }

    fn release(&self, _: u32) {}

    fn is_alive(&self, number: u32) -> Result<bool, LivenessUnknown> {
        self.check();
        Ok(self.0.dead.get() & (1 << number) == 0)
    }

    fn liveness_interval(&self, _: Duration) -> Duration {
        TICK * INTERVAL
    }
}

impl Park for AdversaryLayer {
    fn spin(&self, spins: &mut Spins) -> bool {
        spins.since.get_or_insert(self.now());
        self.tick(1); // a yield that ran another thread
        spins.polls += 1;
        spins.polls < 2
    }

    fn park(&self, _: &AtomicU32, _: u32, until: Duration) -> Parked {
        if until <= self.0.now.get() && !self.0.stopped.get() {
            let late = self.0.late.replace(true);
            assert!(!late, "a second sleep begins after the time is up");
            return Parked::Woken; // the time was up before the sleep
        }
        self.0.late.set(false);
        let (now, due) = (self.0.now.get(), self.0.checked.get() + TICK * INTERVAL);
        assert!(now < due, "a sleep begins {:?} after the liveness check was due", now - due);
        assert!(until <= due, "a sleep may last {:?} longer than to the liveness check", until - due);
        if let Some(deadline) = self.0.deadline.get() {
            assert!(now < deadline, "a sleep begins {:?} after the deadline", now - deadline);
            assert!(until <= deadline, "a sleep may last {:?} longer than to the deadline", until - deadline);
        }
        let slept = self.0.slept.get();
        self.0.slept.set(slept + 1);
        let Some(&choice) = self.0.sleeps.borrow().get(slept) else { return Parked::Stopped };
        let Sleep { lasts, ends } = CHOICES[choice];
        match lasts {
            Some(ticks) => self.tick(ticks),
            None => self.0.now.set(until),
        }
        ends
    }

    fn wake(&self, _: &AtomicU32) {}
}

/// Runs `wait` with every sequence of sleeps.
pub fn each_sequence(mut wait: impl FnMut(&[usize])) {
    let count = CHOICES.len().pow(SLEEPS as u32);
    for number in 0..count {
        let sequence: Vec<_> =
            (0..SLEEPS).map(|sleep| number / CHOICES.len().pow(sleep as u32) % CHOICES.len()).collect();
        wait(&sequence);
    }
}

/// No deadline, and deadlines in ticks: before, soon after and long after the first liveness check.
pub const DEADLINES: [Option<u32>; 4] = [None, Some(1), Some(INTERVAL + 1), Some(3 * INTERVAL)];
