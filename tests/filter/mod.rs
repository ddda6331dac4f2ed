//! Seccomp filters: system calls that this thread, and what it starts, can no longer make.

use std::io;

/// A system call, and the value of its second argument. `None` stands for any value.
pub type Call = (libc::c_long, Option<libc::c_int>);

/// The offsets at which a filter reads the call's number, and the low half of its second argument.
const NUMBER: u32 = 0;
const SECOND: u32 = 24;
/// The filter's length, enough for a dozen calls. It needs no allocation: this may run between fork and exec.
const LEN: usize = 64;

/// From now on, these calls of this thread, and of what it starts, fail with `errno`.
pub fn refuse(calls: &[Call], errno: libc::c_int) -> io::Result<()> {
    let statement = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let load = |at| statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, at);
    let unless_equal_skip = |k, skip| statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, skip, k);
    let answer = |k| statement(libc::BPF_RET | libc::BPF_K, 0, 0, k);
    let fail = answer(libc::SECCOMP_RET_ERRNO | errno as u32);

    let mut filter = [answer(libc::SECCOMP_RET_ALLOW); LEN];
    let mut len = 0;
    let mut push = |statement| {
        filter[len] = statement;
        len += 1;
    };
    push(load(NUMBER));
    for &(number, second) in calls {
        match second {
            None => {
                push(unless_equal_skip(number as u32, 1));
                push(fail);
            }
            Some(second) => {
                push(unless_equal_skip(number as u32, 4));
                push(load(SECOND));
                push(unless_equal_skip(second as u32, 1));
                push(fail);
                push(load(NUMBER));
            }
        }
    }
    push(answer(libc::SECCOMP_RET_ALLOW));
    let program = libc::sock_fprog { len: len as u16, filter: filter.as_ptr().cast_mut() };
    // SAFETY: plain numbers.
    let no_new = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    // SAFETY: the program outlives the call, which only reads it.
    let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    if no_new == 0 && set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
