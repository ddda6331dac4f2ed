//! Making a segment under a private name, and publishing it under its channel's name when it is whole.

use super::clean::remove_leftover;
use super::file::{self, failed};
use super::header::{Checked, Header};
use super::life::{AttachedFile, Handle, check_layer};
use super::mapping::Mapping;
use super::{CreateError, HeaderFault, Layout, LayoutError, Limit, Name, OpenError, ValueType};
use crate::layers::{Fences, RealLayer};
use crate::protocol::{ConsumerEntry, Control, Geometry};
use rustix::fd::BorrowedFd;
use rustix::fs::{FallocateFlags, fallocate, fstatvfs};
use rustix::io::Errno;
use std::io;

/// How many races with removals a creator may lose before it gives up. In each lost race another process has succeeded.
const MAX_RACES: usize = 100;
/// Lower bound on the bytes that a fallocate(2) asks for: a page, on most machines.
const MIN_STEP: u64 = 4096;

impl Handle {
    /// Creates the segment of this name, for layer `L` and participants that use these fences. Its messages are of
    /// `value_type`, or any bytes. `tag` is kept for [`tag`](Handle::tag).
    ///
    /// # Errors
    /// See [`CreateError`].
    pub fn create<L: RealLayer>(
        name: &Name,
        geometry: &Geometry,
        fences: Fences,
        value_type: Option<&ValueType>,
        tag: u64,
    ) -> Result<Self, CreateError> {
        if let Some(value_type) = value_type {
            value_type.check()?;
        }
        let layout = Layout::new::<L>(geometry)?;
        let slot_size = geometry.slot_size;
        if let Some(&ValueType { size, .. }) = value_type.filter(|value_type| !value_type.fits(slot_size)) {
            return Err(LayoutError::OtherSlotSize { slot_size, size }.into());
        }
        if !fences.usable() {
            let fault = HeaderFault::Membarrier;
            return Err(CreateError::InTheWay(OpenError::Unusable { name: name.clone(), fault }));
        }
        check_layer::<L>(name)?;
        let mark = L::mark().map_err(|fault| CreateError::Mark { name: name.clone(), fault })?;
        let limit = |limit| CreateError::Limit { name: name.clone(), limit };
        Limit::check_file_size(layout.size).map_err(limit)?;
        clear(name)?; // before any memory is taken
        for _ in 0..MAX_RACES {
            let (backend, geometry, value_type) = (L::KIND, *geometry, value_type.cloned());
            let checked = Checked { backend, fences, mark, geometry, layout, nonce: nonce(), tag, value_type };
            let made = match Self::make::<L>(name, checked) {
                Err(error @ CreateError::NoSpace { .. }) => {
                    clear(name)?; // a rival that has taken the name may have taken the memory
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

    /// Makes a whole segment under a private name. `None` if another file has that name, or `clean` removed it before
    /// this handle was attached.
    fn make<L: RealLayer>(name: &Name, checked: Checked) -> Result<Option<Self>, CreateError> {
        let Checked { geometry, layout, nonce, .. } = checked;
        let _standard = file::occupy_standard(name)?;
        let private = name.private(nonce);
        // On an error before `Mapping::new`, the drop of `shmem` removes the private name. No rival has its random
        // number.
        let shmem = match Mapping::create(&private, layout.size) {
            Ok(shmem) => shmem,
            Err(Errno::EXIST) => return Ok(None),
            Err(errno) => return Err(failed(name, "making its file", errno).into()),
        };
        let attached =
            file::open_private(name, &private).and_then(|own| AttachedFile::attach(name, private, own.locks));
        let file = match attached {
            Ok(file) => file,
            Err(OpenError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mapping = Mapping::new(shmem);
        let no_space = |errno, action| match errno {
            Errno::NOSPC => CreateError::NoSpace { name: name.clone(), bytes: layout.size },
            errno => failed(name, action, errno).into(),
        };
        let fd = file.locks().file();
        rustix::io::pwrite(fd, &Header::MAGIC, 0).map_err(|errno| no_space(errno, "writing its header"))?;
        if has_room(fd, layout.size as u64) {
            mapping.ask_for_huge_pages();
        }
        take_memory(fd, layout.size as u64).map_err(|errno| no_space(errno, "fallocate"))?;
        mapping.enter_new_pages();
        // SAFETY: the mapping has the layout's size, and no other process reads it yet.
        unsafe { Header::write::<L>(mapping.at(0), &checked) };
        // SAFETY: the mapping has this layout and is zeroed but for the header, and no other process reads it yet.
        let initialised = unsafe { init_words::<L>(&mapping, &layout, &geometry) };
        initialised.map_err(|error| {
            let action = "initialising the lock and signals";
            CreateError::System { name: name.clone(), action, error }
        })?;
        Ok(Some(Self::new(file, mapping, checked)?))
    }

    /// Gives the segment its channel's name. `None` if its private name is gone.
    ///
    /// All stores to the segment happen before every opener's accesses. The creator makes them before rename(2), and
    /// the opener's open(2) finds the name that rename(2) has made.
    fn publish(mut self) -> Result<Option<Self>, CreateError> {
        let name = self.name().clone();
        for _ in 0..MAX_RACES {
            match self.file_mut().publish() {
                Ok(()) => return Ok(Some(self)),
                Err(Errno::EXIST) => clear(&name)?,
                Err(Errno::NOENT) => return Ok(None),
                Err(errno) => return Err(failed(&name, "giving the segment its name", errno).into()),
            }
        }
        Err(busy(&name))
    }
}

/// Frees the name: removes an abandoned segment.
///
/// # Errors
/// [`CreateError::AlreadyExists`] if a living process uses the segment.
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

/// Takes memory for all bytes of the file, so that no later access to it fails.
///
/// Before Linux 6.9, a fallocate(2) that a signal interrupts gives back all memory that it has taken. So each
/// interruption halves the step, and a periodic signal cannot keep the allocation from ending.
fn take_memory(file: BorrowedFd<'_>, size: u64) -> Result<(), Errno> {
    let (mut start, mut step) = (0, size);
    while start < size {
        let len = step.min(size - start);
        match fallocate(file, FallocateFlags::empty(), start, len) {
            Ok(()) => start += len,
            Err(Errno::INTR) => step = (len / 2).max(MIN_STEP),
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Whether the file's file system has room for so many bytes. If not, fallocate(2) refuses them, and no page is to be
/// taken before it does. A tmpfs without a limit does not tell, and counts as full.
fn has_room(file: BorrowedFd<'_>, size: u64) -> bool {
    fstatvfs(file).is_ok_and(|system| system.f_bavail.saturating_mul(system.f_frsize) >= size)
}

/// A random number, to tell a segment from others of its name.
fn nonce() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let mut hasher = RandomState::new().build_hasher(); // the system seeds it
    hasher.write_u32(std::process::id());
    hasher.finish() | 1 // zeroed memory has 0
}

/// Initialises the lock and the signals. All other words begin as zeros.
///
/// # Safety
/// The mapping has this layout, its words are zeros, and no other process reads them yet.
unsafe fn init_words<L: RealLayer>(mapping: &Mapping, layout: &Layout, geometry: &Geometry) -> io::Result<()> {
    let control = mapping.at::<Control<L>>(layout.control);
    let entries = mapping.at::<ConsumerEntry<L>>(layout.consumers);
    // SAFETY: the layout has a control block, of which this is a field.
    let lock = unsafe { &raw mut (*control).lock.0 };
    // SAFETY: as above.
    let space = unsafe { &raw mut (*control).space.0 };
    let data = (0..geometry.consumers as usize).map(|number| {
        // SAFETY: the layout has that many entries, of which this is a field.
        unsafe { &raw mut (*entries.wrapping_add(number)).data }
    });
    // SAFETY: zeroed memory of these types, which no other process uses yet.
    unsafe { L::init(lock, &mut std::iter::once(space).chain(data)) }
}
