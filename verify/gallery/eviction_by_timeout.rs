//! # A late consumer is evicted
//!
//! The producer takes a late acknowledgement for a death. The consumer is only slow, and reads a slot that is being
//! overwritten.
//!
//! ## In real code
//!
//! `if (now() - peer->last_seen > TIMEOUT) evict(peer);`. A page fault, a debugger, SIGSTOP or a busy machine makes any
//! living process late. iceoryx's daemon may free what a living process uses, because its heartbeat is late:
//! [iceoryx#1361](https://github.com/eclipse-iceoryx/iceoryx/issues/1361). Leases of distributed locks fail in the same
//! way.
//!
//! ## The repair
//!
//! A timeout only starts a liveness check. The producer evicts a consumer when the kernel says that the consumer is
//! dead.
//!
//! ## Where ackcast does it right
//!
//! [K3](../orderings/K3.md) asks the kernel, and only then [X12](../orderings/X12.md) evicts. [E4](../orderings/E4.md)
//! reads the acknowledgement.

use super::prelude::*;

model! {
    EvictionByTimeout { acked: word32, late: word32, slot: cell }
    @deaths 1 of 0b100;
    @graphs;

    "clock" => |s, _m| {
        s.late.store(1, Relaxed);
        vec![]
    }

    "producer" => |s, m| {
        let acked = m.wait_until(|| {
            let acked = s.acked.load(Acquire) == 1;
            let evict = || s.late.load(Relaxed) == 1 && (!REPAIRED || !m.is_alive(2));
            (acked || evict()).then_some(acked)
        });
        s.slot.write(9);
        vec![acked as u8]
    }

    "consumer" => |s, _m| {
        let message = s.slot.read();
        s.acked.store(1, Release);
        vec![message as u8]
    }

    judge |seen| assert!(seen[2] != [9], "S3: the consumer reads its message before the next one");
    witness "the consumer acknowledges" |seen| seen[1] == [1] && seen[2] == [0];
    witness "a dead consumer is evicted" |seen| seen[1] == [0] && seen[2] == [DIED];
}
