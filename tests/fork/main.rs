//! Processes that fork while they have handles. The child has no handle, the parent loses nothing, and each process
//! dies for itself.
#![cfg(target_os = "linux")]

mod child;
mod everything;
#[path = "../filter/mod.rs"]
mod filter;
mod forked;
mod guards;
#[path = "../reexec/mod.rs"]
mod reexec;

use ackcast::segment::{Name, participants};
use ackcast::{Backend, Channel, Consumer, Producer, RecvError, SendError};
use reexec::{HANG, Named, Process};

const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];
/// How often the storm forks.
const FORKS: u64 = 150;

fn name(test: &str, backend: Backend) -> Named {
    Named(format!("fork-{test}-{backend:?}-{}", std::process::id()))
}

fn start(role: &str, channel: &str) -> Process {
    Process::start("child::entry", role, channel)
}

/// The number of the channel's living participants.
fn participant_count(name: &str) -> usize {
    participants(&Name::new(name).unwrap()).unwrap().map_or(0, |numbers| numbers.len())
}

#[track_caller]
fn assert_lost(consumer: &mut Consumer) {
    let received = consumer.recv_timeout(HANG);
    assert!(matches!(received, Err(RecvError::ProducersLost(_))), "{received:?}");
}

#[test]
fn death_of_a_parent_is_noticed_while_its_child_lives() {
    for backend in LAYERS {
        for role in ["producer, child idles", "producer, child execs"] {
            let name = name("producer", backend);
            let _channel = Channel::create(&name).backend(backend).build().unwrap();
            let mut consumer = Consumer::attach(&name).unwrap();
            let mut parent = start(role, &name);
            parent.says("child lives");
            parent.kill();
            assert_lost(&mut consumer);
            parent.go();
            parent.says("child lived on");
        }
        let name = name("consumer", backend);
        let _channel = Channel::create(&name).backend(backend).build().unwrap();
        let mut producer = Producer::attach(&name).unwrap();
        let mut parent = start("consumer, child idles", &name);
        parent.says("child lives");
        producer.send_timeout(b"it fills the ring", HANG).unwrap();
        let waits = producer.try_send(b"");
        assert!(matches!(waits, Err(SendError::TimedOut(_))), "{waits:?}");
        parent.kill();
        producer.send_timeout(b"there is room: the consumer is dead", HANG).unwrap();
        parent.go();
        parent.says("child lived on");
    }
}

#[test]
fn child_that_ends_or_drops_its_handles_takes_nothing() {
    for backend in LAYERS {
        for role in ["child exits", "child drops its handles", "child is another program"] {
            let name = name("parent", backend);
            let mut parent = start(role, &name);
            parent.says("child ended");
            assert!(name.path().exists(), "{role}: the name is gone");
            assert_eq!(participant_count(&name), 2, "{role}: a handle looks dead");
            let mut consumer = Consumer::attach(&name).unwrap();
            for number in 0..20_u64 {
                parent.go(); // the parent sends a message to this test and to itself
                let received = consumer.recv_timeout(HANG).unwrap();
                assert_eq!(received, number.to_ne_bytes());
            }
            parent.kill();
            assert_lost(&mut consumer);
            drop(consumer);
            assert!(!name.path().exists());
        }
    }
}

#[test]
fn forks_lose_nothing_while_other_threads_work() {
    for backend in LAYERS {
        let name = name("storm", backend);
        let channel = Channel::create(&name).backend(backend).slots(4).places(16).build().unwrap();
        let mut consumer = Consumer::attach(&name).unwrap();
        let parent = start("forks while threads work", &name);
        let mut next = 0_u64;
        loop {
            match consumer.recv_timeout(HANG) {
                Ok(message) => assert_eq!(message, next.to_ne_bytes()),
                Err(RecvError::Ended) => break,
                Err(error) => panic!("message {next}: {error:?}; {:?}", parent.end()),
            }
            next += 1;
        }
        println!("{backend:?}: {next} messages and {FORKS} forks");
        let (status, said) = parent.end();
        assert!(status.success() && next >= FORKS, "{said:?}");
        assert_eq!(channel.evicted(), 0, "a consumer of a child looked dead before it left");
    }
}

#[test]
fn inherited_handles_are_typed_errors() {
    for backend in LAYERS {
        let name = name("errors", backend);
        let parent = start("child tries everything", &name);
        parent.says("child is done");
        let (status, said) = parent.end();
        assert!(status.success(), "{said:?}");
        assert!(!name.path().exists());
    }
}

#[test]
fn child_that_attaches_takes_part() {
    for backend in LAYERS {
        let name = name("attaches", backend);
        let _channel = Channel::create(&name).backend(backend).consumers(2).build().unwrap();
        let mut producer = Producer::attach(&name).unwrap();
        let mut parent = start("child attaches", &name);
        for number in 0..100_u64 {
            producer.send_timeout(&number.to_ne_bytes(), HANG).unwrap();
        }
        (0..2).for_each(|_| parent.says("received 100"));
        assert_eq!(participant_count(&name), 3);
        parent.go(); // the child leaves
        parent.says("child left");
        assert_eq!(participant_count(&name), 2);
    }
}

#[test]
fn each_process_of_a_line_of_forks_dies_for_itself() {
    for backend in LAYERS {
        let name = name("line", backend);
        let _channel = Channel::create(&name).backend(backend).producers(2).places(4).build().unwrap();
        let mut consumer = Consumer::attach(&name).unwrap();
        let mut parent = start("child attaches and forks", &name);
        let mut said = [parent.line(), parent.line()];
        said.sort();
        assert_eq!(said[1], "grandchild dropped its handles");
        let child: i32 = said[0].strip_prefix("child ").unwrap().parse().unwrap();
        assert_eq!(participant_count(&name), 3, "a producer looks dead");
        // SAFETY: it is a process of this test, which its parent has not reaped.
        assert_eq!(unsafe { libc::kill(child, libc::SIGKILL) }, 0);
        parent.says("child was killed");
        assert_eq!(participant_count(&name), 2, "the grandchild holds its locks");
        parent.kill();
        assert_lost(&mut consumer);
        parent.go();
        parent.says("grandchild lived on");
    }
}
