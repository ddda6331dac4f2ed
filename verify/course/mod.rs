//! The course: seven steps from one slot to `src/`. Each step is a protocol of one idea, which is broken once.
//!
//! A file is a model: the same text with `REPAIRED` false must fail, and with `REPAIRED` true must pass. Its head is the
//! page in `docs/course/`.

mod acknowledgement;
mod end;
mod joining;
mod lock;
mod one_slot;
mod ring;
mod sleeping;

use crate::gallery::Specimen;

/// All steps, in their order.
pub fn steps() -> Vec<Specimen> {
    crate::specimens! {
        one_slot: OneSlot,
        acknowledgement: Acknowledgement,
        ring: Ring,
        end: End,
        lock: Lock,
        joining: Joining,
        sleeping: Sleeping,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn step_fails_when_broken_and_passes_otherwise() {
        crate::gallery::tests::fail_and_pass(&super::steps());
    }
}
