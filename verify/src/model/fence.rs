//! Asymmetric fences that order no more than they promise.

use super::engine::Engine;
use crate::hook::Weight;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release, SeqCst};

/// A light and a heavy fence are ordered, and so are two heavy fences: the first happens before the second. Two light
/// fences are not ordered; two full fences would be.
///
/// Each side has a word. A fence first releases on its own side's word, then acquires on the other side's. So of two
/// fences, the one that releases second acquires from the first. A heavy fence is also a full fence of its thread, as
/// in `src/layers/fences.rs`.
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
    /// A fence of this side.
    pub fn fence(&self, weight: Weight) {
        match weight {
            Weight::Full => E::fence(SeqCst),
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
