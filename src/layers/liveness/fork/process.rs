//! What belongs to one process: a descriptor and a mapping that a forked child does not share.

use super::{FORKS, Region, Resource, without_fork};
use core::mem::ManuallyDrop;
use core::sync::atomic::Ordering::Relaxed;
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::CWD;
use rustix::io::Errno;

/// The process, in a line of forks, that has made a value.
#[derive(Clone, Copy, Debug)]
struct Origin(u32);

impl Origin {
    fn this_process() -> Self {
        Self(FORKS.load(Relaxed))
    }

    /// Whether the value was made by an ancestor of this process.
    #[inline(always)]
    fn is_ancestor(self) -> bool {
        // Relaxed: the child's handler has written it, before the child had a second thread.
        FORKS.load(Relaxed) != self.0
    }
}

/// A descriptor that a forked child does not have. There, every call on it fails with `EBADF`.
#[derive(Debug)]
pub(crate) struct ProcessFd {
    fd: ManuallyDrop<OwnedFd>,
    origin: Origin,
}

impl ProcessFd {
    /// A descriptor that is in the list.
    pub(super) fn new(fd: OwnedFd) -> Self {
        Self { fd: ManuallyDrop::new(fd), origin: Origin::this_process() }
    }

    /// Whether this process has inherited it across a fork.
    #[inline(always)]
    pub(crate) fn is_inherited(&self) -> bool {
        self.origin.is_ancestor()
    }
}

impl AsFd for ProcessFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // The number may be another file's in a child. CWD is the number of no file: the kernel says EBADF.
        if self.is_inherited() { CWD } else { self.fd.as_fd() }
    }
}

impl Drop for ProcessFd {
    fn drop(&mut self) {
        if self.is_inherited() {
            return; // the child's handler has closed it
        }
        let number = self.fd.as_raw_fd();
        // No fork between the two: a child would close a number that may be another file's.
        let _ = without_fork(|gate| {
            gate.remove(|resource| resource == Resource::Locks(number));
            // SAFETY: the value is not used again.
            unsafe { ManuallyDrop::drop(&mut self.fd) };
            Ok(())
        }); // cannot fail: the handlers are installed since the value was made
    }
}

/// A mapping of which a forked child gets a private copy. Dropped before the mapping is.
#[derive(Debug)]
pub(crate) struct ProcessMapping {
    region: Region,
    origin: Origin,
}

impl ProcessMapping {
    /// Takes these addresses into the list: a shared mapping of the whole of this file.
    ///
    /// # Errors
    /// The error of fstat(2); `NOMEM` when the handlers cannot be installed.
    ///
    /// # Safety
    /// They are such a mapping until the value is dropped.
    pub(crate) unsafe fn adopt(base: *mut u8, len: usize, file: impl AsFd) -> Result<Self, Errno> {
        let region = Region { address: base.expose_provenance(), len };
        without_fork(|gate| {
            gate.insert(Resource::Mapping(region), file)?;
            Ok(Self { region, origin: Origin::this_process() })
        })
    }
}

impl Drop for ProcessMapping {
    fn drop(&mut self) {
        if self.origin.is_ancestor() {
            return; // the child's list does not have it
        }
        let _ = without_fork(|gate| {
            gate.remove(|resource| resource == Resource::Mapping(self.region));
            Ok(())
        }); // cannot fail: the handlers are installed since the value was made
    }
}
