//! Timed calls under valgrind, where it is installed. It hides the vDSO, by which some libraries read clocks.
#![cfg(target_os = "linux")]

use ackcast::{Backend, Channel, Consumer, Producer, RecvError, SendError};
use std::io::ErrorKind;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Longer than any call here takes. A call that takes longer hangs.
const HANG: Duration = Duration::from_secs(60);
/// Long enough to sleep.
const SHORT: Duration = Duration::from_millis(20);

fn timed_calls(backend: Backend) {
    let name = format!("valgrind-{backend:?}-{}", std::process::id());
    let _channel = Channel::create(&name).backend(backend).build().unwrap();
    let (mut consumer, mut producer) = (Consumer::attach(&name).unwrap(), Producer::attach(&name).unwrap());
    assert_eq!(consumer.recv_timeout(SHORT), Err(RecvError::TimedOut { next: 0 }));
    producer.send_timeout(b"one", HANG).unwrap();
    assert!(matches!(producer.send_timeout(b"two", SHORT), Err(SendError::TimedOut(_))));
    assert_eq!(consumer.recv_timeout(HANG).unwrap(), b"one");
    producer.finish_timeout(HANG).unwrap();
    assert_eq!(consumer.recv_timeout(HANG), Err(RecvError::Ended));
}

#[test]
fn timed_calls_return_on_futexes() {
    timed_calls(Backend::Futex);
}

#[test]
fn timed_calls_return_on_raw_sync() {
    timed_calls(Backend::RawSync);
}

/// Runs this layer's test under valgrind.
fn under_valgrind(backend: Backend, test: &str) {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--error-exitcode=9"]).arg(std::env::current_exe().unwrap());
    valgrind.args([test, "--exact", "--test-threads=1"]).stdin(Stdio::null());
    let child = match valgrind.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() {
        Err(error) if error.kind() == ErrorKind::NotFound => return println!("skipped: there is no valgrind"),
        child => child.unwrap(),
    };
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    // valgrind leaves this file if the program has crashed.
    let _ = std::fs::remove_file(format!("/dev/shm/ackcast.valgrind-{backend:?}-{pid}"));
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{}: {said:?}", output.status);
    assert!(said[0].contains("1 passed"), "{said:?}");
}

#[test]
fn timed_calls_return_under_valgrind() {
    under_valgrind(Backend::Futex, "timed_calls_return_on_futexes");
    under_valgrind(Backend::RawSync, "timed_calls_return_on_raw_sync");
}
