//! The watchman: a thread that hears from the kernel when somebody leaves a segment.
//!
//! A participant lives as long as its open file description (see [`LivenessLocks`]), and the kernel tells
//! when one of those is closed: inotify(7), `IN_CLOSE_WRITE`, whatever has closed it, a `kill -9`,
//! an exec or a drop. One watch on the segment's file tells it of all participants, without process
//! numbers, and they need not do anything for it. One thread serves all handles of the process; it
//! is started when the first of them has nothing to do, and costs nothing while nothing happens.
//!
//! There may be no watchman: /proc is not mounted, a filter forbids inotify, or the user's processes
//! have used up its instances (`fs.inotify.max_user_instances`, 128 unless set otherwise). Then sleepers patrol. A
//! forked child has no such thread: its own handles start another one.

use super::LivenessLocks;
use super::fork::{ProcessFd, without_fork};
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
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// How long the watchman rests after each round, so that a storm of comings and goings costs little,
/// and who was roused a moment too early is roused again.
const REST: Duration = Duration::from_millis(4);
/// He needs little more than a buffer for some hundred notices.
const STACK: usize = 64 << 10;

/// What he rings.
pub(super) trait Ring: fmt::Debug + Send + Sync {
    /// From now on nobody falls asleep who has not heard it.
    fn ring(&self);

    /// Wakes who sleeps and has not heard it; false if there is nobody. To be tried until then.
    fn notify_parked(&self) -> bool;
}

/// One handle's place with the watchman. Dropping it gives it up.
#[derive(Debug)]
pub(super) struct Subscription<R: Ring + 'static> {
    watchman: Arc<CloseWatcher>,
    watch: i32,
    flag: Arc<R>,
    /// Another descriptor of the file with our locks; see [`CloseWatcher::locks_above`].
    _locks: Option<ProcessFd>,
}

impl<R: Ring + Default + 'static> Subscription<R> {
    /// Asks for notices of whoever leaves this segment; `None` if there cannot be any. The first ring
    /// follows at once, and proves that they come.
    pub(super) fn enlist(locks: &LivenessLocks) -> Option<Self> {
        let watchman = CloseWatcher::of_this_process()?;
        let flag = Arc::<R>::default();
        let watch = watchman.enlist(locks, Arc::clone(&flag) as _).ok()?;
        locks.announce();
        let _locks = watchman.locks_above(locks).ok();
        Some(Self { watchman, watch, flag, _locks })
    }
}

impl<R: Ring + 'static> Subscription<R> {
    /// The flag, unless nobody can ring it any more.
    pub(super) fn flag(&self) -> Option<&R> {
        self.watchman.on_duty().then_some(&self.flag)
    }
}

impl<R: Ring + 'static> Drop for Subscription<R> {
    fn drop(&mut self) {
        // In a forked child the watches are still the parent's, and the lock may be another thread's of the parent.
        if self.watchman.on_duty() {
            self.watchman.dismiss(self.watch, &*self.flag);
        }
    }
}

#[derive(Debug)]
struct CloseWatcher {
    inotify: ProcessFd,
    /// True while the thread is there.
    watching: AtomicBool,
    /// What to ring, by watch. Handles on one file share its watch.
    bells: Mutex<Vec<(i32, Arc<dyn Ring>)>>,
}

impl CloseWatcher {
    /// The process's only one.
    fn of_this_process() -> Option<Arc<Self>> {
        static WATCHMAN: Mutex<Option<Arc<CloseWatcher>>> = Mutex::new(None);
        let mut unused = None; // its drop is a `without_fork` of its own
        // Else a child could be forked while another thread has the lock of WATCHMAN, and would wait for it for ever.
        let watchman = without_fork(|gate| {
            let mut watchman = locked(&WATCHMAN);
            if let Some(watchman) = watchman.as_ref().filter(|watchman| watchman.on_duty()) {
                return Ok(Arc::clone(watchman));
            }
            let inotify = gate.adopt(inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?)?;
            let new = Arc::new(Self { inotify, watching: AtomicBool::new(true), bells: Mutex::default() });
            if new.start().is_err() {
                unused = Some(new);
                return Err(Errno::AGAIN);
            }
            unused = watchman.replace(Arc::clone(&new));
            Ok(new)
        });
        drop(unused);
        watchman.ok()
    }

