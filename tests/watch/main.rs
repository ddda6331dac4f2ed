//! An idle waiter sleeps, and is told of a death. A waiter that cannot be told checks liveness at intervals.
//!
//! The number of a thread's sleeps is the kernel's count of its voluntary context switches.
#![cfg(target_os = "linux")]

mod child;
#[path = "../filter/mod.rs"]
mod filter;
#[path = "../reexec/mod.rs"]
mod reexec;

use ackcast::layer::{Clock, Layer, Park, Parked};
use ackcast::layers::{Fences, Futex, LivenessLocks, RealLayer};
use ackcast::{Backend, Channel, Consumer, RecvError};
use child::receive_nothing;
use reexec::{HANG, Process};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::thread;
use std::time::{Duration, Instant};

/// A waiter that checks liveness sleeps more than a hundred times in this time, unless the machine is busy.
const IDLE: Duration = Duration::from_secs(1);
/// A waiter that is told sleeps less often than this in some idle second: once or twice.
const RARELY: i64 = 20;
/// A waiter that checks liveness sleeps more often than this in [`SECONDS`] idle seconds, on a busy machine, too. A
/// waiter that is told sleeps once or twice in each, and some ten times more after the notification.
const OFTEN: i64 = 200;
const SECONDS: u32 = 20;
/// Upper bound on the tries, of which one must succeed. A busy machine may stop a thread for longer than a sleep.
const TRIES: usize = 20;
/// A sleeper that is not told of a death finds nothing new in this time. A liveness check would find it.
const LULL: Duration = Duration::from_millis(300);

const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];

fn name(test: &str, backend: Backend) -> String {
    format!("watch-{test}-{backend:?}-{}", std::process::id())
}

fn start(role: &str, channel: &str) -> Process {
    Process::start("child::entry", role, channel)
}

/// Whether some idle second of a consumer in this role satisfies `enough`, which gets the sleeps of each second. The
/// consumer must notice its producer's death in any case.
fn idles(role: &str, backend: Backend, mut enough: impl FnMut(i64) -> bool) -> bool {
    let name = name(&role.replace(' ', "-"), backend);
    let _channel = Channel::create(&name).backend(backend).build().unwrap();
    let mut producer = start("producer", &name);
    producer.says("ready");
    let consumer = start(role, &name);
    let found = (0..SECONDS).any(|_| {
        let sleeps = consumer.line().parse().unwrap();
        println!("{role}, {backend:?}: slept {sleeps} times in an idle second");
        enough(sleeps)
    });
    producer.child.kill().unwrap();
    while consumer.line() != "lost" {} // it may first print the sleeps of the last second
    found
}

fn sleeps(role: &str, backend: Backend) -> bool {
    idles(role, backend, |sleeps| sleeps < RARELY)
}

fn checks_liveness(role: &str, backend: Backend) -> bool {
    let mut all = 0;
    idles(role, backend, |sleeps| {
        all += sleeps;
        all > OFTEN
    })
}

#[test]
fn idle_waiter_sleeps() {
    for backend in LAYERS {
        assert!(sleeps("consumer", backend));
    }
}

#[test]
fn waiter_that_cannot_be_told_checks_liveness() {
    for backend in LAYERS {
        for means in ["inotify_init1", "inotify_add_watch", "threads"] {
            assert!(checks_liveness(&format!("consumer without {means}"), backend));
        }
    }
}

#[test]
fn forked_child_is_told_of_deaths_by_its_own_handle() {
    for backend in LAYERS {
        assert!(sleeps("forked consumer", backend));
    }
}

#[test]
fn leaver_is_not_watched_for_any_more() {
    for backend in LAYERS {
        let name = name("leaver", backend);
        let _channel = Channel::create(&name).backend(backend).build().unwrap();
        start("leaver", &name).says("left");
    }
}

/// A file that two layers use, removed in any case.
struct Shared(PathBuf);

