//! Litmus tests: what each checker says of the classic questions, what C++20 says, and what a real machine shows.
//!
//! Each test is a few threads on two words, written once over [`Checkable`] memory, and an outcome that is asked about.
//! `catalogue` has the tests, [`verdict`] asks the checkers, [`machine`] runs real threads. [`page`] is
//! `docs/litmus.md`: a test compares the page with the catalogue and with the checkers' answers.

mod catalogue;
pub mod machine;
pub mod page;
pub mod verdict;

pub use catalogue::tests;

use crate::{
    model::case::Case,
    template::{
        self, Checkable, Outcome, Participant, Protocol, Seen, Text, Witness,
        threads::{Atomic, Threads},
    },
};
use ackcast::{layer::Word, protocol::CachePadded};
use std::{
    fmt,
    marker::PhantomData,
    sync::atomic::{
        AtomicU64,
        Ordering::{self, AcqRel},
    },
};

/// What C++20 says of the outcome that is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standard {
    /// An execution may have it.
    Allowed,
    /// No execution has it.
    Forbidden,
}

/// The words of a test, each on cache lines of its own.
#[derive(Debug)]
pub(crate) struct Words<M: Checkable> {
    x: CachePadded<M::W64>,
    y: CachePadded<M::W64>,
    /// How many threads have ended, where a test reads final values.
    ended: CachePadded<M::W64>,
}

impl<M: Checkable> Words<M> {
    fn new(memory: &M) -> Self {
        let [x, y, ended] = ["x", "y", "ended"].map(|name| CachePadded(memory.word64(name)));
        Self { x, y, ended }
    }

    fn view<'a>(&'a self, memory: &'a M) -> View<'a, M> {
        View { x: &self.x.0, y: &self.y.0, ended: &self.ended.0, memory }
    }
}

/// What a thread of a test uses: the words, and fences.
#[derive(Debug)]
struct View<'a, M: Checkable> {
    x: &'a M::W64,
    y: &'a M::W64,
    ended: &'a M::W64,
    memory: &'a M,
}

impl<M: Checkable> View<'_, M> {
    #[track_caller]
    fn fence(&self, order: Ordering) {
        self.memory.fence(order);
    }

    #[track_caller]
    fn light_fence(&self, order: Ordering) {
        self.memory.light_fence(order);
    }

    #[track_caller]
    fn heavy_fence(&self, order: Ordering) {
        self.memory.heavy_fence(order);
    }

    /// The final values of x and y, for the thread of two that ends last. Both threads' stores happen before its loads.
    #[track_caller]
    fn final_values(&self) -> Vec<u64> {
        // AcqRel, pairs with the other thread's: the stores of the thread that ends first.
        let is_last = self.ended.swap(1, AcqRel) == 1;
        if is_last { vec![self.x.load(Ordering::Relaxed), self.y.load(Ordering::Relaxed)] } else { vec![] }
    }
}

/// What a thread's text returns: the values that it read.
trait Reads {
    fn seen(self) -> Seen;
}

impl Reads for () {
    fn seen(self) -> Seen {
        Seen::new()
    }
}

impl<const N: usize> Reads for [u64; N] {
    fn seen(self) -> Seen {
        self.iter().map(|&value| value as u8).collect()
    }
}

impl Reads for Vec<u64> {
    fn seen(self) -> Seen {
        self.into_iter().map(|value| value as u8).collect()
    }
}

/// A litmus test as a type. `litmus!` implements it.
trait Litmus: 'static {
    /// The first line of its text in the catalogue.
    const LINE: u32;
    const NAME: &'static str;
    /// The outcome that is asked about, in words and as the values that the threads read, thread by thread.
    const ASKED: (&'static str, &'static [u8]);
    const STANDARD: Standard;
    const WHY: &'static str;
    const NOTE: &'static str;

    fn threads<M: Checkable>() -> Vec<Text<Words<M>, M>>;
}

/// A litmus test as a protocol.
struct Run<L>(PhantomData<L>);

impl<L: Litmus> Protocol for Run<L> {
    const NAME: &'static str = L::NAME;
    type Shared<M: Checkable> = Words<M>;

    fn shared<M: Checkable>(memory: &M) -> Words<M> {
        Words::new(memory)
    }

    fn participants<M: Checkable>() -> Vec<Participant<Self, M>> {
        L::threads().into_iter().map(|text| Participant::new("thread", text)).collect()
    }

    fn witnesses() -> Vec<Witness> {
        vec![]
    }
}

/// A litmus test as a value.
#[derive(Clone, Copy)]
pub struct Test {
    /// Its name: the shape, and what is special about it.
    pub name: &'static str,
    /// The outcome that is asked about, in words.
    pub asked: &'static str,
    /// The same as the values that the threads read, thread by thread.
    pub values: &'static [u8],
    /// What C++20 says of this outcome.
    pub standard: Standard,
    /// Why, in a line.
    pub why: &'static str,
    /// What else a reviewer should know.
    pub note: &'static str,
    line: u32,
    case: fn() -> Case,
    threads: fn() -> Vec<Text<Words<Threads>, Threads>>,
}

impl fmt::Debug for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Test").field("name", &self.name).field("line", &self.line).finish_non_exhaustive()
    }
}

impl Test {
    fn of<L: Litmus>() -> Self {
        Self {
            name: L::NAME,
            asked: L::ASKED.0,
            values: L::ASKED.1,
            standard: L::STANDARD,
            why: L::WHY,
            note: L::NOTE,
            line: L::LINE,
            case: template::case::<Run<L>>,
            threads: L::threads::<Threads>,
        }
    }

    /// Whether this is the outcome that is asked about.
    pub fn is_asked(&self, outcome: &Outcome) -> bool {
        outcome.iter().flatten().eq(self.values)
    }
}

/// Real threads share these words.
const _: fn() = || {
    fn is_shared<T: Sync>() {}
    is_shared::<Words<Threads>>();
    is_shared::<Atomic<AtomicU64>>();
};
