//! Channels with symmetric fences, and processes that may not call membarrier(2).
#![cfg(target_os = "linux")]

#[path = "../filter/mod.rs"]
mod filter;

use ackcast::layers::Fences;
use ackcast::{Channel, Consumer, Producer};
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The limit of every wait. It is longer than any step on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

fn name(test: &str) -> String {
    format!("fences-{test}-{}", std::process::id())
}

#[test]
fn consumers_get_all_messages_with_either_fence() {
    for symmetric in [false, true] {
        let name = &name("either");
        let builder = Channel::create(name).consumers(2);
        let builder = if symmetric { builder.symmetric_fences() } else { builder };
        let channel = builder.build().unwrap();
        assert_eq!(channel.fences(), if symmetric { Fences::Symmetric } else { Fences::best() });
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut consumer = Consumer::attach(name).unwrap();
                    let numbers =
                        consumer.iter().map(|message| u64::from_ne_bytes(message.unwrap().try_into().unwrap()));
                    assert!(numbers.eq(0..2_000));
                });
            }
            let mut producer = Producer::attach(name).unwrap();
            (0..2_000_u64).for_each(|i| producer.send_value(&i).unwrap());
            producer.finish().unwrap();
        });
    }
}

/// A running command. Drop kills and reaps it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Waits for the end of the command. Returns its status, stdout and stderr.
    fn end(mut self) -> (Option<i32>, String, String) {
        let end = Instant::now() + LIMIT;
        let status = loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "the command does not end");
            thread::sleep(Duration::from_millis(1));
        };
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.0.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        self.0.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (status.code(), stdout, stderr)
    }
}

/// Starts `ackcast` in a process that may not call membarrier(2).
fn filtered(args: &[&str]) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ackcast"));
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // SAFETY: the closure allocates nothing and takes no lock.
    unsafe { command.pre_exec(|| filter::refuse(&[(libc::SYS_membarrier, None)], libc::EPERM)) };
    Running(command.spawn().unwrap())
}

#[test]
fn send_creates_symmetric_channel_without_membarrier() {
    let name = &name("filtered");
    let mut send = filtered(&["send", name]);
    let mut stdin = send.0.stdin.take().unwrap();
    stdin.write_all(b"line\n").unwrap();
    let recv = filtered(&["recv", name]);
    let start = Instant::now();
    let channel = loop {
        if let Ok(channel) = Channel::open(&ackcast::segment::Name::new(name).unwrap()) {
            break channel;
        }
        assert!(start.elapsed() < LIMIT, "`send` creates no channel");
        thread::sleep(Duration::from_millis(1));
    };
    assert_eq!(channel.fences(), Fences::Symmetric);
    drop((channel, stdin));
    assert_eq!(send.end().0, Some(0));
    assert_eq!(recv.end(), (Some(0), "line\n".to_owned(), String::new()));
}

#[test]
fn recv_names_membarrier_when_it_is_refused() {
    let name = &name("needed");
    let channel = Channel::create(name).build().unwrap();
    if channel.fences() == Fences::Symmetric {
        return; // this process may not call membarrier(2) either
    }
    let (status, _, stderr) = filtered(&["recv", name]).end();
    assert_eq!(status, Some(1));
    assert!(stderr.contains("fence by membarrier(2), which this process may not call"), "{stderr}");
}
