//! `raw_sync`'s event as a signal, and how a sleeper is woken from it.

use super::pthread::{Condition, Locked, Mutex};
use super::{RawSync, monotonic};
use crate::layer::{Deadline, Found, Layer, Parked, Poll, Signal, Spins};
use crate::layers::IDLE;
use crate::layers::close_watcher::locked;
use crate::layers::sleep_limiter::SleepSlot;
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

/// The event that a handle's sleeper waits for. The lock keeps it mapped while another thread sets it.
#[derive(Debug, Default)]
pub(super) struct Awaited(LocalMutex<Option<EventPointer>>);

#[derive(Debug)]
struct EventPointer(*const RawEvent);

// SAFETY: an event is there for many threads and processes at once.
unsafe impl Send for EventPointer {}

impl SleepSlot for Awaited {
    type Place = RawEvent;

    fn enter(&self, event: &RawEvent) {
        *locked(&self.0) = Some(EventPointer(event));
    }

    fn leave(&self) {
        *locked(&self.0) = None;
    }

    fn notify_parked(&self) -> bool {
        let event = locked(&self.0);
        let Some(EventPointer(event)) = *event else { return false };
        // SAFETY: its waiter borrows it until it leaves, for which it needs the lock.
        unsafe { &*event }.set(); // as any notifier, it waits for the event's mutex
        true
    }
}

impl RawEvent {
    /// Initialises an event in zeroed memory.
    ///
    /// # Safety
    /// `this` points to zeroed memory for one, which nobody else uses yet.
    pub(super) unsafe fn init(this: *mut Self) -> io::Result<()> {
        assert!(Event::size_of(None) <= size_of::<Self>(), "raw_sync's event outgrew its storage");
        // SAFETY: zeroed, the caller's, and large and aligned enough.
        let event = unsafe { Event::new(this.cast(), true) };
        event.map_err(|error| io::Error::other(error.to_string()))?;
        // SAFETY: initialised above, and the caller's.
        let this = unsafe { &*this };
        this.mutex().init()?; // robust
        this.condition().init(); // on the monotonic clock
        // SAFETY: the first flag, in the event's storage, which is all initialised.
        let auto_reset = unsafe { this.flag(AUTO_RESET).read() };
        assert!(auto_reset == 1, "raw_sync's event is not laid out as `flag` has it");
        Ok(())
    }

    fn handle(&self) -> Option<Box<dyn EventImpl>> {
        // SAFETY: the storage holds an event since the segment was made; the box dies before us.
        unsafe { Event::from_existing(self.0.get().cast()) }.ok().map(|(event, _)| event)
    }

    /// An event begins with its mutex.
    fn mutex(&self) -> Mutex {
        // SAFETY: it is there since the segment was made; the value dies before us.
        unsafe { Mutex::at(self.0.get().cast()) }
    }

    /// Its condition variable comes next.
    fn condition(&self) -> Condition {
        let address = self.0.get().cast::<u8>().wrapping_add(size_of::<libc::pthread_mutex_t>());
        // SAFETY: as for the mutex.
        unsafe { Condition::at(address.cast()) }
    }

    /// And then its flags.
    fn flag(&self, which: usize) -> *mut u8 {
        let flags = size_of::<libc::pthread_mutex_t>() + size_of::<libc::pthread_cond_t>();
        self.0.get().cast::<u8>().wrapping_add(flags + which)
    }

    /// Wakes the waiter, or whoever waits next.
    fn set(&self) {
        let Some(event) = self.handle() else { return };
        if event.set(EventState::Signaled).is_err_and(|error| owner_died(&*error)) {
            // A waiter or notifier died with the event's mutex, and we have it now.
            self.mutex().make_consistent();
            self.mutex().unlock();
            let _ = event.set(EventState::Signaled);
        }
    }

    /// Whether the event was set; it no longer is. Under the mutex.
    fn take(&self) -> bool {
        let signal = self.flag(SIGNAL);
        // SAFETY: inside the storage; the mutex is ours.
        let set = unsafe { signal.read_volatile() } == 1;
        if set {
            // SAFETY: as above.
            unsafe { signal.write_volatile(0) };
        }
        set
    }

    /// Sleeps until the event is set, or the monotonic clock has reached `end`: false then.
    fn sleep_until(&self, end: Duration) -> bool {
        let (mutex, condition) = (self.mutex(), self.condition());
        if !matches!(mutex.lock(end), Locked::Clean | Locked::OwnerDied) {
            return false;
        }
        // A new one: the old one may count on a waiter that was killed in it, or be locked by one. Notifiers use it
        // under the mutex, which is ours, and the one waiter is us.
        condition.init();
        let set = loop {
            if self.take() {
                break true;
            }
            match condition.wait(mutex, end) {
                Locked::Clean | Locked::OwnerDied => {}
                Locked::TimedOut => break self.take(),
                Locked::Broken => break false, // the mutex is not ours
            }
        };
        mutex.unlock();
        set
    }

    /// Sleeps until the event is set, or until this time.
    fn sleep(&self, layer: &RawSync, until: Duration) -> Parked {
        layer.limiter.enlist_if_idle(&layer.locks);
        let start = monotonic();
        if layer.limiter.lie_down(self, start) {
            return Parked::CheckLiveness;
        }
        let set = self.sleep_until(until);
        let rung = layer.limiter.get_up(monotonic());
        if !set && until.saturating_sub(start) >= IDLE {
            layer.limiter.slept_long();
        }
        if rung { Parked::CheckLiveness } else { Parked::Woken }
    }
}

/// `raw_sync`'s flags.
const AUTO_RESET: usize = 0;
const SIGNAL: usize = 1;

/// The error of an event's [`set`](EventImpl::set) says, by the errno at its end, that the event's mutex is
/// ours and its last owner died with it.
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
            let parked = self.sleep(layer, timer.sleep_until());
            match timer.after_sleep(layer, parked) {
                Duty::Poll(look) => {
                    if let Some(found) = poll(look) {
                        return Some(found);
                    }
                }
                Duty::GiveUp => return poll(Poll::WordsAndLiveness),
            }
        }
    }

    /// A new condition variable: the old one may count on a waiter that is dead. Notifiers use it under the
    /// mutex, which is ours, and the one waiter is us.
    fn reset(&self, _: &RawSync) {
        // Each sleep makes its condition variable anew; a flag that is left set ends the first one early.
    }

    fn notify_all<'a>(layer: &RawSync, signals: impl Iterator<Item = &'a Self>) {
        fence(Ordering::SeqCst); // as `Signal` promises; the event's mutex orders the rest
        if layer.is_inherited() {
            return; // a drop in a forked child: a thread of the parent may have the event's mutex, for ever in this copy
        }
        for signal in signals {
            signal.set();
        }
    }
}
