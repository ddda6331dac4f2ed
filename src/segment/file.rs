//! Files in /dev/shm: which ones are ours, and the few things that are done to their names.
//!
//! A file is ours if it is a regular file, belongs to this user, has mode 0600 and begins with our magic number.
//! All four are checked before the file is locked, written, grown or removed. A link, a directory, a FIFO or a device
//! is not even opened.
//!
//! An *unfinished* file has a private name, and may have no magic number yet: then it has no data at all, because the
//! magic number is the first thing that is written to it.

use super::header::Header;
use super::{HeaderFault, Limit, Name, OpenError};
use crate::layers::LivenessLocks;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RenameFlags, SeekFrom, Stat};
use rustix::io::Errno;
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};

/// Where shared memory is, before a name for shm_open(3).
const DIRECTORY: &str = "/dev/shm";
/// The mode of our files: their owner alone may read and write them.
const OURS: u32 = 0o600;
/// The highest of the standard descriptors: input, output and error.
const STANDARD: i32 = 2;

/// A file of ours, opened for one handle.
#[derive(Debug)]
pub(super) struct OwnFile {
    pub(super) locks: LivenessLocks,
    pub(super) size: u64,
}

/// An error of the operating system's: a limit, if it is one.
pub(super) fn failed(name: &Name, action: &'static str, errno: Errno) -> OpenError {
    let name = name.clone();
    match Limit::of(errno) {
        Some(limit) => OpenError::Limit { name, limit },
        None => OpenError::System { name, action, error: errno.into() },
    }
}

/// Opens the channel's file, if it is ours.
pub(super) fn open_own(name: &Name) -> Result<OwnFile, OpenError> {
    let path = path(&name.os_id());
    check(name, &look(name, &path)?, OURS)?;
    let (file, magic) = open_checked(name, &path)?;
    if magic != Header::MAGIC { Err(foreign(name, magic)) } else { Ok(file) }
}

/// Opens an unfinished file, if it is ours. The creator's umask may have taken permissions from its mode: the file gets
/// them back.
pub(super) fn open_private(name: &Name, private: &str) -> Result<OwnFile, OpenError> {
    let path = path(private);
    let stat = look(name, &path)?;
    let mode = stat.st_mode & OURS; // a umask takes bits away, and adds none
    check(name, &stat, mode)?;
    if mode != OURS {
        let changed = rustix::fs::chmod(&path, Mode::from_raw_mode(OURS));
        changed.map_err(|errno| open_failed(name, errno))?;
    }
    let (file, magic) = open_checked(name, &path)?;
    let empty = || rustix::fs::seek(file.locks.file(), SeekFrom::Data(0)) == Err(Errno::NXIO);
    if magic == Header::MAGIC || empty() {
        return Ok(file);
    }
    // A living creator may have written the magic number after we read nothing. If the file has data, it is there.
    let magic = read_magic(name, &file.locks)?;
    if magic == Header::MAGIC { Ok(file) } else { Err(foreign(name, magic)) }
}

/// Opens the file of `locks` once more, for locks of its own. `name` means this file while a handle is present.
pub(super) fn reopen(name: &Name, locks: &LivenessLocks) -> Result<LivenessLocks, OpenError> {
    let other = LivenessLocks::open(|| open(&path(&name.os_id()))).map_err(|errno| open_failed(name, errno))?;
    match is_same(&other, locks) {
        Ok(true) => Ok(other),
        Ok(false) => Err(OpenError::NotFound { name: name.clone() }), // the name was changed by hand
        Err(errno) => Err(failed(name, "fstat", errno)),
    }
}

/// Whether this name means the file of `locks`.
pub(super) fn is_linked(os_id: &str, locks: &LivenessLocks) -> Result<bool, Errno> {
    let by_name = match rustix::fs::statat(CWD, path(os_id), AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(Errno::NOENT) => return Ok(false),
        Err(errno) => return Err(errno),
    };
    let by_handle = rustix::fs::fstat(locks.file())?;
    Ok((by_name.st_dev, by_name.st_ino) == (by_handle.st_dev, by_handle.st_ino))
}

/// Removes the name if it means the file of `locks`, which is ours. No other handle is present there, and none can
/// come, so no other process of ours takes the name away between the check and the removal.
pub(super) fn unlink(os_id: &str, locks: &LivenessLocks) {
    if is_linked(os_id, locks) == Ok(true) {
        let _ = rustix::fs::unlink(path(os_id)); // it can only be gone already, by hand
    }
}

