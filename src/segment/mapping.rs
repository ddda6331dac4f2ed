//! A mapping of a segment, from the `shared_memory` crate, with what that crate leaves to its users.

use shared_memory::Shmem;

/// A mapped segment.
pub(crate) struct Mapping {
    /// Where it starts; `shmem` would have to be asked.
    base: *mut u8,
    shmem: Shmem,
}

// SAFETY: a mapping is an address range that stays the same until drop, whoever holds it. All
// access to what others can see goes through words and through slots, whose guards say when.
unsafe impl Send for Mapping {}
// SAFETY: as above; `Mapping` has no method that changes it.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Takes a mapping. Its name is no longer removed on drop: by then it may be another's.
    pub(crate) fn new(mut shmem: Shmem) -> Self {
        shmem.set_owner(false);
        Self { base: shmem.as_ptr(), shmem }
    }

    /// Its size in bytes.
    pub(crate) fn len(&self) -> usize {
        self.shmem.len()
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
