//! A model's signal: the shipping signal on its word, or a monitor that keeps the contract.

use super::{
    config::{ModelConfig, Primitive, WaitModel},
    engine::Engine,
    layer::{Model, asleep},
};
use crate::{
    events::{Event, record_event},
    hook::{self, Kind, Name, Operator, Verdict, Weight},
};
use ackcast::{
    layer::{Deadline, Found, Poll, Signal, Told},
    signal::WordSignal,
};
use std::{cell::Cell, panic::Location, rc::Rc, sync::atomic::Ordering::SeqCst};

/// See the [module](self). Without words and monitor, a wait polls the awaited condition itself.
#[derive(Debug)]
pub struct ModelSignal<E: Engine> {
    name: Name,
    words: Option<WordSignal<Model<E>>>,
    /// Where the waiter parks, if it parks without words.
    monitor: Option<Rc<E::Monitor>>,
    /// A notification that no wait has consumed. The monitor's mutex guards it, so it is not a word of the model.
    notified: Cell<bool>,
}

impl<E: Engine> ModelSignal<E> {
    /// The shipping signal, or one whose waiter parks on `monitor`.
    pub fn new(name: Name, words: Option<WordSignal<Model<E>>>, monitor: Option<Rc<E::Monitor>>) -> Self {
        Self { name, words, monitor, notified: Cell::new(false) }
    }

    /// Keeps the contract and does no more: parks until notified, and checks liveness after any death.
    fn sleep<T>(&self, monitor: &E::Monitor, layer: &Model<E>, mut poll: impl FnMut(Poll) -> Option<T>) -> T {
        loop {
            let deaths = layer.kernel().deaths();
            // Consumes the notification before the poll: the poll sees later changes, or their notification remains.
            E::sleep(monitor, || asleep(!self.notified.take() && layer.kernel().deaths() == 0));
            if deaths > 0 {
                E::yield_now();
            }
            let kind = if layer.kernel().deaths() > 0 { Poll::WordsAndLiveness } else { Poll::Words };
            if let Some(found) = poll(kind) {
                return found;
            }
        }
    }
}

/// A wait that a mutant skips. The last word that the poll loads reads as if the awaited condition held.
fn skip<E: Engine, T>(mut poll: impl FnMut(Poll) -> Option<T>) -> Option<T> {
    const MAX_INJECTIONS: usize = 8;
    let mut found = poll(Poll::Words);
    for _ in 0..MAX_INJECTIONS {
        if found.is_some() {
            break;
        }
        hook::inject_value(E::thread());
        found = poll(Poll::Words);
    }
    hook::stop_injecting(E::thread());
    found
}

/// A wait in which a participant may die. `Poll::WordsAndLiveness` begins as `Poll::Words` does, so it finds all that
/// the latter finds. A poll that fails is an assumption that does not hold. If it has evicted a consumer, it has
/// changed a word, so the wait polls again.
fn assume_with_liveness_checks<E: Engine, T>(mut poll: impl FnMut(Poll) -> Option<T>) -> T {
    loop {
        let evictions = hook::evictions();
        if let Some(found) = poll(Poll::WordsAndLiveness) {
            return found;
        }
        if evictions == hook::evictions() {
            E::skip();
            E::yield_now();
        }
    }
}

