//! The life of a segment: no name outlives its last user, and no process removes what another one uses.
//!
//! **The rules.**
//! - R1. Each handle holds a read lock on one byte of the file, its *presence*, while it lives.
//! - R2. A segment is made under a private name, which its creator chooses at random. Its creator is present in it
//!   before it is published, and stays. It is whole before rename(2) gives it the channel's name, and only if that is
//!   free.
//! - R3. A name is removed only under the write lock on the presence byte, and only while it means the locked file.
//!   The write lock excludes every other handle's presence.
//! - R4. An opener becomes present in a file only if another handle is. Then it checks that the name still means this
//!   file.
//! - R5. Only files that are ours are locked, written or removed ([`file`]).
//!
//! **What follows.** A channel's name means a whole segment, because of R2: its header never changes while a handle
//! is present, and there is nothing to wait for. While a handle is present (after R4's check), the name means its
//! file, because of R3. So the mapping, which `shared_memory` makes by name, is of the locked file; the nonce in the
//! header proves it, should a user have moved files by hand.
//!
//! **The races.** Each pair of steps has one order, since locks and names are the kernel's.
//! - *create/create*: each rival has a file of its own. Of two renames to one name, the second fails (`EEXIST`) and
//!   changes nothing. Its creator looks at the winner's file as any other: (a) the winner is present:
//!   `AlreadyExists`. (b) The winner died or left: its name is removed (R3), and the rename tried again.
//! - *create/open*: the opener finds (a) no name: `NotFound`; (b) a whole segment in which its creator is present
//!   (R2).
//! - *create/remove* of the channel's name: (a) the remover has the write lock: the creator's rename fails until the
//!   name is gone, and its look says `AlreadyExists`. (b) The name is gone: the rename succeeds. The remover cannot
//!   remove the new file, because the name does not mean the file that it has locked.
//! - *create/clean* of the private name: (a) the creator is present: the cleaner does not get the write lock. (b) The
//!   cleaner has the write lock: the creator cannot become present, and starts again with another number. (c) The
//!   cleaner has removed the name before the creator was present: the creator does not find it, and starts again.
//! - *open/remove*: (a) the opener is present first: the remover does not get the write lock. (b) The remover has the
//!   lock: the opener cannot become present: `NotFound`. (c) The remover is done: the name does not mean the opener's
//!   file: `NotFound`, although a new channel may have the name by now; it had not when the check began.
//! - *drop/drop*: each gives its presence up before it asks for the write lock. The later one to give up finds no
//!   other handle present, unless the first one has the write lock and removes the name.
//! - *drop/open*: (a) the opener asks after the last presence was given up: `Abandoned`. (b) It becomes present
//!   before the write lock is asked for: the dropping handle leaves the name to it. (c) After: as open/remove (b).
//! - *drop/clean*, *remove/remove*: one of the two has the write lock. The other one finds it taken, or that the name
//!   does not mean its file any more.
//! - *death* at any step: the kernel releases the locks. A private name, or a channel's name without a presence, is
//!   left; `clean` removes both, and a creator removes the latter. A remover that dies between its lock and the
//!   removal leaves the name as it was.
//!
//! What a user does to these files by hand is not excluded between R3's check and the removal: a file that is moved
//! to the name in this very moment is removed.

use super::clean::liveness;
use super::file::{self, failed};
use super::header::{Checked, Header};
use super::mapping::Mapping;
use super::{HeaderFault, Layout, Name, OpenError, Segment};
use crate::layers::{Attachment, Backend, Fences, LivenessLocks, RealLayer};
use crate::protocol::{self, Geometry};
use rustix::io::Errno;
use std::sync::Arc;

/// One handle's hold on a segment: its presence, and the mapping.
#[derive(Debug)]
pub struct Handle {
    guest: AttachedFile,
    mapping: Arc<Mapping>,
    checked: Checked,
}

impl Handle {
    pub(super) fn new(guest: AttachedFile, mut mapping: Mapping, checked: Checked) -> Result<Self, OpenError> {
        let kept = mapping.keep_from_children(&guest.locks);
        kept.map_err(|errno| failed(&guest.name, "pthread_atfork", errno))?;
        Ok(Self { guest, mapping: Arc::new(mapping), checked })
    }

    pub(super) const fn guest_mut(&mut self) -> &mut AttachedFile {
        &mut self.guest
    }

