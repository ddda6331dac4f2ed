//! Plain shared memory, for the limit, the naive single slot and the handwritten protocol.

use anyhow::Result;
use shared_memory::{Shmem, ShmemConf};

/// A mapping. Its creator removes the name when it drops the mapping.
pub struct Memory(Shmem);

impl Memory {
    /// Zeroed memory of this name.
    pub fn create(name: &str, size: usize) -> Result<Self> {
        Ok(Self(ShmemConf::new().os_id(name).size(size).create()?))
    }

    pub fn open(name: &str) -> Result<Self> {
        Ok(Self(ShmemConf::new().os_id(name).open()?))
    }

    /// The address of its start, which is the start of a page.
    pub fn start(&self) -> *mut u8 {
        self.0.as_ptr()
    }
}
