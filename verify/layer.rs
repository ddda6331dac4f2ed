//! The layer of the checkers: every operation asks the hook and is then one step of the engine.

use crate::{
    config::{self, ModelLock, ModelSignal, WaitModel},
    engine::Engine,
    fences::Weight,
    fixture::{Event, record_event},
    hook::{self, Kind, Name, Operator, Verdict},
    segment::Segment,
};
use ackcast::layer::{Layer, LivenessUnknown, Park, Parked, Spins, Word};
use std::{cell::Cell, fmt, panic::Location, rc::Rc, sync::atomic::Ordering, time::Duration};

/// A participant's handle on a model's segment.
pub struct Model<E: Engine> {
    segment: Rc<Segment<E>>,
    /// The number claimed last.
    number: Cell<Option<u32>>,
    /// Who has it dies before its next heavy fence. (That is no step of a sweep: nobody else notices it at once.)
    pub dies_unfenced: Cell<bool>,
}

impl<E: Engine> Model<E> {
    pub fn new(segment: Rc<Segment<E>>) -> Self {
        Self { segment, number: Cell::new(None), dies_unfenced: Cell::new(false) }
    }

    pub fn segment(&self) -> &Segment<E> {
        &self.segment
    }
}

impl<E: Engine> Model<E> {
    /// Whether this is a consumer's handle.
    pub fn consumes(&self) -> bool {
        self.number.get().is_some_and(|number| (number as usize) < self.segment.consumers().len())
    }

    #[track_caller]
    fn fence(&self, kind: Kind, weight: Weight, order: Ordering) {
        let name = Name { word: "fence", owner: None };
        match hook::before(E::thread, Location::caller(), name, kind, Some(order)) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Drop) => {}
            Verdict::Otherwise(Operator::Lighten) => self.segment.fence(Weight::Light, order),
            verdict => self.segment.fence(weight, verdict.order(order)),
        }
    }
}

impl<E: Engine> fmt::Debug for Model<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").finish_non_exhaustive()
    }
}

/// A word of either width.
#[derive(Debug)]
pub struct ModelWord<E: Engine> {
    pub atom: E::Atom,
    pub name: Name,
    /// Every access counts as SeqCst: where orderings are not what is judged.
    pub sequential: bool,
    /// What its loads touch, if whoever loads it may store to it next.
    pub touched: Option<E::Atom>,
    /// Where threads sleep that wait for this word to change.
    pub monitor: Option<Rc<E::Monitor>>,
}

/// What a word can hold.
pub trait Value: Copy {
    fn wrap(word: u64) -> Self;
    fn word(self) -> u64;
}

impl Value for u32 {
    fn wrap(word: u64) -> Self {
        word as u32
    }
    fn word(self) -> u64 {
        self.into()
    }
}

impl Value for u64 {
    fn wrap(word: u64) -> Self {
        word
    }
    fn word(self) -> u64 {
        self
    }
}

/// The load's share of a read-modify-write's ordering.
const fn load_part(order: Ordering) -> Ordering {
    match order {
        Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst => Ordering::Acquire,
        _ => Ordering::Relaxed,
    }
}

/// The store's share of it.
const fn store_part(order: Ordering) -> Ordering {
    match order {
        Ordering::Release | Ordering::AcqRel | Ordering::SeqCst => Ordering::Release,
        _ => Ordering::Relaxed,
    }
}

impl<E: Engine> ModelWord<E> {
    fn order(&self, verdict: Verdict, order: Ordering) -> Ordering {
        if self.sequential { Ordering::SeqCst } else { verdict.order(order) }
    }

    /// Stores. An eviction, or a notification, may have come before. C++ then has it before in modification
    /// order, too, since an exchange is atomic; loom has it so only after another exchange.
    fn put(&self, value: u64, order: Ordering) {
        if matches!(self.name.word, "state" | "data" | "space") {
            E::swap(&self.atom, value, order);
        } else {
            E::store(&self.atom, value, order);
        }
    }
}

// SAFETY: the engine's atomics are as atomic as it can make them, and one at a time runs.
unsafe impl<E: Engine, T: Value> Word<T> for ModelWord<E> {
    fn load(&self, order: Ordering) -> T {
        let verdict = hook::before(E::thread, Location::caller(), self.name, Kind::Load, Some(order));
        if verdict == Verdict::Ignore {
            return T::wrap(0);
        }
        if let Some(touched) = &self.touched {
            E::touch(touched);
        }
        let value = E::load(&self.atom, self.order(verdict, order)) + hook::injected(E::thread, self.name);
        hook::after(E::thread, Kind::Load, Some(value), None);
        T::wrap(value)
    }

    fn load_owned(&self) -> T {
        let verdict = hook::before(E::thread, Location::caller(), self.name, Kind::Load, Some(Ordering::Relaxed));
        if verdict == Verdict::Ignore {
            return T::wrap(0);
        }
        let value = E::load_exclusive(&self.atom) + hook::injected(E::thread, self.name);
        hook::after(E::thread, Kind::Load, Some(value), None);
        T::wrap(value)
    }

