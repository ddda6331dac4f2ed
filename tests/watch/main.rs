//! Who is idle sleeps, and is told of a death; who cannot be told patrols.
//!
//! How often a thread slept is what the kernel counts: its voluntary context switches.
#![cfg(target_os = "linux")]

mod child;
#[path = "../filter/mod.rs"]
mod filter;

use ackcast::layer::{Layer, Park, Parked};
use ackcast::layers::{Fences, Futex, LivenessLocks, RealLayer};
use ackcast::{Backend, Channel, Consumer, RecvError};
use child::{Process, receive_nothing};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Longer than anything here takes: past this, something hangs.
const HANG: Duration = Duration::from_secs(60);
/// A waiter that patrols sleeps more than a hundred times in this time, unless the machine is busy with other things.
const IDLE: Duration = Duration::from_secs(1);
/// A waiter that is told sleeps less often in some idle second: once or twice.
const RARELY: i64 = 20;
/// A waiter that patrols sleeps more often in [`SECONDS`] idle seconds, on a busy machine, too. A waiter that is told
/// sleeps once or twice in each, and some ten times more after the bell.
const OFTEN: i64 = 200;
const SECONDS: u32 = 20;
/// A busy machine may stop a thread for longer than a sleep: so not each time, but once in so many times.
const TRIES: usize = 20;
/// A sleeper who is not told of a death finds nothing new in this time; a patrol would.
const LULL: Duration = Duration::from_millis(300);

const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];
fn name(test: &str, backend: Backend) -> String {
    format!("watch-{test}-{backend:?}-{}", std::process::id())
}

/// Whether a consumer in this role comes to an idle second in which it has slept `enough`; `enough` is asked for each.
/// The consumer gets to know of a death in any case.
fn idles(role: &str, backend: Backend, mut enough: impl FnMut(i64) -> bool) -> bool {
    let name = name(&role.replace(' ', "-"), backend);
    let _channel = Channel::create(&name).backend(backend).build().unwrap();
    let mut producer = Process::start("producer", &name);
    assert_eq!(producer.line(), "ready");
    let mut consumer = Process::start(role, &name);
    let found = (0..SECONDS).any(|_| {
        let sleeps = consumer.line().parse().unwrap();
        println!("{role}, {backend:?}: slept {sleeps} times in an idle second");
        enough(sleeps)
    });
    producer.child.kill().unwrap();
    while consumer.line() != "lost" {} // it may say first how often it slept in the last second
    found
}

fn sleeps(role: &str, backend: Backend) -> bool {
    idles(role, backend, |sleeps| sleeps < RARELY)
}

fn patrols(role: &str, backend: Backend) -> bool {
    let mut all = 0;
    idles(role, backend, |sleeps| {
        all += sleeps;
        all > OFTEN
    })
}

#[test]
fn who_is_idle_sleeps() {
    for backend in LAYERS {
        assert!(sleeps("consumer", backend));
    }
}

#[test]
fn who_cannot_be_told_patrols() {
    for backend in LAYERS {
        for means in ["inotify_init1", "inotify_add_watch", "threads"] {
            assert!(patrols(&format!("consumer without {means}"), backend));
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
fn who_leaves_is_not_watched_for_any_more() {
    for backend in LAYERS {
        let name = name("leaver", backend);
        let _channel = Channel::create(&name).backend(backend).build().unwrap();
        assert_eq!(Process::start("leaver", &name).line(), "left");
    }
}

/// A file that two layers lie in, removed in any case.
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

/// Parks on a word that never changes, for so long.
fn park(layer: &Futex, time: Duration) -> Parked {
    layer.park(&AtomicU32::new(0), 0, layer.now() + time)
}

/// Does `sleep`, in whose sleep the victim is killed.
fn sleep_while_killed<T>(victim: &mut Process, sleep: impl FnOnce() -> T) -> T {
    let sleeper = rustix::thread::gettid().as_raw_nonzero();
    thread::scope(|scope| {
        scope.spawn(|| {
            // In its sleep: nothing else makes it wait any more.
            while !fs::read_to_string(format!("/proc/self/task/{sleeper}/stat")).unwrap().contains(") S ") {
                thread::yield_now();
            }
            victim.child.kill().unwrap();
        });
        sleep()
    })
}

/// How a long sleep ends when the holder of a lock on `held` is killed in the middle of it.
fn sleep_while_holder_is_killed(layer: &Futex, held: &Shared) -> Parked {
    let mut holder = Process::start("holder", held.0.to_str().unwrap());
    assert_eq!(holder.line(), "ready");
    let start = Instant::now();
    while layer.liveness_interval(layer.now()) <= LULL {
        assert!(start.elapsed() < HANG, "it never relies on being told");
        park(layer, LULL);
    }
    sleep_while_killed(&mut holder, || park(layer, LULL))
}

#[test]
fn a_sleeper_is_told_of_a_death_in_its_segment_and_of_no_other() {
    let [here, elsewhere] = ["here", "elsewhere"].map(Shared::new);
    let layer = Futex::new(open(&here.0), Fences::Symmetric, 1);
    assert!((0..TRIES).any(|_| sleep_while_holder_is_killed(&layer, &here) == Parked::CheckLiveness), "nobody told it");
    let start = Instant::now();
    while layer.is_alive(0).unwrap() {
        assert!(start.elapsed() < HANG, "it lives though it was killed");
    }
    assert_eq!(sleep_while_holder_is_killed(&layer, &elsewhere), Parked::Woken);
}

/// `raw_sync` cannot sleep past the end of a second of the clock: for those who are about to sleep.
fn begin_a_second() {
    let begun = Duration::from_nanos(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos().into());
    if begun > LULL {
        thread::sleep(Duration::from_secs(1) - begun);
    }
}

/// Whether an idle consumer knows of its producer's death before its time is up. Then it looks in any case, but the
/// producer may have been killed too late for that on a busy machine.
fn is_told_in_time(backend: Backend, i: usize) -> bool {
    let name = name(&format!("told-{i}"), backend);
    let _channel = Channel::create(&name).backend(backend).build().unwrap();
    let mut consumer = Consumer::attach(&name).unwrap();
    let mut producer = Process::start("producer", &name);
    assert_eq!(producer.line(), "ready");
    receive_nothing(&mut consumer, LULL);
    begin_a_second();
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
fn an_idle_consumer_is_told_of_its_producers_death() {
    for backend in LAYERS {
        assert!((0..TRIES).any(|i| is_told_in_time(backend, i)), "nobody told it");
    }
}

/// The kernel closes the files of a dead process from the highest number down, and waits for its workers at inotify's.
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
                // It may be another test's, and closed by now.
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
            assert!(start.elapsed() < HANG, "it never asks to be told");
        };
        assert!(locks > inotify, "{backend:?}: locks at {locks:?}, inotify at {inotify:?}");
    }
}
