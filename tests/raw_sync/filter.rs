//! A seccomp filter that kills a process that waits on the wall clock.

/// The futex operation's flag for deadlines on CLOCK_REALTIME. The libc crate lacks it for some C libraries.
const FUTEX_CLOCK_REALTIME: u32 = 256;

/// From now on, a futex call with a deadline on the wall clock kills the process by SIGSYS. The filter applies to this
/// thread and to those that it starts.
pub fn forbid_wall_clock() {
    let statement = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    // The low half of the call's second argument, which is the operation.
    let low_half = if cfg!(target_endian = "little") { 0 } else { 4 };
    let operation = std::mem::offset_of!(libc::seccomp_data, args) + size_of::<u64>() + low_half;
    let filter = [
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0), // the call's number
        statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 3, libc::SYS_futex as u32),
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, operation as u32),
        statement(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K, 0, 1, FUTEX_CLOCK_REALTIME),
        statement(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_KILL_PROCESS),
        statement(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
    // SAFETY: plain numbers.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: the program outlives the call, which only reads it.
    let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
}
