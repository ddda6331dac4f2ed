//! `ackcast clean`, and dead channels that `send` and `recv` find.

use super::process::{Process, Scratch, eventually};
use ackcast::layers::LivenessLocks;
use ackcast::segment::{Name, participants};
use rustix::process::Signal;
use std::io::{Read, Write};
use std::process::Stdio;

/// Runs `clean`, which must exit with this status. Returns its stdout.
fn clean(args: &[&str], code: i32) -> String {
    let mut clean = Process::new(&[&["clean"], args].concat(), Stdio::null(), Stdio::piped());
    let mut said = String::new();
    clean.stdout().read_to_string(&mut said).unwrap();
    clean.ends_with(code);
    said
}

/// Leaves the segment of a `send` and a `recv` that are both killed.
fn leave_dead_channel(scratch: &Scratch) {
    let mut recv = scratch.recv("dead");
    let mut send = scratch.send_from(&[], Stdio::piped());
    send.stdin().write_all(b"old\n").unwrap();
    recv.process.kill(Signal::STOP); // a running `recv` would end and remove the name
    eventually("`send` creates no channel", || scratch.segment().exists());
    send.kill(Signal::KILL);
    recv.process.kill(Signal::KILL);
    send.end();
    recv.process.end();
    assert!(scratch.segment().exists());
}

#[test]
fn clean_removes_dead_channel_and_leaves_living_channel() {
    let (dead, alive) = (Scratch::new("dead"), Scratch::new("alive"));
    leave_dead_channel(&dead);
    let mut recv = alive.recv("out");
    let mut send = alive.send_from(&[], Stdio::piped());
    let mut stdin = send.stdin();
    stdin.write_all(b"line\n").unwrap();
    recv.has_written(5);
    let left = format!("{}: left: in use by 2 participants\n", alive.name);
    let names = [&*dead.name, &*alive.name];

    let said = clean(&[&["--dry-run"], &names[..]].concat(), 0);
    assert_eq!(said, format!("{}: would be removed\n{left}", dead.name));
    assert!(dead.segment().exists());
    assert_eq!(participants(&Name::new(&dead.name).unwrap()).unwrap(), None);
    assert_eq!(participants(&Name::new(&alive.name).unwrap()).unwrap().map(|users| users.len()), Some(2));

    assert_eq!(clean(&names, 0), format!("{}: removed\n{left}", dead.name));
    dead.assert_nothing_left();
    assert_eq!(clean(&[&dead.name], 0), format!("{}: there is no such channel\n", dead.name));
    // Without names, `clean` would also remove channels of other tests. So this is a dry run.
    assert!(clean(&["--dry-run"], 0).contains(&left));

    drop(stdin);
    send.ends_with(0);
    assert_eq!(recv.wrote(0), b"line\n");
    alive.assert_nothing_left();
}

#[test]
fn clean_leaves_file_that_is_no_channel() {
    let scratch = Scratch::new("foreign");
    std::fs::write(scratch.segment(), "x".repeat(4096)).unwrap();
    std::fs::set_permissions(scratch.segment(), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    for args in [&[&*scratch.name][..], &["--dry-run", &scratch.name]] {
        let said = clean(args, 0);
        assert!(said.contains("left:") && said.contains("not a segment of ackcast"), "{said}");
    }
    assert!(scratch.segment().exists());
}

#[test]
fn clean_removes_unfinished_segment_of_dead_creator() {
    let scratch = Scratch::new("unfinished");
    let file = scratch.unfinished();
    let open = || std::fs::File::options().create(true).truncate(false).read(true).write(true).open(&file).unwrap();
    let creator = LivenessLocks::open(|| Ok(open())).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(creator.enter(), Ok(true));
    let none = format!("{}: there is no such channel\n", scratch.name);
    let left = format!("{none}{}: unfinished: left: its creator is making it\n", scratch.name);
    assert_eq!(clean(&[&scratch.name], 0), left);
    assert_eq!(clean(&["--dry-run", &scratch.name], 0), left);
    creator.exit(); // a forked child of another test keeps the descriptor until it execs
    drop(creator);
    let removable = format!("{none}{}: unfinished: would be removed\n", scratch.name);
    assert_eq!(clean(&["--dry-run", &scratch.name], 0), removable);
    assert!(file.exists());
    assert_eq!(clean(&[&scratch.name], 0), format!("{none}{}: unfinished: removed\n", scratch.name));
    assert!(!file.exists());
    // `clean` leaves a foreign file of that name.
    std::fs::write(&file, "x").unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let said = clean(&[&scratch.name], 0);
    assert!(said.contains("left:") && said.contains("not a segment of ackcast"), "{said}");
    assert_eq!(std::fs::read(&file).unwrap(), b"x");
}

#[test]
fn commands_exit_with_2_when_name_is_invalid() {
    clean(&["a/b"], 2);
    Process::new(&["recv", "a/b"], Stdio::null(), Stdio::null()).ends_with(2);
    Process::new(&["send"], Stdio::null(), Stdio::null()).ends_with(2);
}

#[test]
fn send_replaces_dead_channel() {
    let scratch = Scratch::new("leftover");
    leave_dead_channel(&scratch);
    let mut recv = scratch.recv("out");
    eventually("`recv` does not start", || recv.process.handles_signals());
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert!(recv.process.runs());
    scratch.send(&[], b"new\n").ends_with(0);
    assert_eq!(recv.wrote(0), b"new\n");
    scratch.assert_nothing_left();
}
