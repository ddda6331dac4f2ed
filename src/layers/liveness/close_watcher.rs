//! The watcher: a thread that is told by the kernel when a process may have left a segment.
//!
//! A participant lives as long as its open file description ([`LivenessLocks`]). The kernel tells when it closes a
//! description (inotify(7), `IN_CLOSE_WRITE`): by SIGKILL, exec, or drop. So one watch on the segment's file tells of
//! all participants, which need do nothing for it, and no process number is involved. One thread serves all handles of
//! the process. It starts when the first of them is idle, and takes no processor time while nothing happens.
//!
//! There may be no watcher: /proc is not mounted, a filter forbids inotify or threads, or the user's processes have
//! used up its instances (`fs.inotify.max_user_instances`, 128 by default). Waits then check liveness every
//! [`LIVENESS_INTERVAL`](super::LIVENESS_INTERVAL). A forked child has no such thread: its own handles start another.

use super::LivenessLocks;
use super::fork::{ProcessFd, without_fork};
use crate::layers::{lock_poisoned_or_not, pause};
use core::fmt;
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use core::time::Duration;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsFd, AsRawFd};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use std::io;
use std::sync::{Arc, Mutex};
use std::thread;

/// Pause after each round of the watcher. Bounds its processor time where participants join and leave all the time, and
/// is the time until a lost wake is repeated.
const ROUND_PAUSE: Duration = Duration::from_millis(4);
/// Bytes of the watcher's stack. Its largest variable is the buffer of 4 KiB for the kernel's notices.
const STACK: usize = 64 << 10;

/// What the watcher tells of a close: a flag, and a thread that sleeps until it is raised.
pub(super) trait CloseListener: fmt::Debug + Send + Sync {
    /// A description of the file was closed: the thread does not go to sleep before it has taken the flag.
    fn raise(&self);

    /// Wakes the thread if it sleeps and has not taken the flag. False: there is no such thread. A wake may be lost
    /// just before the thread sleeps, so the watcher repeats it until this is false.
    fn notify_parked(&self) -> bool;
}

/// A handle's subscription. Its drop ends it.
#[derive(Debug)]
pub(super) struct Subscription<L: CloseListener + 'static> {
    watcher: Arc<CloseWatcher>,
    watch: i32,
    flag: Arc<L>,
    /// Another descriptor of the file with the handle's locks; see [`CloseWatcher::locks_above`].
    _locks: Option<ProcessFd>,
}

impl<L: CloseListener + Default + 'static> Subscription<L> {
    /// Asks to be told when a description of this file is closed; `None` if no watcher can run. The first raise follows
    /// at once, and proves that notices arrive.
    pub(super) fn new(locks: &LivenessLocks) -> Option<Self> {
        let watcher = CloseWatcher::of_this_process()?;
        let flag = Arc::<L>::default();
        let watch = watcher.subscribe(locks, Arc::clone(&flag) as _).ok()?;
        locks.notify_watchers();
        let _locks = watcher.locks_above(locks).ok();
        Some(Self { watcher, watch, flag, _locks })
    }
}

impl<L: CloseListener + 'static> Subscription<L> {
    /// The flag, while the watcher runs.
    pub(super) fn flag(&self) -> Option<&L> {
        self.watcher.is_running().then_some(&self.flag)
    }
}

impl<L: CloseListener + 'static> Drop for Subscription<L> {
    fn drop(&mut self) {
        // In a forked child the watches are the parent's, and another thread of the parent may have held the mutex.
        if self.watcher.is_running() {
            self.watcher.unsubscribe(self.watch, &*self.flag);
        }
    }
}

/// A subscription as the watcher has it: the watch on the file, and what to raise. Handles on one file share a watch.
type Listener = (i32, Arc<dyn CloseListener>);

#[derive(Debug)]
struct CloseWatcher {
    inotify: ProcessFd,
    /// The thread has not ended.
    running: AtomicBool,
    listeners: Mutex<Vec<Listener>>,
}

impl CloseWatcher {
    /// The only watcher of this process; starts it where none runs.
    fn of_this_process() -> Option<Arc<Self>> {
        static WATCHER: Mutex<Option<Arc<CloseWatcher>>> = Mutex::new(None);
        let mut unused = None; // dropped below: its drop is a `without_fork` of its own
        // No fork while a thread has WATCHER's mutex: the child would find it locked for ever.
        let watcher = without_fork(|gate| {
            let mut watcher = lock_poisoned_or_not(&WATCHER);
            if let Some(running) = watcher.as_ref().filter(|watcher| watcher.is_running()) {
                return Ok(Arc::clone(running));
            }
            let inotify = gate.adopt(inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?)?;
            let new = Arc::new(Self { inotify, running: AtomicBool::new(true), listeners: Mutex::default() });
            if new.start().is_err() {
                unused = Some(new);
                return Err(Errno::AGAIN);
            }
            unused = watcher.replace(Arc::clone(&new));
            Ok(new)
        });
        drop(unused);
        watcher.ok()
    }

