//! Running the binary, with a limit on every wait and a look at what it leaves behind.

use std::fs;
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// More than any run takes on a machine that is busy with other things.
pub const LIMIT: Duration = Duration::from_secs(120);

/// A run of `ackcast demo`. Dropping it ends it, and removes what it has left.
#[derive(Debug)]
pub struct Demo {
    child: Child,
}

impl Drop for Demo {
    fn drop(&mut self) {
        // After `run` it has ended, and there is nothing to remove.
        let _ = self.child.kill(); // its children die with it
        let _ = self.child.wait();
        for file in segments_of(self.child.id()) {
            let _ = fs::remove_file(format!("/dev/shm/{file}"));
        }
    }
}

/// How it ended.
#[derive(Debug)]
#[allow(dead_code, reason = "not every test looks at everything")]
pub struct Ended {
    pub status: ExitStatus,
    pub lines: Vec<String>,
    pub stderr: String,
}

impl Demo {
    /// Starts it with these arguments.
    #[allow(dead_code, reason = "some look at stderr themselves")]
    pub fn new(args: &[&str]) -> Self {
        Self::with_stderr(args, Stdio::piped())
    }

    /// Starts it with these arguments and this stderr.
    pub fn with_stderr(args: &[&str], stderr: Stdio) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ackcast"));
        command.arg("demo").args(args).stdout(Stdio::piped()).stderr(stderr);
        Self { child: command.spawn().unwrap() }
    }

    /// Its process number.
    #[allow(dead_code, reason = "not every test asks")]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    #[allow(dead_code, reason = "not every test asks")]
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Closes our end of its stdout.
    #[allow(dead_code, reason = "not every test does")]
    pub fn close_stdout(&mut self) {
        drop(self.child.stdout.take());
    }

    /// Waits for its end, and for that of its children, who hold the pipes as well.
    pub fn run(mut self) -> Ended {
        let [stdout, stderr] = [self.child.stdout.take().map(collect), self.child.stderr.take().map(collect)];
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < LIMIT, "still running after {LIMIT:?}");
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

/// The segments of the demo with this process number. No other run has its names.
pub fn segments_of(pid: u32) -> Vec<String> {
    let prefix = format!("ackcast.demo-{pid}-");
    let names = fs::read_dir("/dev/shm").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(&prefix)).collect()
}

/// The processes that the demo with this process number started, and that still run.
#[allow(dead_code, reason = "not every test asks")]
pub fn processes_of(pid: u32) -> Vec<String> {
    let argument = format!("--channel=demo-{pid}-");
    let lines = fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).into_owned()).filter(|line| line.contains(&argument)).collect()
}
