//! # Only one side has the fence
//!
//! Dekker's pattern: each producer raises its flag, and writes unless the other's flag is up. Only the first has a
//! fence in between. The second reads the first's flag before its own flag is visible, and both write.
//!
//! ## In real code
//!
//! The fence was put where the bug was seen, and not on the other path. folly's ParkingLot has a fence where it wakes,
//! and a change proposes the one where it parks: [folly#2700](https://github.com/facebook/folly/pull/2700). An
//! asymmetric fence that is light on both sides is the same mistake.
//!
//! ## The repair
//!
//! Both sides have the SeqCst fence. A fence orders nothing alone: its comment names its partner.
//!
//! ## Where ackcast does it right
//!
//! [F1](../orderings/F1.md) is heavy and [F2](../orderings/F2.md) is light: a waiter that polls in vain is seen by its
//! notifier. [J](../orderings/J.md) and [N](../orderings/N.md) are such a pair, too.

use super::prelude::*;

model! {
    FenceOnOneSide { flags: [word32; 2], slot: cell }

    "first" => |s, m| {
        s.flags[0].store(1, Relaxed);
        m.fence(SeqCst);
        let enters = s.flags[1].load(Relaxed) == 0;
        if enters {
            s.slot.write(1);
        }
        vec![enters as u8]
    }

    "second" => |s, m| {
        s.flags[1].store(1, Relaxed);
        if REPAIRED {
            m.fence(SeqCst);
        }
        let enters = s.flags[0].load(Relaxed) == 0;
        if enters {
            s.slot.write(2);
        }
        vec![enters as u8]
    }

    judge |seen| assert!(seen[0] != [1] || seen[1] != [1], "S4: one writer at a time");
    witness "the first writes" |seen| seen[0] == [1];
    witness "the second writes" |seen| seen[1] == [1];
}
