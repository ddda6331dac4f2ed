//! Time in nanoseconds. All processes of the machine share the monotonic clock.

use rustix::thread::clock_nanosleep_absolute;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// The monotonic clock.
#[inline]
pub fn now() -> u64 {
    read(ClockId::Monotonic)
}

/// The processor time, user and system, that this process has used so far.
pub fn cpu() -> u64 {
    read(ClockId::ProcessCPUTime)
}

/// Sleeps until the monotonic clock shows `moment`.
pub fn sleep_until(moment: u64) {
    let end = Timespec { tv_sec: (moment / SECOND) as _, tv_nsec: (moment % SECOND) as _ };
    while clock_nanosleep_absolute(ClockId::Monotonic, &end) == Err(rustix::io::Errno::INTR) {}
}

/// The same, in the clock's own type.
pub const SECOND: u64 = 1_000_000_000;

fn read(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec.unsigned_abs() * SECOND + time.tv_nsec.unsigned_abs()
}
