//! The limits of raw_sync that docs/crash.md lists and the futex layer does not have. A process is killed or stopped
//! inside pthread, and another process then takes the next step. That process sleeps for ever if the victim held the
//! condition variable's internal lock, which is not robust. Everywhere else it goes on.

use crate::child::{Process, name};
use crate::trace::{Stop, Traced, Until};
use ackcast::layer::Signal;
use ackcast::layers::{RawEvent, RawSync};
use ackcast::protocol::ConsumerEntry;
use ackcast::protocol::Storage;
use ackcast::segment::{Handle, Layout, Name};
use ackcast::{Backend, Channel, Consumer};
use std::fs::File;
use std::mem::offset_of;
use std::os::unix::fs::FileExt;
use std::time::Duration;

pub fn role(role: &str, channel: &str) {
    match role {
        "kill waiters" => kill_waiters(channel),
        "kill notifiers" => kill_notifiers(channel),
        "stop a notifier" => stop_notifier(channel),
        other => panic!("no role {other:?}"),
    }
}

/// A consumer that waits a few milliseconds for a message.
fn waiter(channel: &str) -> Option<Traced> {
    let wait = |mut consumer: Consumer| drop(consumer.recv_timeout(Duration::from_millis(5)));
    Traced::start(|| Consumer::attach(channel).unwrap(), wait)
}

/// A process that sets the first consumer's event, as a producer does after it has published.
fn notifier(channel: &str) -> Option<Traced> {
    let open = || Handle::open(&Name::new(channel).unwrap()).unwrap().channel::<RawSync>().unwrap();
    Traced::start(open, |channel| {
        // SAFETY: the layer is used for nothing but a signal.
        let layer = unsafe { channel.layer() };
        // SAFETY: no word of the protocol's is written.
        let storage = unsafe { channel.storage() };
        RawEvent::notify_all(layer, [&storage.consumers()[0].data].into_iter());
    })
}

/// The first consumer's event in a segment's file, read from outside.
struct Event {
    file: File,
    at: u64,
}

impl Event {
    fn of(channel: &str) -> Self {
        let geometry = Channel::open(&Name::new(channel).unwrap()).unwrap().geometry();
        let at = Layout::new::<RawSync>(&geometry).unwrap().consumers + offset_of!(ConsumerEntry<RawSync>, data);
        Self { file: File::open(format!("/dev/shm/ackcast.{channel}")).unwrap(), at: at as u64 }
    }

    /// Whether a process holds the event's mutex, or died with it. glibc's first word is the owner's number.
    fn is_held(&self) -> bool {
        let mut word = [0; 4];
        self.file.read_exact_at(&mut word, self.at).unwrap();
        word != [0; 4]
    }
}

/// Prints at how many of these steps the next process was blocked.
fn report(blocked: &[bool]) {
    let count = blocked.iter().filter(|&&blocked| blocked).count();
    eprintln!("{count} of {}", blocked.len());
}

/// Kills a waiter at its k-th instruction after its sleep has timed out. The instructions are those until it has
/// released its event's mutex. Then a notifier comes. The next waiter finds the event as good as new.
fn kill_waiters(channel: &str) {
    let event = Event::of(channel);
    let mut blocked = Vec::new();
    loop {
        let Some(mut waiter) = waiter(channel) else { return eprintln!("{REFUSED}") };
        while waiter.next_call() != Stop::Returned(-i64::from(libc::ETIMEDOUT)) {}
        let mut held = false;
        for _ in 0..blocked.len() {
            assert_eq!(waiter.step(), Stop::Other);
            if held && !event.is_held() {
                return report(&blocked);
            }
            held = event.is_held();
        }
        drop(waiter);
        blocked.push(notifier(channel).unwrap().blocks());
    }
}

/// Kills a notifier at each of its instructions from the taking of the event's mutex to its release. A waiter sleeps
/// meanwhile. Then another notifier comes, and the waiter goes on.
fn kill_notifiers(channel: &str) {
    let event = Event::of(channel);
    let [mut notifiers, mut waiters] = [Vec::new(), Vec::new()];
    loop {
        let Some(mut sleeper) = waiter(channel) else { return eprintln!("{REFUSED}") };
        while sleeper.next_call().is_futex_wait() != Some(Until::Deadline) {}
        let mut victim = notifier(channel).unwrap();
        while !event.is_held() {
            assert_eq!(victim.step(), Stop::Other);
        }
        for _ in 0..notifiers.len() {
            assert_eq!(victim.step(), Stop::Other);
            if !event.is_held() {
                report(&notifiers);
                return report(&waiters);
            }
        }
        drop(victim);
        notifiers.push(notifier(channel).unwrap().blocks());
        waiters.push(sleeper.blocks());
    }
}

/// Stops a notifier that has the event's mutex. Another notifier then waits until the first notifier goes on.
fn stop_notifier(channel: &str) {
    let event = Event::of(channel);
    let Some(mut stopped) = notifier(channel) else { return eprintln!("{REFUSED}") };
    while !event.is_held() {
        assert_eq!(stopped.step(), Stop::Other);
    }
    let mut next = notifier(channel).unwrap();
    let blocked = next.blocks();
    while !matches!(stopped.next_call(), Stop::Gone(_)) {}
    report(&[blocked, next.blocks()]);
}

const REFUSED: &str = "ptrace is refused";

/// The numbers that this role's sweep prints: how many steps blocked the next process, of how many.
fn sweep(role: &str) -> Option<Vec<[usize; 2]>> {
    let channel = &name(&role.replace(' ', "-"));
    let _channel = Channel::create(channel).consumers(0).places(2).backend(Backend::RawSync).build().unwrap();
    let (status, words) = Process::start(&format!("remaining: {role}"), channel).end();
    assert!(status.success(), "{role}: {status}: {words}");
    if words.contains(REFUSED) {
        println!("not tested here: {words}");
        return None;
    }
    println!("{role}: {words} instructions block the next one");
    let numbers = words.lines().map(|line| {
        let (blocked, all) = line.split_once(" of ").unwrap();
        [blocked.parse().unwrap(), all.parse().unwrap()]
    });
    Some(numbers.collect())
}

#[test]
fn waiter_killed_in_a_condition_variable_can_block_a_notifier() {
    let Some(numbers) = sweep("kill waiters") else { return };
    let [[blocked, all]] = numbers[..] else { panic!("{numbers:?}") };
    assert!(0 < blocked && blocked < all / 2, "{blocked} of {all} instructions block");
}

#[test]
fn notifier_killed_in_a_condition_variable_can_block_others() {
    let Some(numbers) = sweep("kill notifiers") else { return };
    let [notifiers, waiters] = numbers[..] else { panic!("{numbers:?}") };
    for [blocked, all] in [notifiers, waiters] {
        assert!(0 < blocked && blocked < all / 2, "{blocked} of {all} instructions block");
    }
}

#[test]
fn stopped_notifier_blocks_the_next_one() {
    let Some(numbers) = sweep("stop a notifier") else { return };
    assert_eq!(numbers, [[1, 2]], "the next notifier is blocked only while the first is stopped");
}
