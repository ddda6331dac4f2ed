//! The write lock.

use crate::alone::{Alone, Asked, Turn, nothing};
use ackcast::layer::{Acquired, Deadline, Lock, LockError, Participant};
use ackcast::lock::WordLock;
use std::rc::Rc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

const THIS: Participant = Participant { number: 3, generation: 7 };
const OTHER: Participant = Participant { number: 4, generation: 7 };

fn free_lock() -> Rc<WordLock<Alone>> {
    Rc::new(WordLock::new(AtomicU32::new(0)))
}

/// A lock that the other participant holds.
fn held_lock() -> Rc<WordLock<Alone>> {
    let lock = free_lock();
    assert_eq!(lock.acquire(&Alone::default(), OTHER, Deadline::Never), Ok(Acquired::Clean));
    lock
}

fn other_releases(lock: &Rc<WordLock<Alone>>) -> Turn {
    let lock = Rc::clone(lock);
    Box::new(move |layer| lock.release(layer, OTHER))
}

#[test]
fn uncontended_lock_asks_its_layer_for_nothing() {
    let (lock, layer) = (free_lock(), Alone::new(2, []));
    for deadline in [Deadline::Never, Deadline::Now, Deadline::At(Duration::ZERO)] {
        assert_eq!(lock.acquire(&layer, THIS, deadline), Ok(Acquired::Clean));
        lock.release(&layer, THIS);
        assert_eq!(layer.asked(), []);
    }
}

#[test]
fn try_neither_spins_nor_parks() {
    let (lock, layer) = (held_lock(), Alone::new(2, [nothing(), nothing()]));
    assert_eq!(lock.acquire(&layer, THIS, Deadline::Now), Err(LockError::Busy { owner: Some(OTHER.number) }));
    assert_eq!(layer.asked(), []);
    lock.release(&layer, OTHER);
    assert_eq!(layer.asked(), [], "a failed try leaves no waiter to wake");
}

#[test]
fn lock_released_while_spinning_needs_no_park_and_no_wake() {
    let lock = held_lock();
    let layer = Alone::new(3, [nothing(), other_releases(&lock), nothing()]);
    assert_eq!(lock.acquire(&layer, THIS, Deadline::Never), Ok(Acquired::Clean));
    assert_eq!(layer.asked(), [Asked::Spin, Asked::Spin]);
    lock.release(&layer, THIS);
    assert_eq!(layer.asked(), []);
}

#[test]
fn release_wakes_once_after_a_contended_acquire() {
    let lock = held_lock();
    let layer = Alone::new(1, [nothing(), nothing(), other_releases(&lock)]);
    assert_eq!(lock.acquire(&layer, THIS, Deadline::Never), Ok(Acquired::Clean));
    // The waiter parks again if the lock word has not changed.
    assert_eq!(layer.asked(), [Asked::Spin, Asked::Park, Asked::Park, Asked::Wake]);
    lock.release(&layer, THIS); // further waiters may sleep: the owner cannot know
    assert_eq!(layer.asked(), [Asked::Wake]);
    assert_eq!(lock.acquire(&layer, THIS, Deadline::Never), Ok(Acquired::Clean));
    lock.release(&layer, THIS);
    assert_eq!(layer.asked(), [], "a later owner has no waiter");
}

/// The release wakes this waiter alone, although others may be parked. If it gave up without a new request, no later
/// release would wake them.
#[test]
fn waiter_that_gives_up_requests_a_wake_for_others() {
    let lock = held_lock();
    let rival: Turn = {
        let lock = Rc::clone(&lock);
        Box::new(move |layer| {
            lock.release(layer, OTHER);
            assert_eq!(lock.acquire(layer, OTHER, Deadline::Never), Ok(Acquired::Clean));
        })
    };
    let layer = Alone::new(0, [rival]);
    let passed = Deadline::At(Duration::ZERO);
    assert_eq!(lock.acquire(&layer, THIS, passed), Err(LockError::Busy { owner: Some(OTHER.number) }));
    assert_eq!(layer.asked(), [Asked::Park, Asked::Wake]);
    lock.release(&layer, OTHER);
    assert_eq!(layer.asked(), [Asked::Wake], "other waiters may be parked");
}
