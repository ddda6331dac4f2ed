//! A word of which a forked child finds nothing: `MADV_WIPEONFORK`.
//!
//! It tells a process from its children at the price of a load, whichever way they were forked.

use core::ffi::c_void;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

/// The word's page; the kernel rounds up.
const LEN: usize = size_of::<AtomicU32>();

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Wiped(*mut c_void);

// SAFETY: it is the page's only owner, and the word in it is an atomic.
unsafe impl Send for Wiped {}
// SAFETY: as above.
unsafe impl Sync for Wiped {}

impl Wiped {
    /// A word with this value here, and with 0 in any child.
    ///
    /// # Errors
    /// What the system says; it must be Linux 4.14 or later.
    pub(super) fn new(value: u32) -> Result<Self, Errno> {
        // SAFETY: a new mapping, where the kernel likes.
        let page = unsafe {
            mmap_anonymous(core::ptr::null_mut(), LEN, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
        };
        let word = Self(page?);
        // SAFETY: the page is ours alone; the advice changes nothing in this process.
        unsafe { madvise(word.0, LEN, Advice::LinuxWipeOnFork) }?;
        word.set(value);
        Ok(word)
    }

    /// What it holds.
    #[inline(always)]
    pub(super) fn get(&self) -> u32 {
        self.word().load(Relaxed)
    }

    /// Changes it, for this process.
    pub(super) fn set(&self, value: u32) {
        self.word().store(value, Relaxed);
    }

    fn word(&self) -> &AtomicU32 {
        // SAFETY: a mapped page is large and aligned enough, and it lives as long as we do.
        unsafe { &*self.0.cast() }
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        // SAFETY: ours, and nobody refers to it any more. There is nothing that could fail.
        let _ = unsafe { munmap(self.0, LEN) };
    }
}
