//! Asymmetric fences, in no more than what they promise.

use crate::engine::Engine;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release, SeqCst};

/// Which side of an asymmetric fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    Light,
    Heavy,
}

/// Of a light fence and a heavy one, or of two heavy ones, the second learns all that the first
/// knew. Two light ones tell each other nothing, which two full fences would.
///
/// Each has a word on which it tells, and asks on that of the other after it has told: whichever of
/// the two tells second learns of the first. A heavy one is a full fence of its thread besides, as in
/// `src/layers/fences.rs`; a light one is none.
#[derive(Debug)]
pub struct Asymmetric<E: Engine> {
    light: E::Atom,
    heavy: E::Atom,
}

impl<E: Engine> Default for Asymmetric<E> {
    fn default() -> Self {
        Self { light: E::atom(0), heavy: E::atom(0) }
    }
}

impl<E: Engine> Asymmetric<E> {
    pub fn fence(&self, weight: Weight) {
        match weight {
            Weight::Light => {
                E::swap(&self.light, 0, Release);
                E::swap(&self.heavy, 0, Acquire);
            }
            Weight::Heavy => {
                E::fence(SeqCst);
                E::swap(&self.heavy, 0, AcqRel);
                E::swap(&self.light, 0, Acquire);
            }
        }
    }
}
