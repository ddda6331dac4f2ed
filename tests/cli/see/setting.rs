//! Channels of this process, and what a command says of them.

use crate::process::{Process, Scratch, command, read};
use ackcast::{Builder, Channel, Consumer, Producer};
use rustix::process::geteuid;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A file in /dev/shm. Drop removes it.
#[derive(Debug)]
pub struct Leftover(pub PathBuf);

impl Drop for Leftover {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Leftover {
    /// A file of this name with these bytes and the mode of a channel's file.
    pub fn new(file: &str, bytes: &[u8]) -> Self {
        let made = Self(Path::new("/dev/shm").join(file));
        fs::write(&made.0, bytes).unwrap();
        fs::set_permissions(&made.0, PermissionsExt::from_mode(0o600)).unwrap();
        made
    }

    /// A copy of a channel, which no process uses, and whose bytes `change` has changed.
    pub fn orphan(of: &Scratch, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut bytes = fs::read(of.segment()).unwrap();
        change(&mut bytes);
        Self::new(&format!("ackcast.{name}"), &bytes)
    }
}

/// A channel of 4 slots with a producer and a consumer.
pub fn channel(scratch: &Scratch, with: impl FnOnce(Builder) -> Builder) -> (Channel, Producer, Consumer) {
    let channel = with(Channel::create(&scratch.name).slots(4).slot_size(64)).build().unwrap();
    let consumer = Consumer::attach(&scratch.name).unwrap();
    (channel, Producer::attach(&scratch.name).unwrap(), consumer)
}

/// Runs the command, which must exit with this status. Returns what it wrote to stdout and to stderr.
#[track_caller]
pub fn run(args: &[&str], code: i32) -> (String, String) {
    let mut process = Process::new(args, Stdio::null(), Stdio::piped());
    let said = String::from_utf8(read(process.stdout(), None)).unwrap();
    (said, process.ends_with(code).stderr)
}

/// Runs the command with `--json`. Returns the value that it wrote.
#[track_caller]
pub fn json(args: &[&str]) -> Value {
    let (said, stderr) = run(&[args, &["--json"]].concat(), 0);
    assert_eq!(stderr, "");
    serde_json::from_str(&said).unwrap()
}

/// What `list --json` says of the channel of this name: an object for each file.
pub fn listed(name: &str) -> Vec<Value> {
    let all = json(&["list"]);
    all.as_array().unwrap().iter().filter(|one| one["name"] == name).cloned().collect()
}

/// Runs a copy of the command as an ordinary user. `None` unless this process is root's.
pub fn as_ordinary_user(scratch: &Scratch, args: &[&str]) -> Option<Output> {
    const ORDINARY: u32 = 65534;
    if !geteuid().is_root() {
        return None;
    }
    let copy = scratch.file("ackcast"); // an ordinary user cannot always reach the directory of the build
    if !copy.exists() {
        fs::copy(command(), &copy).unwrap();
        fs::set_permissions(&copy, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let mut run = Command::new(copy);
    Some(run.args(args).uid(ORDINARY).gid(ORDINARY).current_dir("/").stdin(Stdio::null()).output().unwrap())
}
