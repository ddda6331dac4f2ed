//! A model's word.

use super::engine::Engine;
use crate::hook::{self, Kind, Name, Operator, Verdict};
use ackcast::layer::Word;
use std::{panic::Location, rc::Rc, sync::atomic::Ordering};

/// A word of either width.
#[derive(Debug)]
pub struct ModelWord<E: Engine> {
    /// The engine's word.
    pub atom: E::Atom,
    /// The name, by which the hook knows it.
    pub name: Name,
    /// Every access is SeqCst, because the check does not judge orderings.
    pub sequential: bool,
    /// What its loads touch, if the loading thread may store to the word next.
    pub touched: Option<E::Atom>,
    /// Where threads park until this word changes.
    pub monitor: Option<Rc<E::Monitor>>,
}

/// The value of a word.
pub trait Value: Copy {
    /// The value of a 64-bit word.
    fn wrap(word: u64) -> Self;
    /// The value as a 64-bit word.
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
pub const fn load_part(order: Ordering) -> Ordering {
    match order {
        Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst => Ordering::Acquire,
        _ => Ordering::Relaxed,
    }
}

/// The store's share of a read-modify-write's ordering.
pub const fn store_part(order: Ordering) -> Ordering {
    match order {
        Ordering::Release | Ordering::AcqRel | Ordering::SeqCst => Ordering::Release,
        _ => Ordering::Relaxed,
    }
}

impl<E: Engine> ModelWord<E> {
    /// A word that holds 0, with ordinary accesses. No thread parks on it.
    pub fn new(word: &'static str) -> Self {
        let name = Name { word, owner: None };
        Self { atom: E::atom(0), name, sequential: false, touched: None, monitor: None }
    }

    fn order(&self, verdict: Verdict, order: Ordering) -> Ordering {
        if self.sequential { Ordering::SeqCst } else { verdict.order(order) }
    }

    /// Stores. An exchange (an eviction, a notification) may have come before. C++ puts the store after that exchange
    /// in modification order; loom does so only if the store is an exchange, too.
    fn put(&self, value: u64, order: Ordering) {
        if matches!(self.name.word, "state" | "data" | "space") {
            E::swap(&self.atom, value, order);
        } else {
            E::store(&self.atom, value, order);
        }
    }
}

// SAFETY: the engine runs one thread at a time, and each operation is one of its atomics.
unsafe impl<E: Engine, T: Value> Word<T> for ModelWord<E> {
    #[inline(never)]
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

    #[inline(never)]
    fn load_owned(&self) -> T {
        let verdict = hook::before(E::thread, Location::caller(), self.name, Kind::Load, Some(Ordering::Relaxed));
        if verdict == Verdict::Ignore {
            return T::wrap(0);
        }
        let value = E::load_exclusive(&self.atom) + hook::injected(E::thread, self.name);
        hook::after(E::thread, Kind::Load, Some(value), None);
        T::wrap(value)
    }

    #[inline(never)]
    fn store(&self, value: T, order: Ordering) {
        let verdict = hook::before(E::thread, Location::caller(), self.name, Kind::Store, Some(order));
        let value = verdict.written(value.word());
        match verdict {
            Verdict::Ignore => return,
            Verdict::Otherwise(Operator::Drop) => {}
            verdict => self.put(value, self.order(verdict, order)),
        }
        hook::after(E::thread, Kind::Store, None, Some(value));
    }

    #[inline(never)]
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

    #[inline(never)]
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
