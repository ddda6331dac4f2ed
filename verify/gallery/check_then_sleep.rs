//! # The consumer checks, and then sleeps
//!
//! The notification comes between the consumer's check and its sleep. No thread sleeps yet, so the notification wakes
//! none. The consumer sleeps for ever.
//!
//! ## In real code
//!
//! `while (!ready) pthread_cond_wait(&cond, &mutex);` where `ready` is set without the mutex.
//! [Chatterino/chatterino2#6316](https://github.com/Chatterino/chatterino2/pull/6316) describes the order: one thread
//! checks, the other sets and notifies, the first waits.
//!
//! ## The repair
//!
//! The consumer tells the kernel which value it saw. The kernel compares the word with that value and puts the thread
//! to sleep in one step: `futex(FUTEX_WAIT)`. The notifier changes that word before it wakes.
//!
//! ## Where ackcast does it right
//!
//! A waiter sleeps only while its word holds PARKED ([P3](../orderings/P3.md)). The notifier exchanges the word
//! ([R1](../orderings/R1.md)) before it wakes ([P4](../orderings/P4.md)).

use super::prelude::*;

model! {
    CheckThenSleep { ready: word32, bell: word32, message: cell }

    "producer" => |s, m| {
        s.message.write(7);
        s.ready.store(1, Release);
        m.wake(if REPAIRED { &s.ready } else { &s.bell });
        vec![]
    }

    "consumer" => |s, m| {
        while s.ready.load(Acquire) == 0 {
            m.sleep_while(if REPAIRED { &s.ready } else { &s.bell }, 0); // nothing changes `bell`
        }
        vec![s.message.read() as u8]
    }

    judge |seen| assert_eq!(seen[1], [7], "L1: the consumer wakes and gets the message");
    witness "the message arrives" |seen| seen[1] == [7];
}
