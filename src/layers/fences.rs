//! Fences of which the side that is always on its way pays nothing.
//!
//! Two threads that each write, fence and then look at what the other wrote need a full fence each,
//! and a full fence waits until every earlier store has reached the other cores: on the hot path
//! that is one transfer of a cache line a message. But one of the two is about to sleep, or to join,
//! and has time. So it makes *all* of the others fence, wherever they are, by membarrier(2), and they
//! only have to keep the compiler from moving their accesses. This is the asymmetric fence of
//! [P1202R5](https://wg21.link/p1202r5).
//!
//! All participants of a segment must agree, so its creator decides and the header keeps it.

use core::sync::atomic::{Ordering, compiler_fence, fence};
use rustix::thread::{MembarrierCommand, membarrier};
use std::sync::OnceLock;

/// How the participants of a segment fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fences {
    /// The heavy ones by membarrier(2), the light ones in the compiler alone.
    Asymmetric,
    /// Both by the processor.
    Symmetric,
}

impl Fences {
    /// The best that this process may use.
    pub fn best() -> Self {
        if may_make_others_fence() { Self::Asymmetric } else { Self::Symmetric }
    }

    /// Whether this process may use them. If so, from now on the others' heavy fences reach it.
    pub fn usable(self) -> bool {
        self == Self::Symmetric || may_make_others_fence()
    }

    /// The side that runs often.
    #[inline(always)]
    pub fn light(self, order: Ordering) {
        match self {
            Self::Asymmetric => compiler_fence(order),
            Self::Symmetric => fence(order),
        }
    }

    /// The side that has time: a system call, and an interruption of each core on which another
    /// participant runs.
    pub fn heavy(self, order: Ordering) {
        fence(order);
        if self == Self::Asymmetric {
            // It succeeded when we registered, and the kernel has no way to fail since.
            let done = membarrier(MembarrierCommand::GlobalExpedited);
            debug_assert!(done.is_ok(), "membarrier(2) was taken from us: {done:?}");
        }
    }

    /// The header's number for them.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Symmetric => 0,
            Self::Asymmetric => 1,
        }
    }

    /// The fences of this number.
    pub(crate) const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Symmetric),
            1 => Some(Self::Asymmetric),
            _ => None,
        }
    }
}

/// Registers this process, once; false where the kernel is older than 4.16 or a filter forbids it.
/// A forked child inherits the registration, as it does our memory of it.
fn may_make_others_fence() -> bool {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    *REGISTERED.get_or_init(|| {
        let try_it = |command| membarrier(command).is_ok();
        try_it(MembarrierCommand::RegisterGlobalExpedited) && try_it(MembarrierCommand::GlobalExpedited)
    })
}
