//! Processes that create or open the same channel at the same time.

use crate::reexec::Named;
use crate::{LAYERS, SOON, name, start};
use ackcast::layers::{Attachment, LivenessLocks};
use ackcast::{Backend, Channel, Consumer, CreateError, OpenOrCreateError, Producer};
use std::fs::File;
use std::thread;

const CREATORS: usize = 4;
const ROUNDS: usize = 100;
/// How many hundred times each process creates or opens, and leaves.
const CHURNS: usize = 3;

/// Removes what killed creators leave in /dev/shm: also files that do not have their channel's name yet.
struct Removed(String);

impl Drop for Removed {
    fn drop(&mut self) {
        let files = std::fs::read_dir("/dev/shm").unwrap().map(|entry| entry.unwrap());
        let ours = |file: &std::fs::DirEntry| file.file_name().to_string_lossy().contains(&self.0);
        files.filter(ours).for_each(|file| drop(std::fs::remove_file(file.path())));
    }
}

#[test]
fn rival_creators_share_one_channel() {
    for backend in LAYERS {
        let name = name("rivals", backend);
        let _removed = Removed(name.0.clone());
        let mut creators: Vec<_> = (0..CREATORS).map(|_| start("creator", &name)).collect();
        creators.iter().for_each(|creator| creator.says("ready"));
        for round in 0..ROUNDS {
            creators.iter_mut().for_each(|creator| creator.go());
            // Numbers are unique in a channel. Two channels of one name would give a number twice.
            let mut numbers: Vec<_> = creators.iter().map(|creator| creator.line()).collect();
            numbers.sort();
            assert_eq!(numbers, ["0", "1", "2", "3"], "round {round}");
            creators.iter_mut().for_each(|creator| creator.go());
            creators.iter().for_each(|creator| creator.says("left"));
            let left = std::path::PathBuf::from(format!("/dev/shm/ackcast.{}.{round}", name.0));
            assert!(!left.exists(), "the last one to leave removes the name");
        }
    }
}

#[test]
fn creators_that_come_and_go_and_die_disturb_no_other() {
    for backend in LAYERS {
        let name = name("churn", backend);
        let _removed = Removed(name.0.clone());
        let survivors: Vec<_> = (0..CREATORS - 1).map(|_| start("churn", &name)).collect();
        for _ in 0..CHURNS {
            // Killed at any step, perhaps as the creator or as the last one.
            let dies = start("churn", &name);
            dies.says("a hundred");
            drop(dies);
            survivors.iter().for_each(|survivor| survivor.says("a hundred"));
        }
    }
}

/// A process that was stopped as it removed the channel: it has the write lock, and the name is still there.
#[test]
fn removal_that_stops_is_waited_for_and_named() {
    let name = name("stopped", Backend::Futex);
    let mut creator = start("creator", &name);
    creator.says("ready");
    creator.go();
    creator.says("0");
    creator.kill();
    let name = Named(format!("{}.0", name.0));
    let open = || Ok(File::options().read(true).write(true).open(name.path()).unwrap());
    let remover = LivenessLocks::open(open).unwrap();
    assert_eq!(remover.alone(), Ok(Attachment::Alone));
    let opened = Channel::create(&name).places(16).open_or_create();
    assert!(matches!(opened, Err(OpenOrCreateError::Races { .. })), "{opened:?}");
    thread::scope(|scope| {
        let opened = scope.spawn(|| Channel::create(&name).places(16).open_or_create().map(drop));
        thread::sleep(SOON); // the call is waiting by now, or begins later
        drop(remover);
        opened.join().unwrap().unwrap();
    });
}

#[test]
fn existing_channel_must_have_the_settings_asked_for() {
    let name = name("settings", Backend::Futex);
    let settings = || Channel::create(&name).slots(4).consumers(2);
    let channel = settings().places(16).symmetric_fences().build().unwrap();
    // Places and fences that are not asked for may be any.
    assert_eq!(settings().open_or_create().unwrap().geometry(), channel.geometry());
    let asked = Channel::create(&name)
        .slots(5)
        .slot_size(7)
        .consumers(3)
        .producers(2)
        .places(9)
        .backend(Backend::RawSync)
        .open_or_create();
    let Err(OpenOrCreateError::Differs { differences, .. }) = asked else { panic!("{asked:?}") };
    let said: Vec<_> = differences.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "slots is 4, not 5",
            "slot_size is 1024, not 7",
            "consumers is 2, not 3",
            "producers is 1, not 2",
            "places is 16 for consumers and 16 for producers, not 9 for consumers and 9 for producers",
            "backend is Futex, not RawSync",
        ]
    );
    drop(channel);
    let _channel = settings().build().unwrap();
    if _channel.fences() == ackcast::Fences::Asymmetric {
        let asked = settings().symmetric_fences().open_or_create();
        let Err(OpenOrCreateError::Differs { differences, .. }) = asked else { panic!("{asked:?}") };
        assert_eq!(differences[0].to_string(), "fences is Asymmetric, not Symmetric");
    }
}

#[test]
fn channel_that_is_found_keeps_its_tag() {
    for backend in LAYERS {
        let name = name("tag", backend);
        let settings = |tag| Channel::create(&name).backend(backend).tag(tag);
        let channel = settings(u64::MAX).open_or_create().unwrap();
        let found = settings(7).open_or_create().unwrap();
        let handles = (Producer::attach(&name).unwrap(), Consumer::attach(&name).unwrap());
        let all = [(channel.tag(), channel.incarnation()), (handles.0.tag(), handles.0.incarnation())];
        assert_eq!(all, [(found.tag(), found.incarnation()), (handles.1.tag(), handles.1.incarnation())]);
        assert_eq!(found.tag(), u64::MAX);
        drop((channel, handles, found));
        let later = settings(7).open_or_create().unwrap();
        assert_eq!(later.tag(), 7);
        assert_ne!(later.incarnation(), all[0].1);
    }
}

#[test]
fn channel_that_has_ended_is_not_opened() {
    let name = name("over", Backend::Futex);
    let channel = Channel::create(&name).open_or_create().unwrap();
    let mut consumer = Consumer::attach(&name).unwrap();
    Producer::attach(&name).unwrap().finish().unwrap();
    let again = Channel::create(&name).open_or_create();
    assert!(matches!(again, Err(OpenOrCreateError::Ended { .. })), "{again:?}");
    drop(channel);
    consumer.recv().unwrap_err();
    drop(consumer);
    Channel::create(&name).open_or_create().unwrap();
}

#[test]
fn setting_out_of_range_is_the_error_of_creating() {
    let created = Channel::create("meeting-range").slots(0).open_or_create();
    assert!(matches!(created, Err(OpenOrCreateError::Create(CreateError::Layout(_)))), "{created:?}");
    let created = Channel::create("").open_or_create();
    assert!(matches!(created, Err(OpenOrCreateError::Create(CreateError::Name(_)))), "{created:?}");
}
