//! A mapping in a forked child: made private, so that the child's writes reach no other process.
//!
//! A mapping holds the open file description that it was made of, and with it the locks. So the private mapping is made
//! of a description that the child opens by /proc. Without /proc, the child copies the segment. If the kernel has no
//! memory for either (strict overcommit), the child gets inaccessible pages: a child that uses or drops an inherited
//! handle dies of SIGSEGV, and the segment stays whole. If the kernel refuses even those, the child aborts.
//!
//! All of it is async-signal-safe.

use core::ffi::c_void;
use core::ptr;
use rustix::fd::RawFd;
use std::io::Write;

const ACCESS: i32 = libc::PROT_READ | libc::PROT_WRITE;

/// The addresses of a shared mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) address: usize,
    pub(super) len: usize,
}

impl Region {
    /// From now on, what is written here is seen by this process alone. `descriptor` is a descriptor of the mapped
    /// file.
    pub(super) fn make_private(&self, descriptor: Option<RawFd>) {
        if descriptor.is_some_and(|descriptor| self.map_privately(descriptor)) || self.copy() {
            return;
        }
        let inaccessible = libc::MAP_FIXED | libc::MAP_PRIVATE | libc::MAP_NORESERVE | libc::MAP_ANONYMOUS;
        // SAFETY: as in `map_privately`.
        if unsafe { libc::mmap(self.start(), self.len, libc::PROT_NONE, inaccessible, -1, 0) } != self.start() {
            // SAFETY: it has no precondition, and is async-signal-safe.
            unsafe { libc::abort() };
        }
    }

    fn map_privately(&self, descriptor: RawFd) -> bool {
        let mut path = [0; 32]; // NUL-terminated: the longest number has 10 digits
        if write!(&mut path[..31], "/proc/self/fd/{descriptor}").is_err() {
            return false;
        }
        // SAFETY: the path is NUL-terminated.
        let file = unsafe { libc::open(path.as_ptr().cast(), libc::O_RDONLY | libc::O_CLOEXEC) };
        if file < 0 {
            return false;
        }
        let private = libc::MAP_FIXED | libc::MAP_PRIVATE | libc::MAP_NORESERVE;
        // SAFETY: a mapping of this library lies there (`ProcessMapping::adopt`), and no thread of the child uses it.
        let mapped = unsafe { libc::mmap(self.start(), self.len, ACCESS, private, file, 0) };
        // SAFETY: opened above, and not used again; the mapping stays without it.
        unsafe { libc::close(file) };
        mapped == self.start()
    }

    fn copy(&self) -> bool {
        let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping, at an address that the kernel chooses.
        let copy = unsafe { libc::mmap(ptr::null_mut(), self.len, ACCESS, private, -1, 0) };
        if copy == libc::MAP_FAILED {
            return false;
        }
        // SAFETY: both mappings are that long. Other processes may write meanwhile: the copy may have any of their
        // bytes.
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
