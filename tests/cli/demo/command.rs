//! Runs `ackcast demo` with a limit on every wait, and checks that no segment is left.

use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The limit of every wait. It is longer than any run on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(120);

/// A run of `ackcast demo`. Drop kills the demo and removes its segments.
#[derive(Debug)]
pub struct Demo {
    child: Child,
}

impl Drop for Demo {
    fn drop(&mut self) {
        // After `run` the demo has ended, and has left no segment.
        let _ = self.child.kill(); // the kernel kills its children, too
        let _ = self.child.wait();
        for file in segments_of(self.child.id()) {
            let _ = fs::remove_file(format!("/dev/shm/{file}"));
        }
    }
}

/// The end of a demo.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub lines: Vec<String>,
    pub stderr: String,
}

impl Demo {
    /// Starts the demo with these arguments.
    pub fn new(args: &[&str]) -> Self {
        Self::with_stderr(args, Stdio::piped())
    }

    /// Starts the demo with these arguments and this stderr.
    pub fn with_stderr(args: &[&str], stderr: Stdio) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ackcast"));
        command.arg("demo").args(args).stdout(Stdio::piped()).stderr(stderr);
        // The test may run under nohup(1), which ignores SIGHUP.
        let set_action = || {
            // SAFETY: the action is no function.
            let set = unsafe { libc::signal(libc::SIGHUP, libc::SIG_DFL) };
            if set == libc::SIG_ERR { Err(std::io::Error::last_os_error()) } else { Ok(()) }
        };
        // SAFETY: the closure allocates nothing and takes no lock.
        unsafe { command.pre_exec(set_action) };
        Self { child: command.spawn().unwrap() }
    }

    /// The process number of the demo.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the demo still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Closes the test's end of the demo's stdout.
    pub fn close_stdout(&mut self) {
        drop(self.child.stdout.take());
    }

    /// Waits for the end of the demo and of its children, which hold the pipes, too.
    pub fn run(mut self) -> Ended {
        let [stdout, stderr] = [self.child.stdout.take().map(collect), self.child.stderr.take().map(collect)];
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < LIMIT, "the demo still runs after {LIMIT:?}");
            thread::sleep(Duration::from_millis(2));
        };
        let [stdout, stderr] = [stdout, stderr].map(|pipe| pipe.map_or_else(String::new, |pipe| pipe.join().unwrap()));
        let ended = Ended { status, lines: stdout.lines().map(str::to_owned).collect(), stderr };
        assert_eq!(segments_of(self.child.id()), [""; 0], "{ended:?}");
        ended
    }
}

fn collect(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        text
    })
}

/// The segments of the demo with this process number. The names contain the number, so no other run has them.
pub fn segments_of(pid: u32) -> Vec<String> {
    let prefix = format!("ackcast.demo-{pid}-");
    let names = fs::read_dir("/dev/shm").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(&prefix)).collect()
}

/// The command lines of this demo's children that still run.
pub fn processes_of(pid: u32) -> Vec<String> {
    let argument = format!("--channel=demo-{pid}-");
    let lines = fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).into_owned()).filter(|line| line.contains(&argument)).collect()
}
