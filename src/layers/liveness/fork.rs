//! What a forked child inherits: handles that are errors, and nothing by which it reaches other processes.
//!
//! A participant lives as long as the open file description that has its locks
//! ([`LivenessLocks`](super::LivenessLocks)). fork(2) gives the child that very description, and the shared mapping.
//! Without this module
//! - the parent's death is not noticed while the child lives, because the kernel drops the locks with the *last*
//!   descriptor;
//! - a child that gives a number back (`F_UNLCK`) makes its living parent look dead;
//! - a child that writes a slot, drops a guard or acknowledges does so in the parent's name.
//!
//! A process has a list of its lock descriptors and of its mappings. A thread that opens or closes any of them keeps
//! the other threads from forking meanwhile ([`without_fork`]). `pthread_atfork` runs three handlers around each
//! fork(3):
//! - *prepare* waits for these threads and keeps others from beginning, until *parent*. So the list is whole in the
//!   child, and no lock of this module is held there.
//! - *child* puts a private copy-on-write mapping of the same file in the place of each mapping ([`Region`]), closes
//!   each descriptor, and increments [`FORKS`].
//!
//! Each handle remembers the value of [`FORKS`] that it was made at, so it knows whether it is inherited. The
//! operations of an inherited handle are errors, and its drop neither unlocks nor closes: the descriptor's number may
//! be another file's by now. The child makes handles of its own as any process does.
//!
//! The child's handler allocates nothing and takes no lock: between fork and exec only async-signal-safe calls are
//! allowed where the parent has threads.
//!
//! Not covered:
//! - a child made by clone(2) or `_Fork` directly, which run no handlers;
//! - a fork in a signal handler that interrupted this module (POSIX does not allow fork there);
//! - a fork in another thread while the process makes its very first handle, before the handlers are installed.
//!
//! A borrowed message shows the child what the file holds. After the parent has acknowledged it, that may be a later
//! message.

mod process;
mod region;

pub(crate) use process::{ProcessFd, ProcessMapping};

use crate::layers::lock_poisoned_or_not;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use region::Region;
use rustix::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use rustix::io::Errno;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Forks between this process and the one that made the first handle.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// Shared by threads that open or close what the list has. A thread that forks has it exclusively.
static GATE: RwLock<()> = RwLock::new(());

/// Locked for moments without a system call.
static LIST: Mutex<List> = Mutex::new(List { has_handlers: false, first: None });

/// What this process has, and its children shall not have.
#[derive(Debug)]
struct List {
    /// The handlers are installed.
    has_handlers: bool,
    first: Option<Box<Node>>,
}

#[derive(Debug)]
struct Node {
    resource: Resource,
    /// The file's device and inode.
    file: (u64, u64),
    next: Option<Box<Node>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resource {
    /// A descriptor whose locks are this process's.
    Locks(RawFd),
    /// A mapping.
    Mapping(Region),
}

/// While it lives, no thread of this process forks.
#[derive(Debug)]
pub(in crate::layers) struct NoFork(#[expect(dead_code, reason = "held")] RwLockReadGuard<'static, ()>);

/// Runs `work` while no thread of this process can fork. `work` drops no [`ProcessFd`] and no [`ProcessMapping`]: their
/// drops call this function themselves.
///
/// # Errors
/// `NOMEM` when the handlers cannot be installed; those of `work`.
pub(in crate::layers) fn without_fork<T>(work: impl FnOnce(&NoFork) -> Result<T, Errno>) -> Result<T, Errno> {
    let gate = NoFork(GATE.read().unwrap_or_else(PoisonError::into_inner));
    let mut list = lock_poisoned_or_not(&LIST);
    if !list.has_handlers {
        // SAFETY: the handlers may run around any fork; see each of them.
        match unsafe { libc::pthread_atfork(Some(prepare), Some(parent), Some(child)) } {
            0 => list.has_handlers = true,
            errno => return Err(Errno::from_raw_os_error(errno)),
        }
    }
    drop(list);
    work(&gate)
}

impl NoFork {
    fn insert(&self, resource: Resource, file: impl AsFd) -> Result<(), Errno> {
        let stat = rustix::fs::fstat(file)?;
        let mut node = Box::new(Node { resource, file: (stat.st_dev, stat.st_ino), next: None });
        let mut list = lock_poisoned_or_not(&LIST);
        node.next = list.first.take();
        list.first = Some(node);
        Ok(())
    }

    fn remove(&self, is_removed: impl Fn(Resource) -> bool) {
        let mut list = lock_poisoned_or_not(&LIST);
        let mut link = &mut list.first;
        while link.as_ref().is_some_and(|node| !is_removed(node.resource)) {
            let Some(node) = link else { break };
            link = &mut node.next;
        }
        let mut removed = link.take();
        *link = removed.as_mut().and_then(|node| node.next.take());
        drop(list);
        drop(removed); // frees memory, perhaps by a system call: not under the mutex
    }

    /// Takes a descriptor into the list. It was opened while this value lives.
    pub(in crate::layers) fn adopt(&self, fd: OwnedFd) -> Result<ProcessFd, Errno> {
        self.insert(Resource::Locks(fd.as_raw_fd()), &fd)?;
        Ok(ProcessFd::new(fd))
    }
}

/// The gate and the list, from `prepare` to `parent` or `child`.
type Guards = (RwLockWriteGuard<'static, ()>, MutexGuard<'static, List>);

/// The guards belong to the thread that forks.
struct AcrossFork(UnsafeCell<Option<Guards>>);

// SAFETY: only the thread that has the gate exclusively accesses it.
unsafe impl Sync for AcrossFork {}

static ACROSS_FORK: AcrossFork = AcrossFork(UnsafeCell::new(None));

/// Runs in the thread that forks, before the fork.
extern "C" fn prepare() {
    let gate = GATE.write().unwrap_or_else(PoisonError::into_inner);
    let guards = Some((gate, lock_poisoned_or_not(&LIST)));
    // SAFETY: this thread has the gate exclusively.
    unsafe { *ACROSS_FORK.0.get() = guards };
}

/// Runs in the thread that has forked, in the parent.
extern "C" fn parent() {
    // SAFETY: this thread has the gate since `prepare`.
    let guards = unsafe { (*ACROSS_FORK.0.get()).take() };
    drop(guards);
}

/// Runs in the only thread of the child: the one that has forked. Async-signal-safe: system calls and stores.
extern "C" fn child() {
    // SAFETY: as in `parent`; the child has a copy of the locks, which this thread holds.
    let Some((_gate, mut list)) = (unsafe { (*ACROSS_FORK.0.get()).take() }) else { return };
    // Mappings first: each private mapping is made by a descriptor of the same file.
    for node in nodes(&list) {
        if let Resource::Mapping(region) = node.resource {
            let descriptor = nodes(&list).find_map(|other| match other.resource {
                Resource::Locks(fd) if other.file == node.file => Some(fd),
                _ => None,
            });
            region.make_private(descriptor);
        }
    }
    for node in nodes(&list) {
        if let Resource::Locks(fd) = node.resource {
            // SAFETY: a `ProcessFd` owns it, which counts as inherited, and so as closed, from the next store on.
            unsafe { libc::close(fd) };
        }
    }
    FORKS.store(FORKS.load(Relaxed).wrapping_add(1), Relaxed); // the child has no other thread yet
    core::mem::forget(list.first.take()); // freeing memory is not async-signal-safe
}

fn nodes(list: &List) -> impl Iterator<Item = &Node> {
    core::iter::successors(list.first.as_deref(), |node| node.next.as_deref())
}
