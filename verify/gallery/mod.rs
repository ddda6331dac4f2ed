//! Protocols that fail. Each has a mistake that real programs make, and its repair.
//!
//! A file is a model: the same text with `REPAIRED` false must fail, and with `REPAIRED` true must pass. Its head is the
//! page in `docs/gallery/`.

mod acknowledge_before_copy;
mod check_then_sleep;
mod dekker_with_release_and_acquire;
mod double_checked_header;
mod end_as_a_second_word;
mod end_over_last_message;
mod eviction_by_timeout;
mod fence_on_one_side;
mod flag_before_payload;
mod header_grown_by_the_loser;
mod joining_without_a_fence;
mod liveness_after_undisturbed_sleep;
mod lock_of_a_dead_owner;
mod lock_without_generations;
mod no_acknowledgement;
pub mod ring_under_review;
mod sentinel_in_element_0;
mod seqlock_without_fence;
mod sequence_outside_the_lock;
mod shared_acknowledgement_counter;
mod shared_event;
mod trusted_length;

use crate::template::model::Subject;

/// What the models use.
#[allow(unused_imports, reason = "not each model uses all")]
pub(crate) mod prelude {
    pub(crate) use crate::{
        model,
        template::{Cell, Checkable, DIED},
    };
    pub(crate) use ackcast::layer::Word;
    pub(crate) use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
}

/// A model with a mistake.
#[derive(Clone, Copy, Debug)]
pub struct Specimen {
    /// Its name, which is its file's.
    pub name: &'static str,
    /// Its text.
    pub source: &'static str,
    /// The model with its mistake.
    pub broken: Subject,
    /// The model without.
    pub repaired: Subject,
}

/// The files with their models.
#[macro_export]
macro_rules! specimens {
    ($($file:ident: $model:ident),+ $(,)?) => {
        vec![$($crate::gallery::Specimen {
            name: stringify!($file),
            source: include_str!(concat!(stringify!($file), ".rs")),
            broken: $crate::template::model::Subject::of::<$file::$model<false>>(),
            repaired: $crate::template::model::Subject::of::<$file::$model<true>>(),
        }),+]
    };
}

/// All specimens, in the order of their page.
pub fn specimens() -> Vec<Specimen> {
    crate::specimens! {
        shared_event: SharedEvent,
        end_over_last_message: EndOverLastMessage,
        sentinel_in_element_0: SentinelInElement0,
        flag_before_payload: FlagBeforePayload,
        no_acknowledgement: NoAcknowledgement,
        shared_acknowledgement_counter: SharedAcknowledgementCounter,
        acknowledge_before_copy: AcknowledgeBeforeCopy,
        check_then_sleep: CheckThenSleep,
        dekker_with_release_and_acquire: DekkerWithReleaseAndAcquire,
        lock_of_a_dead_owner: LockOfADeadOwner,
        lock_without_generations: LockWithoutGenerations,
        eviction_by_timeout: EvictionByTimeout,
        sequence_outside_the_lock: SequenceOutsideTheLock,
        trusted_length: TrustedLength,
        double_checked_header: DoubleCheckedHeader,
        header_grown_by_the_loser: HeaderGrownByTheLoser,
        seqlock_without_fence: SeqlockWithoutFence,
        end_as_a_second_word: EndAsASecondWord,
        joining_without_a_fence: JoiningWithoutAFence,
        liveness_after_undisturbed_sleep: LivenessAfterUndisturbedSleep,
        fence_on_one_side: FenceOnOneSide,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Specimen, specimens};

    /// Mutants of a repaired model that live: how many, and why.
    const SURVIVORS: [(&str, usize, &str); 1] =
        [("header_grown_by_the_loser", 1, "new memory is 0, so the initialiser's store of 0 changes nothing")];

    /// Each model fails with its mistake, and passes without, under all checkers and in threads.
    pub(crate) fn fail_and_pass(all: &[Specimen]) {
        for Specimen { name, broken, repaired, .. } in all {
            let (why, _) = broken.by_graphs().failure.unwrap_or_else(|| panic!("{name} passes"));
            println!("{name}: {why}");
            let report = repaired.check().unwrap_or_else(|fault| panic!("{name}: {fault}"));
            println!("{report}");
            let excused = SURVIVORS.iter().find(|(other, ..)| other == name).map_or(0, |&(_, count, _)| count);
            assert_eq!(report.survivors().count(), excused, "{name}: mutants of the repair that live");
            // SAFETY: the checkers have found no data race.
            let outcomes = unsafe { repaired.in_threads(100) };
            assert!(!outcomes.is_empty(), "{name}");
        }
    }

    #[test]
    fn specimen_fails_and_its_repair_passes() {
        fail_and_pass(&specimens());
    }
}
