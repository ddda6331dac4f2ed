//! Limits of a process: each gives an error that names the limit, and leaves nothing behind.

use crate::child::Process;
use crate::scratch::Scratch;
use ackcast::{Backend, Channel, Consumer, Producer};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fmt::Display;

/// Sets a soft limit. It can be raised again.
fn limit(resource: Resource, to: u64) {
    let Rlimit { maximum, .. } = getrlimit(resource);
    setrlimit(resource, Rlimit { current: Some(to), maximum }).unwrap();
}

/// Whether the call succeeded. An error must name the limit.
#[track_caller]
fn named<T, E: Display>(result: Result<T, E>, limit: &str) -> bool {
    match result {
        Ok(_) => true,
        Err(error) => {
            assert!(error.to_string().contains(limit), "not {limit}: {error}");
            false
        }
    }
}

/// The name of the child's own channel, beside the parent's.
fn own(channel: &str) -> Scratch {
    Scratch(format!("{channel}-own"))
}

pub fn few_descriptors(channel: &str) {
    let own = own(channel);
    let Rlimit { current, .. } = getrlimit(Resource::Nofile);
    let mut succeeded = 0;
    for most in 0..=40 {
        for backend in [Backend::Futex, Backend::RawSync] {
            limit(Resource::Nofile, most);
            let created = Channel::create(&own.0).backend(backend).build();
            let attached = Consumer::attach(channel).map(drop);
            let producer = Producer::attach(channel).map(drop);
            limit(Resource::Nofile, current.unwrap_or(1024));
            let all =
                [named(created, "RLIMIT_NOFILE"), named(attached, "RLIMIT_NOFILE"), named(producer, "RLIMIT_NOFILE")];
            succeeded += all.iter().filter(|&&ok| ok).count();
            own.assert_nothing_left();
        }
    }
    assert!((100..240).contains(&succeeded), "{succeeded} of 246 succeeded");
}

pub fn small_files(channel: &str) {
    let own = own(channel);
    limit(Resource::Fsize, 1 << 16);
    assert!(!named(Channel::create(&own.0).slots(64).slot_size(4096).build(), "RLIMIT_FSIZE is 65536"));
    own.assert_nothing_left();
    assert!(named(Channel::create(&own.0).build(), ""), "a small channel fits");
    own.assert_nothing_left();
    // The parent's channel is larger and exists: attaching writes nothing beyond the limit.
    Consumer::attach(channel).unwrap();
}

pub fn little_memory(channel: &str) {
    let own = own(channel);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
    let kib: u64 = size.trim().strip_suffix(" kB").unwrap().parse().unwrap();
    limit(Resource::As, (kib + (16 << 10)) << 10);
    assert!(!named(Channel::create(&own.0).slots(64).slot_size(1 << 20).build(), "RLIMIT_AS"));
    own.assert_nothing_left();
    assert!(!named(Consumer::attach(channel), "RLIMIT_AS"));
    assert!(named(Channel::create(&own.0).build(), ""), "a small channel fits");
    own.assert_nothing_left();
}

pub fn strict_umask(channel: &str) {
    let own = own(channel);
    if rustix::process::geteuid().is_root() {
        // The superuser may open a file against its mode.
        // SAFETY: plain numbers, and this process has one thread that matters.
        assert_eq!(unsafe { libc::setresuid(65_534, 65_534, 65_534) }, 0);
    }
    for mask in [0o277, 0o777, 0o077, 0] {
        // SAFETY: a plain number.
        unsafe { libc::umask(mask) };
        for backend in [Backend::Futex, Backend::RawSync] {
            let created = Channel::create(&own.0).backend(backend).consumers(0).build();
            let created = created.unwrap_or_else(|error| panic!("umask {mask:03o}: {error}"));
            Producer::attach(&own.0).unwrap().send(b"message").unwrap();
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(own.path()).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o600, "umask {mask:03o}");
            drop(created);
            own.assert_nothing_left();
        }
    }
}

/// Runs the child beside a living channel of 64 MiB.
#[track_caller]
fn met_beside_a_living_channel(role: &str) {
    let scratch = Scratch::new(&role.replace(' ', "-"));
    let channel = Channel::create(&scratch.0).slots(64).slot_size(1 << 20).build().unwrap();
    let status = Process::start(role, &scratch.0, 0).end();
    assert_eq!(own(&scratch.0).files(), [""; 0], "{status}");
    assert!(status.success(), "{status}; its stderr says why");
    drop(Consumer::attach(&scratch.0).expect("the living channel was not harmed"));
    drop(channel);
    scratch.assert_nothing_left();
}

#[test]
fn descriptor_limit_is_named_and_leaves_nothing() {
    met_beside_a_living_channel("few descriptors");
}

#[test]
fn file_size_limit_is_named_and_leaves_nothing() {
    met_beside_a_living_channel("small files");
}

#[test]
fn address_space_limit_is_named_and_leaves_nothing() {
    met_beside_a_living_channel("little memory");
}

#[test]
fn umask_does_not_change_the_mode() {
    met_beside_a_living_channel("a strict umask");
}
