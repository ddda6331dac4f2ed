//! A mapping of a segment, from the `shared_memory` crate, with what that crate leaves to its users.

use crate::layers::LivenessLocks;
use crate::layers::fork::ProcessMapping;
use rustix::io::Errno;
use rustix::mm::{Advice, madvise};
use shared_memory::{Shmem, ShmemConf, ShmemError};

/// A huge page on most machines; smaller segments have no use for one.
const HUGE: usize = 2 << 20;
/// So much of a mapping is entered into the page table at once; of a larger one, the rest as it is used.
const AT_ONCE: usize = 1 << 30;

/// A mapped segment.
pub(crate) struct Mapping {
    /// Where it starts; `shmem` would have to be asked.
    base: *mut u8,
    /// What a forked child gets in its place. Before `shmem`, so that a child never replaces another's mapping.
    process: Option<ProcessMapping>,
    shmem: Shmem,
}

// SAFETY: a mapping is an address range that stays the same until drop, whoever holds it. All
// access to what others can see goes through words and through slots, whose guards say when.
unsafe impl Send for Mapping {}
// SAFETY: as above; `Mapping` has no method that changes it.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Makes a file of this name for shm_open(3) and of this size, and maps it. Dropping it removes the name, until it
    /// is given to [`new`](Mapping::new).
    pub(crate) fn create(os_id: &str, size: usize) -> Result<Shmem, Errno> {
        ShmemConf::new().os_id(os_id).size(size).create().map_err(|error| errno(&error))
    }

    /// Maps the file of this name.
    pub(crate) fn open(os_id: &str) -> Result<Self, Errno> {
        ShmemConf::new().os_id(os_id).open().map(Self::new).map_err(|error| errno(&error))
    }

    /// Takes a mapping. Its name is no longer removed on drop: by then it is the channel's.
    pub(crate) fn new(mut shmem: Shmem) -> Self {
        shmem.set_owner(false);
        Self { base: shmem.as_ptr(), process: None, shmem }
    }

    /// From now on, a forked child gets a private copy. `locks` hold the file that is mapped.
    pub(crate) fn keep_from_children(&mut self, locks: &LivenessLocks) -> Result<(), Errno> {
        // SAFETY: `shmem` maps the whole file, shared, until it is dropped, which is after `process`.
        self.process = Some(unsafe { ProcessMapping::adopt(self.base, self.len(), locks.file()) }?);
        Ok(())
    }

    /// Its size in bytes.
    pub(crate) fn len(&self) -> usize {
        self.shmem.len()
    }

    /// Asks for huge pages. To be called before the file has any; a system that has none to give, or
    /// only on its own terms (`/sys/kernel/mm/transparent_hugepage/shmem_enabled`), is not asked twice.
    pub(crate) fn ask_for_huge_pages(&self) {
        if self.len() >= HUGE {
            self.advise(self.len(), Advice::LinuxHugepage);
        }
    }

    /// Enters the file's pages into this process's page table, so that the first lap does not fault on
    /// each of them (`first_lap_finds_its_pages` counts). The file has its memory already.
    pub(crate) fn touch(&self) {
        self.advise(self.len().min(AT_ONCE), Advice::LinuxPopulateWrite);
    }

    fn advise(&self, len: usize, advice: Advice) {
        // SAFETY: the range is that of the mapping, and these two change no byte of it.
        let _ = unsafe { madvise(self.base.cast(), len, advice) }; // it is only advice: an older kernel does without
    }

    /// Where it lies.
    pub(crate) fn addresses(&self) -> core::ops::Range<usize> {
        self.base.addr()..self.base.addr() + self.len()
    }

    /// A pointer into it. Valid for `T` if the layout says that one is there.
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

/// The operating system's error in the crate's.
fn errno(error: &ShmemError) -> Errno {
    match *error {
        ShmemError::MapCreateFailed(errno) | ShmemError::MapOpenFailed(errno) | ShmemError::UnknownOsError(errno) => {
            Errno::from_raw_os_error(errno as i32)
        }
        ShmemError::MappingIdExists => Errno::EXIST,
        _ => Errno::INVAL, // the others are of calls and sizes that we do not use
    }
}