    fn start(self: &Arc<Self>) -> io::Result<()> {
        let thread = thread::Builder::new().name("ackcast-watch".to_owned()).stack_size(STACK);
        let himself = Arc::clone(self);
        with_signals_blocked(|| thread.spawn(move || himself.watch())).map(drop)
    }

    /// Whether its thread is there. A forked child has no such thread.
    fn on_duty(&self) -> bool {
        !self.inotify.is_inherited() && self.watching.load(Relaxed)
    }

    fn enlist(&self, locks: &LivenessLocks, flag: Arc<dyn Ring>) -> Result<i32, Errno> {
        let mut bells = locked(&self.bells);
        // Only who can write the file can have a participant's lock.
        let watch = inotify::add_watch(&self.inotify, locks.path(), WatchFlags::CLOSE_WRITE)?;
        bells.push((watch, flag));
        Ok(watch)
    }

    /// A descriptor of the file with the handle's locks whose number is above inotify's.
    ///
    /// The kernel closes the files of a dead process from the highest number down (`task_work_run` takes the last one
    /// first). It frees an inotify instance only after it has waited for workers of its own (`fsnotify_destroy_group`),
    /// which takes long on a busy machine. The locks would stay as long.
    fn locks_above(&self, locks: &LivenessLocks) -> Result<ProcessFd, Errno> {
        let above = self.inotify.as_fd().as_raw_fd().saturating_add(1);
        without_fork(|gate| gate.adopt(fcntl_dupfd_cloexec(locks.file(), above)?))
    }

    fn dismiss(&self, watch: i32, flag: &dyn Ring) {
        let mut bells = locked(&self.bells);
        bells.retain(|(_, other)| !ptr::addr_eq(Arc::as_ptr(other), flag));
        if !bells.iter().any(|&(other, _)| other == watch) {
            // It is there: we added it, and the file is open. Late notices find no flag.
            let _ = inotify::remove_watch(&self.inotify, watch);
        }
    }

    /// The thread: rings for each notice, and rouses those who sleep until they have heard it.
    fn watch(&self) {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut unheard = Vec::new();
        loop {
            if unheard.is_empty() {
                let _ = poll(&mut [PollFd::new(&self.inotify, PollFlags::IN)], None); // the read will tell
            }
            let mut notices = inotify::Reader::new(&self.inotify, &mut buffer);
            loop {
                match notices.next() {
                    Ok(notice) => self.ring(notice.wd(), notice.events(), &mut unheard),
                    Err(Errno::AGAIN | Errno::INTR) => break,
                    Err(_) => return self.watching.store(false, Relaxed), // they patrol again
                }
                if notices.is_buffer_empty() {
                    break;
                }
            }
            unheard.retain(|flag| flag.notify_parked());
            thread::sleep(REST);
        }
    }

    /// Rings the bells of a watch; all of them, if notices were lost.
    fn ring(&self, watch: i32, events: ReadFlags, unheard: &mut Vec<Arc<dyn Ring>>) {
        let all = events.contains(ReadFlags::QUEUE_OVERFLOW);
        for (_, flag) in locked(&self.bells).iter().filter(|&&(other, _)| all || other == watch) {
            flag.ring();
            if !unheard.iter().any(|other| Arc::ptr_eq(other, flag)) {
                unheard.push(Arc::clone(flag));
            }
        }
    }
}

/// Nothing that is done under these locks panics, and all of it is one step.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A thread that `start` starts gets no signals: they are for the program's own threads.
fn with_signals_blocked<T>(start: impl FnOnce() -> T) -> T {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // None of these can fail: their arguments are as they have to be.
    // SAFETY: it initialises the set.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    // SAFETY: `all` is initialised; `before` is memory for a set.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) };
    let started = start();
    // SAFETY: `before` was initialised above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
    started
}
