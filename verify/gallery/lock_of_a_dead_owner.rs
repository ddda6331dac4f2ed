//! # A lock whose owner died
//!
//! The owner dies in its critical section. The lock stays taken, and the others wait for ever.
//!
//! ## In real code
//!
//! Every lock of one address space that is moved to shared memory: `std::sync::Mutex`, a spin lock, a pthread mutex
//! without `PTHREAD_MUTEX_ROBUST`. Python's `multiprocessing.Lock` is a semaphore, which has no owner: in
//! [birdnet-team/birdnet#73](https://github.com/birdnet-team/birdnet/issues/73) a killed worker keeps it.
//! [boostorg/interprocess#65](https://github.com/boostorg/interprocess/issues/65) reports the same of Boost's mutexes.
//!
//! ## The repair
//!
//! The word names its owner. A waiter asks the kernel whether the owner lives, and takes over a dead owner's lock.
//!
//! ## Where ackcast does it right
//!
//! The word names its owner ([E7c](../orderings/E7c.md)). A waiter asks the kernel ([K2](../orderings/K2.md)), and
//! takes over a dead owner's lock ([E7e](../orderings/E7e.md)).

use super::prelude::*;

/// The lock holds its owner's number plus 1, or 0.
fn acquire<M: Checkable>(s: &Words<M>, m: &M, me: u32, recovers: bool) {
    while {
        let owner = m.wait_until(|| {
            let owner = s.lock.load(Relaxed);
            (owner == 0 || recovers && !m.is_alive(owner - 1)).then_some(owner)
        });
        s.lock.compare_exchange(owner, me + 1, Acquire, Relaxed).is_err()
    } {}
}

model! {
    LockOfADeadOwner { lock: word32, count: cell }
    @deaths 1 of 0b01;
    @graphs;

    "first" => |s, m| {
        acquire(s, m, 0, REPAIRED);
        s.count.write(1);
        s.lock.store(0, Release);
        vec![]
    }

    "second" => |s, m| {
        acquire(s, m, 1, REPAIRED);
        let count = s.count.read();
        s.lock.store(0, Release);
        vec![count as u8]
    }

    judge |seen| assert!(seen[1].len() == 1, "C2: a dead owner blocks no waiter: {seen:?}");
    witness "the owner dies before it writes" |seen| seen[0] == [DIED] && seen[1] == [0];
    witness "the owner dies after it writes" |seen| seen[0] == [DIED] && seen[1] == [1];
}
