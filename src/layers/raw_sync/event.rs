//! `raw_sync`'s event as a signal, and how a sleeper is woken from it.

use super::{RawSync, init_robust, make_consistent, monotonic, owner_died, slice};
use crate::layer::{Deadline, Look, Parked, Signal, Spins};
use crate::layers::IDLE;
use crate::layers::vigil::Bed;
use crate::layers::watch::locked;
use crate::timer::{Duty, WaitTimer};
use core::cell::UnsafeCell;
use core::sync::atomic::{Ordering, fence};
use core::time::Duration;
use core::{fmt, ptr};
use raw_sync::Timeout;
use raw_sync::events::{Event, EventImpl, EventInit, EventState};
use raw_sync::locks::{LockImpl, LockInit, Mutex};
use std::io;
use std::sync::Mutex as LocalMutex;

/// Storage of a `raw_sync` event: a mutex, a condition variable and two flags.
#[repr(C, align(16))]
pub struct RawEvent(UnsafeCell<[u8; 192]>);

impl fmt::Debug for RawEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawEvent")
    }
}

/// The event that a handle's sleeper waits for. The lock keeps it mapped while another thread sets it.
#[derive(Debug, Default)]
pub(super) struct Awaited(LocalMutex<Option<EventPointer>>);

#[derive(Debug)]
struct EventPointer(*const RawEvent);

// SAFETY: an event is there for many threads and processes at once.
unsafe impl Send for EventPointer {}

impl Bed for Awaited {
    type Place = RawEvent;

    fn enter(&self, event: &RawEvent) {
        *locked(&self.0) = Some(EventPointer(event));
    }

    fn leave(&self) {
        *locked(&self.0) = None;
    }

    fn rouse(&self) -> bool {
        let event = locked(&self.0);
        let Some(EventPointer(event)) = *event else { return false };
        // SAFETY: its waiter borrows it until it leaves, for which it needs the lock.
        unsafe { &*event }.set(); // as any notifier, it waits for the event's mutex
        true
    }
}

/// Where an event has its condition variable: after its mutex, and before its flags.
const fn condition(event: *mut u8) -> *mut libc::pthread_cond_t {
    event.wrapping_add(size_of::<libc::pthread_mutex_t>()).cast()
}

/// Makes a process-shared condition variable.
///
/// # Safety
/// `condition` points to memory for one that nobody uses.
unsafe fn init_condition(condition: *mut libc::pthread_cond_t) {
    let mut attributes = core::mem::MaybeUninit::<libc::pthread_condattr_t>::uninit();
    let attributes = attributes.as_mut_ptr();
    // None of these can fail on Linux: they only write their arguments.
    // SAFETY: `attributes` points to memory for them.
    unsafe { libc::pthread_condattr_init(attributes) };
    // SAFETY: they are initialised.
    unsafe { libc::pthread_condattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED) };
    // SAFETY: `condition` is the caller's, the attributes are initialised.
    unsafe { libc::pthread_cond_init(condition, attributes) };
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
        // SAFETY: the event begins with its mutex, which nobody uses yet.
        unsafe { init_robust(this.cast()) }?;
        // SAFETY: behind the condition variable, in the event's storage, which is all initialised.
        let auto_reset = unsafe { condition(this.cast()).wrapping_add(1).cast::<u8>().read() };
        assert!(auto_reset == 1, "raw_sync's event is not laid out as `renew` expects");
        Ok(())
    }

    fn handle(&self) -> Option<Box<dyn EventImpl>> {
        // SAFETY: the storage holds an event since the segment was made; the box dies before us.
        unsafe { Event::from_existing(self.0.get().cast()) }.ok().map(|(event, _)| event)
    }

    fn mutex(&self) -> Option<Box<dyn LockImpl>> {
        // SAFETY: an event begins with its mutex; the box dies before us.
        unsafe { Mutex::from_existing(self.0.get().cast(), ptr::null_mut()) }.ok().map(|(mutex, _)| mutex)
    }

    /// Wakes the waiter, or whoever waits next.
    fn set(&self) {
        let Some(event) = self.handle() else { return };
        if event.set(EventState::Signaled).is_err_and(|error| owner_died(&*error)) {
            self.repair();
            let _ = event.set(EventState::Signaled);
        }
    }

    /// Sleeps until the event is set, or until this time.
    fn sleep(&self, layer: &RawSync, until: Duration) -> Parked {
        let Some(event) = self.handle() else { return Parked::CheckLiveness };
        layer.vigil.enlist_if_idle(&layer.peers);
        let start = monotonic();
        let slice = slice(until.saturating_sub(start));
        if layer.vigil.lie_down(self, start) {
            return Parked::CheckLiveness;
        }
        let result = event.wait(Timeout::Val(slice));
        let rung = layer.vigil.get_up(monotonic());
        match result {
            Err(error) if owner_died(&*error) => {
                self.repair();
                return Parked::CheckLiveness;
            }
            Err(_) if slice >= IDLE => layer.vigil.slept_long(),
            _ => {}
        }
        if rung { Parked::CheckLiveness } else { Parked::Woken }
    }

    /// A new condition variable: the old one may count on a waiter that is dead. Notifiers use it
    /// under the mutex, which is ours, and the one waiter is us.
    fn renew_locked(&self) {
        // SAFETY: the event's condition variable (checked in `init`), which nobody uses.
        unsafe { init_condition(condition(self.0.get().cast())) };
    }

    /// A waiter or notifier died holding the event's own mutex, and we have it now.
    fn repair(&self) {
        if let Some(mutex) = self.mutex() {
            make_consistent(&*mutex);
            let _ = mutex.release(); // ours, so this cannot fail
        }
    }
}

// SAFETY: `notify_all` fences before it asks for the first signal.
unsafe impl Signal<RawSync> for RawEvent {
    fn wait<T>(&self, layer: &RawSync, deadline: Deadline, mut poll: impl FnMut(Look) -> Option<T>) -> Option<T> {
        if let Some(found) = poll(Look::Quick) {
            return Some(found);
        }
        if deadline == Deadline::Now {
            return poll(Look::Thorough);
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
                Duty::GiveUp => return poll(Look::Thorough),
            }
        }
    }

    fn renew(&self, _: &RawSync) {
        let Some(mutex) = self.mutex() else { return };
        match mutex.lock() {
            Ok(guard) => core::mem::forget(guard),
            Err(error) if owner_died(&*error) => make_consistent(&*mutex),
            Err(_) => {
                // SAFETY: not recoverable, so nobody holds it, nor can anybody before this.
                let _ = unsafe { init_robust(self.0.get().cast()) };
                return self.renew_locked();
            }
        }
        self.renew_locked();
        let _ = mutex.release(); // ours, so this cannot fail
    }

    fn notify_all<'a>(_: &RawSync, signals: impl Iterator<Item = &'a Self>) {
        fence(Ordering::SeqCst); // as `Signal` promises; the event's mutex orders the rest
        for signal in signals {
            signal.set();
        }
    }
}
