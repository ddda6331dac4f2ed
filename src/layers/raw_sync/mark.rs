//! What two processes must have in common to share pthread's objects; a segment's header bears it.
//!
//! - **The PID namespace.** A robust mutex names its owner by thread number (set_robust_list(2)), and thread
//!   numbers are those of a PID namespace. In two of them a holder and a waiter can have the same one: when the
//!   waiter dies, the kernel takes the holder's mutex for its own and gives it to the next.
//! - **The C library, and its build.** POSIX says nothing of what the bytes of these objects mean. glibc and
//!   musl differ in all of it. glibc changed its condition variable in 2.25, and in 2.41 what the counts in it
//!   mean (a signal counts 1 where it counted 2, bug 25847), and a distribution may backport such a change. So its
//!   version does not tell, and its build ID does. musl's process-shared ones are what they were since 1.1.5.

#[cfg(not(target_env = "musl"))]
mod build;

#[cfg(target_env = "gnu")]
use crate::layers::fork::without_fork;
use core::ffi::CStr;
use core::fmt;
use core::mem::align_of;
use std::sync::OnceLock;
use thiserror::Error;

/// What the header says of the process that made the segment. Plain numbers; all 0 if nothing has to match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Mark {
    namespace: PidNamespace,
    library: CLibrary,
}

/// A PID namespace: device and inode of /proc/self/ns/pid (namespaces(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct PidNamespace {
    device: u64,
    inode: u64,
}

/// A C library whose pthread objects have one meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct CLibrary {
    /// 1: glibc; 2: musl; 3: another one.
    kind: u32,
    /// glibc's major version × 1000 + its minor one.
    version: u32,
    /// A hash of the build ID of the file that pthread is in; 0 if it has none, or none is needed.
    build: u64,
    /// Size and alignment of a mutex and of a condition variable.
    sizes: [u16; 4],
}

/// Why pthread's objects cannot be shared between the segment's creator and this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MarkFault {
    /// The creator is in another PID namespace.
    #[error(
        "its locks name threads by numbers of PID namespace {found}, but this process is in {ours}; attach from the \
         creator's namespace, or create the channel on the futex layer, which works across them"
    )]
    PidNamespace {
        /// The creator's.
        found: PidNamespace,
        /// This process's.
        ours: PidNamespace,
    },
    /// It cannot be told in which PID namespace this process is.
    #[error(
        "its locks name threads by numbers of a PID namespace, but which this process is in cannot be told \
         (/proc/self/ns/pid: {}); mount /proc, or create the channel on the futex layer", errno(*.0)
    )]
    PidNamespaceUnknown(i32),
    /// The creator has another C library.
    #[error(
        "its locks are those of {found}, but this process has {ours}; use the same build of the C library on both \
         sides, or create the channel on the futex layer, which needs none"
    )]
    CLibrary {
        /// The creator's.
        found: CLibrary,
        /// This process's.
        ours: CLibrary,
    },
}

fn errno(errno: i32) -> std::io::Error {
    std::io::Error::from_raw_os_error(errno)
}

impl Mark {
    /// The mark of a segment that any process can share.
    pub const NONE: Self = Self {
        namespace: PidNamespace { device: 0, inode: 0 },
        library: CLibrary { kind: 0, version: 0, build: 0, sizes: [0; 4] },
    };

    /// This process's.
    ///
    /// # Errors
    /// [`MarkFault::PidNamespaceUnknown`].
    pub(crate) fn here() -> Result<Self, MarkFault> {
        Ok(Self { namespace: PidNamespace::here()?, library: CLibrary::here() })
    }

    /// Whether this process can share pthread's objects with the one that the mark is of.
    ///
    /// # Errors
    /// [`MarkFault`].
    pub(crate) fn check(self) -> Result<(), MarkFault> {
        let ours = Self::here()?;
        if self.library != ours.library {
            return Err(MarkFault::CLibrary { found: self.library, ours: ours.library });
        }
        if self.namespace != ours.namespace {
            return Err(MarkFault::PidNamespace { found: self.namespace, ours: ours.namespace });
        }
        Ok(())
    }
}

