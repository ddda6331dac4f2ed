//! The errors of limits, and of a segment whose locks this process cannot share.

use crate::{Said, says};
use ackcast::layers::{CLibrary, MarkFault, PidNamespace};
use ackcast::segment::Limit;
use std::mem::transmute;

pub fn table() -> Vec<Said> {
    [marks(), limits()].into_iter().flatten().collect()
}

fn namespace(inode: u64) -> PidNamespace {
    // SAFETY: it is two plain numbers, device and inode, in C's layout. No function makes one of another namespace.
    unsafe { transmute([0, inode]) }
}

/// The mark, as the header has it.
#[repr(C)]
struct Numbers {
    kind: u32,
    version: u32,
    build: u64,
    sizes: [u16; 4],
}

fn library(kind: u32, version: u32) -> CLibrary {
    let numbers = Numbers { kind, version, build: 0xab, sizes: [40, 8, 48, 8] };
    // SAFETY: these plain numbers in C's layout. No function makes one of another library.
    unsafe { transmute(numbers) }
}

fn marks() -> Vec<Said> {
    let other = "another C library (build 00000000000000ab, mutex 40/8, condition variable 48/8)";
    let unknown = "an unknown C library (9) (build 00000000000000ab, mutex 40/8, condition variable 48/8)";
    vec![
        says(
            MarkFault::CLibrary { found: library(3, 0), ours: library(9, 0) },
            &format!(
                "its locks are those of {other}, but this process has {unknown}; use the same build of the C library on \
                 both sides, or create the channel on the futex layer, which needs none"
            ),
        ),
        says(
            MarkFault::PidNamespace { found: namespace(7), ours: namespace(8) },
            "its locks name threads by numbers of PID namespace pid:[7], but this process is in pid:[8]; attach from the \
             creator's namespace, or create the channel on the futex layer, which works across them",
        ),
        says(
            MarkFault::PidNamespaceUnknown(libc::ENOENT),
            "its locks name threads by numbers of a PID namespace, but that of this process is unknown \
             (/proc/self/ns/pid: No such file or directory (os error 2)); mount /proc, or create the channel on the futex \
             layer",
        ),
        says(
            MarkFault::CLibrary { found: library(1, 2041), ours: library(2, 0) },
            "its locks are those of glibc 2.41 (build 00000000000000ab, mutex 40/8, condition variable 48/8), but this \
             process has musl (build 00000000000000ab, mutex 40/8, condition variable 48/8); use the same build of the C \
             library on both sides, or create the channel on the futex layer, which needs none",
        ),
    ]
}

fn limits() -> Vec<Said> {
    vec![
        says(
            Limit::Descriptors { limit: Some(1024) },
            "this process has no file descriptor left (RLIMIT_NOFILE is 1024); close some, or raise `ulimit -n`",
        ),
        says(
            Limit::Descriptors { limit: None },
            "this process has no file descriptor left (RLIMIT_NOFILE is unlimited); close some, or raise `ulimit -n`",
        ),
        says(Limit::Files, "the system can open no more files; close some, or raise fs.file-max"),
        says(
            Limit::FileSize { bytes: 2, limit: 1 },
            "its 2 bytes are more than a file may have (RLIMIT_FSIZE is 1); use fewer or smaller slots, or raise \
             `ulimit -f`",
        ),
        says(
            Limit::Memory,
            "there is no memory or address space left for it; free some, or raise the limit that was met (RLIMIT_AS, \
             vm.max_map_count, or the memory of the system or cgroup)",
        ),
        says(
            Limit::LockedMemory,
            "this process locks its memory, and may lock no more (RLIMIT_MEMLOCK); raise `ulimit -l`",
        ),
        says(
            Limit::Inodes,
            "/dev/shm has no room for one more file (`df -i /dev/shm`); remove some, or mount it with more inodes",
        ),
        says(
            Limit::Quota { user: 1000 },
            "the quota of user 1000 in /dev/shm is used up; remove files there, or raise it",
        ),
        says(
            Limit::Locks,
            "the kernel has no memory for one more file lock; free some memory, or raise the limit of the cgroup",
        ),
        says(
            Limit::Permission { user: 1000 },
            "user 1000 may not make or open this file in /dev/shm; check the mode and the mount options of \
             /dev/shm, and the filters of this process",
        ),
    ]
}
