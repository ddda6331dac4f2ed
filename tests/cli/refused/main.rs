//! System calls that a sandbox refuses, before a handle exists and after. Each refusal ends in an error that names it.
#![cfg(target_os = "linux")]

mod child;
#[path = "../../filter/mod.rs"]
mod filter;
#[path = "../../reexec/mod.rs"]
mod reexec;

use ackcast::layers::Fences;
use ackcast::{Backend, Channel, Consumer, Producer};
use filter::Call;
use reexec::{Named, Process};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Output, Stdio};

const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];
const ASKS: Call = (libc::SYS_fcntl, Some(libc::F_OFD_GETLK));
const LOCKS: Call = (libc::SYS_fcntl, Some(libc::F_OFD_SETLK));

fn name(test: &str, backend: Backend) -> Named {
    Named(format!("refused-{test}-{backend:?}-{}", std::process::id()))
}

fn start(role: &str, channel: &str) -> Process {
    Process::start("child::entry", role, channel)
}

/// Runs `ackcast` in a process whose calls of this kind fail.
fn filtered(args: &[&str], call: Call, errno: i32) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ackcast"));
    command.args(args).stdin(Stdio::null());
    let refuse = move || {
        reexec::end_after_a_while();
        filter::refuse(&[call], errno)
    };
    // SAFETY: the closure allocates nothing and takes no lock.
    unsafe { command.pre_exec(refuse) };
    command.output().unwrap()
}

#[test]
fn process_aborts_when_membarrier_is_refused_later() {
    if Fences::best() == Fences::Symmetric {
        println!("not run: membarrier(2) does not work here");
        return;
    }
    let roles =
        ["consumer without membarrier", "producer without membarrier", "consumer without memory for membarrier"];
    for role in roles {
        let name = name("membarrier", Backend::Futex);
        let _channel = Channel::create(&name).slots(1).build().unwrap();
        let (_producer, _consumer); // the participant that the child waits for
        if role.starts_with("consumer") {
            _producer = Producer::attach(&name).unwrap();
        } else {
            _consumer = Consumer::attach(&name).unwrap();
        }
        let (status, said) = start(role, &name).end();
        assert_eq!(status.signal(), Some(libc::SIGABRT), "{role}: {said:?}");
        let said = said.join("\n");
        assert!(said.contains("membarrier(2) failed after it had worked"), "{said}");
        assert!(said.contains("symmetric_fences"), "{said}");
    }
}

#[test]
fn recv_names_refused_liveness_call_at_attach() {
    for backend in LAYERS {
        for call in [ASKS, LOCKS] {
            for errno in [libc::EPERM, libc::EINVAL, libc::ENOLCK] {
                let name = name("attach", backend);
                let channel = Channel::create(&name).backend(backend).build().unwrap();
                let output = filtered(&["recv", &name], call, errno);
                let said = String::from_utf8(output.stderr).unwrap();
                assert_eq!(output.status.code(), Some(1), "{call:?}, errno {errno}: {said}");
                if errno == libc::ENOLCK {
                    assert!(said.contains("no memory for one more file lock"), "{said}");
                } else {
                    assert!(said.contains(&format!("which participants live (errno {errno})")), "{said}");
                    assert!(said.contains("F_OFD_SETLK"), "{said}");
                }
                drop(channel);
                assert!(!name.path().exists());
            }
        }
    }
}

#[test]
fn send_names_refused_call_and_leaves_no_segment() {
    let futex = (libc::SYS_futex, None);
    for (call, text) in [(ASKS, "which participants live"), (LOCKS, "which participants live"), (futex, "futex(2)")] {
        let name = name("create", Backend::Futex);
        let output = filtered(&["send", &name], call, libc::EPERM);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{call:?}: {said}");
        assert!(said.contains(text), "{said}");
        let left =
            std::fs::read_dir("/dev/shm").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        assert_eq!(left.filter(|file| file.ends_with(&*name)).count(), 0, "{call:?}");
    }
}

#[test]
fn create_refuses_fences_that_it_may_not_use() {
    let name = name("fences", Backend::Futex);
    let child = start("creates with fences that are refused", &name);
    child.says(&format!(
        "channel {:?} cannot be used: its participants fence by membarrier(2), which this process may not call (an old \
         kernel, or a filter); create it from this process, or with symmetric fences",
        &*name
    ));
    assert!(child.end().0.success());
    assert!(!name.path().exists());
}

#[test]
fn recv_names_futex_when_it_is_refused() {
    for backend in LAYERS {
        for errno in [libc::EPERM, libc::ENOSYS] {
            let name = name("futex", backend);
            let _channel = Channel::create(&name).backend(backend).build().unwrap();
            let output = filtered(&["recv", &name], (libc::SYS_futex, None), errno);
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains("futex(2), which a sandbox must allow"), "{said}");
        }
    }
}

#[test]
fn clean_removes_nothing_when_liveness_is_refused() {
    for call in [ASKS, LOCKS] {
        let name = name("clean", Backend::Futex);
        let _channel = Channel::create(&name).build().unwrap();
        let output = filtered(&["clean", &name], call, libc::EPERM);
        let said = String::from_utf8(output.stderr).unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!((output.status.code(), printed.as_str()), (Some(1), ""), "{call:?}: {said}");
        assert!(said.contains("which participants live"), "{said}");
        assert!(name.path().exists());
    }
}

#[test]
fn wait_fails_when_liveness_is_refused_later() {
    for backend in LAYERS {
        let name = name("data", backend);
        let _channel = Channel::create(&name).backend(backend).build().unwrap();
        let _producer = Producer::attach(&name).unwrap();
        start("waits for data", &name).says("Liveness(LivenessUnknown { errno: 1 })");

        let name = self::name("room", backend);
        let _channel = Channel::create(&name).backend(backend).build().unwrap();
        let _consumer = Consumer::attach(&name).unwrap();
        start("waits for room", &name).says("Liveness(LivenessUnknown { errno: 1 })");
    }
    // The raw_sync layer's lock needs no liveness check: the kernel gives a dead owner's lock to the next thread.
    let name = name("lock", Backend::Futex);
    let _channel = Channel::create(&name).slots(4).producers(2).build().unwrap();
    let _consumer = Consumer::attach(&name).unwrap();
    let mut producer = Producer::attach(&name).unwrap();
    let _loan = producer.loan().unwrap();
    start("waits for the lock", &name).says("Liveness(LivenessUnknown { errno: 1 })");
}

#[test]
fn drop_succeeds_when_liveness_is_refused_later() {
    for backend in LAYERS {
        let name = name("drop", backend);
        let _channel = Channel::create(&name).backend(backend).consumers(0).places(2).build().unwrap();
        let mut producer = Producer::attach(&name).unwrap();
        let child = start("drops", &name);
        child.says("dropped");
        assert!(name.path().exists());
        assert!(child.end().0.success());
        for message in [b"first", b"other"] {
            producer.send_timeout(message, reexec::HANG).unwrap();
        }
    }
}

#[test]
fn wait_without_futexes_sleeps_and_notices_death() {
    let name = name("later", Backend::Futex);
    let _channel = Channel::create(&name).build().unwrap();
    let mut producer = start("producer", &name);
    producer.says("ready");
    let consumer = start("consumer without futexes", &name);
    let sleeps: i64 = consumer.line().parse().unwrap();
    println!("slept {sleeps} times in two seconds");
    assert!(sleeps > 50, "the wait burns a core: it slept {sleeps} times in two seconds");
    producer.kill();
    consumer.says("lost");
}
