//! The figures of a channel, from a handle that is attached and from a watcher that is not.
#![cfg(all(target_os = "linux", feature = "std"))]

#[path = "reexec/mod.rs"]
mod reexec;

use ackcast::segment::Holders;
use ackcast::{Backend, BlockedOn, Channel, Consumer, Fences, Name, OpenError, Producer, Stats, Watch};
use reexec::{Named, Process, go, role};
use std::fs;
use std::time::Duration;

const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];
const SOON: Duration = Duration::from_secs(20);

/// Entry point of a child. In the parent, this test does nothing.
#[test]
fn entry() {
    let Some((role, channel)) = role() else { return };
    match role.as_str() {
        "consumer" => {
            let _consumer = Consumer::attach(&channel).unwrap();
            eprintln!("ready");
            go();
        }
        "lender" => {
            let mut producer = Producer::attach(&channel).unwrap();
            let _loan = producer.loan().unwrap();
            eprintln!("ready");
            go();
        }
        other => panic!("no role {other:?}"),
    }
    std::process::exit(0);
}

fn start(role: &str, channel: &str) -> Process {
    let process = Process::start("entry", role, channel);
    process.says("ready");
    process
}

fn named(test: &str, backend: Backend) -> Named {
    Named(format!("stats-{test}-{backend:?}-{}", std::process::id()))
}

fn watch(name: &str) -> Watch {
    Watch::open(&Name::new(name).unwrap()).unwrap()
}

/// What both say; they must agree.
#[track_caller]
fn both(channel: &Channel, watch: &Watch) -> Stats {
    let (attached, unattached) = (channel.stats().unwrap(), watch.stats().unwrap());
    assert_eq!(attached, unattached);
    attached
}

#[test]
fn channel_and_watch_tell_the_same() {
    for backend in LAYERS {
        let name = &named("same", backend);
        let channel = Channel::create(name).slots(4).producers(2).backend(backend).symmetric_fences().build().unwrap();
        let watch = watch(name);
        let stats = both(&channel, &watch);
        assert_eq!((stats.backend, stats.fences, stats.geometry), (backend, Fences::Symmetric, channel.geometry()));
        assert_eq!(stats.blocked_on(), Some(BlockedOn::Start { joined: 0, wanted: 1 }));
        assert!(stats.in_use && !stats.removed && stats.slowest().is_none());
        let mut consumer = Consumer::attach(name).unwrap();
        let mut second = Consumer::attach(name).unwrap();
        let mut producers = [(); 2].map(|()| Producer::attach(name).unwrap());
        for _ in 0..2 {
            producers.iter_mut().for_each(|producer| producer.send(b"message").unwrap());
        }
        (0..3).for_each(|_| drop(consumer.recv().unwrap()));
        second.recv().unwrap();
        let stats = both(&channel, &watch);
        let seen: Vec<_> =
            stats.consumers.iter().map(|one| (one.number, one.acknowledged, one.lag, one.alive)).collect();
        assert_eq!(seen, [(0, 3, 1, true), (1, 1, 3, true)]);
        assert_eq!((stats.published.count(), stats.slowest().unwrap().number, stats.blocked_on()), (4, 1, None));
        producers[0].finish().unwrap();
        let stats = both(&channel, &watch);
        let seen: Vec<_> = stats.producers.iter().map(|one| (one.number, one.finished, one.alive)).collect();
        assert_eq!((seen, stats.finished), (vec![(0, true, true), (1, false, true)], 1));
        producers[1].finish().unwrap();
        assert!(both(&channel, &watch).published.ended());
        drop((channel, consumer, second, producers));
        let stats = watch.stats().unwrap();
        assert!(stats.removed && !stats.in_use && stats.published.ended());
        assert!(stats.consumers.is_empty() && stats.producers.is_empty());
    }
}

