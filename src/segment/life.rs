//! The life of a segment: no name outlives its last user, and no process removes a name that another process uses.
//!
//! **The rules.**
//! - R1. Each handle holds a read lock on byte 255 of the file while it lives. It is *attached* then.
//! - R2. A creator makes a segment under a private name, which contains a random number. It attaches before it
//!   publishes the segment, and stays attached. When the segment is whole, rename(2) gives it the channel's name, and
//!   fails if another file has that name.
//! - R3. A channel's name is removed only under a write lock on byte 255, and only while it means the locked file. The
//!   write lock excludes every other handle.
//! - R4. An opener attaches to a file only if another handle is attached. Then it checks that the name still means this
//!   file.
//! - R5. Only files that are ours are locked, written or removed ([`file`]).
//!
//! A [watcher](super::Watch) opens the file to read it, and takes no lock. No rule counts it: it is no handle.
//!
//! A private name is removed by R3 too, or by its creator: before the creator has attached, or as the second step of
//! [`file::publish`].
//!
//! **What follows.** A channel's name means a whole segment, because of R2. The segment's header never changes while a
//! handle is attached, so an opener has nothing to wait for. While a handle is attached (after R4's check), the name
//! means its file, because of R3. So the mapping, which `shared_memory` makes by name, is of the locked file. If a user
//! has moved files by hand, the nonce in the header shows it.
//!
//! **The races.** The kernel orders every pair of steps, because locks and names are the kernel's.
//! - *create/create*: each rival has a file of its own. Of two renames to the same name, the second fails (`EEXIST`)
//!   and changes nothing. The loser then examines the winner's file. (a) The winner is attached: `AlreadyExists`. (b)
//!   The winner died or left: the loser removes the name (R3) and retries the rename.
//! - *create/open*: (a) the opener finds no name: `NotFound`. (b) It finds a whole segment, to which the creator is
//!   attached (R2).
//! - *create/remove* of the channel's name: (a) the remover has the write lock. The creator's rename fails until the
//!   name is gone, and its examination says `AlreadyExists`. (b) The name is gone: the rename succeeds. The remover
//!   cannot remove the new file, because the name does not mean the file that the remover has locked.
//! - *create/clean* of the private name: (a) the creator is attached: the cleaner does not get the write lock. (b) The
//!   cleaner has the write lock: the creator cannot attach, and retries with another number. (c) The cleaner has
//!   removed the name before the creator attached: the creator does not find it, and retries with another number.
//! - *open/remove*: (a) the opener attaches first: the remover does not get the write lock. (b) The remover has the
//!   lock: the opener cannot attach: `NotFound`. (c) The name is gone: it does not mean the opener's file: `NotFound`.
//!   A new channel may have the name by now, but it did not when the opener's check began.
//! - *drop/drop*: each handle detaches before it asks for the write lock. The second to detach finds no other handle
//!   attached, unless the first has the write lock and removes the name.
//! - *drop/open*: (a) the opener asks after the last handle has detached: `Abandoned`. (b) The opener attaches before
//!   the dropping handle asks for the write lock: the dropping handle leaves the name. (c) It attaches later: as
//!   open/remove (b).
//! - *drop/clean*, *remove/remove*: a single process has the write lock. The other process does not get it, or finds
//!   that the name no longer means its file.
//! - *death* at any step: the kernel releases the locks. It leaves a private name, or a channel's name to which no
//!   handle is attached. `clean` removes both, and a creator removes the latter. A remover that dies between its lock
//!   and the removal leaves the name as it was.
//!
//! Between R3's check and the removal, a user can move another file to the name by hand. That file is removed.

use super::clean::liveness;
use super::file::{self, failed};
use super::header::{Checked, Header};
use super::mapping::Mapping;
use super::watch::{Source, created};
use super::{HeaderFault, Layout, Name, OpenError, Segment, ValueType};
use crate::layers::{Attachment, Backend, Fences, LivenessLocks, RealLayer};
use crate::protocol::{self, Geometry};
use rustix::io::Errno;
use std::sync::Arc;

/// A handle on a segment: the file that it is attached to, and the mapping.
#[derive(Debug)]
pub struct Handle {
    file: AttachedFile,
    mapping: Arc<Mapping>,
    checked: Checked,
}

