//! A mapping of a segment: the `shared_memory` crate's, with huge pages, pages entered early, and a rule for forks.

use crate::layers::LivenessLocks;
use crate::layers::fork::ProcessMapping;
use core::ops::Range;
use rustix::io::Errno;
use rustix::mm::{Advice, madvise};
use shared_memory::{Shmem, ShmemConf, ShmemError};

/// Size of a huge page in bytes, on most machines. A smaller segment has no use for it.
const HUGE_PAGE: usize = 2 << 20;
/// Upper bound on the bytes that [`Mapping::enter_new_pages`] and [`Mapping::enter_pages`] enter into the page table.
/// The other pages are entered when they are used.
const MAX_ENTERED: usize = 1 << 30;

/// A mapped segment.
pub(crate) struct Mapping {
    /// The address of the first byte.
    base: *mut u8,
    /// Replaces the mapping in a forked child. Declared before `shmem`, so that it is gone before the addresses are
    /// free for another mapping.
    process: Option<ProcessMapping>,
    shmem: Shmem,
}

// SAFETY: a mapping is an address range that stays the same until drop, in whichever thread it is. Words and the guards
// of slots say when its bytes may be accessed.
unsafe impl Send for Mapping {}
// SAFETY: as above, and no method changes a shared `Mapping`.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Makes a file of this name, for shm_open(3), and of this size in bytes, and maps it. Until the result is given to
    /// [`new`](Mapping::new), its drop removes the name.
    pub(crate) fn create(os_id: &str, size: usize) -> Result<Shmem, Errno> {
        ShmemConf::new().os_id(os_id).size(size).create().map_err(|error| errno(&error))
    }

    /// Maps the file of this name.
    pub(crate) fn open(os_id: &str) -> Result<Self, Errno> {
        ShmemConf::new().os_id(os_id).open().map(Self::new).map_err(|error| errno(&error))
    }

    /// Takes a mapping. Its drop no longer removes the name, because the handle does that.
    pub(crate) fn new(mut shmem: Shmem) -> Self {
        shmem.set_owner(false);
        Self { base: shmem.as_ptr(), process: None, shmem }
    }

    /// Gives a forked child a private copy from now on. `locks` hold the mapped file.
    pub(crate) fn keep_from_children(&mut self, locks: &LivenessLocks) -> Result<(), Errno> {
        // SAFETY: `shmem` maps the whole file, shared, until it is dropped, and that is after `process`.
        self.process = Some(unsafe { ProcessMapping::adopt(self.base, self.len(), locks.file()) }?);
        Ok(())
    }

    /// Its size in bytes.
    pub(crate) fn len(&self) -> usize {
        self.shmem.len()
    }

    /// Takes huge pages where /dev/shm is mounted with `huge=advise`. To be called before the file has memory,
    /// and only where the file system has room for all of it.
    ///
    /// fallocate(2) knows no mapping, and so no advice. So one page of each huge page is entered first: the kernel takes
    /// the whole huge page then, and fallocate(2) finds it. Under other options this enters one page in 512 early.
    /// fallocate(2) obeys `huge=always` and `huge=within_size` by itself.
    pub(crate) fn ask_for_huge_pages(&self) {
        let whole = self.len() / HUGE_PAGE;
        if whole > 0 {
            self.advise(0..self.len(), Advice::LinuxHugepage);
        }
        for start in (0..whole).map(|page| page * HUGE_PAGE) {
            self.advise(start..start + 1, Advice::LinuxPopulateWrite);
        }
    }

    /// Has the kernel clear the pages of a new file, and enters them into this process's page table. The file has its
    /// memory already.
    pub(crate) fn enter_new_pages(&self) {
        self.advise(0..self.len().min(MAX_ENTERED), Advice::LinuxPopulateWrite);
    }

    /// Enters the file's pages into this process's page table. So the first lap makes few page faults, which
    /// `first_lap_makes_few_page_faults` counts.
    ///
    /// A read enters up to 16 cleared pages at once, and a write a single one. So this takes half the time of
    /// [`enter_new_pages`](Mapping::enter_new_pages) (docs/performance.md). A store makes no further fault, because the
    /// kernel tracks no dirty pages of tmpfs, so it enters pages writable.
    pub(crate) fn enter_pages(&self) {
        self.advise(0..self.len().min(MAX_ENTERED), Advice::LinuxPopulateRead);
    }

    /// Gives advice on the pages of this range, which begins at a page.
    fn advise(&self, range: Range<usize>, advice: Advice) {
        let start = self.base.wrapping_add(range.start);
        // SAFETY: the range is in the mapping, and no advice that is given here changes a byte of it.
        let _ = unsafe { madvise(start.cast(), range.len(), advice) }; // an older kernel refuses it, and is slower
    }

    /// Its addresses.
    pub(crate) fn addresses(&self) -> Range<usize> {
        self.base.addr()..self.base.addr() + self.len()
    }

    /// A pointer to this offset. Valid for a `T` if the layout has a `T` there.
    pub(crate) fn at<T>(&self, offset: usize) -> *mut T {
        debug_assert!(offset <= self.len());
        self.base.wrapping_add(offset).cast()
    }
}

impl core::fmt::Debug for Mapping {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Mapping").field("id", &self.shmem.get_os_id()).field("len", &self.len()).finish()
    }
}

/// The system's error number in an error of `shared_memory`.
fn errno(error: &ShmemError) -> Errno {
    match *error {
        ShmemError::MapCreateFailed(errno) | ShmemError::MapOpenFailed(errno) | ShmemError::UnknownOsError(errno) => {
            Errno::from_raw_os_error(errno as i32)
        }
        ShmemError::MappingIdExists => Errno::EXIST,
        _ => Errno::INVAL, // of calls that we do not make
    }
}
