//! What the tests share: a name, and a bound on time.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

/// No call here asks for more than a few milliseconds; the rest is the scheduler's.
pub const BOUND: Duration = Duration::from_secs(10);

/// A channel name of this test's own, whose file is removed in any case.
#[derive(Clone)]
pub struct Scratch(pub String);

impl Scratch {
    pub fn new(test: &str) -> Self {
        Self(format!("bad-{test}-{}", std::process::id()))
    }

    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/dev/shm/ackcast.{}", self.0))
    }

    /// The segment's file, to write nonsense to.
    pub fn file(&self) -> File {
        File::options().read(true).write(true).open(self.path()).unwrap()
    }

    pub fn write(&self, offset: usize, bytes: &[u8]) {
        self.file().write_all_at(bytes, offset as u64).unwrap();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.path()).or_else(|_| std::fs::remove_dir(self.path()));
    }
}

/// Runs `test`, a few dozen calls, in a thread of its own: if it does not come back, that is a
/// failure and not the end of the run.
pub fn within<T: Send + 'static>(limit: Duration, test: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, result) = mpsc::channel();
    let thread = std::thread::spawn(move || sender.send(test()));
    match result.recv_timeout(limit) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("a call hangs"),
        Err(mpsc::RecvTimeoutError::Disconnected) => std::panic::resume_unwind(thread.join().unwrap_err()),
    }
}

#[test]
#[should_panic(expected = "a call hangs")]
fn a_hang_is_a_failure() {
    within(Duration::from_millis(20), || std::thread::sleep(Duration::from_secs(1)));
}
