//! Children: this test binary, re-executed as an ordinary process in some role.

use crate::filter::refuse;
use crate::{HANG, IDLE, LULL, open};
use ackcast::layer::Layer;
use ackcast::layers::{Fences, Futex, RealLayer};
use ackcast::{Consumer, Producer, RecvError};
use std::fs;
use std::io::{BufRead, BufReader, Lines, Read};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;
use std::time::Duration;

const ROLE: &str = "ACKCAST_WATCH_ROLE";
const CHANNEL: &str = "ACKCAST_WATCH_CHANNEL";

/// A process of this binary in some role, killed and reaped in any case.
pub struct Process {
    pub child: Child,
    says: Lines<BufReader<ChildStderr>>,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    pub fn start(role: &str, channel: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["child::entry", "--exact", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .env(CHANNEL, channel);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let says = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, says }
    }

    /// The next line that it says.
    pub fn line(&mut self) -> String {
        self.says.next().expect("it is still there").unwrap()
    }
}

/// Where a child's life begins; in the parent, a test of nothing.
#[test]
fn entry() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let channel = std::env::var(CHANNEL).unwrap();
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).unwrap();
    thread::spawn(|| {
        thread::sleep(2 * HANG);
        std::process::exit(1); // whoever waits for us shall not wait for ever
    });
    match role.as_str() {
        "producer" => {
            let _producer = Producer::attach(&channel).unwrap();
            eprintln!("ready");
            wait_for_parent();
        }
        "holder" => {
            let layer = Futex::new(open(channel.as_ref()), Fences::Symmetric, 1);
            assert_eq!(layer.claim(0), Ok(true));
            eprintln!("ready");
            wait_for_parent();
        }
        "consumer" => sleep_until_lost(Consumer::attach(&channel).unwrap()),
        "consumer without inotify_init1" => {
            forbid(&[libc::SYS_inotify_init1]);
            sleep_until_lost(Consumer::attach(&channel).unwrap());
        }
        "consumer without inotify_add_watch" => {
            forbid(&[libc::SYS_inotify_add_watch]);
            sleep_until_lost(Consumer::attach(&channel).unwrap());
        }
        "consumer without threads" => {
            forbid(&[libc::SYS_clone, libc::SYS_clone3]);
            sleep_until_lost(Consumer::attach(&channel).unwrap());
        }
        "forked consumer" => fork_and_sleep(Consumer::attach(&channel).unwrap(), &channel),
        "leaver" => leave_nothing_watched(&channel),
        other => panic!("no role {other:?}"),
    }
    std::process::exit(0);
}

/// Sleeps until the parent closes our standard input or kills us.
fn wait_for_parent() {
    let _ = std::io::stdin().read(&mut [0]);
}

/// How often this thread has slept.
fn sleeps() -> i64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: it initialises `usage`.
    assert_eq!(unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) }, 0);
    // SAFETY: it has.
    unsafe { usage.assume_init() }.ru_nvcsw
}

pub fn receive_nothing(consumer: &mut Consumer, time: Duration) {
    let nothing = consumer.recv_timeout(time);
    assert!(matches!(nothing, Err(RecvError::TimedOut { .. })), "{nothing:?}");
}

/// Says how often it slept in each second in which nothing happened, and at last that the producer is lost.
fn sleep_until_lost(mut consumer: Consumer) {
    loop {
        let before = sleeps();
        match consumer.recv_timeout(IDLE) {
            Err(RecvError::TimedOut { .. }) => eprintln!("{}", sleeps() - before),
            Err(RecvError::ProducersLost(_)) => return eprintln!("lost"),
            other => panic!("{other:?}"),
        }
    }
}

/// The same in a forked child, which attaches another consumer.
fn fork_and_sleep(mut consumer: Consumer, channel: &str) {
    receive_nothing(&mut consumer, LULL); // until there is a watchman, whom the child will not have
    // SAFETY: no other thread of this process is inside ackcast or the allocator.
    match unsafe { libc::fork() } {
        0 => {
            drop(consumer);
            sleep_until_lost(Consumer::attach(channel).unwrap());
        }
        // SAFETY: it may write no status.
        child => assert_eq!(unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) }, child),
    }
}

/// How many files this process watches.
fn watches() -> usize {
    let fds = fs::read_dir("/proc/self/fdinfo").unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()));
    fds.map(|info| info.map_or(0, |info| info.lines().filter(|line| line.starts_with("inotify")).count())).sum()
}

fn leave_nothing_watched(channel: &str) {
    let mut consumers = [channel, channel].map(|channel| Consumer::attach(channel).unwrap());
    assert_eq!(watches(), 0, "nobody has slept");
    for consumer in &mut consumers {
        receive_nothing(consumer, LULL);
        assert_eq!(watches(), 1, "it is one file");
    }
    let [one, mut other] = consumers;
    drop(one);
    assert_eq!(watches(), 1);
    let before = sleeps();
    receive_nothing(&mut other, LULL); // it has heard that one left
    receive_nothing(&mut other, IDLE);
    assert!(sleeps() - before < 50, "the other is still watched for");
    drop(other);
    assert_eq!(watches(), 0);
    eprintln!("left");
}

/// From now on these calls of this thread, and of those that it starts, fail with EPERM.
fn forbid(calls: &[libc::c_long]) {
    let calls: Vec<_> = calls.iter().map(|&call| (call, None)).collect();
    refuse(&calls, libc::EPERM).unwrap();
}