    fn start(self: &Arc<Self>) -> io::Result<()> {
        let thread = thread::Builder::new().name("ackcast-watch".to_owned()).stack_size(STACK);
        let watcher = Arc::clone(self);
        with_signals_blocked(|| thread.spawn(move || watcher.run())).map(drop)
    }

    /// Whether the thread runs in this process. It does not in a forked child.
    fn is_running(&self) -> bool {
        !self.inotify.is_inherited() && self.running.load(Relaxed)
    }

    fn subscribe(&self, locks: &LivenessLocks, listener: Arc<dyn CloseListener>) -> Result<i32, Errno> {
        // Locked first: a notice that the thread reads after `add_watch` finds the listener.
        let mut listeners = lock_poisoned_or_not(&self.listeners);
        // Only a description that was opened for writing can have a participant's lock.
        let watch = inotify::add_watch(&self.inotify, locks.path(), WatchFlags::CLOSE_WRITE)?;
        listeners.push((watch, listener));
        Ok(watch)
    }

    /// A descriptor of the file with the handle's locks, whose number is above inotify's.
    ///
    /// The kernel closes the files of a dead process from the highest number down (`task_work_run` takes the last one
    /// first). Before it frees an inotify instance, it waits for workers of its own (`fsnotify_destroy_group`), which
    /// takes long on a busy machine. The locks would stay as long.
    fn locks_above(&self, locks: &LivenessLocks) -> Result<ProcessFd, Errno> {
        let above = self.inotify.as_fd().as_raw_fd().saturating_add(1);
        without_fork(|gate| gate.adopt(fcntl_dupfd_cloexec(locks.file(), above)?))
    }

    fn unsubscribe(&self, watch: i32, listener: &dyn CloseListener) {
        let mut listeners = lock_poisoned_or_not(&self.listeners);
        listeners.retain(|(_, other)| !ptr::addr_eq(Arc::as_ptr(other), listener));
        if !listeners.iter().any(|&(other, _)| other == watch) {
            // Cannot fail: `subscribe` added the watch, and the file is open. Later notices of it find no listener.
            let _ = inotify::remove_watch(&self.inotify, watch);
        }
    }

    /// The thread: raises flags for each notice, and wakes threads until they have taken their flags.
    fn run(&self) {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut pending = Vec::new();
        loop {
            if pending.is_empty() {
                let _ = poll(&mut [PollFd::new(&self.inotify, PollFlags::IN)], None); // the read below tells its errors
            }
            let mut notices = inotify::Reader::new(&self.inotify, &mut buffer);
            loop {
                match notices.next() {
                    Ok(notice) => self.raise(notice.wd(), notice.events(), &mut pending),
                    Err(Errno::AGAIN | Errno::INTR) => break,
                    // From now on `flag` is `None`: waits check every LIVENESS_INTERVAL.
                    Err(_) => return self.running.store(false, Relaxed),
                }
                if notices.is_buffer_empty() {
                    break;
                }
            }
            pending.retain(|flag| flag.notify_parked());
            pause(ROUND_PAUSE);
        }
    }

    /// Raises the flags of this watch, or all if the kernel has lost notices. Adds them to the pending ones.
    fn raise(&self, watch: i32, events: ReadFlags, pending: &mut Vec<Arc<dyn CloseListener>>) {
        let all = events.contains(ReadFlags::QUEUE_OVERFLOW);
        let listeners = lock_poisoned_or_not(&self.listeners);
        for (_, flag) in listeners.iter().filter(|&&(other, _)| all || other == watch) {
            flag.raise();
            if !pending.iter().any(|other| Arc::ptr_eq(other, flag)) {
                pending.push(Arc::clone(flag));
            }
        }
    }
}

/// Runs `start` with all signals blocked, so that a thread that it starts gets none: the program's own threads do.
pub(in crate::layers) fn with_signals_blocked<T>(start: impl FnOnce() -> T) -> T {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // None of these calls can fail: their arguments are valid.
    // SAFETY: it initialises the set.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    // SAFETY: `all` is initialised; `before` is memory for a set.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) };
    let started = start();
    // SAFETY: `before` was initialised above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
    started
}
