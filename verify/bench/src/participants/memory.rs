//! Plain shared memory, for the limit, the naive single slot and the handwritten.

use anyhow::Result;
use shared_memory::{Shmem, ShmemConf};

/// A mapping. Who created it removes its name when dropped.
pub struct Memory(Shmem);

impl Memory {
    /// Zeroed memory of this name.
    pub fn create(name: &str, size: usize) -> Result<Self> {
        Ok(Self(ShmemConf::new().os_id(name).size(size).create()?))
    }

    pub fn open(name: &str) -> Result<Self> {
        Ok(Self(ShmemConf::new().os_id(name).open()?))
    }

    /// Where it starts; a page's start.
    pub fn start(&self) -> *mut u8 {
        self.0.as_ptr()
    }
}
