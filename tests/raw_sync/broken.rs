//! pthread's objects, overwritten by a process that breaks the rules. A call gives up on an object that it cannot take,
//! at little cost. (glibc trusts more of these bytes than it checks, so some values end worse.)

use crate::child::{name, run};
use ackcast::layers::RawSync;
use ackcast::protocol::{ConsumerEntry, Control, Corruption};
use ackcast::segment::{Layout, Name};
use ackcast::{Backend, Channel, Consumer, Producer, RecvError, SendError};
use rustix::thread::gettid;
use std::fs::File;
use std::mem::{MaybeUninit, offset_of};
use std::num::NonZero;
use std::os::unix::fs::FileExt;
use std::thread;
use std::time::Duration;

/// The offset of the kind in glibc's mutex, and a kind that no mutex has.
const KIND: (usize, [u8; 4]) = (16, 127_u32.to_ne_bytes());

pub fn role(role: &str, channel: &str) {
    match role {
        "send" => {
            let mut producer = Producer::attach(channel).unwrap();
            write_over(channel, |layout| layout.control + offset_of!(Control<RawSync>, lock));
            let error = producer.send(b"never").unwrap_err();
            assert_eq!(error, SendError::Corrupt(Corruption::Lock));
        }
        "receive" => {
            let _producer = Producer::attach(channel).unwrap();
            let mut consumer = Consumer::attach(channel).unwrap();
            write_over(channel, |layout| layout.consumers + offset_of!(ConsumerEntry<RawSync>, data));
            let before = processor_time();
            let error = consumer.recv_timeout(Duration::from_millis(400)).unwrap_err();
            assert!(matches!(error, RecvError::TimedOut { .. }), "{error}");
            let used = processor_time() - before;
            eprintln!("the waiter ran for {used:?} of 400 ms");
            assert!(used < Duration::from_millis(100), "the waiter polled for {used:?}");
        }
        "receive-asleep" => {
            let _producer = Producer::attach(channel).unwrap();
            let mut consumer = Consumer::attach(channel).unwrap();
            let error = thread::scope(|scope| {
                let sleeper = gettid().as_raw_nonzero();
                scope.spawn(move || {
                    while !sleeps_on_a_futex(sleeper) {
                        thread::yield_now();
                    }
                    write_over(channel, |layout| layout.consumers + offset_of!(ConsumerEntry<RawSync>, data));
                });
                consumer.recv_timeout(Duration::from_millis(400)).unwrap_err()
            });
            assert!(matches!(error, RecvError::TimedOut { .. }), "{error}");
        }
        other => panic!("no role {other:?}"),
    }
}

/// Whether the kernel has this thread of ours asleep in futex(2).
fn sleeps_on_a_futex(thread: NonZero<i32>) -> bool {
    let call = std::fs::read_to_string(format!("/proc/self/task/{thread}/syscall")).unwrap();
    call.starts_with(&format!("{} ", libc::SYS_futex))
}

/// How long this thread has run.
fn processor_time() -> Duration {
    let mut usage = MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: it initialises `usage`.
    assert_eq!(unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) }, 0);
    // SAFETY: it has.
    let usage = unsafe { usage.assume_init() };
    [usage.ru_utime, usage.ru_stime]
        .iter()
        .map(|time| Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000))
        .sum()
}

/// Overwrites the kind of the mutex at this place of the channel's segment.
fn write_over(channel: &str, place: impl FnOnce(&Layout) -> usize) {
    let geometry = Channel::open(&Name::new(channel).unwrap()).unwrap().geometry();
    let at = place(&Layout::new::<RawSync>(&geometry).unwrap()) + KIND.0;
    let file = File::options().write(true).open(format!("/dev/shm/ackcast.{channel}")).unwrap();
    file.write_all_at(&KIND.1, at as u64).unwrap();
}

fn survives(role: &str) {
    let channel = &name(&format!("broken-{role}"));
    let _channel = Channel::create(channel).consumers(0).places(2).backend(Backend::RawSync).build().unwrap();
    run(&format!("broken: {role}"), channel);
}

#[test]
fn send_gives_up_a_lock_that_was_written_over() {
    survives("send");
}

#[test]
fn waiter_gives_up_an_event_that_was_written_over_in_its_sleep() {
    survives("receive-asleep");
}

#[test]
fn waiter_rests_when_its_event_was_written_over() {
    survives("receive");
}
