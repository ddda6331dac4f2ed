//! The explorer's layer.

use super::{
    memory::{Address, NO_HOLDER, Op, SlotAddress},
    primitives::{ExploredLock, ExploredSignal, ExploredWord},
    replay::{self, Engine, Operation, ask, ask_as},
};
use crate::{
    hook::{self, Kind, Name, Operator, Verdict, Weight},
    model::config::ModelConfig,
};
use ackcast::{
    layer::{Clock, Layer, LivenessUnknown, Memory, Park, Parked, Spins},
    protocol::{ConsumerEntry, Control, ProducerEntry},
};
use std::{
    cell::{Cell, RefCell},
    fmt,
    panic::Location,
    rc::Rc,
    sync::atomic::Ordering,
    time::Duration,
};

/// The result of a park: a wake, or a change of the word.
pub const WOKEN: u64 = 0;
/// The result of a park: the liveness check is due.
pub const CHECK_LIVENESS: u64 = 1;

/// The unit of the clock, if there is one.
pub const TICK: Duration = Duration::from_secs(1);
/// Ticks between two liveness checks: two, so that time may pass before a check is due.
pub const INTERVAL: u8 = 2;
/// The word that the clock is.
pub const CLOCK: Name = Name { word: "clock", owner: None };

/// Asks the hook before an operation. (The participant does not matter here.)
pub fn before(site: &'static Location<'static>, name: Name, kind: Kind, order: Option<Ordering>) -> Verdict {
    hook::before(|| 0, site, name, kind, order)
}

/// The part of a segment that its handles share.
#[derive(Debug)]
pub struct Parts {
    /// The words that all participants share.
    pub control: Control<Explored>,
    /// The consumers' words.
    pub consumers: Vec<ConsumerEntry<Explored>>,
    /// The producers' words.
    pub producers: Vec<ProducerEntry<Explored>>,
    /// By number: the word of its holder.
    pub alive: Vec<Address>,
    /// The slots.
    pub slots: Vec<SlotAddress>,
    /// What implements lock, signals and fences.
    pub config: ModelConfig,
    /// Participants may die, or one has died in its own text.
    pub mortal: Cell<bool>,
    /// The clock, if there is one.
    pub clock: Option<Address>,
}

/// A handle on a segment's words.
#[derive(Clone)]
pub struct Explored {
    /// The words that all handles share.
    pub parts: Rc<Parts>,
    /// For the graph checker: what the participant's present wait has done.
    pub wait: Rc<Wait>,
}

/// A wait in which participants may die: it checks liveness once in each sleep.
#[derive(Debug, Default)]
pub struct Wait {
    /// The word and the value of each sleep in which liveness was checked.
    checked: RefCell<Vec<(Address, u64)>>,
    /// The number of results before the last check.
    since: Cell<usize>,
    /// The participant dies before its next heavy fence.
    pub dies_unfenced: Cell<bool>,
}

impl Wait {
    /// A wait begins, or has made progress: the next sleep checks liveness.
    pub fn begin(&self) {
        self.checked.borrow_mut().clear();
    }
}

impl fmt::Debug for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explored").finish_non_exhaustive()
    }
}

impl Explored {
    /// An ordinary fence.
    #[track_caller]
    pub fn full_fence(&self, order: Ordering) {
        self.fence(Kind::Fence, Weight::Full, order, Location::caller());
    }

    fn fence(&self, kind: Kind, weight: Weight, order: Ordering, site: &'static Location<'static>) {
        let name = Name { word: "fence", owner: None };
        let weight = if self.parts.config.asymmetric { weight } else { Weight::Full };
        let verdict = before(site, name, kind, Some(order));
        let weight = match verdict {
            Verdict::Ignore | Verdict::Otherwise(Operator::Drop) => return,
            Verdict::Otherwise(Operator::Lighten) => Weight::Light,
            _ => weight,
        };
        if replay::engine() == Engine::Graphs {
            let operation = Operation::new(site, name, kind).ordered(order, verdict);
            ask_as(Op::Fence(weight, verdict.order(order)), operation);
        }
    }

    /// A park when participants may die. The first sleep on a value checks liveness. The second waits until something
    /// changes that the participant has read since.
    fn park_mortally(&self, word: &ExploredWord, expected: u64, site: &'static Location<'static>) -> Parked {
        let this = (word.address, expected);
        if ask(Op::Load(word.address, Ordering::Relaxed), site, word.name, Kind::Park) != expected {
            self.wait.begin();
            return Parked::Woken;
        }
        if self.wait.checked.borrow().contains(&this) {
            let reads = replay::answered() - self.wait.since.get();
            ask(Op::Await(reads), site, word.name, Kind::Park);
        }
        self.wait.checked.borrow_mut().push(this);
        self.wait.since.set(replay::answered());
        Parked::CheckLiveness
    }

    fn kernel(&self, number: u32, kind: Kind, op: impl FnOnce(Address) -> Op, site: &'static Location<'static>) -> u64 {
        let name = Name { word: "alive", owner: Some(number) };
        match before(site, name, kind, None) {
            Verdict::Ignore => 0,
            _ => ask(op(self.parts.alive[number as usize]), site, name, kind),
        }
    }
}

// SAFETY: fences order nothing under sequential consistency.
unsafe impl Memory for Explored {
    type W32 = ExploredWord;
    type W64 = ExploredWord;

    fn light_fence(&self, order: Ordering) {
        self.fence(Kind::LightFence, Weight::Light, order, Location::caller());
    }

    fn heavy_fence(&self, order: Ordering) {
        if self.wait.dies_unfenced.get() {
            hook::die();
        }
        self.fence(Kind::HeavyFence, Weight::Heavy, order, Location::caller());
    }
}

impl Clock for Explored {
    fn now(&self) -> Duration {
        match self.parts.clock {
            Some(clock) if !hook::is_over() => {
                TICK * ask(Op::Load(clock, Ordering::Relaxed), Location::caller(), CLOCK, Kind::Load) as u32
            }
            _ => Duration::ZERO,
        }
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
        self.kernel(number, Kind::Release, |alive| Op::Store(alive, NO_HOLDER, Ordering::Release), Location::caller());
    }

    fn is_alive(&self, number: u32) -> Result<bool, LivenessUnknown> {
        Ok(self.kernel(number, Kind::Alive, Op::Alive, Location::caller()) != 0)
    }

    fn liveness_interval(&self, _now: Duration) -> Duration {
        // Without a clock, a check may be due at any moment: it is a result of `park`.
        if self.parts.clock.is_some() { TICK * INTERVAL.into() } else { Duration::MAX }
    }
}

impl Park for Explored {
    fn spin(&self, _spins: &mut Spins) -> bool {
        false // spinning polls again, and the exploration polls at every moment anyway
    }

    fn park(&self, word: &ExploredWord, expected: u32, until: Duration) -> Parked {
        let site = Location::caller();
        match before(site, word.name, Kind::Park, None) {
            Verdict::Ignore => Parked::Stopped,
            _ if replay::engine() == Engine::Graphs && self.parts.mortal.get() => {
                self.park_mortally(word, expected.into(), site)
            }
            _ => {
                if self.parts.clock.is_some() {
                    replay::sleeps_until(until);
                }
                match ask(Op::Park(word.address, expected.into()), site, word.name, Kind::Park) {
                    CHECK_LIVENESS => Parked::CheckLiveness,
                    _ => Parked::Woken,
                }
            }
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
