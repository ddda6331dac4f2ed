//! Words of an explored memory, and the shipping lock and signals on them.

use super::{
    layer::{Explored, before},
    memory::{Address, Op},
    replay::{self, Operation, Token, ask, ask_as},
};
use crate::{
    hook::{self, Kind, Name, Operator, Verdict, Weight},
    model::{
        config::Primitive,
        word::{Value, load_part, store_part},
    },
};
use ackcast::{
    layer::{Acquired, Deadline, Found, Lock, LockError, Participant, Poll, Signal, Told, Word},
    lock::WordLock,
    signal::WordSignal,
};
use std::{panic::Location, sync::atomic::Ordering};

/// A word of either width.
#[derive(Debug)]
pub struct ExploredWord {
    pub address: Address,
    pub name: Name,
}

// SAFETY: each operation is one step of the exploration.
unsafe impl<T: Value> Word<T> for ExploredWord {
    fn load(&self, order: Ordering) -> T {
        let operation = Operation::new(Location::caller(), self.name, Kind::Load);
        match before(Location::caller(), self.name, Kind::Load, Some(order)) {
            Verdict::Ignore => T::wrap(0),
            verdict => T::wrap(ask_as(Op::Load(self.address, verdict.order(order)), operation.ordered(order, verdict))),
        }
    }

    fn load_owned(&self) -> T {
        let (site, order) = (Location::caller(), Ordering::Relaxed);
        match before(site, self.name, Kind::Load, Some(order)) {
            Verdict::Ignore => T::wrap(0),
            verdict => {
                let operation = Operation::new(site, self.name, Kind::Load).ordered(order, verdict);
                T::wrap(ask_as(Op::LoadOwned(self.address), operation))
            }
        }
    }

    fn store(&self, value: T, order: Ordering) {
        let site = Location::caller();
        match before(site, self.name, Kind::Store, Some(order)) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Drop) => {}
            verdict => {
                let operation = Operation::new(site, self.name, Kind::Store).ordered(order, verdict);
                ask_as(Op::Store(self.address, verdict.written(value.word()), verdict.order(order)), operation);
            }
        }
    }

    fn swap(&self, value: T, order: Ordering) -> T {
        let site = Location::caller();
        let verdict = before(site, self.name, Kind::Swap, Some(order));
        let ask = |op, kind| ask_as(op, Operation::new(site, self.name, kind).ordered(order, verdict));
        let load = || ask(Op::Load(self.address, load_part(order)), Kind::Load);
        T::wrap(match verdict {
            Verdict::Ignore => 0,
            Verdict::Otherwise(Operator::Drop) => load(),
            Verdict::Otherwise(Operator::Split) => {
                let was = load();
                ask(Op::Store(self.address, value.word(), store_part(order)), Kind::Store);
                was
            }
            verdict => ask(Op::Swap(self.address, value.word(), verdict.order(order)), Kind::Swap),
        })
    }

    fn compare_exchange(&self, current: T, new: T, success: Ordering, failure: Ordering) -> Result<T, T> {
        let site = Location::caller();
        let verdict = before(site, self.name, Kind::Exchange, Some(success));
        let ask = |op, kind| ask_as(op, Operation::new(site, self.name, kind).ordered(success, verdict));
        let load = || ask(Op::Load(self.address, load_part(success)), Kind::Load);
        let (expected, new) = (current.word(), new.word());
        let found = match verdict {
            Verdict::Ignore => return Ok(current),
            Verdict::Otherwise(Operator::Drop) => load(),
            Verdict::Otherwise(Operator::Split) => {
                let found = load();
                if found == expected {
                    ask(Op::Store(self.address, new, store_part(success)), Kind::Store);
                }
                found
            }
            verdict => {
                let op = Op::Exchange(self.address, expected, new, verdict.order(success), failure);
                ask(op, Kind::Exchange)
            }
        };
        if self.name.word == "state" && found == expected {
            hook::evicted();
        }
        if found == expected { Ok(T::wrap(found)) } else { Err(T::wrap(found)) }
    }
}

/// A lock: the shipping one, whose steps are forgotten when it returns, because all that it keeps is in its word. Or,
/// for the graph checker, one step on a word that is 0 while the lock is free.
#[derive(Debug)]
pub enum ExploredLock {
    Words(WordLock<Explored>),
    Abstract(Address),
}