// SAFETY: `notify_all` fences first, where the check has fences.
unsafe impl<E: Engine> Signal<Model<E>> for ModelSignal<E> {
    #[track_caller]
    fn wait<T>(
        &self,
        layer: &Model<E>,
        deadline: Deadline,
        mut poll: impl FnMut(Poll) -> Option<Found<T>>,
    ) -> Option<T> {
        match hook::before(E::thread, Location::caller(), self.name, Kind::Wait, None) {
            Verdict::Ignore => return None,
            Verdict::Otherwise(Operator::Skip) => return skip::<E, T>(|kind| poll(kind).map(|found| found.value)),
            _ => {}
        }
        let failed_poll = if self.name.word == "data" { Event::NoData } else { Event::NoRoom };
        let mortal = layer.kernel().mortal;
        let mut poll = |kind| {
            let found = poll(kind);
            if found.is_none() && (kind == Poll::WordsAndLiveness || !mortal || self.words.is_some()) {
                record_event(failed_poll);
            }
            found
        };
        if let Some(words) = &self.words {
            return words.wait(layer, deadline, poll);
        }
        let mut poll = |kind| poll(kind).map(|found| found.value);
        if mortal && layer.kernel().config.waiting == WaitModel::Assume && deadline != Deadline::Now {
            return Some(assume_with_liveness_checks::<E, T>(poll));
        }
        let mut found = poll(Poll::Words);
        if found.is_none() && (mortal || deadline == Deadline::Now) {
            found = poll(Poll::WordsAndLiveness);
        }
        if found.is_some() || deadline == Deadline::Now {
            return found;
        }
        if let Some(monitor) = &self.monitor {
            return Some(self.sleep(monitor, layer, poll));
        }
        if layer.kernel().config.waiting == WaitModel::Assume {
            E::skip();
        }
        loop {
            E::yield_now();
            let found = poll(if mortal { Poll::WordsAndLiveness } else { Poll::Words });
            if found.is_some() {
                return found;
            }
        }
    }

    /// A signal that is no word sleeps itself.
    #[track_caller]
    fn ask<T>(&self, layer: &Model<E>, mut poll: impl FnMut(Poll) -> Option<Found<T>>) -> Option<T> {
        let Some(words) = &self.words else { return self.wait(layer, Deadline::Never, poll) };
        match hook::before(E::thread, Location::caller(), self.name, Kind::Wait, None) {
            Verdict::Ignore => None,
            Verdict::Otherwise(Operator::Skip) => skip::<E, T>(|kind| poll(kind).map(|found| found.value)),
            _ => words.ask(layer, |kind| {
                let found = poll(kind);
                if found.is_none() {
                    record_event(Event::NoData);
                }
                found
            }),
        }
    }

    #[track_caller]
    fn await_told(&self, layer: &Model<E>, check: impl FnMut() -> bool) -> Told {
        match (hook::before(E::thread, Location::caller(), self.name, Kind::Park, None), &self.words) {
            (Verdict::Ignore, _) | (_, None) => Told::Stopped,
            (_, Some(words)) => words.await_told(layer, check),
        }
    }

    #[track_caller]
    fn end_ask(&self, layer: &Model<E>) {
        match (hook::before(E::thread, Location::caller(), self.name, Kind::Notify, None), &self.words) {
            (Verdict::Ignore | Verdict::Otherwise(Operator::Drop), _) | (_, None) => {}
            (_, Some(words)) => words.end_ask(layer),
        }
    }

    fn reset(&self, layer: &Model<E>) {
        if let Some(words) = &self.words {
            words.reset(layer);
        }
    }

    #[track_caller]
    fn notify_all<'a>(layer: &Model<E>, signals: impl Iterator<Item = &'a Self>)
    where
        Self: 'a,
    {
        let name = Name { word: "signal", owner: None };
        match hook::before(E::thread, Location::caller(), name, Kind::Notify, None) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Drop) => {}
            _ if layer.kernel().config.signal == Primitive::Words => {
                WordSignal::notify_all(layer, signals.filter_map(|signal| signal.words.as_ref()));
            }
            _ => {
                // A consumer notifies parked producers, and under `Assume` no producer parks. A full fence costs no
                // step there; asymmetric fences do.
                let ModelConfig { fences, asymmetric, .. } = layer.kernel().config;
                if fences && !(asymmetric && layer.is_consumer()) {
                    layer.kernel().fence(Weight::Light, SeqCst);
                }
                if layer.kernel().config.waiting == WaitModel::Park {
                    for signal in signals {
                        if let Some(monitor) = &signal.monitor {
                            E::wake(monitor, false, || signal.notified.set(true));
                        }
                    }
                }
            }
        }
    }

    fn is_parked(&self) -> Option<bool> {
        self.words.as_ref().and_then(WordSignal::is_parked)
    }
}
