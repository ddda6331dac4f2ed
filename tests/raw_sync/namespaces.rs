//! PID namespaces: raw_sync's locks name threads by the numbers of a namespace, the futex layer's locks do not.

use crate::child::{HANG, Process, command, name, wait_for_parent};
use ackcast::{AttachError, Backend, Channel, Consumer, Producer};
use std::io;
use std::ptr::null;
use std::time::{Duration, Instant};

/// From now on, this process's children run in a PID namespace of their own. False if the kernel refuses that.
fn new_namespace() -> bool {
    // SAFETY: plain numbers; nothing of this process changes.
    if unsafe { libc::unshare(libc::CLONE_NEWPID) } == 0 {
        return true;
    }
    eprintln!("unshare(CLONE_NEWPID) is refused: {}", io::Error::last_os_error());
    false
}

/// Dies as if by `kill -9` when the parent says so: nothing is unwound or released.
fn die_on_the_parents_word() {
    wait_for_parent();
    // SAFETY: plain numbers; no signal handler runs. (The first process of a PID namespace cannot SIGKILL itself.)
    unsafe { libc::syscall(libc::SYS_exit_group, 0) };
}

/// From now on, this thread has no /proc. False if the kernel refuses that.
fn without_proc() -> bool {
    // SAFETY: plain numbers.
    let alone = unsafe { libc::unshare(libc::CLONE_NEWNS) } == 0;
    let private = libc::MS_REC | libc::MS_PRIVATE;
    // SAFETY: the paths are C strings; what is null is not used.
    let kept = alone && unsafe { libc::mount(null(), c"/".as_ptr(), null(), private, null()) } == 0;
    // SAFETY: the path is a C string.
    if kept && unsafe { libc::umount2(c"/proc".as_ptr(), libc::MNT_DETACH) } == 0 {
        return true;
    }
    eprintln!("a mount namespace without /proc is refused: {}", io::Error::last_os_error());
    false
}

pub fn role(role: &str, channel: &str) {
    if let Some(role) = role.strip_prefix("inside, ") {
        if new_namespace() {
            let mut inside = command(&format!("namespaces: {role}"), channel).spawn().unwrap();
            assert!(inside.wait().unwrap().success());
        }
        return;
    }
    match role {
        "attach" => {
            let error =
                |result: Result<(), AttachError>| result.map_or_else(|error| error.to_string(), |()| "attached".into());
            eprintln!("{}", error(Producer::attach(channel).map(drop)));
            eprintln!("{}", error(Consumer::attach(channel).map(drop)));
        }
        "attach without /proc" => {
            if !without_proc() {
                return;
            }
            let created = Channel::create(&format!("{channel}-new")).backend(Backend::RawSync).build();
            eprintln!("{}", created.map_or_else(|error| error.to_string(), |_| "created".into()));
            let attached = Producer::attach(channel);
            eprintln!("{}", attached.map_or_else(|error| error.to_string(), |_| "attached".into()));
            Channel::create(&format!("{channel}-futex")).build().expect("a futex channel needs no mark");
        }
        "hold the lock" => {
            let mut producer = Producer::attach(channel).unwrap();
            let _loan = producer.loan().unwrap();
            eprintln!("ready");
            die_on_the_parents_word();
        }
        "hold a message" => {
            let mut consumer = Consumer::attach(channel).unwrap();
            let _message = consumer.recv_ref().unwrap();
            eprintln!("ready");
            die_on_the_parents_word();
        }
        other => panic!("no role {other:?}"),
    }
}

#[test]
fn raw_sync_refuses_another_pid_namespace() {
    let channel = &name("namespace");
    let _channel = Channel::create(channel).consumers(2).backend(Backend::RawSync).build().unwrap();
    let (status, words) = Process::start("namespaces: inside, attach", channel).end();
    assert!(status.success(), "{status}: {words}");
    if words.starts_with("unshare") {
        return println!("not tested here: {words}");
    }
    let words: Vec<_> = words.lines().collect();
    assert_eq!(words.len(), 2, "{words:?}");
    for words in words {
        assert!(words.contains("PID namespace") && words.contains("futex"), "{words}");
    }
    let (status, words) = Process::start("namespaces: attach", channel).end();
    assert_eq!((status.success(), words.as_str()), (true, "attached\nattached"));
}

/// A ready process of another PID namespace in this role, or `None` if the kernel refuses the namespace.
fn inside(role: &str, channel: &str) -> Option<Process> {
    let mut process = Process::start(&format!("namespaces: inside, {role}"), channel);
    let line = process.line();
    if line == "ready" {
        return Some(process);
    }
    assert!(line.starts_with("unshare"), "{line}");
    println!("not tested here: {line}");
    None
}

#[test]
fn futex_lock_is_taken_over_across_pid_namespaces() {
    let channel = &name("namespace-lock");
    let control = Channel::create(channel).consumers(0).places(2).build().unwrap();
    let Some(holder) = inside("hold the lock", channel) else { return };
    let mut producer = Producer::attach(channel).unwrap();
    assert!(producer.try_send(b"refused").is_err(), "the holder lives");
    assert!(holder.end().0.success());
    producer.send_timeout(b"taken over", HANG).unwrap();
    assert_eq!(control.takeovers(), 1);
}

#[test]
fn futex_consumer_is_evicted_across_pid_namespaces() {
    let channel = &name("namespace-consumer");
    let control = Channel::create(channel).consumers(0).build().unwrap();
    let mut producer = Producer::attach(channel).unwrap();
    let mut consumer = Process::start("namespaces: inside, hold a message", channel);
    // The message must go to an attached consumer. A message that is sent earlier would go to none.
    let end = Instant::now() + HANG;
    while control.acknowledged().is_empty() && consumer.child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < end, "no consumer comes");
        std::thread::sleep(Duration::from_millis(1));
    }
    producer.send(b"one").unwrap();
    let line = consumer.line();
    if line.starts_with("unshare") {
        return println!("not tested here: {line}");
    }
    assert_eq!(line, "ready");
    assert!(producer.try_send(b"refused").is_err(), "the consumer holds the only slot, and lives");
    assert!(consumer.end().0.success());
    producer.send_timeout(b"two", HANG).unwrap();
    assert_eq!(control.evicted(), 1);
}

#[test]
fn raw_sync_is_refused_where_the_namespace_is_unknown() {
    let channel = &name("namespace-unknown");
    let _channel = Channel::create(channel).backend(Backend::RawSync).build().unwrap();
    let (status, words) = Process::start("namespaces: attach without /proc", channel).end();
    assert!(status.success(), "{status}: {words}");
    if words.starts_with("a mount namespace") {
        return println!("not tested here: {words}");
    }
    let words: Vec<_> = words.lines().collect();
    assert_eq!(words.len(), 2, "{words:?}");
    for words in words {
        assert!(words.contains("mount /proc, or create the channel on the futex layer"), "{words}");
    }
}