/// Takes the abstract lock.
fn take(
    lock: Address,
    me: Participant,
    deadline: Deadline,
    site: &'static Location<'static>,
) -> Result<Acquired, LockError> {
    let op = Op::Exchange(lock, 0, 1 + u64::from(me.number), Ordering::Acquire, Ordering::Relaxed);
    match ask(op, site, LOCK, Kind::Lock) {
        0 => return Ok(Acquired::Clean),
        holder if deadline == Deadline::Now => return Err(LockError::Busy { owner: Some(holder as u32 - 1) }),
        _ => ask(Op::Await(1), site, LOCK, Kind::Lock),
    };
    unreachable!("an unsatisfied wait does not end")
}

const LOCK: Name = Name { word: "lock", owner: None };

// SAFETY: it is the shipping lock.
unsafe impl Lock<Explored> for ExploredLock {
    const IS_THREAD_INDEPENDENT: bool = true;

    #[track_caller]
    fn acquire(&self, layer: &Explored, me: Participant, deadline: Deadline) -> Result<Acquired, LockError> {
        let site = Location::caller();
        let result = |acquired: &Result<Acquired, LockError>| {
            vec![Token::Out(match acquired {
                Ok(Acquired::Clean) => 0,
                Ok(Acquired::OwnerDied) => 1,
                Err(LockError::Busy { owner }) => 2 + owner.map_or(0, |owner| 1 + u64::from(owner)),
                Err(error) => unreachable!("{error:?}"),
            })]
        };
        match before(site, LOCK, Kind::Lock, None) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Skip) => Ok(Acquired::Clean),
            _ => match self {
                Self::Words(lock) => {
                    layer.wait.begin();
                    replay::within(site, || lock.acquire(layer, me, deadline), result)
                }
                Self::Abstract(lock) => take(*lock, me, deadline, site),
            },
        }
    }

    #[track_caller]
    fn inherit(&self, layer: &Explored, me: Participant) -> bool {
        let site = Location::caller();
        match before(site, LOCK, Kind::Inherit, None) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Skip) => false,
            _ => match self {
                Self::Words(lock) => {
                    replay::within(site, || lock.inherit(layer, me), |&taken| vec![Token::Out(taken.into())])
                }
                Self::Abstract(_) => false,
            },
        }
    }

    #[track_caller]
    fn release(&self, layer: &Explored, me: Participant) {
        let site = Location::caller();
        match before(site, LOCK, Kind::Unlock, None) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Drop) => {}
            _ => match self {
                Self::Words(lock) => replay::within(site, || lock.release(layer, me), |()| vec![Token::Out(0)]),
                Self::Abstract(lock) => {
                    ask(Op::Store(*lock, 0, Ordering::Release), site, LOCK, Kind::Unlock);
                }
            },
        }
    }

    fn owner(&self) -> Option<u32> {
        match self {
            Self::Words(lock) => lock.owner(),
            Self::Abstract(_) => None,
        }
    }
}

/// A signal: the shipping one, of which only what a wait's last poll saw is known after it. Or, for the graph checker,
/// one whose wait is over when a poll finds something, whether notified or not.
#[derive(Debug)]
pub enum ExploredSignal {
    Words(WordSignal<Explored>),
    Abstract,
}

const SIGNAL: Name = Name { word: "signal", owner: None };

/// Waits on the abstract signal. In a scenario with deaths the poll checks liveness, and begins as one without does.
fn await_poll<T>(
    layer: &Explored,
    deadline: Deadline,
    site: &'static Location<'static>,
    mut poll: impl FnMut(Poll) -> Option<T>,
) -> Option<T> {
    if deadline == Deadline::Now {
        return poll(Poll::Words).or_else(|| poll(Poll::WordsAndLiveness));
    }
    let kind = if layer.parts.mortal.get() { Poll::WordsAndLiveness } else { Poll::Words };
    loop {
        let (before, evictions) = (replay::answered(), hook::evictions());
        let found = poll(kind);
        if found.is_some() || hook::is_over() {
            return found;
        }
        if evictions == hook::evictions() {
            ask(Op::Await(replay::answered() - before), site, SIGNAL, Kind::Wait);
        }
    }
}

