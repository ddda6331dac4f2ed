//! How long a wait pauses before its first poll: learned from what the first polls found.
//!
//! Each poll takes the cache line away from its writer, which must fetch it back before it can publish. A consumer that
//! polls once per message limits throughput to one line transfer per message. A producer on a full ring that polls the
//! acknowledgement once per message does the same. A dense stream of single messages falls into either state and stays
//! there. So a pause grows for as long as the polls find more after a longer pause, and shrinks otherwise. There is no
//! pause where messages come one at a time, as in ping-pong. A short ring keeps the pause short, because the other side
//! would run out of slots.
//!
//! The numbers were chosen by `verify/bench`, workloads `small` and `ping-pong`, on 2 cores of a virtual AMD EPYC.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// What the first polls of one handle have taught. A hint, as all of [`waiting`](super).
#[derive(Debug)]
pub struct PollBackoff {
    /// Pauses before the last poll, each a `spin_loop`.
    pauses: AtomicU32,
    /// First polls so far. While there are no pauses, each [`TRIAL_PERIOD`]th first poll tries some.
    polls: AtomicU32,
    /// Messages that the first poll of the last wait found; [`u32::MAX`] stands for more.
    found: AtomicU32,
    /// More messages per poll than this do not make a longer pause.
    enough: u32,
}

/// Messages per poll from which the transfer of the cache line costs next to nothing per message.
const ENOUGH: u32 = 64;
/// Shortest pause, in `spin_loop`s: some hundreds of nanoseconds. A trial begins with it.
const MIN_PAUSES: u32 = 8;
/// Longest pause, in `spin_loop`s: a few microseconds, or some dozens of messages.
const MAX_PAUSES: u32 = 96;
/// First polls between two trials of a pause.
const TRIAL_PERIOD: u32 = 128;

impl PollBackoff {
    /// The state of a new handle, on a ring of this many slots.
    pub const fn new(slots: u32) -> Self {
        let enough = if slots / 4 < ENOUGH { slots / 4 } else { ENOUGH };
        Self { pauses: AtomicU32::new(0), polls: AtomicU32::new(0), found: AtomicU32::new(0), enough }
    }

    /// The first poll of a wait found so many messages.
    pub fn found(&self, messages: u64) {
        self.found.store(u32::try_from(messages).unwrap_or(u32::MAX), Relaxed);
    }

    /// The pauses before the next wait's first poll.
    pub fn pauses(&self) -> u32 {
        let (pauses, polls) = (self.pauses.load(Relaxed), self.polls.load(Relaxed));
        let (found, enough) = (self.found.load(Relaxed), self.enough);
        let sparse = found < 2 || found < pauses / 4;
        let pauses = match pauses {
            0 if polls % TRIAL_PERIOD == 0 => MIN_PAUSES,
            _ if sparse || found > enough.saturating_mul(2) => pauses / 2,
            _ if found < enough => (2 * pauses).clamp(MIN_PAUSES, MAX_PAUSES),
            _ => pauses,
        };
        self.pauses.store(pauses, Relaxed);
        self.polls.store(polls.wrapping_add(1), Relaxed);
        pauses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pauses after so many polls. `found` is what a poll finds after so many pauses.
    fn pauses_after(polls: u32, slots: u32, found: impl Fn(u32) -> u64) -> u32 {
        let backoff = PollBackoff::new(slots);
        (0..polls).fold(0, |pauses, _| {
            backoff.found(found(pauses));
            backoff.pauses()
        })
    }

    #[test]
    fn pause_grows_in_a_dense_stream() {
        assert_eq!(pauses_after(20, 1024, |pauses| u64::from(pauses / 2)), MAX_PAUSES);
    }

    #[test]
    fn pause_vanishes_when_messages_come_in_batches() {
        assert!(pauses_after(20, 1024, |_| 64) <= MIN_PAUSES);
        assert_eq!(pauses_after(20, 1024, |_| 256), 0);
    }

    #[test]
    fn pause_is_rare_when_messages_come_one_by_one() {
        for sparse in [0, 1] {
            let backoff = PollBackoff::new(1024);
            backoff.found(sparse);
            let pauses: u32 = (0..10 * TRIAL_PERIOD).map(|_| backoff.pauses()).sum();
            assert!(pauses <= 10 * 2 * MIN_PAUSES, "{pauses} pauses in 10 trials");
        }
    }

    #[test]
    fn pause_stays_short_on_a_short_ring() {
        assert_eq!(pauses_after(20, 1, |_| 1), 0);
        assert!(pauses_after(20, 16, |pauses| u64::from(pauses.min(16))) <= MIN_PAUSES);
    }
}
