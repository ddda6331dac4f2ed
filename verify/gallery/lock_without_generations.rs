//! # A lock that names its owner without a generation
//!
//! The owner dies, and a successor takes its place. The waiter asks whether the occupant of that place lives. The
//! successor does, so the waiter waits for ever.
//!
//! ## In real code
//!
//! `kill(owner_pid, 0)` asks about a number, which the kernel may have given to another process. In
//! [garrytan/gbrain#4331](https://github.com/garrytan/gbrain/pull/4331) that happened, and everything waited for ever.
//! In musl, a thread with the number of an owner that had exited [counted as the
//! owner](https://git.musl-libc.org/cgit/musl/commit/arch?h=v1.1.7&id=fffc5cda10e0c5c910b40f7be0d4fa4e15bb3f48).
//!
//! ## The repair
//!
//! The lock word also names which occupant of the place owns it. Another occupant there means that the owner is gone.
//!
//! ## Where ackcast does it right
//!
//! ackcast asks about the place alone ([K2](../orderings/K2.md)). So a successor takes its predecessor's lock before
//! anything else ([E7f](../orderings/E7f.md)). The generation in the word guards the other side: a waiter that has
//! heard of the death cannot take the successor's lock ([E7e](../orderings/E7e.md) exchanges exactly the dead owner's
//! word).

use super::prelude::*;

/// The lock has no owner.
const FREE: u32 = 9;

model! {
    // `occupant`: which participant has place 0. `lock`: which occupant owns it, at first occupant 0.
    LockWithoutGenerations { occupant: word32, lock: word32, count: cell }
    @deaths 1 of 0b001;
    @graphs;

    "owner" => |s, _m| {
        s.count.write(1);
        s.lock.store(FREE, Release);
        vec![]
    }

    "successor" => |s, m| {
        if !m.is_alive(0) {
            s.occupant.store(1, Release);
        }
        vec![]
    }

    "waiter" => |s, m| {
        let occupant = m.wait_until(|| {
            let (lock, occupant) = (s.lock.load(Acquire), s.occupant.load(Acquire));
            let free = lock == FREE || REPAIRED && lock != occupant || !m.is_alive(occupant);
            free.then_some(occupant)
        });
        vec![occupant as u8, s.count.read() as u8] // no other participant wants the lock, so the waiter does not mark it
    }

    judge |seen| assert!(seen[2].len() == 2, "C2: a dead owner blocks no waiter: {seen:?}");
    witness "the dead owner has a successor" |seen| seen[0] == [DIED] && seen[2] == [1, 0];
    witness "the dead owner has none" |seen| seen[0] == [DIED] && seen[2] == [0, 0];
}
