//! Children: the test binary, re-executed as an ordinary process in some role.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

const ROLE: &str = "ACKCAST_TEST_ROLE";
const CHANNEL: &str = "ACKCAST_TEST_CHANNEL";
/// More than anything takes on a machine that is busy with other things. Past this, something hangs.
pub const HANG: Duration = Duration::from_secs(30);

/// When a child ends that hangs, or that has lost its test.
const END: Duration = Duration::from_secs(60);

/// A process of this binary in some role, killed and reaped in any case.
pub struct Process {
    pub child: Child,
    stdin: Option<ChildStdin>,
    says: Receiver<String>,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Process {
    /// Starts one, whose life begins in the test `entry`.
    pub fn start(entry: &str, role: &str, channel_name: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([entry, "--exact", "--nocapture", "--test-threads=1"]);
        command.env(ROLE, role).env(CHANNEL, channel_name);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take().unwrap());
        let (sender, says) = channel();
        // A forked child of this process may keep its stderr open for longer than it lives.
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { child, stdin, says }
    }

    /// The next line that it, or a child that it has forked, says.
    #[track_caller]
    pub fn line(&self) -> String {
        self.says.recv_timeout(HANG).expect("it says something")
    }

    /// Waits until it says this.
    #[track_caller]
    pub fn says(&self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// Lets one [`go`] return.
    #[allow(dead_code, reason = "not every test asks")]
    pub fn go(&mut self) {
        self.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// Kills it, by SIGKILL. What it has forked lives on.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// How it ended, and what else it said.
    #[track_caller]
    pub fn end(mut self) -> (ExitStatus, Vec<String>) {
        self.stdin = None;
        let end = Instant::now() + HANG;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "it hangs");
            thread::sleep(Duration::from_millis(1));
        };
        (status, self.says.iter().collect())
    }
}

/// The role and the channel of a re-executed process. It ends with its parent, and in any case after a while.
pub fn role() -> Option<(String, String)> {
    let role = std::env::var(ROLE).ok()?;
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).unwrap();
    end_after_a_while();
    Some((role, std::env::var(CHANNEL).unwrap()))
}

/// This process ends some time later, by SIGALRM.
pub fn end_after_a_while() {
    // SAFETY: it has no precondition.
    unsafe { libc::alarm(END.as_secs() as u32) };
}

/// Waits for [`Process::go`]; false once the test is over.
pub fn go() -> bool {
    // Without a buffer, since a forked child reads from the same pipe.
    rustix::io::read(std::io::stdin(), &mut [0]).is_ok_and(|read| read == 1)
}

/// Says a line to the test, in one write: a forked child says something at the same time.
#[allow(dead_code, reason = "not every test forks")]
pub fn say(line: &str) {
    let line = format!("{line}\n");
    assert_eq!(rustix::io::write(std::io::stderr(), line.as_bytes()), Ok(line.len()));
}
