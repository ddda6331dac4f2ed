//! The commands beside other users. Root may do what users may not, so these tests run as an ordinary user, too.

use super::process::{COMMAND, Process, Scratch, command, eventually};
use ackcast::Channel;
use rustix::fs::{CWD, FileType, Mode};
use rustix::process::geteuid;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An ordinary user: `nobody` on most systems.
const ORDINARY: u32 = 65534;

/// Copies a program into the directory. An ordinary user cannot always reach the directory of the build.
fn copy(program: &Path, scratch: &Scratch, name: &str) -> PathBuf {
    let to = scratch.file(name);
    fs::copy(program, &to).unwrap();
    fs::set_permissions(&to, PermissionsExt::from_mode(0o755)).unwrap();
    to
}

/// Runs this program as an ordinary user.
fn as_ordinary(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.uid(ORDINARY).gid(ORDINARY).current_dir("/");
    command
}

/// Root runs all other tests of this binary once more, as an ordinary user. An ordinary user has run them already.
#[test]
fn commands_pass_these_tests_as_ordinary_user() {
    if !geteuid().is_root() {
        return;
    }
    let scratch = Scratch::new("ordinary");
    let tests = copy(&std::env::current_exe().unwrap(), &scratch, "tests");
    let mut run = as_ordinary(&tests);
    run.env(COMMAND, copy(&command(), &scratch, "ackcast"));
    let output = scratch.file("output");
    let file = File::create(&output).unwrap();
    run.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
    let mut child = run.spawn().unwrap();
    let mut status = None;
    eventually("the tests do not end", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    let text = fs::read_to_string(output).unwrap();
    assert!(status.unwrap().success(), "as user {ORDINARY}:\n{text}");
    assert!(text.contains("test users::clean_is_no_failure_beside_foreign_files ... ok"), "{text}");
}

/// Files that have names of segments and are none. Drop removes them.
struct Foreign(Vec<PathBuf>);

impl Drop for Foreign {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs::remove_dir(path).or_else(|_| fs::remove_file(path));
        }
    }
}

impl Foreign {
    /// Makes a file of each kind at a path that `name` returns for its kind.
    fn make(name: impl Fn(&str) -> String) -> Self {
        let path = |kind: &str| PathBuf::from(format!("/dev/shm/{}", name(kind)));
        let made = Self(["directory", "link", "loop", "fifo", "unreadable"].map(path).to_vec());
        let [directory, link, looped, fifo, unreadable] = &*made.0 else { unreachable!() };
        fs::create_dir(directory).unwrap();
        symlink("/etc/passwd", link).unwrap();
        symlink(looped, looped).unwrap();
        rustix::fs::mknodat(CWD, fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        fs::write(unreadable, "x").unwrap();
        fs::set_permissions(unreadable, PermissionsExt::from_mode(0o044)).unwrap();
        made
    }
}

#[test]
fn clean_is_no_failure_beside_foreign_files() {
    let scratch = Scratch::new("beside");
    let channel = |kind: &str| format!("{}-{kind}", scratch.name);
    let finished = Foreign::make(|kind| format!("ackcast.{}", channel(kind)));
    let private = Foreign::make(|kind| format!("ackcast~0123456789abcdef.{}", channel(kind)));
    let names: Vec<String> = ["directory", "link", "loop", "fifo", "unreadable"].map(channel).to_vec();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for args in [&["clean", "--dry-run"][..], &[&["clean"], &*names].concat()] {
        let output = scratch.file("output");
        let mut clean = Process::new(args, Stdio::null(), File::create(&output).unwrap().into());
        assert_eq!(clean.ends_with(0).stderr, "");
        let said = fs::read_to_string(output).unwrap();
        for name in &names {
            let lines = said.lines().filter(|line| line.starts_with(&format!("{name}: left: ")));
            assert_eq!(lines.count(), 2, "{name}: {said}"); // for the name, and for the private name
        }
    }
    for path in finished.0.iter().chain(&private.0) {
        assert!(fs::symlink_metadata(path).is_ok(), "{} is gone", path.display());
    }
}

/// Only root can make a channel for another user.
#[test]
fn commands_name_owner_when_channel_is_of_another_user() {
    if !geteuid().is_root() {
        return;
    }
    let scratch = Scratch::new("owner");
    let command = copy(&command(), &scratch, "ackcast");
    let _channel = Channel::create(&scratch.name).build().unwrap();
    let fault =
        format!("channel {:?} belongs to user 0 with mode 600; it must belong to user {ORDINARY}", scratch.name);
    let left = format!("{}: left: {fault} with mode 600\n", scratch.name);
    let run = |args: &[&str]| as_ordinary(&command).args(args).stdin(Stdio::null()).output().unwrap();
    for args in [&["clean", &*scratch.name][..], &["clean", "--dry-run"]] {
        let output = run(args);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]), "{said}");
        assert!(said.contains(&left), "{said}");
    }
    for name in ["send", "recv"] {
        let output = run(&[name, &scratch.name]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.starts_with(&format!("ackcast: {fault}")), "{said}");
    }
    assert!(scratch.segment().exists());
}
