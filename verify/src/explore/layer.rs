//! The explorer's layer.

use super::{
    memory::{Address, NO_HOLDER, Op},
    primitives::{ExploredLock, ExploredSignal, ExploredWord},
    replay::ask,
    segment::Parts,
};
use crate::hook::{self, Kind, Name, Operator, Verdict};
use ackcast::layer::{Clock, Layer, LivenessUnknown, Memory, Park, Parked, Spins};
use std::{fmt, panic::Location, rc::Rc, sync::atomic::Ordering, time::Duration};

/// The result of a park: a wake, or a change of the word.
pub const WOKEN: u64 = 0;
/// The result of a park: the liveness check is due.
pub const CHECK_LIVENESS: u64 = 1;

/// Asks the hook before an operation. (The participant does not matter here.)
pub fn before(site: &'static Location<'static>, name: Name, kind: Kind, order: Option<Ordering>) -> Verdict {
    hook::before(|| 0, site, name, kind, order)
}

/// A handle on a segment's words.
#[derive(Clone)]
pub struct Explored(pub Rc<Parts>);

impl fmt::Debug for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explored").finish_non_exhaustive()
    }
}

impl Explored {
    fn kernel(&self, number: u32, kind: Kind, op: impl FnOnce(Address) -> Op, site: &'static Location<'static>) -> u64 {
        let name = Name { word: "alive", owner: Some(number) };
        match before(site, name, kind, None) {
            Verdict::Ignore => 0,
            _ => ask(op(self.0.alive[number as usize]), site, name, kind),
        }
    }
}

// SAFETY: fences order nothing under sequential consistency.
unsafe impl Memory for Explored {
    type W32 = ExploredWord;
    type W64 = ExploredWord;

    fn light_fence(&self, order: Ordering) {
        before(Location::caller(), Name { word: "fence", owner: None }, Kind::LightFence, Some(order));
    }

    fn heavy_fence(&self, order: Ordering) {
        before(Location::caller(), Name { word: "fence", owner: None }, Kind::HeavyFence, Some(order));
    }
}

impl Clock for Explored {
    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

// SAFETY: claims are steps of the exploration.
unsafe impl Layer for Explored {
    type Lock = ExploredLock;
    type Signal = ExploredSignal;

    fn claim(&self, number: u32) -> Result<bool, LivenessUnknown> {
        Ok(self.kernel(number, Kind::Claim, Op::Claim, Location::caller()) != 0)
    }

    fn release(&self, number: u32) {
        self.kernel(number, Kind::Release, |alive| Op::Store(alive, NO_HOLDER), Location::caller());
    }

    fn is_alive(&self, number: u32) -> Result<bool, LivenessUnknown> {
        Ok(self.kernel(number, Kind::Alive, Op::Alive, Location::caller()) != 0)
    }

    fn liveness_interval(&self, _now: Duration) -> Duration {
        Duration::MAX // a check may be due at any moment: it is a result of `park`
    }
}

impl Park for Explored {
    fn spin(&self, _spins: &mut Spins) -> bool {
        false // spinning polls again, and the exploration polls at every moment anyway
    }

    fn park(&self, word: &ExploredWord, expected: u32, _until: Duration) -> Parked {
        let site = Location::caller();
        match before(site, word.name, Kind::Park, None) {
            Verdict::Ignore => Parked::Stopped,
            _ if ask(Op::Park(word.address, expected.into()), site, word.name, Kind::Park) == CHECK_LIVENESS => {
                Parked::CheckLiveness
            }
            _ => Parked::Woken,
        }
    }

    fn wake(&self, word: &ExploredWord) {
        let site = Location::caller();
        match before(site, word.name, Kind::Wake, None) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Drop) => {}
            _ => drop(ask(Op::Wake(word.address), site, word.name, Kind::Wake)),
        }
    }
}
