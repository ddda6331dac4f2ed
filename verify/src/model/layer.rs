//! The layer of the model checkers: every operation asks the hook and is then one step of the engine.

use super::{config::WaitModel, engine::Engine, kernel::Kernel, lock::ModelLock, signal::ModelSignal, word::ModelWord};
use crate::{
    events::{Event, record_event},
    hook::{self, Kind, Name, Operator, Verdict, Weight},
};
use ackcast::layer::{Clock, Layer, LivenessUnknown, Memory, Park, Parked, Spins};
use std::{cell::Cell, fmt, panic::Location, rc::Rc, sync::atomic::Ordering, time::Duration};

/// A participant's layer.
pub struct Model<E: Engine> {
    kernel: Rc<Kernel<E>>,
    /// The participant's number: the last one claimed.
    number: Cell<Option<u32>>,
    /// The participant dies before its next heavy fence. (A sweep has no such step, because a fence is not an effect.)
    pub dies_unfenced: Cell<bool>,
}

impl<E: Engine> Model<E> {
    /// The layer of a new participant.
    pub fn new(kernel: Rc<Kernel<E>>) -> Self {
        Self { kernel, number: Cell::new(None), dies_unfenced: Cell::new(false) }
    }

    /// The kernel that all participants share.
    pub fn kernel(&self) -> &Kernel<E> {
        &self.kernel
    }
}

impl<E: Engine> Model<E> {
    /// Whether this is a consumer's handle.
    pub fn is_consumer(&self) -> bool {
        self.number.get().is_some_and(|number| number < self.kernel.consumers)
    }

    /// An ordinary fence.
    #[track_caller]
    pub fn full_fence(&self, order: Ordering) {
        let name = Name { word: "fence", owner: None };
        match hook::before(E::thread, Location::caller(), name, Kind::Fence, Some(order)) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Drop) => {}
            verdict => E::fence(verdict.order(order)),
        }
    }

    #[track_caller]
    fn fence(&self, kind: Kind, weight: Weight, order: Ordering) {
        let name = Name { word: "fence", owner: None };
        match hook::before(E::thread, Location::caller(), name, kind, Some(order)) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Drop) => {}
            Verdict::Otherwise(Operator::Lighten) => self.kernel.fence(Weight::Light, order),
            verdict => self.kernel.fence(weight, verdict.order(order)),
        }
    }
}

impl<E: Engine> fmt::Debug for Model<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").finish_non_exhaustive()
    }
}

/// Records that the thread sleeps, if it does.
pub fn asleep(sleeps: bool) -> bool {
    if sleeps {
        record_event(Event::Sleep);
    }
    sleeps
}

// SAFETY: fences are the engine's.
unsafe impl<E: Engine> Memory for Model<E> {
    type W32 = ModelWord<E>;
    type W64 = ModelWord<E>;

    fn light_fence(&self, order: Ordering) {
        self.fence(Kind::LightFence, Weight::Light, order);
    }

    fn heavy_fence(&self, order: Ordering) {
        if self.dies_unfenced.get() {
            hook::die();
        }
        self.fence(Kind::HeavyFence, Weight::Heavy, order);
    }
}

impl<E: Engine> Clock for Model<E> {
    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

// SAFETY: the segment gives a number to one holder at a time.
unsafe impl<E: Engine> Layer for Model<E> {
    type Lock = ModelLock<E>;
    type Signal = ModelSignal<E>;

    fn claim(&self, number: u32) -> Result<bool, LivenessUnknown> {
        let name = Name { word: "alive", owner: Some(number) };
        match hook::before(E::thread, Location::caller(), name, Kind::Claim, None) {
            Verdict::Ignore => Ok(false),
            _ => {
                self.number.set(Some(number));
                Ok(self.kernel.claim(number))
            }
        }
    }

    fn release(&self, number: u32) {
        let name = Name { word: "alive", owner: Some(number) };
        if hook::before(E::thread, Location::caller(), name, Kind::Release, None) != Verdict::Ignore {
            self.kernel.release(number);
        }
    }

    fn is_alive(&self, number: u32) -> Result<bool, LivenessUnknown> {
        let name = Name { word: "alive", owner: Some(number) };
        match hook::before(E::thread, Location::caller(), name, Kind::Alive, None) {
            Verdict::Ignore => Ok(true),
            _ => {
                let alive = self.kernel.is_alive(number);
                hook::after(E::thread, Kind::Alive, Some(alive.into()), None);
                Ok(alive)
            }
        }
    }

    fn liveness_interval(&self, _now: Duration) -> Duration {
        Duration::MAX // a check is due after a death; `interference` has a clock
    }
}

impl<E: Engine> Park for Model<E> {
    fn spin(&self, _spins: &mut Spins) -> bool {
        false // spinning polls again, and the checkers poll at every moment anyway
    }

    fn park(&self, word: &ModelWord<E>, expected: u32, _until: Duration) -> Parked {
        let verdict = hook::before(E::thread, Location::caller(), word.name, Kind::Park, None);
        if verdict == Verdict::Ignore {
            return Parked::Stopped;
        }
        if word.name.word == "lock" {
            record_event(Event::LockHeld);
        }
        let unchanged = || E::load_owned(&word.atom, Ordering::Relaxed) == u64::from(expected);
        let sleeps = || asleep(unchanged());
        match (self.kernel.config.waiting, &word.monitor) {
            (WaitModel::Park, Some(monitor)) => {
                E::sleep(monitor, || asleep(unchanged() && self.kernel.deaths() == 0));
                if self.kernel.deaths() > 0 {
                    E::yield_now();
                    return Parked::CheckLiveness;
                }
            }
            (waiting, _) => {
                if sleeps() {
                    // A liveness check finds nothing new before another death or a change of the word.
                    let this = (std::ptr::from_ref(word).addr(), expected, E::thread(), self.kernel.deaths());
                    if self.kernel.deaths() > 0 && self.kernel.liveness_checks.borrow_mut().insert(this) {
                        return Parked::CheckLiveness;
                    }
                    if waiting == WaitModel::Assume {
                        E::skip();
                    }
                    while {
                        E::yield_now();
                        sleeps() && self.kernel.deaths() == this.3
                    } {}
                    if self.kernel.deaths() > this.3 {
                        return Parked::CheckLiveness;
                    }
                }
            }
        }
        Parked::Woken
    }

    fn wake(&self, word: &ModelWord<E>) {
        match hook::before(E::thread, Location::caller(), word.name, Kind::Wake, None) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Drop) => {}
            _ => {
                if let Some(monitor) = &word.monitor {
                    E::wake(monitor, false, || {});
                }
            }
        }
    }
}
