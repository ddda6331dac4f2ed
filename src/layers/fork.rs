//! What a forked child inherits: handles that are errors, and nothing through which it reaches other processes.
//!
//! A participant lives as long as the open file description that has its locks (see [`LivenessLocks`](super::LivenessLocks)). fork(2)
//! gives the child that very description, and the shared mapping, too. So without this module
//! - the parent's death is not noticed while the child lives, since the kernel drops the locks with the *last*
//!   descriptor;
//! - a child that gives a number back (`F_UNLCK`) makes its living parent look dead;
//! - a child that writes a slot, drops a guard or acknowledges does so in the parent's name.
//!
//! A process has one list of its lock descriptors and of its mappings. A thread that opens or closes one of them keeps
//! the others from forking meanwhile ([`without_fork`]). `pthread_atfork` runs three handlers around each fork(3):
//! - *prepare* waits for these threads and keeps others from beginning, until *parent*, so that the list is whole in the
//!   child, and no lock of this library is held there;
//! - *child* puts a private copy-on-write mapping of the same file in the place of each mapping, closes each
//!   descriptor, and increments [`FORKS`].
//!
//! Each handle remembers the value of [`FORKS`] that it was made at, so it knows that it is inherited. Its operations
//! are errors, and its drop neither unlocks nor closes: the descriptor's number may be another file's by now. The child
//! makes handles of its own as any process does.
//!
//! The child's handler allocates nothing and takes no lock: between fork and exec only async-signal-safe calls are
//! allowed where the parent has threads. A mapping holds the open file description that it was made of, and with it the
//! locks. So the private mapping is made of one that the handler opens, by /proc. Without /proc, the handler copies the
//! segment. If the kernel has no memory for either (strict overcommit), the child gets inaccessible pages: a child that
//! uses or drops an inherited handle dies of SIGSEGV, and the segment stays whole. If the kernel refuses even those,
//! the child aborts.
//!
//! What is not covered: a child made by clone(2) or `_Fork` directly, which run no handlers; a fork in a signal handler
//! that interrupted this module (POSIX does not allow fork there); a fork in another thread while the process makes its
//! very first handle, before it has handlers. A borrowed message shows the child what the file holds: after the parent has
//! acknowledged it, that may be a later one.

use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::mem::ManuallyDrop;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use rustix::fs::CWD;
use rustix::io::Errno;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// How many forks lie between this process and the one that first made a handle.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// Shared by threads that open or close what the list has; a thread that forks has it for itself.
static GATE: RwLock<()> = RwLock::new(());

/// Locked for moments without a system call.
static LIST: Mutex<List> = Mutex::new(List { hooked: false, first: None });

/// What this process has, and its children shall not have.
#[derive(Debug)]
struct List {
    /// The handlers are installed.
    hooked: bool,
    first: Option<Box<Node>>,
}

#[derive(Debug)]
struct Node {
    kept: Kept,
    /// The file's device and inode.
    file: (u64, u64),
    next: Option<Box<Node>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// A descriptor whose locks are this process's.
    Lock(RawFd),
    /// A mapping: its address, and how long it is.
    Region(usize, usize),
}

/// Which process of a line of forks something was made in.
#[derive(Clone, Copy, Debug)]
struct Maker(u32);

impl Maker {
    fn this_process() -> Self {
        Self(FORKS.load(Relaxed))
    }

    /// Whether an ancestor of this process made it.
    #[inline(always)]
    fn is_ancestor(self) -> bool {
        FORKS.load(Relaxed) != self.0 // written by the child's handler, when it has one thread
    }
}

/// While it lives, no thread of this process forks.
#[derive(Debug)]
pub(super) struct NoFork(#[expect(dead_code, reason = "held")] RwLockReadGuard<'static, ()>);

/// Runs `work` while no thread of this process can fork. `work` drops no [`ProcessFd`] and no [`ProcessMapping`], which
/// do the same.
///
/// # Errors
/// `NOMEM` when the handlers cannot be installed; those of `work`.
pub(super) fn without_fork<T>(work: impl FnOnce(&NoFork) -> Result<T, Errno>) -> Result<T, Errno> {
    let gate = NoFork(GATE.read().unwrap_or_else(PoisonError::into_inner));
    let mut list = list();
    if !list.hooked {
        // SAFETY: the handlers are safe to run around a fork; see each of them.
        match unsafe { libc::pthread_atfork(Some(prepare), Some(parent), Some(child)) } {
            0 => list.hooked = true,
            errno => return Err(Errno::from_raw_os_error(errno)),
        }
    }
    drop(list);
    work(&gate)
}

fn list() -> MutexGuard<'static, List> {
    LIST.lock().unwrap_or_else(PoisonError::into_inner) // each change is one step
}

