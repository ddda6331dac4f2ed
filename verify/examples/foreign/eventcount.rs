//! An eventcount: a waiter announces itself, looks again, and sleeps until the count changes.
//! (Reed and Kanodia, *Synchronization with Eventcounts and Sequencers*, 1979, on a futex.)
//!
//! Its mistake is a lost wake-up: a waiter that sleeps without a second look misses what was published between its
//! first look and its announcement, when the notifier saw nobody to wake.

use ackcast::layer::Word;
use ackcast_verify::template::{Checkable, Outcome, Participant, Protocol, Witness};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

#[derive(Debug)]
pub struct EventCount<const LOOKS_AGAIN: bool>;

#[derive(Debug)]
pub struct Words<M: Checkable> {
    ready: M::W32,
    waiters: M::W32,
    count: M::W32,
}

impl<const LOOKS_AGAIN: bool> Protocol for EventCount<LOOKS_AGAIN> {
    const NAME: &'static str = if LOOKS_AGAIN { "an eventcount" } else { "an eventcount without a second look" };
    type Shared<M: Checkable> = Words<M>;

    fn shared<M: Checkable>(memory: &M) -> Words<M> {
        Words { ready: memory.word32("ready"), waiters: memory.word32("waiters"), count: memory.word32("count") }
    }

    fn participants<M: Checkable>() -> Vec<Participant<Self, M>> {
        let waiter = Participant::new("waiter", |words: &Words<M>, memory: &M| {
            let mut slept = 0;
            while words.ready.load(Acquire) == 0 {
                let count = words.count.load(Acquire);
                words.waiters.store(1, Relaxed);
                memory.fence(SeqCst); // either we see `ready`, or the notifier sees us
                if LOOKS_AGAIN && words.ready.load(Acquire) != 0 {
                    break;
                }
                slept = 1;
                memory.sleep_while(&words.count, count);
            }
            vec![slept]
        });
        let notifier = Participant::new("notifier", |words: &Words<M>, memory: &M| {
            words.ready.store(1, Release);
            memory.fence(SeqCst);
            if words.waiters.load(Relaxed) != 0 {
                let count = words.count.load(Relaxed);
                let _ = words.count.compare_exchange(count, count + 1, AcqRel, Relaxed);
                memory.wake(&words.count);
            }
            vec![]
        });
        vec![waiter, notifier]
    }

    fn judge(outcome: &Outcome) {
        assert_eq!(outcome.len(), 2);
    }

    fn witnesses() -> Vec<Witness> {
        vec![
            ("the waiter sleeps", |outcome| outcome[0] == [1]),
            ("the waiter does not sleep", |outcome| outcome[0] == [0]),
        ]
    }
}