impl Handle {
    pub(super) fn new(file: AttachedFile, mut mapping: Mapping, checked: Checked) -> Result<Self, OpenError> {
        let kept = mapping.keep_from_children(&file.locks);
        kept.map_err(|errno| failed(&file.name, "pthread_atfork", errno))?;
        Ok(Self { file, mapping: Arc::new(mapping), checked })
    }

    pub(super) const fn file_mut(&mut self) -> &mut AttachedFile {
        &mut self.file
    }

    /// Opens the segment of this name, for a participant: its pages are in the page table from now on. Never waits.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(name: &Name) -> Result<Self, OpenError> {
        let handle = Self::open_to_observe(name)?;
        handle.mapping.enter_pages();
        Ok(handle)
    }

    /// As [`open`](Handle::open), for an observer, which uses few of the pages: each is entered when it is used.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_to_observe(name: &Name) -> Result<Self, OpenError> {
        let _standard = file::occupy_standard(name)?;
        let own = file::open_own(name)?;
        let has_header = |found| {
            let expected = size_of::<Header>() as u64;
            let fault = HeaderFault::Size { found, expected };
            if found >= expected { Ok(()) } else { Err(OpenError::Unusable { name: name.clone(), fault }) }
        };
        has_header(own.size)?;
        if !own.locks.others_attached().map_err(liveness(name))? {
            return Err(OpenError::Abandoned { name: name.clone() });
        }
        let file = AttachedFile::attach(name, name.os_id(), own.locks)?;
        let mapping = match Mapping::open(&file.os_id) {
            Ok(mapping) => mapping,
            Err(Errno::NOENT) => return Err(OpenError::NotFound { name: name.clone() }), // removed by hand
            Err(errno) => return Err(failed(name, "mapping it", errno)),
        };
        // If a user has moved files by hand, another file of another size may be mapped. Its header shows that.
        has_header(mapping.len() as u64)?;
        // SAFETY: the mapping has at least the size of a header.
        let checked = unsafe { Header::check(mapping.at(0), mapping.len()) };
        let checked = checked.map_err(|fault| OpenError::Unusable { name: name.clone(), fault })?;
        if read_nonce(&file.locks) != Some(checked.nonce) {
            return Err(OpenError::NotFound { name: name.clone() }); // moved by hand: another file was mapped
        }
        Self::new(file, mapping, checked)
    }

    /// The channel's name.
    pub const fn name(&self) -> &Name {
        &self.file.name
    }

    /// The primitives that the channel is built on.
    pub const fn backend(&self) -> Backend {
        self.checked.backend
    }

    /// How the channel's participants fence.
    pub const fn fences(&self) -> Fences {
        self.checked.fences
    }

    /// How the channel was laid out.
    pub const fn geometry(&self) -> Geometry {
        self.checked.geometry
    }

    /// What is known of the channel without its words, for [`Stats`](super::Stats).
    ///
    /// # Errors
    /// [`OpenError::Inherited`] in a forked child; [`OpenError::System`].
    pub(crate) fn source(&self) -> Result<Source, OpenError> {
        let AttachedFile { name, os_id, locks } = &self.file;
        if locks.is_inherited() {
            return Err(OpenError::Inherited { name: name.clone() });
        }
        let linked = file::is_linked(os_id, locks).map_err(|errno| failed(name, "looking at its file", errno))?;
        let Checked { backend, fences, geometry, .. } = self.checked;
        Ok(Source { geometry, backend, fences, created: created(locks), in_use: true, removed: !linked })
    }

    /// A number that tells this channel from each other one of its name.
    pub const fn incarnation(&self) -> u64 {
        self.checked.nonce
    }

    /// What the creator chose.
    pub const fn tag(&self) -> u64 {
        self.checked.tag
    }

    /// The type of the channel's values. `None`: its messages are any bytes.
    pub const fn value_type(&self) -> Option<&ValueType> {
        self.checked.value_type.as_ref()
    }

    /// The channel, for a participant to join. Each call opens the file once more, because a participant's locks belong
    /// to an open file description of its own.
    ///
    /// # Errors
    /// [`OpenError::Limit`] if the process has no descriptor left; [`OpenError::Unusable`] if the channel is not built
    /// on `L`; [`OpenError::NotFound`] if a user has removed the name by hand; [`OpenError::Inherited`] in a forked
    /// child.
    pub fn channel<L: RealLayer>(&self) -> Result<protocol::Channel<L, Segment<L>>, OpenError> {
        let Checked { backend, fences, layout, geometry, .. } = self.checked;
        if L::KIND != backend || Layout::new::<L>(&geometry) != Ok(layout) {
            let fault = HeaderFault::OtherLayer { found: backend, asked: L::KIND };
            return Err(OpenError::Unusable { name: self.file.name.clone(), fault });
        }
        if self.file.locks.is_inherited() {
            return Err(OpenError::Inherited { name: self.file.name.clone() });
        }
        check_layer::<L>(&self.file.name)?;
        let _standard = file::occupy_standard(&self.file.name)?;
        let mut layer = L::new(file::reopen(&self.file.name, &self.file.locks)?, fences, geometry.slots);
        layer.set_channel(self.file.name.as_str());
        // SAFETY: the mapping's own addresses.
        unsafe { layer.keep(Arc::<Mapping>::clone(&self.mapping), self.mapping.addresses()) };
        // SAFETY: the header was checked: the segment is whole, built on this kind of layer, and laid out as `L` needs
        // it.
        let segment = unsafe { Segment::new(Arc::clone(&self.mapping), layout, geometry) };
        // SAFETY: the layout is that of the geometry, and the layer has an open file description of its own.
        Ok(unsafe { protocol::Channel::new(layer, segment, geometry) })
    }
}