impl PidNamespace {
    /// A process stays in the one that it was born in, but its children may be in another one.
    fn here() -> Result<Self, MarkFault> {
        let file = rustix::fs::stat("/proc/self/ns/pid");
        let file = file.map_err(|errno| MarkFault::PidNamespaceUnknown(errno.raw_os_error()))?;
        Ok(Self { device: file.st_dev, inode: file.st_ino })
    }
}

impl fmt::Display for PidNamespace {
    /// As /proc has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pid:[{}]", self.inode)
    }
}

impl CLibrary {
    /// Looked at once in a process and its forked children. The loader's lock is taken for it, and a child that is
    /// forked meanwhile would find that lock held for ever: so no thread forks.
    fn here() -> Self {
        static HERE: OnceLock<CLibrary> = OnceLock::new();
        if let Some(&known) = HERE.get() {
            return known;
        }
        let looked = without_fork(|_| Ok(*HERE.get_or_init(Self::look)));
        looked.unwrap_or_else(|_| Self::look()) // no handlers: there is no memory for them, nor for a handle
    }

    fn look() -> Self {
        let sizes = [
            size_of::<libc::pthread_mutex_t>(),
            align_of::<libc::pthread_mutex_t>(),
            size_of::<libc::pthread_cond_t>(),
            align_of::<libc::pthread_cond_t>(),
        ];
        let sizes = sizes.map(|size| size as u16); // far below 65536
        #[cfg(target_env = "gnu")]
        let (kind, version, build) = {
            // SAFETY: it has no precondition.
            let text = unsafe { libc::gnu_get_libc_version() };
            // SAFETY: a C string that stays.
            let version = unsafe { CStr::from_ptr(text) };
            (1, number(version), build::build(text.addr()))
        };
        #[cfg(target_env = "musl")]
        let (kind, version, build) = (2, 0, 0); // a build ID would tell one static program from another
        #[cfg(not(any(target_env = "gnu", target_env = "musl")))]
        let (kind, version, build) = (3, 0, build::build((libc::pthread_cond_signal as *const ()).addr()));
        Self { kind, version, build, sizes }
    }
}

impl fmt::Display for CLibrary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, version, build, sizes: [mutex, mutex_align, cond, cond_align] } = self;
        match kind {
            1 => write!(f, "glibc {}.{}", version / 1000, version % 1000)?,
            2 => f.write_str("musl")?,
            3 => f.write_str("another C library")?,
            kind => write!(f, "an unknown C library ({kind})")?,
        }
        write!(f, " (build {build:016x}, mutex {mutex}/{mutex_align}, condition variable {cond}/{cond_align})")
    }
}

/// A version such as "2.36" as [`CLibrary`] has it.
#[cfg(target_env = "gnu")]
fn number(version: &CStr) -> u32 {
    let mut numbers = version.to_str().unwrap_or_default().split('.').map(|number| number.parse().unwrap_or(0_u32));
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    major.wrapping_mul(1000).wrapping_add(minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mark_of_this_process_names_what_it_has() {
        let ours = Mark::here().unwrap();
        assert_eq!(ours.check(), Ok(()));
        assert_ne!(ours.namespace.inode, 0);
        if cfg!(target_env = "gnu") {
            assert!(ours.library.version >= 2_017, "{}", ours.library); // the oldest that Rust supports
        }
        println!("{} {}", ours.namespace, ours.library);
    }

    #[test]
    fn mark_of_another_process_is_told_by_what_differs() {
        let ours = Mark::here().unwrap();
        let differs = |change: fn(&mut Mark)| {
            let mut mark = ours;
            change(&mut mark);
            mark.check().unwrap_err()
        };
        assert!(matches!(differs(|mark| mark.namespace.inode += 1), MarkFault::PidNamespace { .. }));
        assert!(matches!(differs(|mark| mark.namespace.device += 1), MarkFault::PidNamespace { .. }));
        for change in [
            |mark: &mut Mark| mark.library.kind ^= 3,
            |mark: &mut Mark| mark.library.version += 1,
            |mark: &mut Mark| mark.library.build ^= 1,
            |mark: &mut Mark| mark.library.sizes[0] += 1,
            |mark: &mut Mark| mark.library.sizes[3] += 1,
        ] {
            assert!(matches!(differs(change), MarkFault::CLibrary { .. }));
        }
        assert!(matches!(Mark::NONE.check(), Err(MarkFault::CLibrary { .. })), "a segment that bears none");
    }
}
