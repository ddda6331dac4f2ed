//! The bar of a long `ackcast demo --quiet`, which only a terminal shows.
#![cfg(target_os = "linux")]

mod command;

use command::{Demo, LIMIT, segments_of};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::Read;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

/// A terminal of 120 columns: our end, and the program's.
fn terminal() -> (File, OwnedFd) {
    let (mut ours, mut theirs) = (-1, -1);
    let size = libc::winsize { ws_row: 24, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
    let (name, termios) = (std::ptr::null_mut(), std::ptr::null());
    // SAFETY: the first two are places for the descriptors; the size is only read, and the others may be null.
    let result = unsafe { libc::openpty(&raw mut ours, &raw mut theirs, name, termios, &raw const size) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: the call has opened it for us.
    let ours = unsafe { File::from_raw_fd(ours) };
    // SAFETY: likewise.
    let theirs = unsafe { OwnedFd::from_raw_fd(theirs) };
    (ours, theirs)
}

/// What the program writes to its terminal, as it comes; to its end.
fn shown_on(mut terminal: File) -> Receiver<String> {
    let (sender, shown) = channel();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        // The last one to close the program's end makes it an error.
        while let Ok(count @ 1..) = terminal.read(&mut buffer) {
            let _ = sender.send(String::from_utf8_lossy(&buffer[..count]).into_owned());
        }
    });
    shown
}

#[test]
fn long_quiet_run_shows_its_progress_on_a_terminal() {
    let (ours, theirs) = terminal();
    // It would run for hours.
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
    // The bar's place is empty: after the last bar, the line is cleared.
    text.extend(shown.iter());
    let (_, rest) = text.rsplit_once(" left").unwrap();
    assert!(rest.contains("\x1b[2K"), "{rest:?}");
}

/// The twin: a short run on a terminal shows no bar.
#[test]
fn short_quiet_run_shows_no_bar() {
    let (ours, theirs) = terminal();
    let ended = Demo::with_stderr(&["--quiet"], theirs.into()).run();
    assert!(ended.status.success(), "{ended:?}");
    let text: String = shown_on(ours).iter().collect();
    assert!(!text.contains("messages"), "{text:?}");
}
