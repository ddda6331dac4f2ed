//! Running a program, for a bounded time and with channels of its own.

use crate::build::{self, Library, Tool};
use libtest_mimic::Failed;
use std::io::Read;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::{fmt, fs};

/// A program has ended.
#[derive(Debug)]
pub struct Outcome {
    pub success: bool,
    pub status: String,
    pub stdout: String,
    pub stderr: String,
    /// The files of its channels that it has left in /dev/shm. They are removed.
    leftovers: Vec<String>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n--- stdout\n{}\n--- stderr\n{}", self.status, self.stdout, self.stderr)
    }
}

impl Outcome {
    pub fn expect_success(&self) -> Result<(), Failed> {
        if self.success { Ok(()) } else { Err(self.to_string().into()) }
    }

    pub fn expect_no_leftovers(&self) -> Result<(), Failed> {
        if self.leftovers.is_empty() { Ok(()) } else { Err(format!("it has left {:?}", self.leftovers).into()) }
    }
}

/// Compiles and runs a program. Its first argument is the prefix of its channels' names.
pub fn program(source: &Path, library: Library, tool: Tool) -> Result<Outcome, Failed> {
    let folder = tempfile::tempdir()?;
    let program = build::compile(source, library, tool, folder.path())?;
    Ok(bounded(&program, tool))
}

/// Runs a program natively, with this variable.
pub fn with_variable(program: &Path, name: &str, value: &Path) -> Outcome {
    run(program, Tool::Native, |command| _ = command.env(name, value))
}

/// Runs a program that is killed, with its children, when it hangs.
pub fn bounded(program: &Path, tool: Tool) -> Outcome {
    run(program, tool, |_| ())
}

fn run(program: &Path, tool: Tool, prepare: impl FnOnce(&mut Command)) -> Outcome {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let prefix = format!("c-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    // coreutils' timeout runs it in a process group of its own, and kills the group.
    let mut command = Command::new("timeout");
    command.args(["--kill-after=1", "100"]);
    if tool == Tool::Valgrind {
        command.args(["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full", "--trace-children=yes"]);
        // A forked child that ends by _exit holds what it has inherited. So its leaks are neither errors nor shown.
        command.args(["--errors-for-leak-kinds=none", "--show-leak-kinds=definite", "--child-silent-after-fork=yes"]);
    }
    command.arg(program).arg(&prefix).stdin(Stdio::null());
    command.env("ASAN_OPTIONS", "abort_on_error=0:detect_stack_use_after_return=1").env_remove("LSAN_OPTIONS");
    prepare(&mut command);
    command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("coreutils' timeout is there");
    let (stdout, stderr) = (read(child.stdout.take()), read(child.stderr.take()));
    let status = ended(&mut child);
    let leftovers = remove(&prefix);
    let [stdout, stderr] = [stdout, stderr].map(|text| text.join().unwrap());
    let leaks = tool == Tool::Valgrind && stderr.contains("definitely lost");
    Outcome { success: status.success() && !leaks, status: status.to_string(), stdout, stderr, leftovers }
}

/// Reads all of a pipe in a thread.
fn read(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    let mut pipe = pipe.unwrap();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Waits for the end of a program, and ends the processes that it has left behind. They hold the pipes.
fn ended(child: &mut Child) -> ExitStatus {
    let mut found = MaybeUninit::uninit();
    // SAFETY: the place is one. The child is not waited for yet, so its number stays its own.
    unsafe { libc::waitid(libc::P_PID, child.id(), found.as_mut_ptr(), libc::WEXITED | libc::WNOWAIT) };
    // SAFETY: the group is the child's own.
    unsafe { libc::kill(-(child.id() as libc::pid_t), libc::SIGKILL) };
    child.wait().unwrap()
}

/// Removes the files of these channels. Returns their names.
fn remove(prefix: &str) -> Vec<String> {
    let files = fs::read_dir("/dev/shm").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let ours: Vec<_> =
        files.filter(|file| file.starts_with("ackcast") && file.contains(&format!("{prefix}-"))).collect();
    for file in &ours {
        let path = Path::new("/dev/shm").join(file);
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
    }
    ours
}