#[test]
fn watch_tells_dead_participants_from_living_ones() {
    for backend in LAYERS {
        let name = &named("dead", backend);
        let channel = Channel::create(name).slots(1).producers(2).backend(backend).build().unwrap();
        let (watch, mut consumer) = (watch(name), start("consumer", name));
        let mut lender = start("lender", name);
        let stats = both(&channel, &watch);
        assert!(stats.consumers[0].alive && stats.producers[0].alive && !stats.producers_lost);
        assert_eq!(stats.lock_owner, (backend == Backend::Futex).then_some(0));
        let holders = Holders::scan().of(&watch).unwrap();
        let pids: Vec<_> = [&consumer, &lender].map(|process| process.child.id()).into();
        for (pid, participant) in pids.iter().zip([0, 8]) {
            let holder = holders.iter().find(|holder| holder.pid == *pid).unwrap();
            assert_eq!((&*holder.participants, holder.observers), (&[participant][..], 0));
            assert!(holder.command.contains("--exact"), "{holder:?}");
        }
        consumer.kill();
        lender.kill();
        let stats = both(&channel, &watch);
        assert!(!stats.consumers[0].alive && !stats.producers[0].alive && stats.producers_lost);
        assert!(!Holders::scan().of(&watch).unwrap().iter().any(|holder| pids.contains(&holder.pid)));
        // A successor takes the lock over, and evicts the dead consumer.
        let mut consumer = Consumer::attach(name).unwrap();
        let mut producer = Producer::attach(name).unwrap();
        producer.send_timeout(b"one", SOON).unwrap();
        consumer.recv().unwrap();
        producer.send_timeout(b"two", SOON).unwrap();
        let stats = both(&channel, &watch);
        assert_eq!((stats.producers_lost, stats.consumers.len()), (false, 1));
        assert_eq!(
            stats.blocked_on(),
            Some(BlockedOn::Acknowledgement { consumer: stats.consumers[0].number, message: 1 })
        );
    }
}

#[test]
fn watch_knows_parked_waiters() {
    let name = &named("parked", Backend::Futex);
    let _channel = Channel::create(name).slots(1).build().unwrap();
    let mut consumer = Consumer::attach(name).unwrap();
    let mut producer = Producer::attach(name).unwrap();
    let watch = watch(name);
    assert_eq!(
        (watch.stats().unwrap().consumers[0].parked, watch.stats().unwrap().writer_parked),
        (Some(false), Some(false))
    );
    let until = |what: &dyn Fn(Stats) -> bool| {
        let end = std::time::Instant::now() + SOON;
        while !what(watch.stats().unwrap()) {
            assert!(std::time::Instant::now() < end, "it never is: {:?}", watch.stats());
            std::thread::yield_now();
        }
    };
    std::thread::scope(|scope| {
        let received = scope.spawn(|| consumer.recv_timeout(SOON));
        until(&|stats| stats.consumers[0].parked == Some(true));
        producer.send(b"one").unwrap();
        assert_eq!(received.join().unwrap().unwrap(), b"one");
    });
    producer.send(b"two").unwrap();
    std::thread::scope(|scope| {
        let sent = scope.spawn(|| producer.send_timeout(b"three", SOON));
        until(&|stats| stats.writer_parked == Some(true) && stats.lock_owner == Some(0));
        consumer.recv().unwrap();
        sent.join().unwrap().unwrap();
    });
}

#[test]
fn watch_refuses_what_is_no_channel() {
    let name = named("foreign", Backend::Futex);
    let open = || Watch::open(&Name::new(&name).unwrap()).map(drop);
    assert!(matches!(open(), Err(OpenError::NotFound { .. })));
    fs::write(name.path(), "x".repeat(4096)).unwrap();
    fs::set_permissions(name.path(), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert!(matches!(open(), Err(OpenError::Unusable { .. })));
    fs::set_permissions(name.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert!(matches!(open(), Err(OpenError::NotOurs { .. })));
    assert!(!Channel::list().unwrap().contains(&Name::new(&name).unwrap()));
    fs::remove_file(name.path()).unwrap();
    std::os::unix::fs::symlink("/dev/null", name.path()).unwrap();
    assert!(matches!(open(), Err(OpenError::Unusable { .. })));
    fs::remove_file(name.path()).unwrap();
    fs::create_dir(name.path()).unwrap();
    let found = open();
    fs::remove_dir(name.path()).unwrap();
    assert!(matches!(found, Err(OpenError::Unusable { .. })), "{found:?}");
}

#[test]
fn watch_says_that_channel_was_truncated() {
    let name = named("truncated", Backend::Futex);
    let channel = Channel::create(&name).build().unwrap();
    let bytes = fs::read(name.path()).unwrap();
    drop(channel);
    fs::write(name.path(), bytes).unwrap();
    fs::set_permissions(name.path(), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let watch = watch(&name);
    assert!(!watch.stats().unwrap().in_use);
    fs::File::options().write(true).open(name.path()).unwrap().set_len(1000).unwrap();
    let error = watch.stats().unwrap_err();
    assert!(error.to_string().ends_with("it has 1000 bytes, and needs 4096"), "{error}");
}
