//! `ackcast list`: each state, and what is left out.

use crate::process::{LIMIT, Process, Scratch};
use crate::setting::{Leftover, as_ordinary_user, channel, json, listed, run};
use ackcast::layers::LivenessLocks;
use ackcast::{Backend, Channel};
use std::fs::File;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

/// The offset of the version in a channel's file.
const VERSION_AT: usize = 16;

#[track_caller]
fn state_is(scratch: &Scratch, state: &str) {
    let listed = listed(&scratch.name);
    assert_eq!((listed.len(), &listed[0]["state"]), (1, &state.into()), "{listed:?}");
}

#[test]
fn list_names_state_of_each_channel() {
    for backend in [Backend::Futex, Backend::RawSync] {
        let scratch = Scratch::new(&format!("states-{backend:?}"));
        let (_channel, mut producer, consumer) = channel(&scratch, |new| new.backend(backend));
        state_is(&scratch, "waiting");
        producer.send(b"one").unwrap();
        state_is(&scratch, "active");
        drop(producer);
        state_is(&scratch, "producers-lost");
        let mut producer = ackcast::Producer::attach(&scratch.name).unwrap();
        producer.finish().unwrap();
        state_is(&scratch, "ended");
        drop(consumer);
        let orphan = format!("{}-orphan", scratch.name);
        let _orphan = Leftover::orphan(&scratch, &orphan, |_| {});
        assert_eq!(listed(&orphan)[0]["state"], "orphaned");
    }
}

#[test]
fn list_has_a_line_for_each_channel() {
    let scratch = Scratch::new("line");
    let (_channel, mut producer, _consumer) = channel(&scratch, |new| new);
    producer.send_batch(&["one", "two"]).unwrap();
    let (said, stderr) = run(&["list"], 0);
    let line = said.lines().find(|line| line.starts_with(&scratch.name)).unwrap();
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words[1..7], ["active", "4", "x", "64", "1/8", "1/1"], "{line}");
    assert_eq!((words[7], &*stderr), ("2", ""));
    assert!(said.starts_with("NAME "), "{said}");
}

#[test]
fn list_shows_unfinished_channel() {
    let scratch = Scratch::new("unfinished-list");
    let file = scratch.unfinished();
    let open = || File::options().create(true).truncate(false).read(true).write(true).open(&file).unwrap();
    let creator = LivenessLocks::open(|| Ok(open())).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o400)).unwrap(); // a umask's work
    assert_eq!(creator.enter(), Ok(true));
    state_is(&scratch, "unfinished");
    creator.exit();
    state_is(&scratch, "unfinished-orphan");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o7777, 0o400, "`list` has changed the mode");
}

#[test]
fn list_leaves_out_foreign_files() {
    let scratch = Scratch::new("foreign-list");
    let file = |kind: &str| format!("ackcast.{}-{kind}", scratch.name);
    let _files = [
        Leftover::new(&file("text"), &b"x".repeat(4096)),
        Leftover::new(&file("empty"), b""),
        Leftover::new(&file("short"), b"ackcas"),
        Leftover::new(&format!("ackcast~0123456789abcdef.{}", scratch.name), b"x"),
    ];
    let all = json(&["list"]);
    let ours: Vec<_> =
        all.as_array().unwrap().iter().filter(|one| one["name"].as_str().unwrap().contains(&scratch.name)).collect();
    assert!(ours.is_empty(), "{ours:?}");
}

#[test]
fn list_says_why_a_channel_cannot_be_read() {
    let scratch = Scratch::new("version-list");
    let (_channel, _producer, _consumer) = channel(&scratch, |new| new);
    let (old, short) = (format!("{}-old", scratch.name), format!("{}-short", scratch.name));
    let _old =
        Leftover::orphan(&scratch, &old, |bytes| bytes[VERSION_AT..VERSION_AT + 4].copy_from_slice(&[1, 0, 0, 0]));
    let _short = Leftover::orphan(&scratch, &short, |bytes| bytes.truncate(20));
    let listed_old = &listed(&old)[0];
    assert_eq!(listed_old["state"], "unusable");
    assert!(listed_old["why"].as_str().unwrap().starts_with("it has version 1, "), "{listed_old}");
    assert!(listed(&short)[0]["why"].as_str().unwrap().starts_with("it has 20 bytes"), "{:?}", listed(&short));
    let (_, said) = run(&["inspect", &old], 1);
    assert!(said.contains("it has version 1, ") && said.lines().count() == 1, "{said}");
}

#[test]
fn commands_tell_other_user_that_channel_is_not_theirs() {
    let scratch = Scratch::new("theirs");
    let (_channel, _producer, _consumer) = channel(&scratch, |new| new);
    let Some(list) = as_ordinary_user(&scratch, &["list"]) else { return };
    let said = String::from_utf8(list.stdout).unwrap();
    assert_eq!((list.status.code(), &*list.stderr), (Some(0), &b""[..]));
    assert!(!said.contains(&scratch.name), "{said}");
    for name in ["inspect", "tap"] {
        let output = as_ordinary_user(&scratch, &[name, &scratch.name]).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("belongs to user 0 with mode 600; it must belong to user 65534"), "{said}");
    }
}

/// Without a descriptor for it, a channel is not left out: the list fails.
#[test]
fn list_fails_when_no_descriptor_is_left() {
    let scratch = Scratch::new("descriptors-list");
    let _channel = channel(&scratch, |new| new);
    let mut failed = false;
    for limit in 4..16 {
        let output = scratch.file("output");
        let stdout = File::create(&output).unwrap().into();
        let mut list = Process::with_limit(&format!("-n {limit}"), &["list"], Stdio::null(), stdout);
        let ended = list.end();
        let said = std::fs::read_to_string(output).unwrap();
        assert_eq!(ended.status.success(), said.contains(&scratch.name), "{limit}: {ended:?}, {said}");
        failed |= !ended.status.success();
    }
    assert!(failed, "no limit was low enough");
}

#[test]
fn list_succeeds_while_channels_come_and_go() {
    let scratch = Scratch::new("come-and-go");
    let over = &AtomicBool::new(false);
    thread::scope(|scope| {
        let threads = ["a", "b"].map(|suffix| {
            let name = format!("{}-{suffix}", scratch.name);
            scope.spawn(move || {
                let start = Instant::now();
                while !over.load(Relaxed) && start.elapsed() < LIMIT {
                    drop(Channel::create(&name).build().unwrap());
                }
            })
        });
        let results: Vec<_> = (0..30).map(|_| std::panic::catch_unwind(|| run(&["list"], 0))).collect();
        over.store(true, Relaxed);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        for result in results {
            assert_eq!(result.unwrap().1, "");
        }
    });
}
