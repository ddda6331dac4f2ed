//! What two processes must have in common to share pthread's objects. A segment's header bears it.
//!
//! - **The PID namespace.** A robust mutex names its owner by thread number (set_robust_list(2)), and thread numbers
//!   are those of a PID namespace. In two namespaces a holder and a waiter can have the same number. When that waiter
//!   dies, the kernel takes the holder's mutex for the waiter's, and gives it to the next thread.
//! - **The C library, and its build.** POSIX does not define the bytes of these objects. glibc and musl have nothing in
//!   common there. glibc changed its condition variable in 2.25. In 2.41 it changed the meaning of its counts (a signal
//!   counts 1 where it counted 2, bug 25847), and a distribution may backport such a change. So the build ID decides,
//!   not the version. musl's process-shared objects have not changed since 1.1.5.

#[cfg(not(target_env = "musl"))]
mod build;

#[cfg(target_env = "gnu")]
use crate::layers::fork::without_fork;
use core::ffi::CStr;
use core::fmt;
use core::mem::align_of;
use std::sync::OnceLock;
use thiserror::Error;

/// What the header says of the segment's creator. Plain numbers; all 0 if nothing has to match.
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
    /// 1: glibc; 2: musl; 3: another library.
    kind: u32,
    /// glibc's version: major × 1000 + minor.
    version: u32,
    /// A hash of the build ID of the file that has pthread's code; 0 if it has none, or none is needed.
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
        /// That of the creator.
        found: PidNamespace,
        /// That of this process.
        ours: PidNamespace,
    },
    /// The PID namespace of this process is unknown.
    #[error(
        "its locks name threads by numbers of a PID namespace, but that of this process is unknown \
         (/proc/self/ns/pid: {}); mount /proc, or create the channel on the futex layer", errno(*.0)
    )]
    PidNamespaceUnknown(i32),
    /// The creator has another C library.
    #[error(
        "its locks are those of {found}, but this process has {ours}; use the same build of the C library on both \
         sides, or create the channel on the futex layer, which needs none"
    )]
    CLibrary {
        /// That of the creator.
        found: CLibrary,
        /// That of this process.
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

    /// The mark of this process.
    ///
    /// # Errors
    /// [`MarkFault::PidNamespaceUnknown`].
    pub(crate) fn of_this_process() -> Result<Self, MarkFault> {
        Ok(Self { namespace: PidNamespace::of_this_process()?, library: CLibrary::of_this_process() })
    }

    /// Whether this process can share pthread's objects with the process that made the mark.
    ///
    /// # Errors
    /// [`MarkFault`].
    pub(crate) fn check(self) -> Result<(), MarkFault> {
        let ours = Self::of_this_process()?;
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
    /// Asked for each mark: a child may be in another namespace than its parent.
    fn of_this_process() -> Result<Self, MarkFault> {
        let file = rustix::fs::stat("/proc/self/ns/pid");
        let file = file.map_err(|errno| MarkFault::PidNamespaceUnknown(errno.raw_os_error()))?;
        Ok(Self { device: file.st_dev, inode: file.st_ino })
    }
}

impl fmt::Display for PidNamespace {
    /// The text of the link /proc/self/ns/pid.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pid:[{}]", self.inode)
    }
}

impl CLibrary {
    /// Detected once for a process and its forked children. No thread forks meanwhile, because the loader's lock is
    /// taken for it: a child would find that lock held for ever.
    fn of_this_process() -> Self {
        static KNOWN: OnceLock<CLibrary> = OnceLock::new();
        if let Some(&known) = KNOWN.get() {
            return known;
        }
        let detected = without_fork(|_| Ok(*KNOWN.get_or_init(Self::detect)));
        detected.unwrap_or_else(|_| Self::detect()) // no memory for the fork handlers: the handle will fail, too
    }

    fn detect() -> Self {
        let sizes = [
            size_of::<libc::pthread_mutex_t>(),
            align_of::<libc::pthread_mutex_t>(),
            size_of::<libc::pthread_cond_t>(),
            align_of::<libc::pthread_cond_t>(),
        ];
        let sizes = sizes.map(|size| size as u16); // far below 65536
        #[cfg(target_env = "gnu")]
        let (kind, version, build) = {
            // SAFETY: the call has no precondition.
            let text = unsafe { libc::gnu_get_libc_version() };
            // SAFETY: the text is NUL-terminated and static.
            let version = unsafe { CStr::from_ptr(text) };
            (1, number(version), build::build_id_hash(text.addr()))
        };
        #[cfg(target_env = "musl")]
        let (kind, version, build) = (2, 0, 0); // static programs of one musl have different build IDs
        #[cfg(not(any(target_env = "gnu", target_env = "musl")))]
        let (kind, version, build) = (3, 0, build::build_id_hash((libc::pthread_cond_signal as *const ()).addr()));
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

/// The number by which [`CLibrary`] has a version such as "2.36".
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
    fn mark_of_this_process_names_its_library() {
        let ours = Mark::of_this_process().unwrap();
        assert_eq!(ours.check(), Ok(()));
        assert_ne!(ours.namespace.inode, 0);
        if cfg!(target_env = "gnu") {
            assert!(ours.library.version >= 2_017, "{}", ours.library); // the oldest version that Rust supports
        }
        println!("{} {}", ours.namespace, ours.library);
    }

    #[test]
    fn mark_that_differs_is_refused_with_the_difference() {
        let ours = Mark::of_this_process().unwrap();
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
        assert!(matches!(Mark::NONE.check(), Err(MarkFault::CLibrary { .. })), "a segment without a mark");
    }
}
