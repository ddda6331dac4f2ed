//! # Dekker's pattern with Release and Acquire
//!
//! Waiter and notifier each write a word, and then read the other's. Each may read the old value, because a load may
//! come before an earlier store to another word. The waiter sleeps, and the notifier sees no reason to wake it.
//!
//! ## In real code
//!
//! `ready.store(1, Release); if parked.load(Acquire) { wake() }`. Even x86 delays a store past a later load. Projects
//! that have repaired it: [apache/brpc#3539](https://github.com/apache/brpc/pull/3539),
//! [uxlfoundation/oneTBB#2136](https://github.com/uxlfoundation/oneTBB/pull/2136) (an exchange is no fence),
//! [syswonder/hvisor#266](https://github.com/syswonder/hvisor/pull/266) (a timeout of 1 ms had hidden it).
//!
//! ## The repair
//!
//! A SeqCst fence between the store and the load, on both sides. One of the two fences comes first. What is stored
//! before that fence is seen after the other one. With the fences, Relaxed is enough for the waiter's word.
//!
//! ## Where ackcast does it right
//!
//! The waiter's fence is [F1](../orderings/F1.md), the notifier's [F2](../orderings/F2.md), and
//! [F3](../orderings/F3.md) is the load after it.

use super::prelude::*;

model! {
    DekkerWithReleaseAndAcquire { parked: word32, published: word32, message: cell }

    "notifier" => |s, m| {
        s.message.write(7);
        s.published.store(1, Release);
        if REPAIRED {
            m.fence(SeqCst);
        }
        let parked = s.parked.load(if REPAIRED { Relaxed } else { Acquire });
        if parked == 1 {
            s.parked.store(0, Relaxed);
            m.wake(&s.parked);
        }
        vec![parked as u8]
    }

    "waiter" => |s, m| {
        s.parked.store(1, if REPAIRED { Relaxed } else { Release });
        if REPAIRED {
            m.fence(SeqCst);
        }
        if s.published.load(Acquire) == 0 {
            m.sleep_while(&s.parked, 1);
            m.wait_until(|| (s.published.load(Acquire) == 1).then_some(()));
        }
        vec![s.message.read() as u8]
    }

    judge |seen| assert_eq!(seen[1], [7], "L1: the waiter wakes and gets the message");
    witness "the notifier wakes the waiter" |seen| seen[0] == [1];
    witness "the waiter does not sleep" |seen| seen[0] == [0];
}
