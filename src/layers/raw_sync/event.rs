//! `raw_sync`'s event as a signal, and as what a handle's thread sleeps on.

use super::pthread::{Condition, Locked, Mutex};
use super::{RawSync, monotonic};
use crate::layer::{Deadline, Found, Layer, Parked, Poll, Signal, Spins, Told};
use crate::layers::liveness::IDLE_AFTER;
use crate::layers::liveness::sleep_limiter::SleepSlot;
use crate::layers::lock_poisoned_or_not;
use crate::timer::{Duty, WaitTimer};
use core::cell::UnsafeCell;
use core::sync::atomic::{Ordering, fence};
use core::time::Duration;
use raw_sync::events::{Event, EventImpl, EventInit, EventState};
use std::io;
use std::sync::Mutex as LocalMutex;

/// Storage of a `raw_sync` event: a mutex, a condition variable and two flags.
#[derive(Debug)]
#[repr(C, align(16))]
pub struct RawEvent(UnsafeCell<[u8; 192]>);

/// The event that the handle's thread sleeps on; `None`: the slot is empty. The mutex keeps the event mapped while the
/// watcher sets it.
#[derive(Debug, Default)]
pub(super) struct ParkedEvent(LocalMutex<Option<EventPointer>>);

#[derive(Debug)]
struct EventPointer(*const RawEvent);

// SAFETY: many threads and processes may use an event at once.
unsafe impl Send for EventPointer {}

impl SleepSlot for ParkedEvent {
    type Target = RawEvent;

    fn enter(&self, event: &RawEvent) {
        *lock_poisoned_or_not(&self.0) = Some(EventPointer(event));
    }

    fn leave(&self) {
        *lock_poisoned_or_not(&self.0) = None;
    }

    fn notify_parked(&self) -> bool {
        let event = lock_poisoned_or_not(&self.0);
        let Some(EventPointer(event)) = *event else { return false };
        // SAFETY: the thread borrows the event until `leave` has emptied the slot, which waits for this mutex.
        unsafe { &*event }.set(); // waits for the event's mutex, as any notifier does
        true
    }
}

impl RawEvent {
    /// Initialises an event in zeroed memory.
    ///
    /// # Safety
    /// `this` points to zeroed memory for an event, which no other thread or process uses yet.
    pub(super) unsafe fn init(this: *mut Self) -> io::Result<()> {
        assert!(Event::size_of(None) <= size_of::<Self>(), "raw_sync's event outgrew its storage");
        // SAFETY: zeroed, used by the caller alone, and large and aligned enough.
        let event = unsafe { Event::new(this.cast(), true) };
        event.map_err(|error| io::Error::other(error.to_string()))?;
        // SAFETY: initialised above, and used by the caller alone.
        let this = unsafe { &*this };
        this.mutex().init()?; // robust
        this.condition().init(); // on the monotonic clock
        // SAFETY: the flag lies in the event's storage, all of which is initialised.
        let auto_reset = unsafe { this.flag(AUTO_RESET).read() };
        assert!(auto_reset == 1, "raw_sync's event is not laid out as `flag` has it");
        Ok(())
    }

    fn handle(&self) -> Option<Box<dyn EventImpl>> {
        // SAFETY: the storage holds an event since the segment was made. No caller keeps the box longer than `self`.
        unsafe { Event::from_existing(self.0.get().cast()) }.ok().map(|(event, _)| event)
    }

    /// The event's mutex, with which it begins.
    fn mutex(&self) -> Mutex {
        // SAFETY: the mutex is there since the segment was made. No caller keeps the value longer than `self`.
        unsafe { Mutex::at(self.0.get().cast()) }
    }

    /// The event's condition variable, which follows the mutex.
    fn condition(&self) -> Condition {
        let address = self.0.get().cast::<u8>().wrapping_add(size_of::<libc::pthread_mutex_t>());
        // SAFETY: as for the mutex.
        unsafe { Condition::at(address.cast()) }
    }

    /// A flag of the event; the flags follow the condition variable: [`AUTO_RESET`] or [`SIGNAL`].
    fn flag(&self, which: usize) -> *mut u8 {
        let flags = size_of::<libc::pthread_mutex_t>() + size_of::<libc::pthread_cond_t>();
        self.0.get().cast::<u8>().wrapping_add(flags + which)
    }

    /// Wakes the waiter, or ends the next wait at once.
    fn set(&self) {
        let Some(event) = self.handle() else { return };
        if event.set(EventState::Signaled).is_err_and(|error| owner_died(&*error)) {
            // A waiter or notifier died with the event's mutex, which this thread holds now.
            self.mutex().make_consistent();
            self.mutex().unlock();
            let _ = event.set(EventState::Signaled);
        }
    }

