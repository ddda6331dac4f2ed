//! No wait of the raw_sync layer has its deadline on the wall clock, because that clock may be set meanwhile. Here, a
//! futex call with such a deadline kills its process by SIGSYS.

use crate::child::{Process, name, run};
use crate::filter::forbid_wall_clock;
use ackcast::protocol::BlockedOn;
use ackcast::{Backend, Channel, Consumer, Producer, RecvError, SendError};
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

/// Long enough for several sleeps and a liveness check.
const TIMEOUT: Duration = Duration::from_millis(40);

pub fn role(role: &str, channel: &str) {
    forbid_wall_clock();
    match role {
        "wait for the lock" => {
            let (mut holder, mut waiter) = (Producer::attach(channel).unwrap(), Producer::attach(channel).unwrap());
            let _loan = holder.loan().unwrap();
            let refused = waiter.send_timeout(b"never", TIMEOUT).unwrap_err();
            assert!(matches!(refused, SendError::TimedOut(BlockedOn::Lock { .. })), "{refused}");
        }
        "wait for room" => {
            let mut producer = Producer::attach(channel).unwrap();
            let _consumer = Consumer::attach(channel).unwrap();
            producer.send(b"fits").unwrap();
            let refused = producer.send_timeout(b"does not", TIMEOUT).unwrap_err();
            assert!(matches!(refused, SendError::TimedOut(_)), "{refused}");
        }
        "wait for a message" => {
            let _producer = Producer::attach(channel).unwrap();
            let refused = Consumer::attach(channel).unwrap().recv_timeout(TIMEOUT).unwrap_err();
            assert!(matches!(refused, RecvError::TimedOut { .. }), "{refused}");
        }
        "be woken" => {
            let mut consumer = Consumer::attach(channel).unwrap();
            let mut producer = Producer::attach(channel).unwrap();
            std::thread::scope(|scope| {
                scope.spawn(|| (0..1000_u64).for_each(|n| producer.send_value(&n).unwrap()));
                (0..1000_u64).for_each(|n| assert_eq!(consumer.recv_value::<u64>().unwrap(), n));
            });
        }
        "wait by the wall clock" => wait_by_the_wall_clock(),
        other => panic!("no role {other:?}"),
    }
}

/// A wait as it was when the layer's deadlines were on the wall clock.
fn wait_by_the_wall_clock() {
    let mut mutex = libc::PTHREAD_MUTEX_INITIALIZER;
    // SAFETY: it is initialised, and no other thread knows it.
    assert_eq!(unsafe { libc::pthread_mutex_lock(&raw mut mutex) }, 0);
    let mut end = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes `end`.
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut end) }, 0);
    end.tv_sec += 1;
    // SAFETY: the mutex and the deadline outlive the call.
    let result = unsafe { libc::pthread_mutex_timedlock(&raw mut mutex, &raw const end) };
    eprintln!("returned {result}");
}

#[test]
fn waits_never_use_the_wall_clock() {
    let channel = &name("clock");
    let _channel = Channel::create(channel).slots(1).consumers(0).places(2).backend(Backend::RawSync);
    let _channel = _channel.build().unwrap();
    for role in ["wait for the lock", "wait for room", "wait for a message", "be woken"] {
        run(&format!("clock: {role}"), channel);
    }
}

#[test]
fn filter_kills_a_wait_on_the_wall_clock() {
    let (status, words) = Process::start("clock: wait by the wall clock", "none").end();
    assert_eq!(status.signal(), Some(libc::SIGSYS), "{status}: {words}");
}
