//! `ackcast top`: tables one after another, and on a terminal in place.

use crate::descriptors::{pipe, terminal};
use crate::process::{Process, Scratch, eventually, read};
use crate::setting::{channel, run};
use ackcast::{Channel, Consumer};
use rustix::process::Signal;
use std::fs::{self, File};
use std::process::Stdio;

#[test]
fn top_prints_tables_one_after_another() {
    let scratch = Scratch::new("tables");
    let (_channel, mut producer, _consumer) = channel(&scratch, |new| new);
    producer.send(b"one").unwrap();
    let (said, stderr) = run(&["top", &scratch.name, "-n", "2", "--interval", "60ms"], 0);
    assert_eq!((said.matches("NAME ").count(), said.matches("ROLE ").count(), &*stderr), (2, 2, ""));
    assert!(said.contains("0 /s"), "{said}");
    assert!(!said.contains('\x1b'), "{said}");
    let (said, _) = run(&["top", "--once"], 0);
    assert!(said.lines().any(|line| line.starts_with(&scratch.name)), "{said}");
    let (said, _) = run(&["top", "--once", "absent"], 0);
    assert!(said.contains("there is no channel \"absent\""), "{said}");
}

#[test]
fn top_shows_who_holds_up_and_how_long() {
    let scratch = Scratch::new("top-held");
    let (_channel, mut producer, _consumer) = channel(&scratch, |new| new);
    producer.send_batch(&["message"; 4]).unwrap();
    let (said, _) = run(&["top", &scratch.name, "-n", "3", "--interval", "100ms"], 0);
    let lines: Vec<_> =
        said.lines().filter(|line| line.starts_with(&scratch.name) && line.contains("active")).collect();
    assert!(lines[0].ends_with("-  consumer 0"), "{said}");
    assert!(lines[2].ends_with("consumer 0") && lines[2].contains("ms  "), "{said}");
}

/// The name goes to another channel between two tables.
#[test]
fn top_follows_name_to_next_channel() {
    let scratch = Scratch::new("remade");
    let first = Channel::create(&scratch.name).slots(3).build().unwrap();
    let output = scratch.file("output");
    let stdout = File::create(&output).unwrap().into();
    let mut top = Process::new(&["top", &scratch.name, "--interval", "50ms"], Stdio::null(), stdout);
    let says = |what: &str| {
        let said = || fs::read_to_string(&output).unwrap();
        eventually(&format!("`top` does not say {what:?}"), || said().contains(what));
    };
    says("  0/3  ");
    drop(first);
    says("there is no channel");
    let _second = Channel::create(&scratch.name).slots(5).build().unwrap();
    says("  0/5  ");
    top.kill(Signal::TERM);
    top.ends_with(143);
}

#[test]
fn top_redraws_on_terminal_until_interrupted() {
    let scratch = Scratch::new("terminal");
    let (_channel, mut producer, _consumer) = channel(&scratch, |new| new);
    producer.send(b"one").unwrap();
    let _more: Vec<_> = (0..6).map(|_| Consumer::attach(&scratch.name).unwrap()).collect();
    let (ours, theirs) = terminal();
    let mut top = Process::new(&["top", &scratch.name, "--interval", "50ms"], Stdio::null(), theirs.into());
    let seen = read(ours.try_clone().unwrap(), Some(1500)); // some redraws
    let text = String::from_utf8_lossy(&seen);
    assert!(text.starts_with("\x1b[2J\x1b[H\x1b[HNAME") && text.matches("\x1b[H").count() > 2, "{text:?}");
    assert!(text.lines().all(|line| line.replace("\x1b[K", "").chars().count() <= 140), "{text:?}");
    top.kill(Signal::INT);
    assert_eq!(top.ends_with(130).stderr, "");
}

#[test]
fn top_ends_when_its_reader_has_gone() {
    let scratch = Scratch::new("top-reader");
    let _channel = Channel::create(&scratch.name).build().unwrap();
    let (reader, writer) = pipe();
    let mut top = Process::new(&["top", &scratch.name, "--interval", "50ms"], Stdio::null(), writer.into());
    let reader = reader;
    assert_eq!(read(reader, Some(4)), b"NAME"); // closes it
    assert_eq!(top.ends_with(141).stderr, "");
}
