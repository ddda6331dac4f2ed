//! fork(2), and how a child ends.

use crate::reexec::end_after_a_while;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The process in which a call of [`fork`] has returned.
pub enum Side {
    Child,
    /// The parent, with the child's process number.
    Parent(libc::pid_t),
}

/// Forks. A child that hangs ends by itself after a while.
pub fn fork() -> Side {
    // SAFETY: the child runs code that is not async-signal-safe, such as an allocation; glibc and musl allow that.
    match unsafe { libc::fork() } {
        0 => {
            end_after_a_while();
            Side::Child
        }
        child => {
            assert!(child > 0);
            Side::Parent(child)
        }
    }
}

/// Ends the child after this work. Its status tells whether the work panicked.
pub fn end(work: impl FnOnce()) -> ! {
    let status = i32::from(catch_unwind(AssertUnwindSafe(work)).is_err());
    // SAFETY: it has no precondition.
    unsafe { libc::_exit(status) }
}

/// Waits until the child has ended, and returns its status.
pub fn wait(child: libc::pid_t) -> i32 {
    let mut status = -1;
    // SAFETY: it writes the status.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    status
}

/// Waits until the child has ended. It must not have panicked, nor been killed as a process that hangs.
#[track_caller]
pub fn wait_for_success(child: libc::pid_t) {
    assert_eq!(wait(child), 0, "the child's status");
}