impl NoFork {
    fn insert(&self, kept: Kept, file: impl AsFd) -> Result<(), Errno> {
        let stat = rustix::fs::fstat(file)?;
        let mut node = Box::new(Node { kept, file: (stat.st_dev, stat.st_ino), next: None });
        let mut list = list();
        node.next = list.first.take();
        list.first = Some(node);
        Ok(())
    }

    fn remove(&self, is_it: impl Fn(Kept) -> bool) {
        let mut list = list();
        let mut at = &mut list.first;
        while at.as_ref().is_some_and(|node| !is_it(node.kept)) {
            let Some(node) = at else { break };
            at = &mut node.next;
        }
        let mut removed = at.take();
        *at = removed.as_mut().and_then(|node| node.next.take());
        drop(list);
        drop(removed); // may be a system call
    }

    /// Takes a descriptor into the list. It was opened while this value lives.
    pub(super) fn adopt(&self, fd: OwnedFd) -> Result<ProcessFd, Errno> {
        self.insert(Kept::Lock(fd.as_raw_fd()), &fd)?;
        Ok(ProcessFd { fd: ManuallyDrop::new(fd), maker: Maker::this_process() })
    }
}

/// A descriptor that a forked child does not have. There, every call on it fails with `EBADF`.
#[derive(Debug)]
pub(super) struct ProcessFd {
    fd: ManuallyDrop<OwnedFd>,
    maker: Maker,
}

impl ProcessFd {
    /// Whether an ancestor of this process made it.
    #[inline(always)]
    pub(super) fn is_inherited(&self) -> bool {
        self.maker.is_ancestor()
    }
}

impl AsFd for ProcessFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // Our number may be another file's by now. CWD is no file: the kernel says EBADF.
        if self.is_inherited() { CWD } else { self.fd.as_fd() }
    }
}

impl Drop for ProcessFd {
    fn drop(&mut self) {
        if self.is_inherited() {
            return; // closed already, and its number may be another file's
        }
        let number = self.fd.as_raw_fd();
        // Both in one step: a child must not close a number that is another file's by then.
        let _ = without_fork(|gate| {
            gate.remove(|kept| kept == Kept::Lock(number));
            // SAFETY: the value is not used again.
            unsafe { ManuallyDrop::drop(&mut self.fd) };
            Ok(())
        }); // cannot fail: the handlers are installed
    }
}

/// A mapping that a forked child gets a private copy of. To be dropped before the mapping is.
#[derive(Debug)]
pub(crate) struct ProcessMapping {
    address: usize,
    maker: Maker,
}

impl ProcessMapping {
    /// Takes these addresses into the list: a shared mapping of the whole of this file.
    ///
    /// # Errors
    /// What the system says.
    ///
    /// # Safety
    /// They are that until the value is dropped.
    pub(crate) unsafe fn adopt(base: *mut u8, len: usize, file: impl AsFd) -> Result<Self, Errno> {
        let address = base.expose_provenance();
        without_fork(|gate| {
            gate.insert(Kept::Region(address, len), file)?;
            Ok(Self { address, maker: Maker::this_process() })
        })
    }
}

impl Drop for ProcessMapping {
    fn drop(&mut self) {
        if self.maker.is_ancestor() {
            return; // our list begins anew
        }
        let address = self.address;
        let _ = without_fork(|gate| {
            gate.remove(|kept| matches!(kept, Kept::Region(start, _) if start == address));
            Ok(())
        }); // cannot fail: the handlers are installed
    }
}

/// The gate and the list, from `prepare` to `parent` or `child`.
type Guards = (RwLockWriteGuard<'static, ()>, MutexGuard<'static, List>);

/// They belong to the thread that forks.
struct AcrossFork(UnsafeCell<Option<Guards>>);

// SAFETY: only the thread that has the gate for itself accesses it.
unsafe impl Sync for AcrossFork {}

static ACROSS_FORK: AcrossFork = AcrossFork(UnsafeCell::new(None));

