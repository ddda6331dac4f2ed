//! The signal.

use crate::alone::{Alone, Asked, Turn, nothing};
use ackcast::layer::{Deadline, Found, Poll, Signal};
use ackcast::signal::WordSignal;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::AtomicU32;

fn notify(signal: &WordSignal<Alone>, layer: &Alone) {
    Signal::notify_all(layer, std::iter::once(signal));
}

#[test]
fn signal_wakes_only_a_parked_waiter() {
    let signal = Rc::new(WordSignal::new(AtomicU32::new(0)));
    let published = Rc::new(Cell::new(false));
    let notification: Turn = {
        let (signal, published) = (Rc::clone(&signal), Rc::clone(&published));
        Box::new(move |layer| {
            notify(&signal, layer);
            published.set(true);
            notify(&signal, layer); // the first notification has woken the waiter
        })
    };
    let layer = Alone::new(1, [nothing(), notification]);
    notify(&signal, &layer);
    assert_eq!(layer.asked(), [], "no waiter");
    let poll = |_: Poll| published.get().then_some(Found::new(()));
    assert_eq!(signal.wait(&layer, Deadline::Now, poll), None);
    assert_eq!(layer.asked(), [], "a poll is no wait");
    assert_eq!(signal.wait(&layer, Deadline::Never, poll), Some(()));
    assert_eq!(layer.asked(), [Asked::Spin, Asked::Park, Asked::Wake]);
    notify(&signal, &layer);
    assert_eq!(layer.asked(), [], "no waiter any more");
    assert_eq!(signal.wait(&layer, Deadline::Never, poll), Some(()));
    assert_eq!(layer.asked(), [], "the poll succeeds at once");
}

/// A waiter announces itself once for many sleeps, so it needs a single fence for them.
#[test]
fn waiter_fences_once_for_many_sleeps() {
    let signal = Rc::new(WordSignal::new(AtomicU32::new(0)));
    let sent = Rc::new(Cell::new(0));
    let message = || -> Turn {
        let (signal, sent) = (Rc::clone(&signal), Rc::clone(&sent));
        Box::new(move |layer| {
            sent.set(sent.get() + 1);
            notify(&signal, layer);
        })
    };
    let layer = Alone::new(0, [message(), message(), message()]);
    for number in 1..=3 {
        let poll = |_: Poll| (sent.get() == number).then_some(Found::new(()));
        assert_eq!(signal.wait(&layer, Deadline::Never, poll), Some(()));
        assert_eq!(layer.asked(), [Asked::Park, Asked::Wake], "message {number}");
    }
    assert_eq!(layer.heavy_fences.get(), 1);
    // A waiter that succeeds at once withdraws its announcement. Its next sleep needs another fence.
    assert_eq!(signal.wait(&layer, Deadline::Never, |_| Some(Found::new(()))), Some(()));
    layer.turns.borrow_mut().push_back(message());
    assert_eq!(signal.wait(&layer, Deadline::Never, |_| (sent.get() == 4).then_some(Found::new(()))), Some(()));
    assert_eq!(layer.heavy_fences.get(), 2);
    // A successor needs a fence whatever the word says: its predecessor may have died before its fence.
    signal.reset(&layer);
    layer.turns.borrow_mut().push_back(message());
    assert_eq!(signal.wait(&layer, Deadline::Never, |_| (sent.get() == 5).then_some(Found::new(()))), Some(()));
    assert_eq!(layer.heavy_fences.get(), 3);
}
