//! Forked children that are traced (ptrace(2)): they run to a system call, step by step, or are killed at a step.

use std::ptr::{from_mut, null_mut, without_provenance_mut};

/// A traced child. Dropping it kills and reaps it.
pub struct Traced(libc::pid_t);

/// The place where a traced child stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Before this system call, with these arguments.
    Enters { call: u64, arguments: [u64; 6] },
    /// After a system call, which returned this value.
    Returned(i64),
    /// Anywhere else.
    Other,
    /// Gone: it has exited with this status, or died of a signal.
    Gone(Option<i32>),
}

impl Drop for Traced {
    fn drop(&mut self) {
        // SAFETY: a child of ours that is not reaped yet, or a number below 0, which is none.
        unsafe { libc::kill(self.0, libc::SIGKILL) };
        // SAFETY: as above.
        unsafe { libc::waitpid(self.0, null_mut(), 0) };
    }
}

impl Traced {
    /// A child that attaches with `attach`, stops, and goes on with `go_on`. `None` if tracing is refused.
    pub fn start<T>(attach: impl FnOnce() -> T, go_on: impl FnOnce(T)) -> Option<Self> {
        // SAFETY: this process has no other thread that is inside the allocator, or holds a lock.
        let child = unsafe { libc::fork() };
        assert!(child >= 0);
        if child == 0 {
            let attached = attach();
            // SAFETY: plain numbers.
            let refused = unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, null_mut::<()>(), null_mut::<()>()) } != 0;
            if refused {
                std::process::exit(TRACING_REFUSED);
            }
            // SAFETY: plain numbers.
            unsafe { libc::raise(libc::SIGSTOP) };
            go_on(attached);
            // SAFETY: nothing of the parent's is flushed or given back twice.
            unsafe { libc::_exit(0) }
        }
        let mut traced = Self(child);
        match traced.wait() {
            Stop::Other => {}
            Stop::Gone(Some(TRACING_REFUSED)) => return None,
            stop => panic!("a child did not stop after attaching: {stop:?}"),
        }
        let options = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_EXITKILL;
        traced.request(libc::PTRACE_SETOPTIONS, options as usize);
        Some(traced)
    }

    /// Runs the child to its next system call, or to the end of the current call.
    pub fn next_call(&mut self) -> Stop {
        self.request(libc::PTRACE_SYSCALL, 0);
        self.wait()
    }

    /// Executes an instruction of the child.
    pub fn step(&mut self) -> Stop {
        self.request(libc::PTRACE_SINGLESTEP, 0);
        self.wait()
    }

    /// Runs the child until it is gone, or sleeps on a futex that no other process will wake. Returns true in the
    /// second case. The caller knows that the other processes are dead or stopped.
    pub fn blocks(&mut self) -> bool {
        loop {
            match self.next_call() {
                Stop::Gone(status) => {
                    assert_eq!(status, Some(0));
                    return false;
                }
                stop if stop.is_futex_wait() == Some(Until::Woken) && self.would_sleep(stop) => return true,
                _ => {}
            }
        }
    }

    /// Whether the word of the futex call that the child is about to make holds the expected value.
    fn would_sleep(&self, stop: Stop) -> bool {
        let Stop::Enters { arguments: [word, _, expected, ..], .. } = stop else { return false };
        let mut bytes = [0_u8; 4];
        let local = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
        let remote = libc::iovec { iov_base: without_provenance_mut(word as usize), iov_len: bytes.len() };
        // SAFETY: it writes `bytes`, or nothing.
        let read = unsafe { libc::process_vm_readv(self.0, &raw const local, 1, &raw const remote, 1, 0) };
        assert_eq!(read, 4, "{}", std::io::Error::last_os_error());
        u32::from_ne_bytes(bytes) == expected as u32
    }

    fn request(&self, request: libc::c_uint, data: usize) {
        // SAFETY: the child is stopped, and these requests take a number.
        let result = unsafe { libc::ptrace(request, self.0, null_mut::<()>(), without_provenance_mut::<()>(data)) };
        assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    }

    fn wait(&mut self) -> Stop {
        let mut status = 0;
        // SAFETY: it writes `status`.
        assert_eq!(unsafe { libc::waitpid(self.0, &raw mut status, 0) }, self.0);
        if !libc::WIFSTOPPED(status) {
            self.0 = libc::pid_t::MIN; // reaped
            return Stop::Gone(libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)));
        }
        if libc::WSTOPSIG(status) != libc::SIGTRAP | 0x80 {
            return Stop::Other;
        }
        // SAFETY: all zero is valid: numbers.
        let mut info: libc::ptrace_syscall_info = unsafe { std::mem::zeroed() };
        let size = without_provenance_mut::<()>(size_of_val(&info));
        // SAFETY: the child is stopped; `info` has the size that is said.
        let got = unsafe { libc::ptrace(libc::PTRACE_GET_SYSCALL_INFO, self.0, size, from_mut(&mut info)) };
        assert!(got > 0, "{}", std::io::Error::last_os_error());
        match info.op {
            libc::PTRACE_SYSCALL_INFO_ENTRY => {
                // SAFETY: `op` says that it is this one.
                let entry = unsafe { info.u.entry };
                Stop::Enters { call: entry.nr, arguments: entry.args }
            }
            // SAFETY: `op` says that it is this one.
            libc::PTRACE_SYSCALL_INFO_EXIT => Stop::Returned(unsafe { info.u.exit.sval }),
            _ => Stop::Other,
        }
    }
}

const TRACING_REFUSED: i32 = 77;

/// When a sleep on a futex ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// At a deadline at the latest.
    Deadline,
    /// Only when another process wakes it.
    Woken,
}

impl Stop {
    /// Whether the child is about to sleep on a futex, and when that sleep ends.
    pub fn is_futex_wait(self) -> Option<Until> {
        let Self::Enters { call, arguments: [_, operation, _, timeout, ..] } = self else { return None };
        let waits = matches!(operation as i32 & 0x7f, libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET);
        (call == libc::SYS_futex as u64 && waits).then_some(if timeout == 0 { Until::Woken } else { Until::Deadline })
    }
}
