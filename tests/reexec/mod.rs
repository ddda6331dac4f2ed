//! Children: the test binary, re-executed as an ordinary process in some role.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{BufRead, BufReader, Write};
use std::mem::MaybeUninit;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

const ROLE: &str = "ACKCAST_TEST_ROLE";
const CHANNEL: &str = "ACKCAST_TEST_CHANNEL";
/// Longer than any call takes on a busy machine. A call that takes longer hangs.
pub const HANG: Duration = Duration::from_secs(30);

/// A child that hangs, or has lost its test, ends after this time.
const END: Duration = Duration::from_secs(60);

/// A process of this binary in some role. Dropping it kills and reaps it.
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
    /// Starts a process at the test `entry`.
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

    /// The next line that the process prints, or a child that it has forked.
    #[track_caller]
    pub fn line(&self) -> String {
        self.says.recv_timeout(HANG).expect("the child prints a line")
    }

    /// Waits for the next line, which must be this one.
    #[track_caller]
    pub fn says(&self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// Lets a call of [`go`] return.
    pub fn go(&mut self) {
        self.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// Kills and reaps the process, so that its locks are gone. Processes that it has forked live on.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits for the process's end. Returns its status and its remaining lines.
    #[track_caller]
    pub fn end(mut self) -> (ExitStatus, Vec<String>) {
        self.stdin = None;
        let end = Instant::now() + HANG;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "the child hangs");
            thread::sleep(Duration::from_millis(1));
        };
        (status, self.says.iter().collect())
    }
}

/// The role and the channel of a re-executed process. The process ends with its parent, and in any case after [`END`].
pub fn role() -> Option<(String, String)> {
    let role = std::env::var(ROLE).ok()?;
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).unwrap();
    end_after_a_while();
    Some((role, std::env::var(CHANNEL).unwrap()))
}

/// Ends this process after [`END`], by SIGALRM. A forked child must call it again.
pub fn end_after_a_while() {
    // SAFETY: it has no precondition.
    unsafe { libc::alarm(END.as_secs() as u32) };
}

/// Waits for [`Process::go`]. False once the test is over.
pub fn go() -> bool {
    // Without a buffer, because a forked child reads from the same pipe.
    rustix::io::retry_on_intr(|| rustix::io::read(std::io::stdin(), &mut [0])).is_ok_and(|read| read == 1)
}

/// Prints a line to the test in a single write: a forked child may print at the same time.
pub fn say(line: &str) {
    let line = format!("{line}\n");
    assert_eq!(rustix::io::write(std::io::stderr(), line.as_bytes()), Ok(line.len()));
}

/// The name of a channel. Its file is removed in any case.
pub struct Named(pub String);

impl Named {
    /// The channel's file.
    pub fn path(&self) -> PathBuf {
        format!("/dev/shm/ackcast.{}", self.0).into()
    }
}

impl Deref for Named {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.path());
    }
}

/// How often this thread has slept: its voluntary context switches.
pub fn sleeps() -> i64 {
    let mut usage = MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: `usage` is writable.
    assert_eq!(unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) }, 0);
    // SAFETY: the call has succeeded, so it has initialised `usage`.
    unsafe { usage.assume_init() }.ru_nvcsw
}
