//! The roles of re-executed processes.

use crate::filter::refuse;
use crate::reexec::{end_after_a_while, go, role, sleeps};
use crate::{IDLE, LULL, open};
use ackcast::layer::Layer;
use ackcast::layers::{Fences, Futex, RealLayer};
use ackcast::{Consumer, Producer, RecvError};
use std::fs;
use std::time::Duration;

/// Entry point of a child. In the parent, this test does nothing.
#[test]
fn entry() {
    let Some((role, channel)) = role() else { return };
    match role.as_str() {
        "producer" => {
            let _producer = Producer::attach(&channel).unwrap();
            eprintln!("ready");
            go();
        }
        "holder" => {
            let layer = Futex::new(open(channel.as_ref()), Fences::Symmetric, 1);
            assert_eq!(layer.claim(0), Ok(true));
            eprintln!("ready");
            go();
        }
        "consumer" => sleep_until_lost(Consumer::attach(&channel).unwrap()),
        "consumer without inotify_init1" => {
            forbid(&[libc::SYS_inotify_init1]);
            sleep_until_lost(Consumer::attach(&channel).unwrap());
        }
        "consumer without inotify_add_watch" => {
            forbid(&[libc::SYS_inotify_add_watch]);
            sleep_until_lost(Consumer::attach(&channel).unwrap());
        }
        "consumer without threads" => {
            forbid(&[libc::SYS_clone, libc::SYS_clone3]);
            sleep_until_lost(Consumer::attach(&channel).unwrap());
        }
        "forked consumer" => fork_and_sleep(Consumer::attach(&channel).unwrap(), &channel),
        "leaver" => leave_nothing_watched(&channel),
        other => panic!("no role {other:?}"),
    }
    std::process::exit(0);
}

pub fn receive_nothing(consumer: &mut Consumer, time: Duration) {
    let nothing = consumer.recv_timeout(time);
    assert!(matches!(nothing, Err(RecvError::TimedOut { .. })), "{nothing:?}");
}

/// Prints how often this thread slept in each idle second, and at last that the producer is lost.
fn sleep_until_lost(mut consumer: Consumer) {
    loop {
        let before = sleeps();
        match consumer.recv_timeout(IDLE) {
            Err(RecvError::TimedOut { .. }) => eprintln!("{}", sleeps() - before),
            Err(RecvError::ProducersLost(_)) => return eprintln!("lost"),
            other => panic!("{other:?}"),
        }
    }
}

/// As [`sleep_until_lost`], in a forked child that attaches another consumer.
fn fork_and_sleep(mut consumer: Consumer, channel: &str) {
    receive_nothing(&mut consumer, LULL); // until a watcher thread runs, which the child does not inherit
    // SAFETY: no other thread of this process is inside ackcast or the allocator.
    match unsafe { libc::fork() } {
        0 => {
            end_after_a_while();
            drop(consumer);
            sleep_until_lost(Consumer::attach(channel).unwrap());
        }
        // SAFETY: it may write no status.
        child => assert_eq!(unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) }, child),
    }
}

/// The number of files that this process watches.
fn watches() -> usize {
    let fds = fs::read_dir("/proc/self/fdinfo").unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()));
    fds.map(|info| info.map_or(0, |info| info.lines().filter(|line| line.starts_with("inotify")).count())).sum()
}

fn leave_nothing_watched(channel: &str) {
    let mut consumers = [channel, channel].map(|channel| Consumer::attach(channel).unwrap());
    assert_eq!(watches(), 0, "no consumer has slept");
    for consumer in &mut consumers {
        receive_nothing(consumer, LULL);
        assert_eq!(watches(), 1, "both consumers watch the same file");
    }
    let [first, mut other] = consumers;
    drop(first);
    assert_eq!(watches(), 1);
    let before = sleeps();
    receive_nothing(&mut other, LULL); // the other is told that the first left
    receive_nothing(&mut other, IDLE);
    assert!(sleeps() - before < 50, "the other still subscribes to deaths");
    drop(other);
    assert_eq!(watches(), 0);
    eprintln!("left");
}

/// From now on, these calls of this thread and of those that it starts fail with EPERM.
fn forbid(calls: &[libc::c_long]) {
    let calls: Vec<_> = calls.iter().map(|&call| (call, None)).collect();
    refuse(&calls, libc::EPERM).unwrap();
}