    /// Opens the segment of this name. Never waits.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(name: &Name) -> Result<Self, OpenError> {
        let _standard = file::occupy_standard(name)?;
        let file = file::open_own(name)?;
        let has_header = |found| {
            let expected = size_of::<Header>() as u64;
            let fault = HeaderFault::Size { found, expected };
            if found >= expected { Ok(()) } else { Err(OpenError::Unusable { name: name.clone(), fault }) }
        };
        has_header(file.size)?;
        if !file.locks.others_attached().map_err(liveness(name))? {
            return Err(OpenError::Abandoned { name: name.clone() });
        }
        let guest = AttachedFile::enter(name, name.os_id(), file.locks)?;
        let mapping = match Mapping::open(&guest.os_id) {
            Ok(mapping) => mapping,
            Err(Errno::NOENT) => return Err(OpenError::NotFound { name: name.clone() }), // removed by hand
            Err(errno) => return Err(failed(name, "mapping it", errno)),
        };
        // The mapping may be of another file, of another size: the header says whether it is.
        has_header(mapping.len() as u64)?;
        // SAFETY: a mapping of at least a header.
        let checked = unsafe { Header::check(mapping.at(0), mapping.len()) };
        let checked = checked.map_err(|fault| OpenError::Unusable { name: name.clone(), fault })?;
        if read_nonce(&guest.locks) != Some(checked.nonce) {
            return Err(OpenError::NotFound { name: name.clone() }); // moved by hand: another one was mapped
        }
        mapping.touch();
        Self::new(guest, mapping, checked)
    }

    /// The channel's name.
    pub const fn name(&self) -> &Name {
        &self.guest.name
    }

    /// What the channel is built on.
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

    /// The channel, for one participant. Its claims are on an open file description of its own, so that each call gives
    /// another participant.
    ///
    /// # Errors
    /// [`OpenError::Limit`] when the process may have no more descriptors; [`OpenError::Unusable`] when
    /// the channel is not built on `L`; [`OpenError::NotFound`] when the name was removed by hand.
    pub fn channel<L: RealLayer>(&self) -> Result<protocol::Channel<L, Segment<L>>, OpenError> {
        let Checked { backend, fences, layout, geometry, .. } = self.checked;
        if L::KIND != backend || Layout::new::<L>(&geometry) != Ok(layout) {
            let fault = HeaderFault::OtherLayer { found: backend, asked: L::KIND };
            return Err(OpenError::Unusable { name: self.guest.name.clone(), fault });
        }
        if self.guest.locks.is_inherited() {
            return Err(OpenError::Inherited { name: self.guest.name.clone() });
        }
        check_layer::<L>(&self.guest.name)?;
        let _standard = file::occupy_standard(&self.guest.name)?;
        let mut layer = L::new(file::reopen(&self.guest.name, &self.guest.locks)?, fences, geometry.slots);
        // SAFETY: the mapping's own addresses.
        unsafe { layer.keep(Arc::<Mapping>::clone(&self.mapping), self.mapping.addresses()) };
        // SAFETY: the header was checked: the segment is whole, built on this kind of layer, and
        // laid out as `L` has it.
        let segment = unsafe { Segment::new(Arc::clone(&self.mapping), layout, geometry) };
        // SAFETY: the layout is that of the geometry, and the layer has an open file description of its own.
        Ok(unsafe { protocol::Channel::new(layer, segment, geometry) })
    }
}

/// Whether this process may make the system calls that the layer needs.
pub(super) fn check_layer<L: RealLayer>(name: &Name) -> Result<(), OpenError> {
    let action = "futex(2), which a sandbox must allow,";
    L::check().map_err(|error| OpenError::System { name: name.clone(), action, error })
}

/// A presence in a segment's file. The last one out removes the name.
#[derive(Debug)]
pub(super) struct AttachedFile {
    name: Name,
    /// What the file is called: the channel's name, or a private one.
    os_id: String,
    locks: LivenessLocks,
}

impl AttachedFile {
    /// Becomes present in a file that is ours. `NotFound` if it is being removed, or has this name no more.
    pub(super) fn enter(name: &Name, os_id: String, locks: LivenessLocks) -> Result<Self, OpenError> {
        if !locks.enter().map_err(liveness(name))? {
            return Err(OpenError::NotFound { name: name.clone() });
        }
        let guest = Self { name: name.clone(), os_id, locks };
        match file::is_linked(&guest.os_id, &guest.locks) {
            Ok(true) => Ok(guest),
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
    /// Gives the presence up, and removes the name if no other handle is present: *drop/drop* above says why in
    /// this order.
    fn drop(&mut self) {
        self.locks.exit();
        if self.locks.alone() == Ok(Attachment::Alone) {
            file::unlink(&self.os_id, &self.locks);
        }
    }
}

/// The nonce in the file that `locks` holds.
fn read_nonce(locks: &LivenessLocks) -> Option<u64> {
    let mut bytes = [0; 8];
    let count = rustix::io::pread(locks.file(), &mut bytes, Header::NONCE_AT as u64).ok()?;
    (count == bytes.len()).then(|| u64::from_ne_bytes(bytes))
}
