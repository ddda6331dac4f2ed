//! Children: this test binary, re-executed as an ordinary process in some role.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const ROLE: &str = "ACKCAST_PUBLISH_ROLE";
const CHANNEL: &str = "ACKCAST_PUBLISH_CHANNEL";
const NUMBER: &str = "ACKCAST_PUBLISH_NUMBER";
/// Longer than any child takes on a busy machine.
pub const HANG: Duration = Duration::from_secs(60);

/// A process of this binary in some role. Dropping it kills and reaps it.
#[derive(Debug)]
pub struct Process {
    pub child: Child,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill(); // the call fails if the child has ended already
        let _ = self.child.wait();
    }
}

impl Process {
    pub fn start(role: &str, channel: &str, number: u64) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["child::entry", "--exact", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .env(CHANNEL, channel)
            .env(NUMBER, number.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        Self { child: command.spawn().unwrap() }
    }

    /// Waits for the child's end.
    pub fn end(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < HANG, "a child hangs");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits for the child's end, which must be a success.
    #[track_caller]
    pub fn succeeds(&mut self) {
        let status = self.end();
        assert!(status.success(), "{status}; its stderr says why");
    }
}

/// Entry point of a child. In the parent, this test does nothing.
#[test]
fn entry() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let channel = std::env::var(CHANNEL).unwrap();
    let number: u64 = std::env::var(NUMBER).unwrap().parse().unwrap();
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).unwrap();
    match role.as_str() {
        "rival" => crate::rivals::rival(&channel, number),
        "killed at a call" => crate::steps::die_at(&channel, number as usize),
        "few descriptors" => crate::limits::few_descriptors(&channel),
        "small files" => crate::limits::small_files(&channel),
        "little memory" => crate::limits::little_memory(&channel),
        "a strict umask" => crate::limits::strict_umask(&channel),
        "closed" => crate::descriptors::closed(&channel, number as i32),
        other => panic!("no role {other:?}"),
    }
}
