//! Segments in /dev/shm, and removing those that no living process uses.

use super::file::{self, OwnFile};
use super::{Limit, Name, OpenError};
use crate::layer::LivenessUnknown;
use crate::layers::{Attachment, LivenessLocks, MAX_PARTICIPANTS};
use rustix::io::Errno;
use std::ffi::OsString;
use std::io;

/// The names of all segments on this machine, in use or abandoned, in ascending order.
///
/// # Errors
/// If /dev/shm cannot be listed.
pub fn list() -> io::Result<Vec<Name>> {
    let mut names: Vec<Name> = files()?.filter_map(|file| Name::of_file(file.to_str()?)).collect();
    names.sort();
    Ok(names)
}

/// The names of this user's segments, of whatever version, in ascending order. Changes nothing.
///
/// # Errors
/// If /dev/shm cannot be listed, or a file cannot be opened for want of a resource.
pub(crate) fn list_own() -> io::Result<Vec<Name>> {
    let mut own = Vec::new();
    for name in list()? {
        match file::open_own_to_read(&name) {
            Ok(_) => own.push(name),
            Err(OpenError::NotFound { .. } | OpenError::NotOurs { .. } | OpenError::Unusable { .. }) => {}
            Err(error) => return Err(io::Error::other(error)),
        }
    }
    Ok(own)
}

/// All segments on this machine that do not have their channel's name yet, in ascending order of channel. Their
/// creators are making them, or died.
///
/// # Errors
/// If /dev/shm cannot be listed.
pub fn unfinished() -> io::Result<Vec<Unfinished>> {
    let of_file = |file: &str| Some(Unfinished { name: Name::of_private(file)?, private: format!("/{file}") });
    let mut found: Vec<Unfinished> = files()?.filter_map(|file| of_file(file.to_str()?)).collect();
    found.sort();
    Ok(found)
}

fn files() -> io::Result<impl Iterator<Item = OsString>> {
    Ok(std::fs::read_dir("/dev/shm")?.filter_map(|entry| Some(entry.ok()?.file_name())))
}

/// A segment that does not have its channel's name yet. Its creator is making it, or died.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unfinished {
    name: Name,
    private: String,
}

impl Unfinished {
    /// The name of the channel that the segment was made for.
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// Whether the segment's creator is dead, so that [`remove_if_abandoned`](Unfinished::remove_if_abandoned) would
    /// remove it. Changes nothing but the file's mode, if a umask has taken permissions from it.
    ///
    /// # Errors
    /// [`OpenError`]. A file that is not ours is left alone.
    pub fn is_abandoned(&self) -> Result<bool, OpenError> {
        let locks = file::open_private(&self.name, &self.private)?.locks;
        Ok(!locks.others_attached().map_err(liveness(&self.name))?)
    }

    /// Whether a living process is making the segment. Changes nothing, and is noticed by no other process.
    ///
    /// # Errors
    /// [`OpenError`]. A file that is not ours is left alone.
    pub fn is_being_made(&self) -> Result<bool, OpenError> {
        let locks = file::open_private_to_read(&self.name, &self.private)?.locks;
        locks.others_attached().map_err(liveness(&self.name))
    }

    /// Removes the segment if its creator is dead. True if it was removed.
    ///
    /// # Errors
    /// [`OpenError`]. A file that is not ours is left alone.
    pub fn remove_if_abandoned(&self) -> Result<bool, OpenError> {
        let file = file::open_private(&self.name, &self.private)?;
        Ok(remove_if_alone(&self.name, &self.private, &file)? == Attachment::Alone)
    }
}

/// Removes the segment of this name if no living process uses it. True if it was removed.
///
/// # Errors
/// [`OpenError`]. A file that is no segment of ackcast is left alone:
/// [`HeaderFault::Foreign`](super::HeaderFault::Foreign).
pub fn remove_if_dead(name: &Name) -> Result<bool, OpenError> {
    Ok(remove_leftover(name)?.is_none())
}

/// The numbers of the living participants of this name's segment, in ascending order. `None` if no handle is attached
/// to it, so that [`remove_if_dead`] would remove it. Changes nothing. A [`Channel`](crate::Channel) is attached and
/// has no number.
///
/// # Errors
/// As [`remove_if_dead`].
pub fn participants(name: &Name) -> Result<Option<Vec<u32>>, OpenError> {
    let locks = file::open_own(name)?.locks;
    let attached = locks.others_attached().map_err(liveness(name))?;
    attached.then(|| living_participants(name, &locks)).transpose()
}

/// Removes the segment of this name if no handle is attached to it. Otherwise returns the numbers of its living
/// participants.
pub(super) fn remove_leftover(name: &Name) -> Result<Option<Vec<u32>>, OpenError> {
    let file = file::open_own(name)?;
    match remove_if_alone(name, &name.os_id(), &file)? {
        Attachment::Alone => Ok(None),
        Attachment::Others => living_participants(name, &file.locks).map(Some),
    }
}

fn remove_if_alone(name: &Name, os_id: &str, OwnFile { locks, .. }: &OwnFile) -> Result<Attachment, OpenError> {
    let attachment = locks.alone().map_err(liveness(name))?;
    if attachment == Attachment::Alone {
        file::unlink(os_id, locks);
    }
    Ok(attachment)
}

fn living_participants(name: &Name, locks: &LivenessLocks) -> Result<Vec<u32>, OpenError> {
    let lives = |number| Ok(locks.is_alive(number).map_err(liveness(name))?.then_some(number));
    (0..MAX_PARTICIPANTS).filter_map(|number| lives(number).transpose()).collect()
}

/// Turns an error of the locks into an error of this channel.
pub(super) fn liveness(name: &Name) -> impl Fn(LivenessUnknown) -> OpenError {
    |error| match Limit::of(Errno::from_raw_os_error(error.errno)) {
        Some(limit @ Limit::Locks) => OpenError::Limit { name: name.clone(), limit },
        _ => OpenError::Liveness { name: name.clone(), error },
    }
}
