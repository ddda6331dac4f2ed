//! Liveness by byte-range locks on the segment's file.
//!
//! A participant holds a write lock on the byte at its number. The lock belongs to the *open file description*
//! (`F_OFD_SETLK`, fcntl(2)), not to the process. So two handles in one process exclude each other, and neither process
//! numbers nor PID namespaces matter. The kernel drops the lock when the last descriptor is closed: however the process
//! dies, and before its parent has reaped it.
//!
//! The file is opened close-on-exec, and a forked child closes it ([`fork`](super::fork)). So the locks of a process
//! die with that process, whatever its children do. A handle that a child has inherited is an error there: `EBADF`.

use super::fork::{ProcessFd, without_fork};
use crate::layer::LivenessUnknown;
use rustix::fd::{AsFd, AsRawFd, BorrowedFd};
use rustix::io::Errno;
use std::fs::File;

/// The most participants of a channel. Their locks are on bytes 0 to 127 of the file.
pub const MAX_PARTICIPANTS: u32 = 128;
/// The byte on which each attached handle, participant or not, holds a read lock.
pub(crate) const ATTACHED: u32 = 255;

/// A handle's locks on the segment's file.
#[derive(Debug)]
pub struct LivenessLocks {
    file: ProcessFd,
}

/// What [`LivenessLocks::alone`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// No other handle is attached, and none can attach until this one is gone.
    Alone,
    /// Other handles are attached.
    Others,
}

impl LivenessLocks {
    /// Locks on the file that `open` opens, under an open file description of their own. No thread of this process
    /// forks meanwhile.
    ///
    /// # Errors
    /// Those of `open`; `NOMEM` when the process cannot watch for forks.
    pub fn open(open: impl FnOnce() -> Result<File, Errno>) -> Result<Self, Errno> {
        without_fork(|gate| Ok(Self { file: gate.adopt(open()?.into())? }))
    }

    /// Whether this process has inherited the value across a fork. It has no locks then: every call fails with `EBADF`.
    #[inline(always)]
    pub fn is_inherited(&self) -> bool {
        self.file.is_inherited()
    }

    /// Takes a participant's number. False: another handle has it, or the number is out of range.
    ///
    /// # Errors
    /// [`LivenessUnknown`] when the system refuses the lock for another reason.
    pub fn claim(&self, number: u32) -> Result<bool, LivenessUnknown> {
        if number >= MAX_PARTICIPANTS {
            return Ok(false);
        }
        self.lock(libc::F_WRLCK, number)
    }

    /// Gives a number back.
    pub fn release(&self, number: u32) {
        // Fails where a filter refuses it, or for want of memory to split a range. Closing the file unlocks, too.
        let _ = self.set(libc::F_UNLCK, number);
        // The description stays open while other numbers live in it, so no close tells the watchers.
        self.notify_watchers();
    }

    /// Whether another handle has this number. False for a number that is out of range.
    ///
    /// # Errors
    /// [`LivenessUnknown`] when the system refuses to tell.
    pub fn is_alive(&self, number: u32) -> Result<bool, LivenessUnknown> {
        Ok(number < MAX_PARTICIPANTS && self.is_locked(number)?)
    }

    /// Attaches this handle: no handle removes the segment's name while it is attached. False: another handle is
    /// removing the name.
    ///
    /// # Errors
    /// [`LivenessUnknown`] when the system refuses this lock, or refuses to tell of others. So the system has allowed
    /// an attached handle both calls that its waits need.
    pub fn enter(&self) -> Result<bool, LivenessUnknown> {
        self.others_attached()?;
        self.lock(libc::F_RDLCK, ATTACHED)
    }

    /// Detaches this handle.
    pub fn exit(&self) {
        // Where a filter refuses it, the handle counts as attached until the file is closed. No name is removed too
        // early.
        let _ = self.set(libc::F_UNLCK, ATTACHED);
    }

    /// Whether no other handle is attached. If so, none can [`enter`](LivenessLocks::enter) any more.
    ///
    /// # Errors
    /// [`LivenessUnknown`] when the system refuses to tell.
    pub fn alone(&self) -> Result<Attachment, LivenessUnknown> {
        Ok(if self.lock(libc::F_WRLCK, ATTACHED)? { Attachment::Alone } else { Attachment::Others })
    }

