//! A protocol in a few lines: [`model!`](crate::model!), for the gallery and the course.

use super::{
    Fault, Outcome, Protocol, Report,
    check::{Scenario, check_scenario},
    threads,
};
use crate::{
    checks::run::{Checker, check as check_by, trace},
    hook::{self, Armed, Step},
    model::case::Case,
};
use std::{collections::BTreeSet, fmt};

/// The type of a field of a `model!`, and the call that makes it.
#[doc(hidden)]
#[macro_export]
macro_rules! model_field {
    (@type $m:ident word32) => { $m::W32 };
    (@type $m:ident word64) => { $m::W64 };
    (@type $m:ident cell) => { $m::Cell };
    (@type $m:ident [$kind:tt; $n:literal]) => { [$crate::model_field!(@type $m $kind); $n] };
    (@make $memory:ident $field:ident [$kind:tt; $n:literal]) => {
        ::std::array::from_fn(|place| {
            $memory.$kind([
                concat!(stringify!($field), "[0]"),
                concat!(stringify!($field), "[1]"),
                concat!(stringify!($field), "[2]"),
                concat!(stringify!($field), "[3]"),
            ][place])
        })
    };
    (@make $memory:ident $field:ident $kind:ident) => { $memory.$kind(stringify!($field)) };
}

/// A protocol with a scenario, once with its mistake and once without: its words and cells, what its participants do,
/// what must hold, and what must occur.
///
/// It makes `$name<REPAIRED>`, which implements [`Protocol`], and the struct `Words<M>` of its fields. A field is a
/// `word32`, a `word64` or a `cell`, or an array of up to four, such as `[word32; 2]`. All hold 0 at first.
///
/// Options come after the fields: `@deaths 1 of 0b01;` (how many participants may die, and which, as bits) and
/// `@graphs;` (neither loom nor shuttle runs it).
#[macro_export]
macro_rules! model {
    (
        $name:ident { $($field:ident: $kind:tt),+ $(,)? }
        $(@deaths $deaths:literal of $victims:literal;)?
        $(@graphs $($only:literal)?;)?
        $($participant:literal => |$words:ident, $memory:ident| $body:block)+
        judge |$seen:ident| $judge:expr;
        $(witness $what:literal |$outcome:ident| $is:expr;)+
    ) => {
        #[derive(Debug)]
        pub(super) struct $name<const REPAIRED: bool>;

        pub(super) struct Words<M: $crate::template::Checkable> {
            $($field: $crate::model_field!(@type M $kind),)+
        }

        impl<const REPAIRED: bool> $crate::template::Protocol for $name<REPAIRED> {
            const NAME: &'static str =
                if REPAIRED { concat!(stringify!($name), ", repaired") } else { stringify!($name) };
            $(const DEATHS: u8 = $deaths; const VICTIMS: u16 = $victims;)?
            $(const BY_SCHEDULES: bool = false $(&& $only)?;)?
            type Shared<M: $crate::template::Checkable> = Words<M>;

            fn shared<M: $crate::template::Checkable>(memory: &M) -> Words<M> {
                Words { $($field: $crate::model_field!(@make memory $field $kind),)+ }
            }

            fn participants<M: $crate::template::Checkable>() -> Vec<$crate::template::Participant<Self, M>> {
                vec![$($crate::template::Participant::new(
                    $participant,
                    |$words: &Words<M>, $memory: &M| -> $crate::template::Seen { $body },
                )),+]
            }

            fn judge($seen: &$crate::template::Outcome) {
                $judge;
            }

            fn witnesses() -> Vec<$crate::template::Witness> {
                vec![$(($what, |$outcome| $is)),+]
            }
        }
    };
}

/// A protocol as a value.
#[derive(Clone, Copy)]
pub struct Subject {
    /// The protocol as a case.
    pub case: Case,
    scenario: Scenario,
    threads: unsafe fn(u32) -> Vec<Outcome>,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("case", &self.case.name).finish_non_exhaustive()
    }
}

/// What a checker found in a [`Subject`].
#[derive(Clone, Debug)]
pub struct Search {
    /// How many executions, schedules or graphs there were, up to the failing one.
    pub executions: u64,
    /// The outcomes of the complete ones.
    pub outcomes: BTreeSet<Outcome>,
    /// What is wrong, and the execution in which it is.
    pub failure: Option<(String, Vec<Step>)>,
}

impl Subject {
    /// This protocol.
    pub fn of<P: Protocol>() -> Self
    where
        P::Shared<threads::Threads>: Sync,
    {
        let scenario = Scenario::of::<P>();
        Self { case: scenario.case, scenario, threads: threads::run::<P> }
    }

    /// Explores all graphs, up to the first failure.
    pub fn by_graphs(&self) -> Search {
        hook::arm(Armed::default());
        let found = self.scenario.by_graphs();
        hook::disarm();
        let executions = found.counts.complete + found.counts.blocked;
        Search { executions, outcomes: found.outcomes, failure: found.failure }
    }

    /// Runs schedules, up to the first failure. `None`: this checker cannot run the protocol.
    pub fn by(&self, checker: Checker) -> Option<Search> {
        if !self.scenario.by_schedules {
            return None;
        }
        let found = check_by(self.case, checker, Armed::default());
        let steps = |message: &String| (message.clone(), trace(self.case, checker, Armed::default(), &found));
        let failure = found.failure.as_ref().map(|failure| steps(&failure.message));
        Some(Search { executions: found.executions, outcomes: found.outcomes, failure })
    }

    /// Checks the protocol and its mutants: see [`check`](super::check).
    ///
    /// # Errors
    /// As [`check`](super::check).
    pub fn check(&self) -> Result<Report, Fault> {
        check_scenario(&self.scenario)
    }

    /// Runs the protocol in threads, so many times: see [`threads::run`].
    ///
    /// # Safety
    /// As [`threads::run`].
    pub unsafe fn in_threads(&self, rounds: u32) -> Vec<Outcome> {
        // SAFETY: the caller's promise.
        unsafe { (self.threads)(rounds) }
    }
}