impl Shared {
    fn new(which: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ackcast-watch-{which}-{}", std::process::id()));
        File::create_new(&path).unwrap();
        Self(path)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn open(path: &Path) -> LivenessLocks {
    LivenessLocks::open(|| Ok(File::options().read(true).write(true).open(path).unwrap())).unwrap()
}

/// Parks for this time on a word that never changes.
fn park(layer: &Futex, time: Duration) -> Parked {
    layer.park(&AtomicU32::new(0), 0, layer.now() + time)
}

/// Runs `sleep`, and kills the victim while this thread sleeps.
fn sleep_while_killed<T>(victim: &mut Process, sleep: impl FnOnce() -> T) -> T {
    let sleeper = rustix::thread::gettid().as_raw_nonzero();
    thread::scope(|scope| {
        scope.spawn(|| {
            // The state S means that this thread sleeps in `sleep`: it waits for nothing else.
            while !fs::read_to_string(format!("/proc/self/task/{sleeper}/stat")).unwrap().contains(") S ") {
                thread::yield_now();
            }
            victim.child.kill().unwrap();
        });
        sleep()
    })
}

/// How a long sleep ends when the holder of a lock on `held` is killed during it.
fn sleep_while_holder_is_killed(layer: &Futex, held: &Shared) -> Parked {
    let mut holder = start("holder", held.0.to_str().unwrap());
    holder.says("ready");
    let start = Instant::now();
    while layer.liveness_interval(layer.now()) <= LULL {
        assert!(start.elapsed() < HANG, "the layer never relies on being told");
        park(layer, LULL);
    }
    sleep_while_killed(&mut holder, || park(layer, LULL))
}

#[test]
fn sleeper_is_told_only_of_deaths_in_its_segment() {
    let [here, elsewhere] = ["here", "elsewhere"].map(Shared::new);
    let layer = Futex::new(open(&here.0), Fences::Symmetric, 1);
    assert!(
        (0..TRIES).any(|_| sleep_while_holder_is_killed(&layer, &here) == Parked::CheckLiveness),
        "it was not told"
    );
    let start = Instant::now();
    while layer.is_alive(0).unwrap() {
        assert!(start.elapsed() < HANG, "the killed holder counts as alive");
    }
    assert_eq!(sleep_while_holder_is_killed(&layer, &elsewhere), Parked::Woken);
}

/// Whether an idle consumer notices its producer's death before its timeout. At the timeout it checks liveness in any
/// case, but on a busy machine the producer may be killed after that.
fn is_told_in_time(backend: Backend, i: usize) -> bool {
    let name = name(&format!("told-{i}"), backend);
    let _channel = Channel::create(&name).backend(backend).build().unwrap();
    let mut consumer = Consumer::attach(&name).unwrap();
    let mut producer = start("producer", &name);
    producer.says("ready");
    receive_nothing(&mut consumer, LULL);
    let start = Instant::now();
    let end = sleep_while_killed(&mut producer, || consumer.recv_timeout(LULL));
    let in_time = start.elapsed() < LULL;
    match end {
        Err(RecvError::ProducersLost(_)) => in_time,
        Err(RecvError::TimedOut { .. }) => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn idle_consumer_is_told_of_its_producers_death() {
    for backend in LAYERS {
        assert!((0..TRIES).any(|i| is_told_in_time(backend, i)), "it was not told");
    }
}

/// The kernel closes a dead process's files from the highest number down, and waits for its workers at inotify's file.
#[test]
fn locks_of_a_dead_sleeper_are_released_before_inotify_is() {
    for backend in LAYERS {
        let name = name("order", backend);
        let _channel = Channel::create(&name).backend(backend).build().unwrap();
        let mut consumer = Consumer::attach(&name).unwrap();
        let start = Instant::now();
        let (locks, inotify) = loop {
            receive_nothing(&mut consumer, LULL);
            let (mut locks, mut inotify) = (None, None);
            for number in fs::read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap().file_name()) {
                let number: u32 = number.to_str().unwrap().parse().unwrap();
                // The descriptor may be another test's, and closed by now.
                let file = fs::read_link(format!("/proc/self/fd/{number}")).unwrap_or_default();
                let info = fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap_or_default();
                if file.to_str().unwrap().contains(&name) && info.contains("OFDLCK") && info.contains("WRITE") {
                    locks = locks.max(Some(number));
                }
                if file.to_str().unwrap().contains("inotify") {
                    inotify = Some(number);
                }
            }
            if inotify.is_some() {
                break (locks, inotify);
            }
            assert!(start.elapsed() < HANG, "the consumer never subscribes to deaths");
        };
        assert!(locks > inotify, "{backend:?}: locks at {locks:?}, inotify at {inotify:?}");
    }
}
