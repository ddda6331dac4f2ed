//! An eventfd that tells an event loop to look at a handle again, and the thread that rings it.
//!
//! An event loop sleeps in epoll(7) or poll(2), and the kernel wakes it for descriptors only. A participant sleeps on a
//! word of the segment. So a second thread sleeps there in the handle's place, and then writes the eventfd.
//!
//! The descriptor is readable unless the handle has [asked](Bell::ask) and was not told since. So a handle
//! [clears](Bell::clear) it first, then polls, and asks last:
//!
//! ```text
//!   event loop                            bell's thread
//!   clears the eventfd
//!   polls: nothing
//!   asks                                  sleeps in the handle's place
//!   sleeps in epoll                       is told; writes the eventfd
//! ```
//!
//! A ring that comes between clear and poll wakes the event loop once for nothing. None is lost.

use super::liveness::fork::{ProcessFd, without_fork};
use super::liveness::with_signals_blocked;
use core::sync::atomic::{AtomicU8, Ordering};
use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::{AsFd, BorrowedFd};
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// Bytes of the thread's stack. A producer's thread evicts dead consumers and takes over locks, so what a program does
/// when it is told of such events may run there.
const STACK: usize = 256 << 10;

/// The thread has nothing to do.
const IDLE: u8 = 0;
/// The handle has asked: the thread sleeps in its place.
const ASKED: u8 = 1;
/// The thread ends.
const STOP: u8 = 2;

/// See the [module](self). Its owner [stops](Bell::stop) it.
#[derive(Debug)]
pub(crate) struct Bell {
    shared: Arc<Shared>,
    /// `None` after [`stop`](Bell::stop).
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    /// A forked child does not have it: a child that cleared it would take the parent's ring.
    eventfd: ProcessFd,
    order: AtomicU8,
}

impl Shared {
    fn ring(&self) {
        // Fails only if the counter is full, and so readable, or in a forked child.
        let _ = rustix::io::write(&self.eventfd, &1_u64.to_ne_bytes());
    }
}

impl Bell {
    /// Starts a bell whose descriptor is readable. `sleep` is called each time that the handle has asked. It returns
    /// when the handle is to poll again, and does not panic.
    ///
    /// # Errors
    /// Those of eventfd(2), and of starting a thread.
    pub(crate) fn start(mut sleep: impl FnMut() + Send + 'static) -> io::Result<Self> {
        let eventfd = without_fork(|gate| gate.adopt(eventfd(1, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))?;
        let shared = Arc::new(Shared { eventfd, order: AtomicU8::new(IDLE) });
        let rings = Arc::clone(&shared);
        let run = move || loop {
            // Acquire, pairs with the Release of `order`: what the handle did before it asked.
            match rings.order.compare_exchange(ASKED, IDLE, Ordering::Acquire, Ordering::Acquire) {
                Ok(_) => {
                    sleep();
                    rings.ring();
                }
                Err(STOP) => return,
                Err(_) => thread::park(), // an order that came since ends it at once
            }
        };
        let builder = thread::Builder::new().name("ackcast-bell".to_owned()).stack_size(STACK);
        let thread = with_signals_blocked(|| builder.spawn(run))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Whether a process before a fork has started it.
    pub(crate) fn is_inherited(&self) -> bool {
        self.shared.eventfd.is_inherited()
    }

    /// Makes the descriptor unreadable.
    pub(crate) fn clear(&self) {
        let mut count = [0; 8];
        let _ = rustix::io::read(&self.shared.eventfd, &mut count); // EAGAIN: it was not readable
    }

    /// Makes the descriptor readable.
    pub(crate) fn ring(&self) {
        self.shared.ring();
    }

    /// Makes the descriptor readable when the handle is told. The handle has polled since it cleared the descriptor.
    pub(crate) fn ask(&self) {
        self.order(ASKED);
    }

    /// Ends the thread, and waits for it. `end_sleep` makes the current sleep, and any later one, return. So the thread
    /// has no more than a write and an exit before it, and whatever the sleep still does.
    pub(crate) fn stop(&mut self, end_sleep: impl FnOnce()) {
        if !self.is_inherited() {
            self.order(STOP);
            end_sleep();
            let _ = self.thread.take().map(JoinHandle::join); // no sleep panics
        }
    }

    fn order(&self, order: u8) {
        self.shared.order.store(order, Ordering::Release);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.shared.eventfd.as_fd()
    }
}

impl Drop for Bell {
    /// A forked child has no such thread.
    fn drop(&mut self) {
        if self.is_inherited() {
            core::mem::forget(self.thread.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use std::sync::mpsc;

    fn is_readable(bell: &Bell, seconds: i64) -> bool {
        let mut fds = [PollFd::new(bell, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec { tv_sec: seconds, tv_nsec: 0 })).unwrap() == 1
    }

    #[test]
    fn bell_rings_once_for_each_sleep() {
        let (end, ends) = mpsc::channel();
        let mut bell = Bell::start(move || ends.recv().unwrap_or(())).unwrap();
        assert!(is_readable(&bell, 0), "the handle has not asked");
        for _ in 0..3 {
            bell.clear();
            bell.ask();
            assert!(!is_readable(&bell, 0), "the sleep has not ended");
            end.send(()).unwrap();
            assert!(is_readable(&bell, 30), "the ring is lost");
        }
        bell.stop(|| drop(end));
    }

    #[test]
    fn bell_stops_while_its_thread_sleeps() {
        let (end, ends) = mpsc::channel::<()>();
        let (enter, entered) = mpsc::channel();
        let sleep = move || {
            enter.send(()).unwrap();
            assert!(ends.recv().is_err());
        };
        let mut bell = Bell::start(sleep).unwrap();
        bell.ask();
        entered.recv().unwrap();
        bell.stop(|| drop(end));
        assert!(is_readable(&bell, 0), "the thread has rung before its end");
    }
}
