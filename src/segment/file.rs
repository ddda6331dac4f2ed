//! Files in /dev/shm: which files are ours, and what is done to their names.
//!
//! A regular file is ours if it belongs to this user, has mode 0600 and begins with our magic number. All four are
//! checked before the file is locked, written, grown or removed. A link, a directory, a FIFO or a device is not even
//! opened.
//!
//! An *unfinished* file has a private name. Before its creator writes the magic number, it has no data at all, because
//! the magic number is written first.

use super::header::Header;
use super::{HeaderFault, Limit, Name, OpenError};
use crate::layers::LivenessLocks;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RenameFlags, SeekFrom, Stat};
use rustix::io::Errno;
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};

/// The directory of shared memory. A name for shm_open(3) follows it.
const DIRECTORY: &str = "/dev/shm";
/// The mode of our files: only their owner may read and write them.
const OUR_MODE: u32 = 0o600;
/// The highest standard descriptor: 0 is input, 1 output, 2 error.
const MAX_STANDARD: i32 = 2;

/// A file that is ours, opened for a handle.
#[derive(Debug)]
pub(super) struct OwnFile {
    pub(super) locks: LivenessLocks,
    pub(super) size: u64,
}

/// The error for this error number: [`OpenError::Limit`] if the number tells of a limit.
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
    check(name, &stat(name, &path)?, OUR_MODE)?;
    let (file, magic) = open_checked(name, &path)?;
    if magic != Header::MAGIC { Err(foreign(name, magic)) } else { Ok(file) }
}

/// As [`open_own`], for an observer, which only reads.
pub(super) fn open_own_to_read(name: &Name) -> Result<OwnFile, OpenError> {
    let path = path(&name.os_id());
    check(name, &stat(name, &path)?, OUR_MODE)?;
    let (file, magic) = open_checked_as(name, &path, OFlags::RDONLY)?;
    if magic != Header::MAGIC { Err(foreign(name, magic)) } else { Ok(file) }
}

/// Opens an unfinished file to read it, if it is ours. Its mode may lack permissions that the creator's umask has taken.
pub(super) fn open_private_to_read(name: &Name, private: &str) -> Result<OwnFile, OpenError> {
    let path = path(private);
    let found = stat(name, &path)?;
    check(name, &found, found.st_mode & OUR_MODE)?;
    let locks = LivenessLocks::open(|| open(&path, OFlags::RDONLY)).map_err(|errno| open_failed(name, errno))?;
    let stat = rustix::fs::fstat(locks.file()).map_err(|errno| failed(name, "fstat", errno))?;
    check(name, &stat, stat.st_mode & OUR_MODE)?;
    let magic = read_magic(name, &locks)?;
    let file = OwnFile { locks, size: stat.st_size.unsigned_abs() as _ };
    if magic == Header::MAGIC || magic == [0; 8] { Ok(file) } else { Err(foreign(name, magic)) }
}

/// Opens an unfinished file, if it is ours. Gives back the permissions that the creator's umask has taken from its
/// mode.
pub(super) fn open_private(name: &Name, private: &str) -> Result<OwnFile, OpenError> {
    let path = path(private);
    let found = stat(name, &path)?;
    let mode = found.st_mode & OUR_MODE; // a umask removes bits, and adds none
    check(name, &found, mode)?;
    if mode != OUR_MODE {
        let changed = rustix::fs::chmod(&path, Mode::from_raw_mode(OUR_MODE));
        changed.map_err(|errno| open_failed(name, errno))?;
    }
    let (file, magic) = open_checked(name, &path)?;
    let empty = || rustix::fs::seek(file.locks.file(), SeekFrom::Data(0)) == Err(Errno::NXIO);
    if magic == Header::MAGIC || empty() {
        return Ok(file);
    }
    // A living creator may have written the magic number after `open_checked` read the file. The file has data now, so
    // the magic number is there.
    let magic = read_magic(name, &file.locks)?;
    if magic == Header::MAGIC { Ok(file) } else { Err(foreign(name, magic)) }
}