/// Runs in the thread that forks, before it does.
extern "C" fn prepare() {
    let gate = GATE.write().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: the gate is ours alone.
    unsafe { *ACROSS_FORK.0.get() = Some((gate, list())) };
}

/// Runs in the thread that has forked, in the parent.
extern "C" fn parent() {
    // SAFETY: this thread has the gate since `prepare`.
    let guards = unsafe { (*ACROSS_FORK.0.get()).take() };
    drop(guards);
}

/// Runs in the only thread of the child, which is the one that has forked. Async-signal-safe: system calls and stores.
extern "C" fn child() {
    // SAFETY: as in `parent`; the child has a copy of the locks, which this thread holds.
    let Some((_gate, mut list)) = (unsafe { (*ACROSS_FORK.0.get()).take() }) else { return };
    // Mappings first: they are made of the descriptors.
    for node in nodes(&list) {
        if let Kept::Region(address, len) = node.kept {
            let lock = nodes(&list).find_map(|other| match other.kept {
                Kept::Lock(fd) if other.file == node.file => Some(fd),
                _ => None,
            });
            Region { address, len }.make_private(lock);
        }
    }
    for node in nodes(&list) {
        if let Kept::Lock(fd) = node.kept {
            // SAFETY: `ProcessFd` owns it, and takes it for closed from the next line on.
            unsafe { libc::close(fd) };
        }
    }
    FORKS.store(FORKS.load(Relaxed).wrapping_add(1), Relaxed); // there is no other thread
    core::mem::forget(list.first.take()); // freeing is not async-signal-safe
}

fn nodes(list: &List) -> impl Iterator<Item = &Node> {
    core::iter::successors(list.first.as_deref(), |node| node.next.as_deref())
}

/// A mapping of ours, in a child.
struct Region {
    address: usize,
    len: usize,
}

impl Region {
    /// From now on, what is written here is this process's alone. `lock` is a descriptor of the mapped file.
    fn make_private(&self, lock: Option<RawFd>) {
        if lock.is_some_and(|lock| self.map_privately(lock)) || self.copy() {
            return;
        }
        let inaccessible = libc::MAP_FIXED | libc::MAP_PRIVATE | libc::MAP_NORESERVE | libc::MAP_ANONYMOUS;
        // SAFETY: as in `map_privately`.
        if unsafe { libc::mmap(self.start(), self.len, libc::PROT_NONE, inaccessible, -1, 0) } != self.start() {
            // SAFETY: it has no precondition, and is async-signal-safe.
            unsafe { libc::abort() };
        }
    }

    fn map_privately(&self, lock: RawFd) -> bool {
        let mut path = [0; 32]; // ends with a 0: the longest number has 10 digits
        if write!(&mut path[..31], "/proc/self/fd/{lock}").is_err() {
            return false;
        }
        // SAFETY: a string that ends.
        let file = unsafe { libc::open(path.as_ptr().cast(), libc::O_RDONLY | libc::O_CLOEXEC) };
        if file < 0 {
            return false;
        }
        let private = libc::MAP_FIXED | libc::MAP_PRIVATE | libc::MAP_NORESERVE;
        // SAFETY: a mapping of ours lies there (`ProcessMapping::adopt`). This process has no thread that uses it.
        let mapped = unsafe { libc::mmap(self.start(), self.len, ACCESS, private, file, 0) };
        // SAFETY: ours, and not used again; the mapping keeps what it needs.
        unsafe { libc::close(file) };
        mapped == self.start()
    }

    fn copy(&self) -> bool {
        let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping, where the kernel likes.
        let copy = unsafe { libc::mmap(ptr::null_mut(), self.len, ACCESS, private, -1, 0) };
        if copy == libc::MAP_FAILED {
            return false;
        }
        // SAFETY: as long as both mappings are. What other processes write meanwhile comes or does not.
        unsafe { ptr::copy_nonoverlapping(self.start().cast::<u8>(), copy.cast(), self.len) };
        let over = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
        // SAFETY: as in `map_privately`, and `copy` is not used again.
        let moved = unsafe { libc::mremap(copy, self.len, self.len, over, self.start()) };
        moved == self.start()
    }

    fn start(&self) -> *mut c_void {
        ptr::with_exposed_provenance_mut(self.address)
    }
}

const ACCESS: i32 = libc::PROT_READ | libc::PROT_WRITE;
