//! Supervision of a thread's system calls, by seccomp(2)'s notifications. Each call waits until the supervisor lets it
//! run, or fails it.

use crate::child::HANG;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};
use std::thread;

/// The supervisor's decision on a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Run,
    Fail(i32),
    /// The process is killed before the call.
    Kill,
}

/// A call: its number and its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    pub number: libc::c_long,
    pub args: [u64; 6],
}

/// The calls that open a file.
#[cfg(target_arch = "x86_64")]
pub const OPEN: [libc::c_long; 2] = [libc::SYS_openat, libc::SYS_open];
#[cfg(not(target_arch = "x86_64"))]
pub const OPEN: [libc::c_long; 1] = [libc::SYS_openat];

/// The request numbers of `<linux/seccomp.h>`.
const RECEIVE: libc::c_ulong = 0xc050_2100;
const SEND: libc::c_ulong = 0xc018_2101;

/// Runs `work` in a thread of its own. `judge` decides on each of its system calls. `judge` may allocate, because
/// glibc's allocator has an arena for each of the two threads.
pub fn supervised<T: Send>(work: impl FnOnce() -> T + Send, mut judge: impl FnMut(Call) -> Verdict) -> T {
    let (listener, active) = (AtomicI32::new(-1), AtomicBool::new(false));
    thread::scope(|scope| {
        let (listener_, active_) = (&listener, &active);
        let worker = scope.spawn(move || {
            listener_.store(listen().expect("seccomp(2) must be allowed here"), SeqCst);
            active_.store(true, SeqCst);
            let result = work();
            active_.store(false, SeqCst);
            result
        });
        while listener.load(SeqCst) == -1 {
            assert!(!worker.is_finished(), "the thread could not be supervised");
            thread::yield_now();
        }
        let listener = listener.load(SeqCst);
        let mut failed = None;
        while let Some((id, call)) = receive(listener) {
            let mut verdict = Verdict::Run;
            if active.load(SeqCst) && failed.is_none() {
                // After a panic of the judge the thread goes on: otherwise it would wait for its verdict for ever.
                match catch_unwind(AssertUnwindSafe(|| judge(call))) {
                    Ok(its) => verdict = its,
                    Err(panic) => failed = Some(panic),
                }
            }
            answer(listener, id, verdict);
        }
        // SAFETY: it is ours, and used no more.
        unsafe { libc::close(listener) };
        let result = worker.join();
        if let Some(panic) = failed {
            resume_unwind(panic);
        }
        result.unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// Makes all further calls of this thread wait. Returns the descriptor that reports them.
fn listen() -> io::Result<i32> {
    let all = libc::BPF_RET | libc::BPF_K;
    let mut filter = [libc::sock_filter { code: all as u16, jt: 0, jf: 0, k: libc::SECCOMP_RET_USER_NOTIF }];
    let program = libc::sock_fprog { len: 1, filter: filter.as_mut_ptr() };
    // SAFETY: plain numbers.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    // SAFETY: the program outlives the call, which only reads it.
    let listener =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) };
    if listener < 0 { Err(io::Error::last_os_error()) } else { Ok(listener as i32) }
}

/// The next call, or `None` when the thread is gone.
fn receive(listener: i32) -> Option<(u64, Call)> {
    loop {
        let mut poll = libc::pollfd { fd: listener, events: libc::POLLIN, revents: 0 };
        // SAFETY: one entry.
        let ready = unsafe { libc::poll(&raw mut poll, 1, HANG.as_millis() as i32) };
        if ready == 0 {
            eprintln!("the supervised thread hangs"); // the thread cannot be left without its process
            std::process::abort();
        }
        if poll.revents & libc::POLLIN == 0 {
            if poll.revents & libc::POLLHUP != 0 {
                return None;
            }
            continue;
        }
        // SAFETY: all zero is what the kernel wants to see there.
        let mut notice: libc::seccomp_notif = unsafe { std::mem::zeroed() };
        // SAFETY: it has the size that the number says.
        if unsafe { libc::ioctl(listener, RECEIVE, &raw mut notice) } == 0 {
            return Some((notice.id, Call { number: notice.data.nr.into(), args: notice.data.args }));
        }
    }
}

fn answer(listener: i32, id: u64, verdict: Verdict) {
    let mut response = libc::seccomp_notif_resp { id, val: 0, error: 0, flags: 0 };
    match verdict {
        Verdict::Run => response.flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32,
        Verdict::Fail(errno) => response.error = -errno,
        Verdict::Kill => {
            // SAFETY: plain numbers.
            unsafe { libc::kill(std::process::id() as i32, libc::SIGKILL) };
        }
    }
    // SAFETY: it has the size that the number says.
    // the call fails if the thread is gone, which then needs no answer
    unsafe { libc::ioctl(listener, SEND, &raw mut response) };
}

#[test]
fn supervised_call_fails_as_told_and_others_run() {
    let mut calls = 0;
    let errors = supervised(
        || [(); 2].map(|()| rustix::fs::open("/", rustix::fs::OFlags::PATH, rustix::fs::Mode::empty()).err()),
        |call| {
            calls += u32::from(OPEN.contains(&call.number));
            if calls == 1 && OPEN.contains(&call.number) { Verdict::Fail(libc::ENFILE) } else { Verdict::Run }
        },
    );
    assert_eq!(errors, [Some(rustix::io::Errno::NFILE), None]);
    assert_eq!(calls, 2);
}

#[test]
#[should_panic(expected = "the judge fails")]
fn failing_judge_fails_the_test() {
    supervised(rustix::process::getppid, |_| panic!("the judge fails"));
}
