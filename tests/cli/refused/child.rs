//! The roles of the re-executed processes.

use crate::filter::refuse;
use crate::reexec::{HANG, go, role, sleeps};
use crate::{ASKS, LOCKS};
use ackcast::layers::{Fences, Futex};
use ackcast::protocol::Geometry;
use ackcast::segment::{Handle, Name};
use ackcast::{Consumer, Producer, RecvError, SendError};
use std::time::Duration;

/// The entry of a re-executed process. In the parent process, this test does nothing.
#[test]
fn entry() {
    let Some((role, channel)) = role() else { return };
    match role.as_str() {
        "producer" => {
            let _producer = Producer::attach(&channel).unwrap();
            eprintln!("ready");
            go();
        }
        "consumer without membarrier" | "consumer without memory for membarrier" => {
            let mut consumer = Consumer::attach(&channel).unwrap();
            let errno = if role.contains("memory") { libc::ENOMEM } else { libc::EPERM };
            refuse(&[(libc::SYS_membarrier, None)], errno).unwrap();
            eprintln!("went on: {:?}", consumer.recv_timeout(Duration::from_millis(100)));
        }
        "producer without membarrier" => {
            let mut producer = Producer::attach(&channel).unwrap();
            producer.send(b"it fills the ring").unwrap();
            refuse(&[(libc::SYS_membarrier, None)], libc::EPERM).unwrap();
            eprintln!("went on: {:?}", producer.send_timeout(b"", Duration::from_millis(100)));
        }
        "creates with fences that are refused" => {
            refuse(&[(libc::SYS_membarrier, None)], libc::EPERM).unwrap();
            let geometry =
                Geometry { slots: 1, slot_size: 8, consumers: 1, producers: 1, start_with: 0, end_after: 1, retain: 0 };
            let created =
                Handle::create::<Futex>(&Name::new(&channel).unwrap(), &geometry, Fences::Asymmetric, None, 0);
            eprintln!("{}", created.unwrap_err());
        }
        "waits for data" => {
            let mut consumer = Consumer::attach(&channel).unwrap();
            refuse(&[ASKS], libc::EPERM).unwrap();
            eprintln!("{:?}", consumer.recv_timeout(HANG).unwrap_err());
        }
        "waits for room" => {
            let mut producer = Producer::attach(&channel).unwrap();
            producer.send(b"it fills the ring").unwrap();
            refuse(&[ASKS], libc::EPERM).unwrap();
            eprintln!("{:?}", producer.send_timeout(b"", HANG).unwrap_err());
        }
        "waits for the lock" => {
            let mut producer = Producer::attach(&channel).unwrap();
            refuse(&[ASKS], libc::EPERM).unwrap();
            let error: SendError = producer.send_timeout(b"", HANG).unwrap_err();
            eprintln!("{error:?}");
        }
        "drops" => {
            let handles =
                (ackcast::Channel::open(&Name::new(&channel).unwrap()).unwrap(), Consumer::attach(&channel).unwrap());
            refuse(&[ASKS, LOCKS], libc::EPERM).unwrap();
            drop(handles);
            eprintln!("dropped");
        }
        "consumer without futexes" => {
            let mut consumer = Consumer::attach(&channel).unwrap();
            refuse(&[(libc::SYS_futex, None)], libc::EPERM).unwrap();
            let before = sleeps();
            let nothing = consumer.recv_timeout(Duration::from_secs(2));
            assert!(matches!(nothing, Err(RecvError::TimedOut { .. })), "{nothing:?}");
            eprintln!("{}", sleeps() - before);
            assert!(matches!(consumer.recv_timeout(HANG), Err(RecvError::ProducersLost(_))));
            eprintln!("lost");
        }
        other => panic!("no role {other:?}"),
    }
    std::process::exit(0);
}
