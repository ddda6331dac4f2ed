//! Runs the commands with a channel name and a directory of the test's own.

use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// The limit of every wait. It is longer than any step on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(120);

/// The environment variable with the path of the command, if it is not the build's.
pub const COMMAND: &str = "ACKCAST_TEST_COMMAND";

/// The path of the command.
pub fn command() -> PathBuf {
    std::env::var_os(COMMAND).map_or_else(|| env!("CARGO_BIN_EXE_ackcast").into(), PathBuf::from)
}

/// The name of a channel, and a directory. Drop removes the segment and the directory.
#[derive(Debug)]
pub struct Scratch {
    pub name: String,
    dir: PathBuf,
}

/// A running command. Drop kills and reaps it, and removes the segments of a demo that was killed.
#[derive(Debug)]
pub struct Process {
    child: Child,
    what: String,
}

/// A `recv` that writes to a file.
#[derive(Debug)]
pub struct Recv {
    pub process: Process,
    path: PathBuf,
}

/// The end of a command.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stderr: String,
}

impl Scratch {
    pub fn new(test: &str) -> Self {
        let name = format!("stream-{test}-{}", std::process::id());
        let dir = std::env::temp_dir().join(&name);
        fs::create_dir(&dir).unwrap();
        Self { name, dir }
    }

    /// A file of this name in the directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The file of the segment.
    pub fn segment(&self) -> PathBuf {
        PathBuf::from(format!("/dev/shm/ackcast.{}", self.name))
    }

    /// The private file in which the creator prepares the segment.
    pub fn unfinished(&self) -> PathBuf {
        PathBuf::from(format!("/dev/shm/ackcast~0123456789abcdef.{}", self.name))
    }

    /// Starts `send` with this input.
    pub fn send(&self, args: &[&str], input: &[u8]) -> Process {
        let path = self.dir.join("input");
        fs::write(&path, input).unwrap();
        self.send_from(args, File::open(path).unwrap().into())
    }

    /// Starts `send` on this stdin.
    pub fn send_from(&self, args: &[&str], stdin: Stdio) -> Process {
        Process::new(&[&["send", &self.name], args].concat(), stdin, Stdio::null())
    }

    /// Starts `recv` into a file of this name.
    pub fn recv(&self, file: &str) -> Recv {
        self.recv_with(file, &[])
    }

    /// Starts `recv` with options, into a file of this name.
    pub fn recv_with(&self, file: &str, args: &[&str]) -> Recv {
        let path = self.dir.join(file);
        let stdout = File::create(&path).unwrap();
        Recv { process: Process::new(&[&["recv", &self.name], args].concat(), Stdio::null(), stdout.into()), path }
    }

    /// Starts three `recv`, each into its own file.
    pub fn three_recvs(&self) -> [Recv; 3] {
        ["first", "second", "third"].map(|file| self.recv(file))
    }

    /// Starts `recv` into a pipe.
    pub fn recv_to_pipe(&self) -> Process {
        Process::new(&["recv", &self.name], Stdio::null(), Stdio::piped())
    }

    pub fn assert_nothing_left(&self) {
        assert!(!self.segment().exists(), "{} is left", self.name);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.segment());
        let _ = fs::remove_file(self.unfinished());
        let _ = fs::remove_dir_all(&self.dir);
    }
}

impl Process {
    pub fn new(args: &[&str], stdin: Stdio, stdout: Stdio) -> Self {
        Self::with_hangup(libc::SIG_DFL, args, stdin, stdout)
    }

    /// Starts the command with this action for SIGHUP. The test may run under nohup(1), whose action is inherited.
    pub fn with_hangup(action: libc::sighandler_t, args: &[&str], stdin: Stdio, stdout: Stdio) -> Self {
        let mut command = Command::new(command());
        let set_action = move || {
            // SAFETY: the action is no function.
            let set = unsafe { libc::signal(libc::SIGHUP, action) };
            if set == libc::SIG_ERR { Err(std::io::Error::last_os_error()) } else { Ok(()) }
        };
        // SAFETY: the closure allocates nothing and takes no lock.
        unsafe { command.pre_exec(set_action) };
        Self::spawn(command, args, stdin, stdout)
    }

    /// Starts the command with a limit of the shell: `-n` is for descriptors, `-f` for the size of files.
    pub fn with_limit(limit: &str, args: &[&str], stdin: Stdio, stdout: Stdio) -> Self {
        let mut shell = Command::new("sh");
        let script = format!("ulimit {limit} && exec \"$0\" \"$@\"");
        shell.args(["-c", &script]).arg(command());
        Self::spawn(shell, args, stdin, stdout)
    }

