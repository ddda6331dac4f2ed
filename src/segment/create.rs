//! Making a segment under a private name, and giving it its channel's name when it is whole.

use super::clean::remove_leftover;
use super::file::{self, failed};
use super::header::{Checked, Header};
use super::life::{AttachedFile, Handle, check_layer};
use super::mapping::Mapping;
use super::{CreateError, HeaderFault, Layout, Limit, Name, OpenError};
use crate::layers::{Fences, RealLayer};
use crate::protocol::{ConsumerEntry, Control, Geometry};
use rustix::fd::BorrowedFd;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use std::io;

/// How often a creator that lost a race with a removal tries again. Each loss is the gain of another process.
const RACES: usize = 100;
/// The least that is asked of fallocate(2) at a time: a page, on most machines.
const LEAST: u64 = 4096;

impl Handle {
    /// Makes a segment of this name and initialises it for layer `L`, whose participants fence like this.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub fn create<L: RealLayer>(name: &Name, geometry: &Geometry, fences: Fences) -> Result<Self, CreateError> {
        let layout = Layout::new::<L>(geometry)?;
        if !fences.usable() {
            let fault = HeaderFault::Membarrier;
            return Err(CreateError::InTheWay(OpenError::Unusable { name: name.clone(), fault }));
        }
        check_layer::<L>(name)?;
        let mark = L::mark().map_err(|fault| CreateError::Mark { name: name.clone(), fault })?;
        let limit = |limit| CreateError::Limit { name: name.clone(), limit };
        Limit::check_file_size(layout.size).map_err(limit)?;
        clear(name)?; // before any memory is taken
        for _ in 0..RACES {
            let checked = Checked { backend: L::KIND, fences, mark, geometry: *geometry, layout, nonce: nonce() };
            let made = match Self::make::<L>(name, checked) {
                Err(error @ CreateError::NoSpace { .. }) => {
                    clear(name)?; // the memory may be a rival's, which has the name by now
                    return Err(error);
                }
                made => made?,
            };
            if let Some(published) = made.map(Self::publish).transpose()?.flatten() {
                return Ok(published);
            }
        }
        Err(busy(name))
    }

    /// A whole segment under a private name; `None` if `clean` removed it before we were present in it, or the name is
    /// another's.
    fn make<L: RealLayer>(name: &Name, checked: Checked) -> Result<Option<Self>, CreateError> {
        let Checked { geometry, layout, nonce, .. } = checked;
        let _standard = file::occupy_standard(name)?;
        let private = name.private(nonce);
        // Whatever fails from here to `AttachedFile::enter`: `shmem` removes the private name, which is ours alone.
        let shmem = match Mapping::create(&private, layout.size) {
            Ok(shmem) => shmem,
            Err(Errno::EXIST) => return Ok(None),
            Err(errno) => return Err(failed(name, "making its file", errno).into()),
        };
        let entered =
            file::open_private(name, &private).and_then(|file| AttachedFile::enter(name, private, file.locks));
        let guest = match entered {
            Ok(guest) => guest,
            Err(OpenError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mapping = Mapping::new(shmem);
        mapping.ask_for_huge_pages();
        let no_space = |errno, action| match errno {
            Errno::NOSPC => CreateError::NoSpace { name: name.clone(), bytes: layout.size },
            errno => failed(name, action, errno).into(),
        };
        let file = guest.locks().file();
        rustix::io::pwrite(file, &Header::MAGIC, 0).map_err(|errno| no_space(errno, "writing its header"))?;
        take_memory(file, layout.size as u64).map_err(|errno| no_space(errno, "fallocate"))?;
        mapping.touch();
        // SAFETY: the mapping has the layout's size, and no other process has it.
        unsafe { Header::write::<L>(mapping.at(0), &checked) };
        // SAFETY: the mapping is zeroed but for the header, and no other process has it.
        let initialised = unsafe { init_words::<L>(&mapping, &layout, &geometry) };
        initialised.map_err(|error| {
            let action = "initialising the lock and signals";
            CreateError::System { name: name.clone(), action, error }
        })?;
        Ok(Some(Self::new(guest, mapping, checked)?))
    }

    /// Gives the segment its channel's name; `None` if its private one is gone.
    ///
    /// The stores to the segment happen before what any opener does: rename(2) orders them before the new name, which
    /// the opener finds by open(2).
    fn publish(mut self) -> Result<Option<Self>, CreateError> {
        let name = self.name().clone();
        for _ in 0..RACES {
            match self.guest_mut().publish() {
                Ok(()) => return Ok(Some(self)),
                Err(Errno::EXIST) => clear(&name)?,
                Err(Errno::NOENT) => return Ok(None),
                Err(errno) => return Err(failed(&name, "giving the segment its name", errno).into()),
            }
        }
        Err(busy(&name))
    }
}

/// Removes what only dead processes used, so that the name is free.
fn clear(name: &Name) -> Result<(), CreateError> {
    match remove_leftover(name) {
        Ok(Some(participants)) => Err(CreateError::AlreadyExists { name: name.clone(), participants }),
        Ok(None) | Err(OpenError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn busy(name: &Name) -> CreateError {
    CreateError::System { name: name.clone(), action: "creating against rivals", error: Errno::BUSY.into() }
}

/// Gives the file memory for all its bytes, so that no later access to it fails.
///
/// A signal interrupts fallocate(2), which then gives back all that the call has taken (Linux before 6.9). So what is
/// asked at a time is halved at each interruption: a timer cannot keep the call from ending.
fn take_memory(file: BorrowedFd<'_>, size: u64) -> Result<(), Errno> {
    let (mut start, mut step) = (0, size);
    while start < size {
        let len = step.min(size - start);
        match fallocate(file, FallocateFlags::empty(), start, len) {
            Ok(()) => start += len,
            Err(Errno::INTR) => step = (len / 2).max(LEAST),
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// A number that no other segment has, most likely.
fn nonce() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let mut hasher = RandomState::new().build_hasher(); // seeded by the system
    hasher.write_u32(std::process::id());
    hasher.finish() | 1 // fresh memory has 0
}

/// # Safety
/// The mapping is zeroed, has this layout, and nobody else reads its words yet.
unsafe fn init_words<L: RealLayer>(mapping: &Mapping, layout: &Layout, geometry: &Geometry) -> io::Result<()> {
    let control = mapping.at::<Control<L>>(layout.control);
    let entries = mapping.at::<ConsumerEntry<L>>(layout.consumers);
    // SAFETY: a place in the control block.
    let lock = unsafe { &raw mut (*control).lock.0 };
    // SAFETY: a place in the control block.
    let space = unsafe { &raw mut (*control).space.0 };
    let data = (0..geometry.consumers as usize).map(|number| {
        // SAFETY: the layout has that many entries.
        unsafe { &raw mut (*entries.wrapping_add(number)).data }
    });
    // SAFETY: zeroed places of these types, which are the caller's.
    unsafe { L::init(lock, &mut std::iter::once(space).chain(data)) }
}