    fn store(&self, value: T, order: Ordering) {
        match hook::before(E::thread, Location::caller(), self.name, Kind::Store, Some(order)) {
            Verdict::Ignore => return,
            Verdict::Otherwise(Operator::Drop) => {}
            verdict => self.put(value.word(), self.order(verdict, order)),
        }
        hook::after(E::thread, Kind::Store, None, Some(value.word()));
    }

    fn swap(&self, value: T, order: Ordering) -> T {
        let was = match hook::before(E::thread, Location::caller(), self.name, Kind::Swap, Some(order)) {
            Verdict::Ignore => return T::wrap(0),
            Verdict::Otherwise(Operator::Drop) => E::load(&self.atom, load_part(order)),
            Verdict::Otherwise(Operator::Split) => {
                let was = E::load(&self.atom, load_part(order));
                self.put(value.word(), store_part(order));
                was
            }
            verdict => E::swap(&self.atom, value.word(), self.order(verdict, order)),
        };
        hook::after(E::thread, Kind::Swap, Some(was), Some(value.word()));
        T::wrap(was)
    }

    fn compare_exchange(&self, current: T, new: T, success: Ordering, failure: Ordering) -> Result<T, T> {
        let (current, new) = (current.word(), new.word());
        let load = |order| match E::load(&self.atom, order) {
            found if found == current => Ok(found),
            found => Err(found),
        };
        let result = match hook::before(E::thread, Location::caller(), self.name, Kind::Exchange, Some(success)) {
            Verdict::Ignore => return Ok(T::wrap(current)),
            Verdict::Otherwise(Operator::Drop) => load(load_part(success)),
            Verdict::Otherwise(Operator::Split) => {
                let result = load(load_part(success));
                if result.is_ok() {
                    self.put(new, store_part(success));
                }
                result
            }
            verdict => E::exchange(&self.atom, current, new, self.order(verdict, success), failure),
        };
        if self.name.word == "state" && result.is_ok() {
            hook::evicted();
        }
        let (Ok(found) | Err(found)) = result;
        hook::after(E::thread, Kind::Exchange, Some(found), result.is_ok().then_some(new));
        result.map(T::wrap).map_err(T::wrap)
    }
}

// SAFETY: the engine's fences; the segment gives a number to one at a time.
unsafe impl<E: Engine> Layer for Model<E> {
    type W32 = ModelWord<E>;
    type W64 = ModelWord<E>;
    type Lock = ModelLock<E>;
    type Signal = ModelSignal<E>;

    fn light_fence(&self, order: Ordering) {
        self.fence(Kind::LightFence, Weight::Light, order);
    }

    fn heavy_fence(&self, order: Ordering) {
        if self.dies_unfenced.get() {
            hook::die();
        }
        self.fence(Kind::HeavyFence, Weight::Heavy, order);
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn claim(&self, number: u32) -> Result<bool, LivenessUnknown> {
        let name = Name { word: "alive", owner: Some(number) };
        match hook::before(E::thread, Location::caller(), name, Kind::Claim, None) {
            Verdict::Ignore => Ok(false),
            _ => {
                self.number.set(Some(number));
                Ok(self.segment.claim(number))
            }
        }
    }

    fn release(&self, number: u32) {
        let name = Name { word: "alive", owner: Some(number) };
        if hook::before(E::thread, Location::caller(), name, Kind::Release, None) != Verdict::Ignore {
            self.segment.release(number);
        }
    }

    fn is_alive(&self, number: u32) -> Result<bool, LivenessUnknown> {
        let name = Name { word: "alive", owner: Some(number) };
        match hook::before(E::thread, Location::caller(), name, Kind::Alive, None) {
            Verdict::Ignore => Ok(true),
            _ => {
                let alive = self.segment.is_alive(number);
                hook::after(E::thread, Kind::Alive, Some(alive.into()), None);
                Ok(alive)
            }
        }
    }

    fn liveness_interval(&self, _now: Duration) -> Duration {
        Duration::MAX // a check is due when somebody has died; `interference` has a clock
    }
}

impl<E: Engine> Park for Model<E> {
    fn spin(&self, _spins: &mut Spins) -> bool {
        false // spinning is looking again, and the checkers look at every moment anyway
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
        let asleep = || config::asleep(unchanged());
        match (self.segment.config.waiting, &word.monitor) {
            (WaitModel::Park, Some(monitor)) => {
                E::sleep(monitor, || config::asleep(unchanged() && self.segment.deaths() == 0));
                if self.segment.deaths() > 0 {
                    E::yield_now();
                    return Parked::CheckLiveness;
                }
            }
            (waiting, _) => {
                if asleep() {
                    // A patrol finds nothing new before somebody has died or the word has changed.
                    let this = (std::ptr::from_ref(word).addr(), expected, E::thread(), self.segment.deaths());
                    if self.segment.deaths() > 0 && self.segment.patrols.borrow_mut().insert(this) {
                        return Parked::CheckLiveness;
                    }
                    if waiting == WaitModel::Assume {
                        E::skip();
                    }
                    while {
                        E::yield_now();
                        asleep() && self.segment.deaths() == this.3
                    } {}
                    if self.segment.deaths() > this.3 {
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
