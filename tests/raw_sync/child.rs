//! Children: this test binary, re-executed as an ordinary process in some role.

use std::io::{BufRead, BufReader, Lines, Read};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const ROLE: &str = "ACKCAST_RAW_SYNC_ROLE";
const CHANNEL: &str = "ACKCAST_RAW_SYNC_CHANNEL";

/// A call that takes longer hangs.
pub const HANG: Duration = Duration::from_secs(30);

/// A channel name that no other test has.
pub fn name(test: &str) -> String {
    format!("raw-sync-{test}-{}", std::process::id())
}

/// A process of this binary in some role. Dropping it kills and reaps it.
pub struct Process {
    pub child: Child,
    says: Lines<BufReader<ChildStderr>>,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This binary, to be started in this role.
pub fn command(role: &str, channel: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["child::entry", "--exact", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, role).env(CHANNEL, channel);
    command
}

impl Process {
    pub fn start(role: &str, channel: &str) -> Self {
        let mut command = command(role, channel);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let says = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, says }
    }

    /// The child's next line, or an empty line at its end.
    pub fn line(&mut self) -> String {
        self.says.next().map_or_else(String::new, Result::unwrap)
    }

    /// The child's status and its last lines.
    pub fn end(mut self) -> (ExitStatus, String) {
        drop(self.child.stdin.take());
        let words: Vec<String> = self.says.by_ref().map(Result::unwrap).collect();
        let end = Instant::now() + HANG;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, words.join("\n"));
            }
            assert!(Instant::now() < end, "a child hangs");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Runs this role to its end, which must be a success.
pub fn run(role: &str, channel: &str) {
    let (status, words) = Process::start(role, channel).end();
    assert!(status.success(), "{role}: {status}: {words}");
    if !words.is_empty() {
        println!("{role}: {words}");
    }
}

/// Entry point of a child. In the parent, this test does nothing.
#[test]
fn entry() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let channel = std::env::var(CHANNEL).unwrap();
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).unwrap();
    let watchdog = thread::spawn(|| {
        thread::sleep(2 * HANG);
        eprintln!("the child still runs after {:?}", 2 * HANG);
        std::process::exit(1);
    });
    let (module, role) = role.split_once(": ").unwrap();
    match module {
        "forget" => crate::forget::role(role, &channel),
        "clock" => crate::clock::role(role, &channel),
        "namespaces" => crate::namespaces::role(role, &channel),
        #[cfg(all(target_env = "gnu", target_pointer_width = "64"))]
        "broken" => crate::broken::role(role, &channel),
        #[cfg(all(target_env = "gnu", target_pointer_width = "64"))]
        "remaining" => crate::remaining::role(role, &channel),
        other => panic!("no module {other:?}"),
    }
    drop(watchdog);
    std::process::exit(0);
}

/// Sleeps until the parent closes standard input or kills this process.
pub fn wait_for_parent() {
    let _ = std::io::stdin().read(&mut [0]);
}
