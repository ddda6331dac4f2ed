//! A mapping that can only be read.

use crate::layer::Layer;
use crate::protocol::Observed;
use crate::segment::header::Checked;
use core::{fmt, ptr, slice};
use rustix::fd::AsFd;
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// The first bytes of a segment's file: its header and its words. A store to them would be a SIGSEGV.
pub(super) struct ReadOnly {
    base: *mut u8,
    len: usize,
}

// SAFETY: a mapping is an address range that stays the same until drop, in whichever thread it is. Its words are atomic.
unsafe impl Send for ReadOnly {}
// SAFETY: as above, and no method changes a shared `ReadOnly`.
unsafe impl Sync for ReadOnly {}

impl ReadOnly {
    /// Maps the first `len` bytes of a file.
    ///
    /// # Safety
    /// The file has them, and they are the header and the words of a segment.
    pub(super) unsafe fn map(file: impl AsFd, len: usize) -> Result<Self, Errno> {
        // SAFETY: a new mapping, at an address that the kernel chooses.
        let base = unsafe { mmap(ptr::null_mut(), len, ProtFlags::READ, MapFlags::SHARED, file, 0) }?;
        Ok(Self { base: base.cast(), len })
    }

    /// The words, which are of layer `L`: `checked` is the segment's.
    pub(super) fn observe<L: Layer>(&self, checked: &Checked) -> Observed<'_, L> {
        let (layout, geometry) = (&checked.layout, &checked.geometry);
        debug_assert!(layout.headers <= self.len);
        // SAFETY: the layout has an initialised control block there. All its bits are valid, and may change meanwhile.
        let control = unsafe { &*self.at(layout.control) };
        // SAFETY: the layout has that many entries there, for which the same holds.
        let consumers = unsafe { slice::from_raw_parts(self.at(layout.consumers), geometry.consumers as usize) };
        // SAFETY: as for the consumers.
        let producers = unsafe { slice::from_raw_parts(self.at(layout.producers), geometry.producers as usize) };
        Observed::new(control, consumers, producers)
    }

    fn at<T>(&self, offset: usize) -> *const T {
        self.base.wrapping_add(offset).cast()
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        // SAFETY: nothing refers to the mapping any more. It is this value's, in a forked child, too.
        let _ = unsafe { munmap(self.base.cast(), self.len) };
    }
}

impl fmt::Debug for ReadOnly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadOnly").field("len", &self.len).finish()
    }
}
