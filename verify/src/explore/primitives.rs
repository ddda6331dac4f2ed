//! Words of an explored memory, and the shipping lock and signals on them.

use super::{
    layer::{Explored, before},
    memory::{Address, Op},
    replay::{self, Token, ask},
};
use crate::{
    hook::{Kind, Name, Operator, Verdict},
    model::word::Value,
};
use ackcast::{
    layer::{Acquired, Deadline, Found, Lock, LockError, Participant, Poll, Signal, Word},
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
        let site = Location::caller();
        match before(site, self.name, Kind::Load, Some(order)) {
            Verdict::Ignore => T::wrap(0),
            _ => T::wrap(ask(Op::Load(self.address), site, self.name, Kind::Load)),
        }
    }

    fn load_owned(&self) -> T {
        self.load(Ordering::Relaxed)
    }

    fn store(&self, value: T, order: Ordering) {
        let site = Location::caller();
        match before(site, self.name, Kind::Store, Some(order)) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Drop) => {}
            _ => drop(ask(Op::Store(self.address, value.word()), site, self.name, Kind::Store)),
        }
    }

    fn swap(&self, value: T, order: Ordering) -> T {
        let site = Location::caller();
        let ask = |op, kind| ask(op, site, self.name, kind);
        let load = || ask(Op::Load(self.address), Kind::Load);
        T::wrap(match before(site, self.name, Kind::Swap, Some(order)) {
            Verdict::Ignore => 0,
            Verdict::Otherwise(Operator::Drop) => load(),
            Verdict::Otherwise(Operator::Split) => {
                let was = load();
                ask(Op::Store(self.address, value.word()), Kind::Store);
                was
            }
            _ => ask(Op::Swap(self.address, value.word()), Kind::Swap),
        })
    }

    fn compare_exchange(&self, current: T, new: T, success: Ordering, _failure: Ordering) -> Result<T, T> {
        let site = Location::caller();
        let ask = |op, kind| ask(op, site, self.name, kind);
        let load = || ask(Op::Load(self.address), Kind::Load);
        let (expected, new) = (current.word(), new.word());
        let found = match before(site, self.name, Kind::Exchange, Some(success)) {
            Verdict::Ignore => return Ok(current),
            Verdict::Otherwise(Operator::Drop) => load(),
            Verdict::Otherwise(Operator::Split) => {
                let found = load();
                if found == expected {
                    ask(Op::Store(self.address, new), Kind::Store);
                }
                found
            }
            _ => ask(Op::Exchange(self.address, expected, new), Kind::Exchange),
        };
        if found == expected { Ok(T::wrap(found)) } else { Err(T::wrap(found)) }
    }
}

/// The shipping lock. Its steps are forgotten when it returns, because all that it keeps is in its word.
#[derive(Debug)]
pub struct ExploredLock(pub WordLock<Explored>);

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
            _ => replay::within(site, || self.0.acquire(layer, me, deadline), result),
        }
    }

    #[track_caller]
    fn inherit(&self, layer: &Explored, me: Participant) -> bool {
        let site = Location::caller();
        match before(site, LOCK, Kind::Inherit, None) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Skip) => false,
            _ => replay::within(site, || self.0.inherit(layer, me), |&taken| vec![Token::Out(taken.into())]),
        }
    }

    #[track_caller]
    fn release(&self, layer: &Explored, me: Participant) {
        let site = Location::caller();
        match before(site, LOCK, Kind::Unlock, None) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Drop) => {}
            _ => replay::within(site, || self.0.release(layer, me), |()| vec![Token::Out(0)]),
        }
    }
}

/// The shipping signal. Of a wait, only what its last poll saw is known after it.
#[derive(Debug)]
pub struct ExploredSignal(pub WordSignal<Explored>);

// SAFETY: it is the shipping signal.
unsafe impl Signal<Explored> for ExploredSignal {
    #[track_caller]
    fn wait<T>(
        &self,
        layer: &Explored,
        deadline: Deadline,
        mut poll: impl FnMut(Poll) -> Option<Found<T>>,
    ) -> Option<T> {
        let wait = || {
            let mut saw = Vec::new();
            let found = self.0.wait(layer, deadline, |kind| {
                let place = replay::place();
                let found = poll(kind);
                saw = replay::known_since(place);
                found
            });
            (found, saw)
        };
        let result = |(_, saw): &(Option<T>, Vec<Token>)| [&[Token::Out(0)], &saw[..]].concat();
        replay::within(Location::caller(), wait, result).0
    }

    fn reset(&self, layer: &Explored) {
        self.0.reset(layer);
    }

    #[track_caller]
    fn notify_all<'a>(layer: &Explored, signals: impl Iterator<Item = &'a Self>)
    where
        Self: 'a,
    {
        let site = Location::caller();
        match before(site, Name { word: "signal", owner: None }, Kind::Notify, None) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Drop) => {}
            _ => {
                let notify = || WordSignal::notify_all(layer, signals.map(|signal| &signal.0));
                replay::within(site, notify, |()| vec![Token::Out(0)]);
            }
        }
    }
}