    /// Starts the command with redirections of the shell, such as `>&-`.
    pub fn redirected(redirections: &str, args: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec \"$0\" \"$@\" {redirections}")]).arg(command());
        Self::spawn(shell, args, Stdio::null(), Stdio::null())
    }

    fn spawn(mut command: Command, args: &[&str], stdin: Stdio, stdout: Stdio) -> Self {
        command.args(args).stdin(stdin).stdout(stdout).stderr(Stdio::piped());
        Self { child: command.spawn().unwrap(), what: args.join(" ") }
    }

    pub fn kill(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub fn stdin(&mut self) -> std::process::ChildStdin {
        self.child.stdin.take().unwrap()
    }

    pub fn stdout(&mut self) -> ChildStdout {
        self.child.stdout.take().unwrap()
    }

    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until the command has the file of this channel open, and has slept since: it polls the channel.
    #[allow(dead_code, reason = "the tests of `tap` use it")]
    pub fn polls(&self, channel: &str) {
        let process = PathBuf::from(format!("/proc/{}", self.child.id()));
        let file = PathBuf::from(format!("/dev/shm/ackcast.{channel}"));
        let has_open = || {
            let fds = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
            fds.map(|fd| fs::read_link(fd.path())).any(|to| to.is_ok_and(|to| to == file))
        };
        let sleeps = || {
            let status = fs::read_to_string(process.join("status")).unwrap();
            let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
            count.trim().parse::<u64>().unwrap()
        };
        eventually(&format!("`{}` does not open the channel", self.what), has_open);
        let before = sleeps();
        eventually(&format!("`{}` does not poll the channel", self.what), || sleeps() >= before + 3);
    }

    /// Whether SIGINT and SIGTERM are caught. Before that, they kill the command. SIGHUP is caught before both.
    pub fn handles_signals(&self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
        [Signal::INT, Signal::TERM].iter().all(|signal| caught & (1 << (signal.as_raw() - 1)) != 0)
    }

    /// Waits for the end of the command.
    pub fn end(&mut self) -> Ended {
        eventually(&format!("`{}` does not end", self.what), || !self.runs());
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        Ended { status: self.child.wait().unwrap(), stderr }
    }

    /// Waits until stderr has a line that contains this. Returns all text up to its end.
    #[track_caller]
    pub fn says(&mut self, what: &str) -> String {
        let (mut stderr, what) = (self.child.stderr.take().unwrap(), what.to_owned());
        let (sender, found) = mpsc::channel();
        thread::spawn(move || {
            let (mut text, mut byte) = (Vec::new(), [0]);
            // Byte by byte, so that the next lines stay in the pipe.
            while stderr.read(&mut byte).unwrap() == 1 {
                text.push(byte[0]);
                let so_far = String::from_utf8_lossy(&text);
                if so_far.ends_with('\n') && so_far.contains(&what) {
                    let _ = sender.send((so_far.into_owned(), stderr));
                    return;
                }
            }
        });
        let (text, stderr) = found.recv_timeout(LIMIT).expect("the command says it");
        self.child.stderr = Some(stderr);
        text
    }

    /// Waits for the end of the command, which must exit with this status.
    #[track_caller]
    pub fn ends_with(&mut self, code: i32) -> Ended {
        let ended = self.end();
        assert_eq!(ended.status.code(), Some(code), "`{}`: {ended:?}", self.what);
        ended
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both calls fail only if the command has ended and was reaped.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let prefix = format!("ackcast.demo-{}-", self.child.id()); // no other run has these names
        for entry in fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

impl Recv {
    /// The output so far.
    pub fn written(&self) -> Vec<u8> {
        fs::read(&self.path).unwrap()
    }

    /// Waits until the output has at least this many bytes.
    pub fn has_written(&self, bytes: u64) {
        eventually("`recv` writes too few bytes", || fs::metadata(&self.path).unwrap().len() >= bytes);
    }

    /// Waits for the end of `recv`, which must exit with this status. Returns the output.
    #[track_caller]
    pub fn wrote(&mut self, code: i32) -> Vec<u8> {
        self.process.ends_with(code);
        self.written()
    }
}

pub fn eventually(what: &str, mut true_: impl FnMut() -> bool) {
    let start = Instant::now();
    while !true_() {
        assert!(start.elapsed() < LIMIT, "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Reads all bytes, or the first bytes if `count` says how many. Panics after [`LIMIT`].
pub fn read(mut reader: impl Read + Send + 'static, count: Option<usize>) -> Vec<u8> {
    let (sender, bytes) = mpsc::channel();
    thread::spawn(move || {
        let mut found = vec![0; count.unwrap_or_default()];
        let read = match count {
            Some(_) => reader.read_exact(&mut found),
            None => reader.read_to_end(&mut found).map(drop),
        };
        drop(reader); // before the caller goes on
        let _ = sender.send(read.map(|()| found));
    });
    bytes.recv_timeout(LIMIT).expect("the bytes come").expect("the bytes can be read")
}

/// The output of `seq 1 count`.
pub fn seq(count: u32) -> Vec<u8> {
    (1..=count).flat_map(|n| format!("{n}\n").into_bytes()).collect()
}

/// Asserts equality of long outputs. `assert_eq!` would print both.
#[track_caller]
pub fn same(found: &[u8], expected: &[u8]) {
    let differ = found.iter().zip(expected).position(|(a, b)| a != b);
    assert!(found == expected, "{} bytes instead of {}, first differ at {differ:?}", found.len(), expected.len());
}