/// Opens the file of `locks` once more, for other locks. The name means this file while a handle is attached.
pub(super) fn reopen(name: &Name, locks: &LivenessLocks) -> Result<LivenessLocks, OpenError> {
    let other =
        LivenessLocks::open(|| open(&path(&name.os_id()), OFlags::RDWR)).map_err(|errno| open_failed(name, errno))?;
    match is_same(&other, locks) {
        Ok(true) => Ok(other),
        Ok(false) => Err(OpenError::NotFound { name: name.clone() }), // the file was moved by hand
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

/// Removes the name if it means the file of `locks`. The caller has the write lock there. So no other process of ours
/// removes the name after the check.
pub(super) fn unlink(os_id: &str, locks: &LivenessLocks) {
    if is_linked(os_id, locks) == Ok(true) {
        let _ = rustix::fs::unlink(path(os_id)); // fails only if the name was removed by hand
    }
}

/// Renames a file from its private name to its channel's name, in one step.
///
/// # Errors
/// `EXIST` if a file has the channel's name; `NOENT` if the private name is gone.
pub(super) fn publish(private: &str, os_id: &str) -> Result<(), Errno> {
    let (private, real) = (path(private), path(os_id));
    match rustix::fs::renameat_with(CWD, &private, CWD, &real, RenameFlags::NOREPLACE) {
        // The file system or the kernel does not know the flag. A process that dies between these two steps leaves the
        // private name, too. `clean` removes it as an unfinished file's.
        Err(Errno::INVAL | Errno::NOSYS) => {
            rustix::fs::link(&private, &real)?;
            let _ = rustix::fs::unlink(&private);
            Ok(())
        }
        result => result,
    }
}

/// Occupies the standard descriptors that are closed, until the result is dropped. A file that is opened meanwhile gets
/// a higher number. The reasons: `shared_memory` takes descriptor 0 for none. And a line that is printed to a closed
/// stdout must not be written to a segment.
pub(super) fn occupy_standard(name: &Name) -> Result<Vec<OwnedFd>, OpenError> {
    let mut occupied = Vec::new();
    loop {
        // Any file will do, and the root directory always exists.
        let file = rustix::fs::open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
        let file = file.map_err(|errno| open_failed(name, errno))?;
        if file.as_raw_fd() > MAX_STANDARD {
            return Ok(occupied);
        }
        occupied.push(file);
    }
}

fn path(os_id: &str) -> String {
    format!("{DIRECTORY}{os_id}")
}

fn stat(name: &Name, path: &str) -> Result<Stat, OpenError> {
    rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).map_err(|errno| open_failed(name, errno))
}

/// Opens a file. Neither follows a link nor waits for the other end of a FIFO.
fn open(path: &str, access: OFlags) -> Result<File, Errno> {
    let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).map(File::from)
}

fn open_failed(name: &Name, errno: Errno) -> OpenError {
    match errno {
        Errno::NOENT => OpenError::NotFound { name: name.clone() },
        errno => failed(name, "opening its file", errno),
    }
}

/// Checks that a file is a regular file, belongs to this user, and has this mode.
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

/// Opens a file that was checked by name, and checks it again, because another file may have got the name. Also returns
/// the file's first bytes; where the file is shorter they are 0.
fn open_checked(name: &Name, path: &str) -> Result<(OwnFile, [u8; 8]), OpenError> {
    open_checked_as(name, path, OFlags::RDWR)
}

fn open_checked_as(name: &Name, path: &str, access: OFlags) -> Result<(OwnFile, [u8; 8]), OpenError> {
    let locks = LivenessLocks::open(|| open(path, access)).map_err(|errno| open_failed(name, errno))?;
    let stat = rustix::fs::fstat(locks.file()).map_err(|errno| failed(name, "fstat", errno))?;
    check(name, &stat, OUR_MODE)?;
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

fn is_same(first: &LivenessLocks, second: &LivenessLocks) -> Result<bool, Errno> {
    let (first, second) = (rustix::fs::fstat(first.file())?, rustix::fs::fstat(second.file())?);
    Ok((first.st_dev, first.st_ino) == (second.st_dev, second.st_ino))
}
