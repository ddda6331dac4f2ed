//! Runs a process and all that it starts, with a limit on the time, and removes what it leaves behind.

use rustix::process::{Pid, Signal, kill_process_group};
use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// More than an example takes on a machine that is busy with other things.
const LIMIT: Duration = Duration::from_secs(120);

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub lines: Vec<String>,
    pub stderr: String,
}

/// The command that runs an example: cargo builds it beside this test.
pub fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap(); // target/<profile>/deps/examples-<hash>
    let profile = test.parent().and_then(|deps| deps.parent()).unwrap();
    let program: PathBuf = profile.join("examples").join(name);
    assert!(program.is_file(), "{} is not built: cargo build --examples", program.display());
    Command::new(program)
}

/// As [`run_within`], with a limit that no example reaches.
pub fn run(command: &mut Command) -> Result<Ended, String> {
    run_within(command, LIMIT)
}

/// Runs a process to its end.
///
/// # Errors
/// The process does not end within the limit, or a segment with its process number in the name is left behind.
pub fn run_within(command: &mut Command, limit: Duration) -> Result<Ended, String> {
    let mut group = Group::start(command);
    let (stdout, stderr) = (collect(group.leader.stdout.take()), collect(group.leader.stderr.take()));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = group.leader.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > limit {
            return Err(format!("it still runs after {limit:?}"));
        }
        thread::sleep(Duration::from_millis(2));
    };
    let left = segments_of(group.leader.id());
    drop(group); // a process that it did not wait for would keep the pipes open
    let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
    if !left.is_empty() {
        return Err(format!("it left {left:?}"));
    }
    Ok(Ended { status, lines: stdout.lines().map(str::to_owned).collect(), stderr })
}

/// A process in a process group of its own, with those that it started. They are killed when this is dropped, and their
/// segments removed.
#[derive(Debug)]
struct Group {
    leader: Child,
}

impl Group {
    fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { leader: command.process_group(0).spawn().unwrap() }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // After a run that ended well the group is gone, and there is nothing to remove.
        let _ = kill_process_group(Pid::from_child(&self.leader), Signal::KILL);
        let _ = self.leader.wait();
        for file in segments_of(self.leader.id()) {
            let _ = fs::remove_file(format!("/dev/shm/{file}"));
        }
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        pipe.unwrap().read_to_string(&mut text).unwrap();
        text
    })
}

/// The files of channels that have this process number in their names, published or not.
fn segments_of(pid: u32) -> Vec<String> {
    let number = format!("-{pid}");
    let is_ours = |file: &String| {
        let after = file.find(&number).map(|at| &file[at + number.len()..]);
        file.starts_with("ackcast") && after.is_some_and(|after| !after.starts_with(|next: char| next.is_ascii_digit()))
    };
    let files = fs::read_dir("/dev/shm").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    files.filter(is_ours).collect()
}

#[test]
fn group_is_killed_and_its_files_removed() {
    let script = "touch /dev/shm/ackcast_examples-$$-killed; sleep 60 & echo; wait";
    let mut group = Group::start(Command::new("sh").args(["-c", script]));
    let mut stdout = group.leader.stdout.take().unwrap();
    stdout.read_exact(&mut [0]).unwrap(); // the file is there
    let pid = group.leader.id();
    assert_eq!(segments_of(pid), [format!("ackcast_examples-{pid}-killed")]);
    drop(group);
    assert_eq!(segments_of(pid), [""; 0]);
    assert_eq!(stdout.read(&mut [0]).unwrap(), 0, "no process of the group has the pipe any more");
}

#[test]
fn segments_of_a_process_are_told_from_those_of_longer_numbers() {
    let file = format!("ackcast_examples-{}0-other", std::process::id());
    fs::write(format!("/dev/shm/{file}"), "").unwrap();
    let found = segments_of(std::process::id());
    fs::remove_file(format!("/dev/shm/{file}")).unwrap();
    assert_eq!(found, [""; 0]);
}
