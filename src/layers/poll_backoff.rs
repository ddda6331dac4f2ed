//! How long one keeps away before one looks for more: learned from what the looks found.
//!
//! A look takes a line from whoever writes it, who has to have it back before the next message is out: who
//! looks after each message makes the stream as slow as its looks. That goes for a consumer on the producer's
//! heels, who looks at the count, and for a producer on the consumer's heels, a ring further on, who looks at
//! the acknowledgement; a dense stream falls into the one or the other and stays there. So there the
//! pauses grow for as long as what is found grows with them, and shrink otherwise; where messages come one by
//! one, as in ping-pong, there are none. They must not keep the other side waiting, so on a short ring they
//! stay short.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// What the looks of one handle have taught. A hint, as in [`AdaptiveWait`](super::AdaptiveWait): it orders nothing.
#[derive(Debug)]
pub struct PollBackoff {
    /// Pauses before the last look.
    pauses: AtomicU32,
    /// Looks so far: every so many without a pause, one is tried.
    looks: AtomicU32,
    /// How many messages the first poll of the last wait found; [`u32::MAX`] stands for more.
    found: AtomicU32,
    /// More than this many messages at a poll are enough.
    enough: u32,
}

/// So many messages at a look, and it costs next to nothing for each.
const ENOUGH: u32 = 64;
/// Some hundreds of nanoseconds: where a trial begins.
const FEWEST: u32 = 8;
/// A few microseconds: some dozens of messages.
const MOST: u32 = 96;
/// One look in so many is a trial.
const TRIAL: u32 = 128;

impl PollBackoff {
    /// Nothing learned yet, on a ring of so many slots.
    pub const fn new(slots: u32) -> Self {
        let enough = if slots / 4 < ENOUGH { slots / 4 } else { ENOUGH };
        Self { pauses: AtomicU32::new(0), looks: AtomicU32::new(0), found: AtomicU32::new(0), enough }
    }

    /// The first poll of a wait found so many messages.
    pub fn found(&self, messages: u64) {
        self.found.store(u32::try_from(messages).unwrap_or(u32::MAX), Relaxed);
    }

    /// How often to pause before the next wait's first poll.
    pub fn pauses(&self) -> u32 {
        let (pauses, looks) = (self.pauses.load(Relaxed), self.looks.load(Relaxed));
        let (found, enough) = (self.found.load(Relaxed), self.enough);
        let sparse = found < 2 || found < pauses / 4;
        let pauses = match pauses {
            0 if looks % TRIAL == 0 => FEWEST,
            _ if sparse || found > enough.saturating_mul(2) => pauses / 2,
            _ if found < enough => (2 * pauses).clamp(FEWEST, MOST),
            _ => pauses,
        };
        self.pauses.store(pauses, Relaxed);
        self.looks.store(looks.wrapping_add(1), Relaxed);
        pauses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pauses after so many looks, in a stream of which a look finds what came during the pauses before it.
    fn after(looks: u32, slots: u32, found: impl Fn(u32) -> u64) -> u32 {
        let backoff = PollBackoff::new(slots);
        (0..looks).fold(0, |pauses, _| {
            backoff.found(found(pauses));
            backoff.pauses()
        })
    }

    #[test]
    fn a_dense_stream_is_given_time() {
        assert_eq!(after(20, 1024, |pauses| u64::from(pauses / 2)), MOST);
    }

    #[test]
    fn what_comes_in_batches_needs_none_of_it() {
        assert!(after(20, 1024, |_| 64) <= FEWEST);
        assert_eq!(after(20, 1024, |_| 256), 0);
    }

    #[test]
    fn who_gets_one_by_one_looks_at_once() {
        for sparse in [0, 1] {
            let backoff = PollBackoff::new(1024);
            backoff.found(sparse);
            let pauses: u32 = (0..10 * TRIAL).map(|_| backoff.pauses()).sum();
            assert!(pauses <= 10 * 2 * FEWEST, "a trial now and then: {pauses} pauses");
        }
    }

    #[test]
    fn on_a_short_ring_the_producer_does_not_wait_for_us() {
        assert_eq!(after(20, 1, |_| 1), 0);
        assert!(after(20, 16, |pauses| u64::from(pauses.min(16))) <= FEWEST);
    }
}