    /// Whether the event was set; it no longer is. The caller holds the event's mutex.
    fn take(&self) -> bool {
        let signal = self.flag(SIGNAL);
        // SAFETY: the flag lies in the storage, and this thread holds the mutex.
        let set = unsafe { signal.read_volatile() } == 1;
        if set {
            // SAFETY: as above.
            unsafe { signal.write_volatile(0) };
        }
        set
    }

    /// Sleeps until the event is set. False: the monotonic clock reached `end` first, or the mutex is broken.
    fn sleep_until(&self, end: Duration) -> bool {
        let (mutex, condition) = (self.mutex(), self.condition());
        if !matches!(mutex.lock(end), Locked::Clean | Locked::OwnerDied) {
            return false;
        }
        // A new condition variable: the old one may count on a waiter that was killed in it, or be locked by it. No
        // other thread uses it: notifiers do so under the mutex, which this thread holds, and an event has one waiter.
        condition.init();
        let set = loop {
            if self.take() {
                break true;
            }
            match condition.wait(mutex, end) {
                Locked::Clean | Locked::OwnerDied => {}
                Locked::TimedOut => break self.take(),
                Locked::Broken => break false, // this thread does not hold the mutex
            }
        };
        mutex.unlock();
        set
    }

    /// Sleeps until the event is set, or until this time. True: it was set.
    fn sleep(&self, layer: &RawSync, until: Duration) -> (Parked, bool) {
        layer.limiter.subscribe_if_idle(&layer.locks);
        let start = monotonic();
        if layer.limiter.begin_sleep(self, start) {
            return (Parked::CheckLiveness, false);
        }
        let set = self.sleep_until(until);
        let raised = layer.limiter.end_sleep(monotonic());
        if !set && until.saturating_sub(start) >= IDLE_AFTER {
            layer.limiter.mark_idle();
        }
        (if raised { Parked::CheckLiveness } else { Parked::Woken }, set)
    }
}

/// Index of `raw_sync`'s flag that says whether a wait resets the event.
const AUTO_RESET: usize = 0;
/// Index of `raw_sync`'s flag that says whether the event is set.
const SIGNAL: usize = 1;

/// Whether this error of [`set`](EventImpl::set) means that this thread has the event's mutex from a dead owner. The
/// errno is the last word of its text.
fn owner_died(error: &dyn std::error::Error) -> bool {
    error.to_string().rsplit(' ').next().and_then(|word| word.parse().ok()) == Some(libc::EOWNERDEAD)
}

// SAFETY: `notify_all` fences before it asks for the first signal.
unsafe impl Signal<RawSync> for RawEvent {
    fn wait<T>(
        &self,
        layer: &RawSync,
        deadline: Deadline,
        mut poll: impl FnMut(Poll) -> Option<Found<T>>,
    ) -> Option<T> {
        let mut poll = |kind| poll(kind).map(|found| found.value);
        if let Some(found) = poll(Poll::Words) {
            return Some(found);
        }
        if deadline == Deadline::Now {
            return poll(Poll::WordsAndLiveness);
        }
        let mut timer = WaitTimer::start(layer, deadline, Spins::default());
        loop {
            let (parked, _) = self.sleep(layer, timer.sleep_until());
            match timer.after_sleep(layer, parked) {
                Duty::Poll(kind) => {
                    if let Some(found) = poll(kind) {
                        return Some(found);
                    }
                }
                Duty::GiveUp => return poll(Poll::WordsAndLiveness),
            }
        }
    }

    /// The event is sticky: a notification that comes before `await_told` ends it at once.
    fn ask<T>(&self, _: &RawSync, mut poll: impl FnMut(Poll) -> Option<Found<T>>) -> Option<T> {
        poll(Poll::WordsAndLiveness).map(|found| found.value)
    }

    fn await_told(&self, layer: &RawSync, mut check: impl FnMut() -> bool) -> Told {
        let mut timer = WaitTimer::start(layer, Deadline::Never, Spins::default());
        loop {
            let (parked, set) = self.sleep(layer, timer.sleep_until());
            if set {
                return Told::Notified;
            }
            if timer.after_sleep(layer, parked) != Duty::Poll(Poll::Words) && check() {
                return Told::Check;
            }
        }
    }

    fn end_ask(&self, _: &RawSync) {
        self.set();
    }

    /// Nothing to do: each sleep makes its condition variable anew. A flag that is left set ends the first sleep early.
    fn reset(&self, _: &RawSync) {}

    fn notify_all<'a>(layer: &RawSync, signals: impl Iterator<Item = &'a Self>) {
        fence(Ordering::SeqCst); // as `Signal` promises; the event's mutex orders the rest
        if layer.is_inherited() {
            // A drop in a forked child. In its copy of the segment, the event's mutex may be held for ever.
            return;
        }
        for signal in signals {
            signal.set();
        }
    }

    fn is_parked(&self) -> Option<bool> {
        None // only pthread knows what its bytes mean
    }
}
