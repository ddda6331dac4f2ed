//! Who lives: byte-range locks on the segment's file.
//!
//! A participant holds a write lock on the byte at its number. The lock belongs to the *open file
//! description* (`F_OFD_SETLK`, fcntl(2)), not to the process: it is the same for two handles in
//! one process, knows nothing of process numbers or namespaces, and the kernel drops it when the
//! last descriptor is closed, however the process dies, before a parent has reaped it.
//!
//! The file is opened close-on-exec, and a forked child closes it ([`fork`](super::fork)). So the locks of a process
//! die with it, whatever its children do, and a handle that a child has inherited is an error there: the kernel says
//! `EBADF`.

use super::fork::{ProcessFd, without_fork};
use crate::layer::LivenessUnknown;
use rustix::fd::{AsFd, AsRawFd, BorrowedFd};
use rustix::io::Errno;
use std::fs::File;

/// The most participants a channel can have: their bytes are 0 to 127 of the file.
pub const MAX_PARTICIPANTS: u32 = 128;
/// Every handle, participant or not, holds a read lock on this byte.
const PRESENCE: u32 = 255;

/// One handle's locks on the segment's file.
#[derive(Debug)]
pub struct LivenessLocks {
    file: ProcessFd,
}

/// What [`LivenessLocks::alone`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// No other handle exists, and none can appear until this one is gone.
    Alone,
    /// Others are here.
    Others,
}

impl LivenessLocks {
    /// Locks on the file that `open` opens. Its open file description has no other user. No thread of this process
    /// forks meanwhile.
    ///
    /// # Errors
    /// Those of `open`; `NOMEM` when the process cannot watch for forks.
    pub fn open(open: impl FnOnce() -> Result<File, Errno>) -> Result<Self, Errno> {
        without_fork(|gate| Ok(Self { file: gate.adopt(open()?.into())? }))
    }

    /// Whether a forked process has it from its parent. It has no locks then, and every call fails with `EBADF`.
    #[inline(always)]
    pub fn is_inherited(&self) -> bool {
        self.file.is_inherited()
    }

    /// Takes a participant's number, unless another handle has it.
    ///
    /// # Errors
    /// [`LivenessUnknown`] when the system refuses the lock for another reason than that.
    pub fn claim(&self, number: u32) -> Result<bool, LivenessUnknown> {
        if number >= MAX_PARTICIPANTS {
            return Ok(false);
        }
        self.lock(libc::F_WRLCK, number)
    }

    /// Gives a number back.
    pub fn release(&self, number: u32) {
        // A filter may refuse it, or there is no memory to split a range: then closing the file unlocks.
        let _ = self.set(libc::F_UNLCK, number);
        self.announce(); // others may live on in this description, so that nothing is closed yet
    }

    /// Whether another handle has this number. No handle has a number that is out of range.
    ///
    /// # Errors
    /// [`LivenessUnknown`] when the system refuses to tell.
    pub fn is_alive(&self, number: u32) -> Result<bool, LivenessUnknown> {
        Ok(number < MAX_PARTICIPANTS && self.is_locked(number)?)
    }

    /// Announces this handle: nobody removes the segment's name while it is present. False: another handle is removing
    /// the name.
    ///
    /// # Errors
    /// [`LivenessUnknown`] when the system refuses this lock, or refuses to tell of others. So a handle that is present
    /// was allowed all that its waits need.
    pub fn enter(&self) -> Result<bool, LivenessUnknown> {
        self.others_attached()?;
        self.lock(libc::F_RDLCK, PRESENCE)
    }

    /// Takes the announcement back.
    pub fn exit(&self) {
        // If a filter refuses it, others see us until the file is closed: no name is removed too early.
        let _ = self.set(libc::F_UNLCK, PRESENCE);
    }

    /// Whether no other handle is present. If so, no other handle can [`enter`](LivenessLocks::enter) any more.
    ///
    /// # Errors
    /// [`LivenessUnknown`] when the system refuses to tell.
    pub fn alone(&self) -> Result<Attachment, LivenessUnknown> {
        Ok(if self.lock(libc::F_WRLCK, PRESENCE)? { Attachment::Alone } else { Attachment::Others })
    }

    /// Whether others are present; changes nothing.
    ///
    /// # Errors
    /// [`LivenessUnknown`] when the system refuses to tell.
    pub fn others_attached(&self) -> Result<bool, LivenessUnknown> {
        self.is_locked(PRESENCE)
    }

    /// The segment's file.
    pub fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// A way to the file that opens a description of its own, and that is there when the name is gone.
    pub(super) fn path(&self) -> String {
        format!("/proc/self/fd/{}", self.file().as_raw_fd())
    }

    /// Tells all who watch the file that a handle has left it, as it does when a description is
    /// closed: by closing one.
    pub(super) fn announce(&self) {
        // Where /proc is missing no process watches. A child that is forked meanwhile would keep it open.
        let _ = without_fork(|_| {
            let _ = File::options().read(true).write(true).open(self.path());
            Ok(())
        });
    }

    /// Takes a lock, unless another description's is in the way.
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

    /// Whether another description's lock would be in the way of a write lock.
    fn is_locked(&self, byte: u32) -> Result<bool, LivenessUnknown> {
        let mut lock = byte_range(libc::F_WRLCK, byte);
        // SAFETY: `lock` outlives the call.
        let result = unsafe { libc::fcntl(self.file().as_raw_fd(), libc::F_OFD_GETLK, &raw mut lock) };
        if result != 0 {
            return Err(unknown(last_errno())); // neither life nor death
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
    fn a_number_has_one_holder_and_is_free_when_its_file_is_closed() {
        let (a, b) = pair();
        assert_eq!(a.claim(3), Ok(true));
        assert_eq!((b.claim(3), b.is_alive(3), b.is_alive(4)), (Ok(false), Ok(true), Ok(false)));
        drop(a);
        assert_eq!((b.is_alive(3), b.claim(3)), (Ok(false), Ok(true)));
    }

    #[test]
    fn a_number_out_of_range_is_nobodys() {
        let (a, b) = pair();
        assert_eq!((a.claim(MAX_PARTICIPANTS), b.is_alive(u32::MAX)), (Ok(false), Ok(false)));
    }

    #[test]
    fn only_the_last_one_is_alone_and_then_nobody_enters() {
        let (a, b) = pair();
        assert_eq!((a.enter(), b.enter()), (Ok(true), Ok(true)));
        assert_eq!(a.alone(), Ok(Attachment::Others));
        drop(b);
        assert_eq!(a.alone(), Ok(Attachment::Alone));
        let (last, late) = pair();
        assert_eq!((last.alone(), late.enter()), (Ok(Attachment::Alone), Ok(false)));
    }
}
