//! The commands leave no trace: they change no byte, hold no name, and wake no process, also beside stopped processes.

use crate::process::{Process, Scratch, eventually};
use crate::setting::{channel, run};
use ackcast::segment::{Name, participants, remove_if_dead};
use ackcast::{Channel, Watch};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use rustix::process::Signal;
use std::fs;
use std::mem::MaybeUninit;
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;

/// The kernel's notices of a file since the value was made. Other files' are not among them.
struct Notices(rustix::fd::OwnedFd);

impl Notices {
    fn of(scratch: &Scratch) -> Self {
        let inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).unwrap();
        let all = WatchFlags::CLOSE_WRITE | WatchFlags::MODIFY | WatchFlags::ATTRIB | WatchFlags::MOVE_SELF;
        inotify::add_watch(&inotify, scratch.segment(), all).unwrap();
        Self(inotify)
    }

    fn take(&self) -> Vec<ReadFlags> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut notices = inotify::Reader::new(&self.0, &mut buffer);
        let mut taken = Vec::new();
        loop {
            match notices.next() {
                Ok(notice) => taken.push(notice.events()),
                Err(Errno::AGAIN) => return taken,
                Err(errno) => panic!("{errno}"),
            }
        }
    }
}

#[test]
fn commands_wake_nobody_and_change_nothing() {
    let scratch = Scratch::new("trace");
    let (_channel, mut producer, _consumer) = channel(&scratch, |new| new);
    producer.send_batch(&["one", "two"]).unwrap();
    let facts = || {
        let stat = fs::metadata(scratch.segment()).unwrap();
        (fs::read(scratch.segment()).unwrap(), stat.mtime_nsec(), stat.ctime_nsec(), stat.nlink(), stat.mode())
    };
    let (before, notices) = (facts(), Notices::of(&scratch));
    run(&["list"], 0);
    run(&["inspect", &scratch.name, "--interval", "10ms"], 0);
    run(&["top", "-n", "2", "--interval", "50ms", &scratch.name], 0);
    let mut tap = Process::new(&["tap", &scratch.name, "--from", "oldest"], Stdio::null(), Stdio::null());
    tap.polls(&scratch.name);
    tap.kill(Signal::TERM);
    tap.ends_with(143);
    assert_eq!(notices.take(), []);
    assert_eq!(facts(), before);
    // Negative twin: a command that opens the channel for writing is noticed.
    run(&["clean", "--dry-run", &scratch.name], 0);
    assert_eq!(notices.take(), [ReadFlags::CLOSE_WRITE]);
}

/// A watched channel is as removable as one without a watcher, which does not count as a user.
#[test]
fn watched_channel_is_removed_as_any_other() {
    let scratch = Scratch::new("removable");
    let name = Name::new(&scratch.name).unwrap();
    let own = Channel::create(&scratch.name).build().unwrap();
    let watch = Watch::open(&name).unwrap();
    assert_eq!(participants(&name).unwrap(), Some(vec![]), "the creator's handle");
    let mut tap = Process::new(&["tap", &scratch.name], Stdio::null(), Stdio::null());
    tap.polls(&scratch.name);
    drop(own);
    scratch.assert_nothing_left();
    let stats = watch.stats().unwrap();
    assert_eq!((stats.removed, stats.in_use), (true, false));
    tap.ends_with(3);
    // An orphan is removed while it is watched.
    let own = Channel::create(&scratch.name).build().unwrap();
    let bytes = fs::read(scratch.segment()).unwrap();
    drop(own);
    let _orphan = crate::setting::Leftover::new(&format!("ackcast.{}", scratch.name), &bytes);
    let watch = Watch::open(&name).unwrap();
    assert_eq!(participants(&name).unwrap(), None);
    assert!(remove_if_dead(&name).unwrap());
    assert!(watch.stats().unwrap().removed);
}

/// The participants of a channel are stopped, the consumer in the middle of its work.
#[test]
fn commands_show_stopped_processes() {
    let scratch = Scratch::new("stopped");
    let mut recv = scratch.recv_to_pipe();
    let mut send = scratch.send(&["--slots", "4"], &b"a line of text\n".repeat(1_000_000));
    let first = || crate::setting::listed(&scratch.name).into_iter().next();
    eventually("`recv` does not join", || first().is_some_and(|one| one["participants"][0]["role"] == "consumer"));
    recv.kill(Signal::STOP);
    eventually("the ring is not full", || first().is_some_and(|one| one["participants"][0]["lag"] == 4));
    send.kill(Signal::STOP);
    let report = crate::setting::json(&["inspect", &scratch.name, "--interval", "20ms"]);
    assert_eq!(report["held_up_by"]["consumer"], 0, "{report}");
    let people = report["participants"].as_array().unwrap();
    let commands: Vec<_> = people.iter().map(|one| one["command"].as_str().unwrap_or_default()).collect();
    assert!(commands[0].ends_with(&format!("recv {}", scratch.name)), "{commands:?}");
    assert!(commands[1].contains(&format!("send {}", scratch.name)), "{commands:?}");
    assert!(people.iter().all(|one| one["state"] == "alive"), "{report}");
    // The dead are told from the stopped.
    send.kill(Signal::KILL);
    send.end();
    let report = crate::setting::json(&["inspect", &scratch.name, "--interval", "0s"]);
    assert_eq!((&report["participants"][1]["state"], &report["state"]), (&"dead".into(), &"producers-lost".into()));
    recv.kill(Signal::KILL);
    recv.end();
    assert_eq!(crate::setting::listed(&scratch.name)[0]["state"], "orphaned");
}
