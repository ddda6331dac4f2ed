//! Limits of the process and of the system.

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use thiserror::Error;

/// A limit of the process or of the system that was reached. The error names the limit, and says how to raise it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Limit {
    /// `EMFILE`: the process has no descriptor left.
    #[error("this process has no file descriptor left (RLIMIT_NOFILE is {}); close some, or raise `ulimit -n`", Number(.limit))]
    Descriptors {
        /// How many descriptors the process may have. `None`: unlimited.
        limit: Option<u64>,
    },
    /// `ENFILE`: the system can open no more files.
    #[error("the system can open no more files; close some, or raise fs.file-max")]
    Files,
    /// The segment is larger than a file of this process may be.
    #[error(
        "its {bytes} bytes are more than a file may have (RLIMIT_FSIZE is {limit}); use fewer or smaller slots, or raise \
         `ulimit -f`"
    )]
    FileSize {
        /// The segment's size in bytes.
        bytes: u64,
        /// How many bytes a file may have.
        limit: u64,
    },
    /// `ENOMEM`: no memory is left, or no addresses for the mapping.
    #[error(
        "there is no memory or address space left for it; free some, or raise the limit that was met (RLIMIT_AS, \
         vm.max_map_count, or the memory of the system or cgroup)"
    )]
    Memory,
    /// `EAGAIN` from mmap(2): the process locks all its memory, and has reached the limit of locked memory.
    #[error("this process locks its memory, and may lock no more (RLIMIT_MEMLOCK); raise `ulimit -l`")]
    LockedMemory,
    /// `ENOSPC` from open(2): /dev/shm has no inode left.
    #[error("/dev/shm has no room for one more file (`df -i /dev/shm`); remove some, or mount it with more inodes")]
    Inodes,
    /// `EDQUOT`: the user's quota of files or blocks is used up.
    #[error("the quota of user {user} in /dev/shm is used up; remove files there, or raise it")]
    Quota {
        /// The user.
        user: u32,
    },
    /// `ENOLCK`: the kernel keeps no more file locks.
    #[error("the kernel has no memory for one more file lock; free some memory, or raise the limit of the cgroup")]
    Locks,
    /// `EACCES`, `EPERM` or `EROFS`: the user may not make or open the file.
    #[error(
        "user {user} may not make or open this file in /dev/shm; check the mode and the mount options of /dev/shm, and the \
         filters of this process"
    )]
    Permission {
        /// The user.
        user: u32,
    },
}

impl Limit {
    /// The limit that this error number tells of. `None` for other errors.
    pub(super) fn of(errno: Errno) -> Option<Self> {
        let user = rustix::process::geteuid().as_raw();
        Some(match errno {
            Errno::MFILE => Self::Descriptors { limit: getrlimit(Resource::Nofile).current },
            Errno::NFILE => Self::Files,
            Errno::NOMEM => Self::Memory,
            Errno::AGAIN => Self::LockedMemory,
            Errno::NOSPC => Self::Inodes,
            Errno::DQUOT => Self::Quota { user },
            Errno::NOLCK => Self::Locks,
            Errno::ACCESS | Errno::PERM | Errno::ROFS => Self::Permission { user },
            _ => return None,
        })
    }

    /// Checks the size of a new file in bytes. Without the check, the kernel would kill a process that exceeds the
    /// limit, by SIGXFSZ.
    pub(super) fn check_file_size(bytes: usize) -> Result<(), Self> {
        let bytes = bytes as u64;
        match getrlimit(Resource::Fsize).current {
            Some(limit) if bytes > limit => Err(Self::FileSize { bytes, limit }),
            _ => Ok(()),
        }
    }
}

struct Number<'a>(&'a Option<u64>);

impl core::fmt::Display for Number<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            Some(limit) => limit.fmt(f),
            None => f.write_str("unlimited"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_names_what_is_to_be_raised() {
        let named = [
            (Errno::MFILE, "RLIMIT_NOFILE"),
            (Errno::NFILE, "fs.file-max"),
            (Errno::NOMEM, "RLIMIT_AS"),
            (Errno::AGAIN, "RLIMIT_MEMLOCK"),
            (Errno::NOSPC, "inodes"),
            (Errno::DQUOT, "quota"),
            (Errno::NOLCK, "file lock"),
            (Errno::ACCESS, "may not"),
            (Errno::PERM, "may not"),
            (Errno::ROFS, "mount options"),
        ];
        for (errno, name) in named {
            let text = Limit::of(errno).unwrap().to_string();
            assert!(text.contains(name), "{errno:?}: {text}");
        }
        assert_eq!(Limit::of(Errno::INVAL), None);
        assert!(Limit::FileSize { bytes: 2, limit: 1 }.to_string().contains("RLIMIT_FSIZE is 1"));
        assert!(Limit::Descriptors { limit: None }.to_string().contains("unlimited"));
    }
}