/// Checks that this process may make the system calls that the layer needs.
pub(super) fn check_layer<L: RealLayer>(name: &Name) -> Result<(), OpenError> {
    let action = "futex(2), which a sandbox must allow,";
    L::check().map_err(|error| OpenError::System { name: name.clone(), action, error })
}

/// A segment's file, to which a handle is attached. The last handle that is dropped removes the name.
#[derive(Debug)]
pub(super) struct AttachedFile {
    /// The channel's name.
    name: Name,
    /// The name that means the file, for shm_open(3): the channel's name, or a private name.
    os_id: String,
    locks: LivenessLocks,
}

impl AttachedFile {
    /// Attaches to a file that is ours.
    ///
    /// # Errors
    /// [`OpenError::NotFound`] if another process is removing the file's name, or the name no longer means this file.
    pub(super) fn attach(name: &Name, os_id: String, locks: LivenessLocks) -> Result<Self, OpenError> {
        if !locks.enter().map_err(liveness(name))? {
            return Err(OpenError::NotFound { name: name.clone() });
        }
        let file = Self { name: name.clone(), os_id, locks };
        match file::is_linked(&file.os_id, &file.locks) {
            Ok(true) => Ok(file),
            Ok(false) => Err(OpenError::NotFound { name: name.clone() }),
            Err(errno) => Err(failed(name, "looking at its file", errno)),
        }
    }

    pub(super) const fn locks(&self) -> &LivenessLocks {
        &self.locks
    }

    /// Gives the file the channel's name; see [`file::publish`].
    pub(super) fn publish(&mut self) -> Result<(), Errno> {
        let os_id = self.name.os_id();
        file::publish(&self.os_id, &os_id)?;
        self.os_id = os_id;
        Ok(())
    }
}

impl Drop for AttachedFile {
    /// Detaches, and removes the name if no other handle is attached. *drop/drop* says why in this order.
    fn drop(&mut self) {
        self.locks.exit();
        if self.locks.alone() == Ok(Attachment::Alone) {
            file::unlink(&self.os_id, &self.locks);
        }
    }
}

/// The nonce in the file of `locks`. `None` if the file has none, or cannot be read.
fn read_nonce(locks: &LivenessLocks) -> Option<u64> {
    let mut bytes = [0; 8];
    let count = rustix::io::pread(locks.file(), &mut bytes, Header::NONCE_AT as u64).ok()?;
    (count == bytes.len()).then(|| u64::from_ne_bytes(bytes))
}
