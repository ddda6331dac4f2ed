//! The template: check a protocol of your own.
//!
//! Write the protocol once, over [`Checkable`] memory. Say what its participants do, what must hold, and which outcomes
//! must occur. [`check`] runs it under the graph checker, loom and shuttle, finds each of its operations by running it,
//! and tries every mutant: an ordering weakened, an operation dropped, an exchange split. [`threads::run`] runs it on real memory.
//!
//! A seqlock, after Boehm, *Can Seqlocks Get Along With Programming Language Memory Models?* (MSPC 2012):
//!
//! ```
//! use ackcast::layer::Word;
//! use ackcast_verify::template::{Checkable, Outcome, Participant, Protocol, Witness, check, threads};
//! use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
//!
//! struct Seqlock;
//! struct Words<M: Checkable> {
//!     sequence: M::W64,
//!     values: [M::W64; 2],
//! }
//!
//! impl Protocol for Seqlock {
//!     const NAME: &'static str = "seqlock";
//!     type Shared<M: Checkable> = Words<M>;
//!
//!     fn shared<M: Checkable>(memory: &M) -> Words<M> {
//!         Words { sequence: memory.word64("sequence"), values: ["first", "second"].map(|name| memory.word64(name)) }
//!     }
//!
//!     fn participants<M: Checkable>() -> Vec<Participant<Self, M>> {
//!         let writer = Participant::new("writer", |words: &Words<M>, memory: &M| {
//!             words.sequence.store(1, Relaxed);
//!             memory.fence(Release); // the values are not seen before the odd number
//!             words.values.iter().for_each(|value| value.store(7, Relaxed));
//!             words.sequence.store(2, Release);
//!             vec![]
//!         });
//!         let reader = Participant::new("reader", |words: &Words<M>, memory: &M| {
//!             let before = words.sequence.load(Acquire);
//!             let values = words.values.each_ref().map(|value| value.load(Relaxed) as u8);
//!             memory.fence(Acquire); // the values are read before the number is read again
//!             let whole = before == words.sequence.load(Relaxed) && before % 2 == 0;
//!             if whole { values.to_vec() } else { vec![] }
//!         });
//!         vec![writer, reader]
//!     }
//!
//!     fn judge(outcome: &Outcome) {
//!         assert!(matches!(outcome[1][..], [] | [0, 0] | [7, 7]), "a torn read: {outcome:?}");
//!     }
//!
//!     fn witnesses() -> Vec<Witness> {
//!         vec![("the reader sees the new values", |outcome| outcome[1] == [7, 7]), ("it retries", |outcome| outcome[1].is_empty())]
//!     }
//! }
//!
//! let report = check::<Seqlock>().unwrap_or_else(|fault| panic!("{fault}"));
//! println!("{report}"); // each site, each mutant, and what killed it
//! assert_eq!(report.survivors().count(), 0);
//! // SAFETY: the checkers have found no data race.
//! let outcomes = unsafe { threads::run::<Seqlock>(100) };
//! assert!(!outcomes.is_empty());
//! ```

mod check;
pub mod memory;
pub mod model;
pub mod report;
#[cfg(test)]
mod tests;
pub mod threads;

pub use crate::events::{Outcome, Seen};
pub use memory::{Cell, Checkable};
pub use report::Report;

use crate::{
    events::Body,
    explore::Explored,
    model::{
        case::{Case, Shape},
        engine::{Engine, Loom, Shuttle},
        layer::Model,
    },
    report::counterexample::Counterexample,
};
use check::{Scenario, check_scenario};
use std::{fmt, rc::Rc};

/// An outcome that must occur, or the scenario misses its purpose: what it is, and how it is recognised.
pub type Witness = (&'static str, fn(&Outcome) -> bool);

/// What a participant does with the shared state: returns what it saw, as bytes of one's own choice.
pub type Text<S, M> = fn(&S, &M) -> Seen;

/// A participant.
pub struct Participant<P: Protocol, M: Checkable> {
    /// What people call it.
    pub name: &'static str,
    /// What it does.
    pub(crate) body: Text<P::Shared<M>, M>,
}

impl<P: Protocol, M: Checkable> fmt::Debug for Participant<P, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Participant").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<P: Protocol, M: Checkable> Participant<P, M> {
    /// A participant of this name. Its text captures nothing: what it shares is in the shared state.
    pub fn new(name: &'static str, body: Text<P::Shared<M>, M>) -> Self {
        Self { name, body }
    }
}