// SAFETY: it is the shipping signal.
unsafe impl Signal<Explored> for ExploredSignal {
    #[track_caller]
    fn wait<T>(
        &self,
        layer: &Explored,
        deadline: Deadline,
        mut poll: impl FnMut(Poll) -> Option<Found<T>>,
    ) -> Option<T> {
        let site = Location::caller();
        let Self::Words(signal) = self else {
            return await_poll(layer, deadline, site, |kind| poll(kind).map(|found| found.value));
        };
        layer.wait.begin();
        let wait = || {
            let mut saw = Vec::new();
            let found = signal.wait(layer, deadline, |kind| {
                let (place, evictions) = (replay::place(), hook::evictions());
                let found = poll(kind);
                if evictions != hook::evictions() {
                    layer.wait.begin();
                }
                saw = replay::known_since(place);
                found
            });
            (found, saw)
        };
        let result = |(_, saw): &(Option<T>, Vec<Token>)| [&[Token::Out(0)], &saw[..]].concat();
        replay::within(site, wait, result).0
    }

    #[track_caller]
    fn ask<T>(&self, layer: &Explored, mut poll: impl FnMut(Poll) -> Option<Found<T>>) -> Option<T> {
        let site = Location::caller();
        let Self::Words(signal) = self else {
            return await_poll(layer, Deadline::Never, site, |kind| poll(kind).map(|found| found.value));
        };
        if hook::is_over() {
            return None;
        }
        let ask = || {
            let mut saw = Vec::new();
            let found = signal.ask(layer, |kind| {
                let place = replay::place();
                let found = poll(kind);
                saw = replay::known_since(place);
                found
            });
            (found, saw)
        };
        let result =
            |(found, saw): &(Option<T>, Vec<Token>)| [&[Token::Out(found.is_some().into())], &saw[..]].concat();
        replay::within(site, ask, result).0
    }

    #[track_caller]
    fn await_told(&self, layer: &Explored, check: impl FnMut() -> bool) -> Told {
        let site = Location::caller();
        match (before(site, SIGNAL, Kind::Park, None), self) {
            (Verdict::Ignore, _) | (_, Self::Abstract) => Told::Stopped,
            (_, Self::Words(signal)) => {
                layer.wait.begin();
                replay::within(site, || signal.await_told(layer, check), |&told| vec![Token::Out(told as u64)])
            }
        }
    }

    #[track_caller]
    fn end_ask(&self, layer: &Explored) {
        let site = Location::caller();
        match (before(site, SIGNAL, Kind::Notify, None), self) {
            (Verdict::Ignore | Verdict::Otherwise(Operator::Drop), _) | (_, Self::Abstract) => {}
            (_, Self::Words(signal)) => replay::within(site, || signal.end_ask(layer), |()| vec![Token::Out(0)]),
        }
    }

    fn reset(&self, layer: &Explored) {
        if let Self::Words(signal) = self {
            signal.reset(layer);
        }
    }

    #[track_caller]
    fn notify_all<'a>(layer: &Explored, signals: impl Iterator<Item = &'a Self>)
    where
        Self: 'a,
    {
        let site = Location::caller();
        match before(site, SIGNAL, Kind::Notify, None) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Drop) => {}
            _ if layer.parts.config.signal == Primitive::Words => {
                let words = |signal: &'a Self| match signal {
                    Self::Words(signal) => Some(signal),
                    Self::Abstract => None,
                };
                let notify = || WordSignal::notify_all(layer, signals.filter_map(words));
                replay::within(site, notify, |()| vec![Token::Out(0)]);
            }
            // The fence of the contract, where the check has fences.
            _ if layer.parts.config.fences => {
                let weight = if layer.parts.config.asymmetric { Weight::Light } else { Weight::Full };
                ask(Op::Fence(weight, Ordering::SeqCst), site, SIGNAL, Kind::LightFence);
            }
            _ => {}
        }
    }

    fn is_parked(&self) -> Option<bool> {
        match self {
            Self::Words(signal) => signal.is_parked(),
            Self::Abstract => None,
        }
    }
}
