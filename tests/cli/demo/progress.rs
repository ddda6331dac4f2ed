//! The progress bar of a long `ackcast demo --quiet`. It appears only on a terminal.
#![cfg(target_os = "linux")]

#[path = "../descriptors/mod.rs"]
mod descriptors;

use crate::command::{Demo, LIMIT, segments_of};
use descriptors::terminal;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::Read;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

/// Receives the program's output to the terminal until the program's end is closed.
fn shown_on(mut terminal: File) -> Receiver<String> {
    let (sender, shown) = channel();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        // The read fails when the last process has closed the program's end.
        while let Ok(count @ 1..) = terminal.read(&mut buffer) {
            let _ = sender.send(String::from_utf8_lossy(&buffer[..count]).into_owned());
        }
    });
    shown
}

#[test]
fn long_quiet_run_shows_bar_on_terminal() {
    let (ours, theirs) = terminal();
    // This demo would run for hours.
    let demo = Demo::with_stderr(&["--messages", "1000000000", "--quiet"], theirs.into());
    let (pid, shown, start) = (demo.pid(), shown_on(ours), Instant::now());
    let mut text = String::new();
    while !(text.contains("/1000000000 messages, ") && text.contains(" left")) {
        let left = LIMIT.saturating_sub(start.elapsed());
        text += &shown.recv_timeout(left).unwrap_or_else(|error| panic!("no bar, {error}: {text:?}"));
    }
    kill_process(Pid::from_raw(pid as i32).unwrap(), Signal::INT).unwrap();
    let ended = demo.run();
    assert_eq!((ended.status.code(), ended.lines.len()), (Some(130), 0));
    assert_eq!(segments_of(pid), [""; 0]);
    // The terminal's line is cleared after the last bar.
    text.extend(shown.iter());
    let (_, rest) = text.rsplit_once(" left").unwrap();
    assert!(rest.contains("\x1b[2K"), "{rest:?}");
}

/// The negative twin of the test above.
#[test]
fn short_quiet_run_shows_no_bar() {
    let (ours, theirs) = terminal();
    let ended = Demo::with_stderr(&["--quiet"], theirs.into()).run();
    assert!(ended.status.success(), "{ended:?}");
    let text: String = shown_on(ours).iter().collect();
    assert!(!text.contains("messages"), "{text:?}");
}