/// A protocol with a scenario. See the [module](self).
pub trait Protocol: Sized + 'static {
    /// Its name.
    const NAME: &'static str;
    /// How many participants may die, each at every step, for the graph checker. What a death does to the others is
    /// that [`Checkable::is_alive`] says so.
    const DEATHS: u8 = 0;
    /// Which participants may die, as bits.
    const VICTIMS: u16 = u16::MAX;
    /// Whether loom and shuttle check it, too. loom takes a SeqCst access for an AcqRel one.
    const BY_SCHEDULES: bool = true;
    /// The words and cells that the participants share.
    type Shared<M: Checkable>: 'static;

    /// Makes the shared state. All words and cells hold 0.
    fn shared<M: Checkable>(memory: &M) -> Self::Shared<M>;
    /// The participants: at most 5, or 16 for the graph checker alone. A participant's number is its place.
    fn participants<M: Checkable>() -> Vec<Participant<Self, M>>;
    /// Checks what the participants saw, by panicking. A dead participant saw [`DIED`].
    fn judge(_outcome: &Outcome) {}
    /// The outcomes that must occur: at least one.
    fn witnesses() -> Vec<Witness>;
}

/// What a participant that died saw.
pub const DIED: u8 = crate::events::event::DIED;

/// Why a check does not pass: what is wrong, and what to do.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The protocol has no participant.
    NoParticipant,
    /// There are more participants than the checkers have room for.
    TooMany {
        /// How many there are.
        participants: usize,
        /// How many there may be.
        most: usize,
    },
    /// The scenario names no outcome that must occur.
    NoWitness,
    /// No execution has this outcome.
    Unreached {
        /// The witness.
        witness: &'static str,
        /// The outcomes that do occur.
        outcomes: Vec<Outcome>,
    },
    /// An execution fails.
    Fails {
        /// The checker that found it.
        checker: String,
        /// The execution. [`Counterexample::draw`] writes it as a page.
        counterexample: Box<Counterexample>,
    },
}

impl std::error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoParticipant => f.write_str("the protocol has no participant: `participants` returns at least one"),
            Self::TooMany { participants, most } => {
                write!(f, "there are {participants} participants, and room for {most}: check a smaller scenario")
            }
            Self::NoWitness => f.write_str(
                "the scenario names no witness: `witnesses` returns at least one outcome that must occur, \
                 so that a scenario in which nothing happens does not pass",
            ),
            Self::Unreached { witness, outcomes } => write!(
                f,
                "no execution is one in which {witness}: the outcomes are {outcomes:?}. \
                 Mend the scenario, or the witness"
            ),
            Self::Fails { checker, counterexample } => {
                let why = &counterexample.message;
                write!(f, "{checker}: {why}{}\n{counterexample}", advice(why))
            }
        }
    }
}

/// What to do about a failure that comes of using the checker wrongly.
fn advice(why: &str) -> &'static str {
    if why.contains("goes round for ever") || why.contains("exceeded maximum number of branches") {
        "\n  A loop that waits for another participant uses `wait_until` or `sleep_while`; one that retries has an end."
    } else {
        ""
    }
}

fn bodies<P: Protocol, M: Checkable>(handle: &dyn Fn() -> M) -> Vec<Body> {
    let shared = Rc::new(P::shared(&handle()));
    let body = |participant: Participant<P, M>| -> Body {
        let (shared, memory) = (Rc::clone(&shared), handle());
        Box::new(move || (participant.body)(&shared, &memory))
    };
    P::participants().into_iter().map(body).collect()
}

fn count<P: Protocol>() -> u32 {
    P::participants::<Explored>().len() as u32
}

fn on_engine<P: Protocol, E: Engine>(_case: &Case) {
    memory::on_engine::<E>(count::<P>(), bodies::<P, Model<E>>, P::judge);
}

fn on_graphs<P: Protocol>(_case: &Case) {
    memory::on_graphs(count::<P>(), P::DEATHS > 0, bodies::<P, Explored>, P::judge);
}

fn role<P: Protocol>(_case: &Case, number: u32) -> String {
    P::participants::<Explored>().get(number as usize).map_or_else(String::new, |one| one.name.to_owned())
}

/// The protocol as a case of the checkers.
pub(crate) fn case<P: Protocol>() -> Case {
    Case {
        name: P::NAME,
        defends: "",
        shape: Shape::new(count::<P>(), 0, 0, 0),
        config: memory::CONFIG,
        loom: on_engine::<P, Loom>,
        shuttle: on_engine::<P, Shuttle>,
        graph: on_graphs::<P>,
        role: role::<P>,
        is_ours: false,
    }
}

/// Checks a protocol by graphs, and by schedules under loom and shuttle; then tries each of its mutants.
///
/// # Errors
/// [`Fault`]: what is wrong with the protocol, or with the way in which it is checked.
pub fn check<P: Protocol>() -> Result<Report, Fault> {
    check_scenario(&Scenario::of::<P>())
}