    /// Whether other handles are attached. Changes nothing.
    ///
    /// # Errors
    /// [`LivenessUnknown`] when the system refuses to tell.
    pub fn others_attached(&self) -> Result<bool, LivenessUnknown> {
        self.is_locked(ATTACHED)
    }

    /// The segment's file.
    pub fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// A path by which to open another description of the file, also when its name is gone.
    pub(super) fn path(&self) -> String {
        format!("/proc/self/fd/{}", self.file().as_raw_fd())
    }

    /// Raises the flags of all [watchers](super::close_watcher) of the file, by closing a description of it.
    pub(super) fn notify_watchers(&self) {
        // Cannot open where /proc is missing; no process can watch there either. No fork meanwhile: a child would keep
        // the description open.
        let _ = without_fork(|_| {
            let _ = File::options().read(true).write(true).open(self.path());
            Ok(())
        });
    }

    /// Takes a lock. False: a lock of another description conflicts.
    fn lock(&self, kind: libc::c_int, byte: u32) -> Result<bool, LivenessUnknown> {
        match self.set(kind, byte) {
            Ok(()) => Ok(true),
            Err(Errno::AGAIN | Errno::ACCESS) => Ok(false),
            Err(errno) => Err(unknown(errno)),
        }
    }

    fn set(&self, kind: libc::c_int, byte: u32) -> Result<(), Errno> {
        let lock = byte_range(kind, byte);
        // SAFETY: `lock` outlives the call, which only reads it.
        let result = unsafe { libc::fcntl(self.file().as_raw_fd(), libc::F_OFD_SETLK, &raw const lock) };
        if result == 0 { Ok(()) } else { Err(last_errno()) }
    }

    /// Whether a lock of another description conflicts with a write lock.
    fn is_locked(&self, byte: u32) -> Result<bool, LivenessUnknown> {
        let mut lock = byte_range(libc::F_WRLCK, byte);
        // SAFETY: `lock` outlives the call.
        let result = unsafe { libc::fcntl(self.file().as_raw_fd(), libc::F_OFD_GETLK, &raw mut lock) };
        if result != 0 {
            return Err(unknown(last_errno())); // proves neither life nor death
        }
        Ok(libc::c_int::from(lock.l_type) != libc::F_UNLCK)
    }
}

fn last_errno() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

fn unknown(errno: Errno) -> LivenessUnknown {
    LivenessUnknown { errno: errno.raw_os_error() }
}

fn byte_range(kind: libc::c_int, byte: u32) -> libc::flock {
    // `l_pid` must be 0 for these commands.
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: byte as libc::off_t,
        l_len: 1,
        l_pid: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (LivenessLocks, LivenessLocks) {
        let path = std::env::temp_dir().join(format!(
            "ackcast-locks-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let open = || Ok(File::options().create(true).truncate(false).read(true).write(true).open(&path).unwrap());
        let pair = (LivenessLocks::open(open).unwrap(), LivenessLocks::open(open).unwrap());
        std::fs::remove_file(&path).unwrap();
        pair
    }

    #[test]
    fn number_has_one_holder_and_is_free_when_its_file_is_closed() {
        let (a, b) = pair();
        assert_eq!(a.claim(3), Ok(true));
        assert_eq!((b.claim(3), b.is_alive(3), b.is_alive(4)), (Ok(false), Ok(true), Ok(false)));
        drop(a);
        assert_eq!((b.is_alive(3), b.claim(3)), (Ok(false), Ok(true)));
    }

    #[test]
    fn number_out_of_range_has_no_holder() {
        let (a, b) = pair();
        assert_eq!((a.claim(MAX_PARTICIPANTS), b.is_alive(u32::MAX)), (Ok(false), Ok(false)));
    }

    #[test]
    fn last_handle_is_alone_and_then_no_other_enters() {
        let (a, b) = pair();
        assert_eq!((a.enter(), b.enter()), (Ok(true), Ok(true)));
        assert_eq!(a.alone(), Ok(Attachment::Others));
        drop(b);
        assert_eq!(a.alone(), Ok(Attachment::Alone));
        let (last, late) = pair();
        assert_eq!((last.alone(), late.enter()), (Ok(Attachment::Alone), Ok(false)));
    }
}
