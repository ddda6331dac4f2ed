//! A forgotten guard is at worst a leak. pthread keeps a thread's list of robust locks inside the locks themselves. A
//! lock that is unmapped while it is held would leave a dangling pointer in the list.

use crate::child::{name, run};
use ackcast::layer::{Acquired, Deadline, Lock, LockError, Participant};
use ackcast::layers::RawSync;
use ackcast::protocol::Storage;
use ackcast::segment::{Handle, Name, remove_if_dead};
use ackcast::{Backend, Channel, Producer, SendError};
use std::mem::forget;
use std::thread;
use std::time::Duration;

/// A producer that has forgotten a loan on this thread, so that it still holds the lock.
fn forgetful(channel: &str) -> Producer {
    let mut producer = Producer::attach(channel).unwrap();
    forget(producer.loan().unwrap());
    producer
}

/// Another robust lock that stays mapped, so that no other mapping takes a segment's place.
struct Elsewhere {
    producer: Producer,
    _channel: Channel,
}

impl Elsewhere {
    /// A channel for the children of the test of `channel`. Its name has `which` appended.
    fn new(channel: &str, which: &str) -> Self {
        let name = &format!("{channel}-{which}");
        let channel = Channel::create(name).consumers(0).backend(Backend::RawSync).build().unwrap();
        Self { producer: Producer::attach(name).unwrap(), _channel: channel }
    }

    /// Takes and releases the lock on this thread, so that pthread walks the thread's list.
    fn lock(&mut self) {
        self.producer.send(b"well").unwrap();
    }
}

pub fn role(role: &str, channel: &str) {
    let mut elsewhere = Elsewhere::new(channel, "main");
    match role {
        "drop on the same thread" => {
            drop(forgetful(channel));
            elsewhere.lock();
            // The producer released the lock: it was not left to the thread's end.
            Producer::attach(channel).unwrap().try_send(b"next").unwrap();
        }
        "drop on another thread" => {
            let producer = forgetful(channel);
            thread::spawn(move || drop(producer)).join().unwrap();
            elsewhere.lock();
        }
        "end the thread after the drop" => {
            let channel_ = channel.to_owned();
            let (sender, receiver) = std::sync::mpsc::channel();
            let (dropped, wait) = std::sync::mpsc::channel();
            let thread = thread::spawn(move || {
                let mut elsewhere = Elsewhere::new(&channel_, "thread");
                sender.send(forgetful(&channel_)).unwrap();
                wait.recv().unwrap();
                elsewhere.lock();
            });
            drop(receiver.recv().unwrap());
            dropped.send(()).unwrap();
            thread.join().unwrap();
            // The kernel has walked the ended thread's list, and found the lock there.
            let mut next = Producer::attach(channel).unwrap();
            next.send_timeout(b"next", Duration::from_secs(10)).unwrap();
            assert_eq!(Channel::open(&Name::new(channel).unwrap()).unwrap().takeovers(), 1);
        }
        "end the thread before the drop" => {
            let channel_ = channel.to_owned();
            let mut producer = thread::spawn(move || forgetful(&channel_)).join().unwrap();
            // The lock died with its thread, so the producer takes it over as from a dead owner.
            producer.send_timeout(b"next", Duration::from_secs(10)).unwrap();
            drop(producer);
            elsewhere.lock();
        }
        "send again" => {
            let mut producer = forgetful(channel);
            producer.send_timeout(b"again", Duration::from_secs(10)).unwrap();
            forget(producer.loan().unwrap());
            forget(producer.loan_timeout(Duration::from_secs(10)).unwrap());
            drop(producer);
            elsewhere.lock();
        }
        "send again elsewhere" => {
            let mut producer = forgetful(channel);
            thread::scope(|scope| {
                let refused = scope.spawn(|| producer.send_timeout(b"elsewhere", Duration::from_millis(20)));
                let refused = refused.join().unwrap().unwrap_err();
                assert!(matches!(refused, SendError::TimedOut(_)), "{refused}");
            });
            producer.send_timeout(b"here", Duration::from_secs(10)).unwrap();
        }
        "two handles on one thread" => {
            let (one, two) = (forgetful(channel), Producer::attach(channel).unwrap());
            let mut two = two;
            let refused = two.try_send(b"two").unwrap_err();
            assert!(matches!(refused, SendError::TimedOut(_)), "{refused}");
            drop(one);
            two.try_send(b"two").unwrap();
        }
        "forget the producer" => {
            forget(forgetful(channel));
            elsewhere.lock();
        }
        other => panic!("no role {other:?}"),
    }
}

/// The channels that a dying child leaves behind, removed in any case.
struct Leftovers<'a>(&'a str);

impl Drop for Leftovers<'_> {
    fn drop(&mut self) {
        for which in ["main", "thread"] {
            let _ = remove_if_dead(&Name::new(&format!("{}-{which}", self.0)).unwrap());
        }
    }
}

fn survives(role: &str) {
    let channel = &name(&format!("forget-{}", role.replace(' ', "-")));
    let _channel = Channel::create(channel).consumers(0).places(2).backend(Backend::RawSync).build().unwrap();
    let _leftovers = Leftovers(channel);
    run(&format!("forget: {role}"), channel);
}

#[test]
fn forgotten_loan_is_given_back_by_its_thread() {
    survives("drop on the same thread");
}

#[test]
fn forgotten_loan_is_leaked_by_another_thread() {
    survives("drop on another thread");
}

#[test]
fn forgotten_loan_outlives_its_producer_until_thread_ends() {
    survives("end the thread after the drop");
}

#[test]
fn forgotten_loan_ends_with_its_thread() {
    survives("end the thread before the drop");
}

#[test]
fn producer_sends_after_it_forgot_a_loan() {
    survives("send again");
}

#[test]
fn another_thread_waits_for_a_forgotten_loan() {
    survives("send again elsewhere");
}

#[test]
fn two_handles_on_one_thread_exclude_each_other() {
    survives("two handles on one thread");
}

/// A handle keeps its own segment mapped, and no other: the lock of another one could go away while a thread has it.
#[test]
fn handle_takes_no_lock_of_another_segment() {
    let names = ["here", "elsewhere"].map(name);
    let _channels = names.each_ref().map(|name| Channel::create(name).backend(Backend::RawSync).build().unwrap());
    let [here, elsewhere] = names.map(|name| Handle::open(&Name::new(&name).unwrap()).unwrap());
    let [here, elsewhere] = [here, elsewhere].map(|handle| handle.channel::<RawSync>().unwrap());
    // SAFETY: no number is claimed.
    let layer = unsafe { here.layer() };
    // SAFETY: no word is written but the lock's, and that one is given back.
    let [ours, others] = [&here, &elsewhere].map(|channel| &unsafe { channel.storage() }.control().lock.0);
    let me = Participant { number: 0, generation: 1 };
    assert_eq!(others.acquire(layer, me, Deadline::Never), Err(LockError::Busy { owner: None }));
    assert_eq!(ours.acquire(layer, me, Deadline::Now), Ok(Acquired::Clean));
    ours.release(layer, me);
}

#[test]
fn forgotten_producer_is_a_leak() {
    survives("forget the producer");
}
