//! # Liveness is checked only after an undisturbed sleep
//!
//! The waiter checks whether the owner lives when a sleep has lasted its whole time. A neighbour ends every sleep
//! early. The owner is dead, and the waiter never asks.
//!
//! ## In real code
//!
//! `while not done: if not cond.wait(0.1): check_owner()`. Each wake starts a fresh timeout. Citra's system call began
//! its timeout again at each wake: [citra#1307](https://github.com/citra-emu/citra/issues/1307). ackcast had this fault
//! too: see "never checked liveness" in its [changelog](../../CHANGELOG.md).
//!
//! ## The repair
//!
//! A wait has a time at which its next check is due. A wake does not move that time. Here the third round is due.
//!
//! ## Where ackcast does it right
//!
//! `WaitTimer` in [timer.rs](../../src/timer.rs) has that time: only a check moves it (L2). The check is
//! [K2](../orderings/K2.md) or [K3](../orderings/K3.md), the sleep [P1](../orderings/P1.md) or
//! [P3](../orderings/P3.md).

use super::prelude::*;

model! {
    LivenessAfterUndisturbedSleep { wakes: word32, work: cell }
    @deaths 1 of 0b001;
    @graphs;

    "owner" => |s, _m| {
        s.work.write(1); // or it dies
        vec![]
    }

    "neighbour" => |s, _m| {
        (1..=3).for_each(|wake| s.wakes.store(wake, Relaxed));
        vec![]
    }

    "waiter" => |s, m| {
        let (mut wakes, mut checks, mut orphaned) = (0, 0, false);
        for round in 1..=3 {
            let before = std::mem::replace(&mut wakes, s.wakes.load(Relaxed)); // a sleep
            if wakes == before || REPAIRED && round == 3 {
                orphaned = !m.is_alive(0);
                checks += 1;
            }
        }
        vec![checks, orphaned as u8]
    }

    judge |seen| assert!(seen[0] != [DIED] || seen[2][0] != 0, "L2: a waiter checks liveness within 3 rounds");
    witness "no sleep is undisturbed, and the waiter checks" |seen| seen[2] == [1, 0];
    witness "the waiter finds the owner dead" |seen| seen[2] == [1, 1];
}