/// Gives the file of the private name its real one, in one step that fails with `EXIST` if a file has that name, and
/// with `NOENT` if the private name is gone.
pub(super) fn publish(private: &str, os_id: &str) -> Result<(), Errno> {
    let (private, real) = (path(private), path(os_id));
    match rustix::fs::renameat_with(CWD, &private, CWD, &real, RenameFlags::NOREPLACE) {
        // A file system or a kernel without the flag. A process that dies between these two steps leaves a second
        // name, which `clean` knows for an unfinished file's.
        Err(Errno::INVAL | Errno::NOSYS) => {
            rustix::fs::link(&private, &real)?;
            let _ = rustix::fs::unlink(&private);
            Ok(())
        }
        result => result,
    }
}

/// Occupies the standard descriptors that are closed, until it is dropped. What is opened meanwhile gets a higher
/// number: `shared_memory` takes number 0 for none, and a line printed to a closed stdout must not end in a segment.
pub(super) fn occupy_standard(name: &Name) -> Result<Vec<OwnedFd>, OpenError> {
    let mut occupied = Vec::new();
    loop {
        // Any file does. This one is always there.
        let file = rustix::fs::open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
        let file = file.map_err(|errno| open_failed(name, errno))?;
        if file.as_raw_fd() > STANDARD {
            return Ok(occupied);
        }
        occupied.push(file);
    }
}

fn path(os_id: &str) -> String {
    format!("{DIRECTORY}{os_id}")
}

fn look(name: &Name, path: &str) -> Result<Stat, OpenError> {
    rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).map_err(|errno| open_failed(name, errno))
}

/// Neither follows a link nor waits for a FIFO's other end.
fn open(path: &str) -> Result<File, Errno> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).map(File::from)
}

fn open_failed(name: &Name, errno: Errno) -> OpenError {
    match errno {
        Errno::NOENT => OpenError::NotFound { name: name.clone() },
        errno => failed(name, "opening its file", errno),
    }
}

/// Whether a file is a regular one of this user's, with this mode.
fn check(name: &Name, stat: &Stat, mode: u32) -> Result<(), OpenError> {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => None,
        FileType::Symlink => Some("a symbolic link"),
        FileType::Directory => Some("a directory"),
        FileType::Fifo => Some("a FIFO"),
        FileType::Socket => Some("a socket"),
        _ => Some("a device"),
    };
    if let Some(kind) = kind {
        return Err(OpenError::Unusable { name: name.clone(), fault: HeaderFault::NoFile { kind } });
    }
    let (owner, found, user) = (stat.st_uid, stat.st_mode & 0o7777, rustix::process::geteuid().as_raw());
    if owner != user || found != mode {
        return Err(OpenError::NotOurs { name: name.clone(), owner, mode: found, user });
    }
    Ok(())
}

/// Opens a file that was looked at, and looks again: another one may have got its name. Its first bytes are returned,
/// too; those that it has not are 0.
fn open_checked(name: &Name, path: &str) -> Result<(OwnFile, [u8; 8]), OpenError> {
    let locks = LivenessLocks::open(|| open(path)).map_err(|errno| open_failed(name, errno))?;
    let stat = rustix::fs::fstat(locks.file()).map_err(|errno| failed(name, "fstat", errno))?;
    check(name, &stat, OURS)?;
    let magic = read_magic(name, &locks)?;
    Ok((OwnFile { locks, size: stat.st_size.unsigned_abs() as _ }, magic))
}

fn read_magic(name: &Name, locks: &LivenessLocks) -> Result<[u8; 8], OpenError> {
    let mut magic = [0; 8];
    rustix::io::pread(locks.file(), &mut magic, 0).map_err(|errno| failed(name, "reading its header", errno))?;
    Ok(magic)
}

fn foreign(name: &Name, found: [u8; 8]) -> OpenError {
    OpenError::Unusable { name: name.clone(), fault: HeaderFault::Foreign { found } }
}

fn is_same(one: &LivenessLocks, other: &LivenessLocks) -> Result<bool, Errno> {
    let (one, other) = (rustix::fs::fstat(one.file())?, rustix::fs::fstat(other.file())?);
    Ok((one.st_dev, one.st_ino) == (other.st_dev, other.st_ino))
}
