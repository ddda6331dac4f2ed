//! Mutants that may survive, each with its reason, and sites that no check can reach.

use crate::{
    hook::{Mutant, Operator, Weaker},
    mutants::Equivalent,
};

const RELAXED: Operator = Operator::Weaken(Weaker::Relaxed);
/// Of an exchange that acquires and releases.
const NO_ACQUIRE: Operator = Operator::Weaken(Weaker::Release);

/// See the [module](self). One that dies fails the run, as does one that is not here and survives.
pub const EQUIVALENTS: &[Equivalent] = &[
    Equivalent {
        file: "src/lock.rs",
        text: "self.word.compare_exchange(seen, mine | CONTENDED, AcqRel, Relaxed); // E7, from its death",
        operator: NO_ACQUIRE,
        reason: "what the dead owner did happens before `is_alive`'s answer, by the layer's contract",
    },
    Equivalent {
        file: "src/lock.rs",
        text: "self.word.compare_exchange(seen, held_by(me) | CONTENDED, AcqRel, Relaxed)",
        operator: NO_ACQUIRE,
        reason: "what the dead predecessor did happens before the claim of its number, by the layer's contract",
    },
    Equivalent {
        file: "src/protocol/mod.rs",
        text: "Published::from_word(self.control().published.0.load(Acquire))",
        operator: RELAXED,
        reason: "no slot is read on the account of this look: for a join it only says whether END is there",
    },
    Equivalent {
        file: "src/protocol/registry.rs",
        text: "let bound = Published::from_word(self.control().published.0.load(Acquire))",
        operator: RELAXED,
        reason: "only the count matters, and a stale one is lower, which is safe",
    },
    Equivalent {
        file: "src/protocol/registry.rs",
        text: "let start = Published::from_word(self.control().published.0.load(Acquire))",
        operator: RELAXED,
        reason: "only the count matters: every slot is read after the acquiring look of `receive`",
    },
    Equivalent {
        file: "src/protocol/registry.rs",
        text: "entry.acked.0.store(settled.word(), Release)",
        operator: RELAXED,
        reason: "fence J before it releases all that a Release would",
    },
    Equivalent {
        file: "src/signal.rs",
        text: "self.state.store(EMPTY, Relaxed); // a hint: saves them exchanges, and the next one a wake",
        operator: Operator::Drop,
        reason: "a hint: without it notifiers make exchanges, and the next one a wake, that nobody needs",
    },
];

/// Why this mutant may survive.
pub fn excuse(mutant: Mutant) -> Option<&'static str> {
    EQUIVALENTS.iter().find(|equivalent| equivalent.is(mutant)).map(|equivalent| equivalent.reason)
}

/// Lines with an operation that no check reaches: file, text, reason.
pub const UNREACHED: &[(&str, &str, &str)] = &[(
    "src/lock.rs",
    "if self.word.load(Relaxed) == FREE && self.take_free(mine)",
    "spinning: the checkers do not spin",
)];
