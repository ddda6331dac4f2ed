//! A process whose waits are interrupted by signals.

/// Installs a timer that interrupts this process's sleeps a thousand times a second. The signal's handler does nothing.
pub fn interrupt_each_millisecond() {
    extern "C" fn nothing(_: libc::c_int) {}
    // SAFETY: all zero is an action; the handler does nothing.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as usize;
    // SAFETY: the action is initialised.
    assert_eq!(unsafe { libc::sigaction(libc::SIGALRM, &raw const action, std::ptr::null_mut()) }, 0);
    let each = libc::timeval { tv_sec: 0, tv_usec: 1000 };
    let timer = libc::itimerval { it_interval: each, it_value: each };
    // SAFETY: the timer is initialised.
    assert_eq!(unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) }, 0);
}
