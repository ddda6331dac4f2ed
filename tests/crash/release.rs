//! How long a dead process keeps its locks. The kernel closes a process's files after it has freed the process's
//! memory. It frees the memory after it has dumped a core. Times are printed, not asserted. Sizes are in MiB:
//! `ACKCAST_RELEASE_MIB="0 256 1024" cargo test --release --test crash release_delay -- --nocapture`.

use crate::child::{HANG, Process, wait_for_parent};
use ackcast::segment::{Name, participants};
use ackcast::{Channel, Consumer, Producer, RecvError};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::hint::black_box;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

/// How a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    /// By SIGKILL from outside.
    Killed,
    /// By SIGABRT, with a core if the machine writes cores.
    Aborted,
}

/// A producer with this much memory that sends a message. It aborts when its standard input is closed.
pub fn heavy_producer(channel: &str, mib: usize) {
    let memory = vec![1_u8; mib << 20];
    black_box(&memory);
    let mut producer = Producer::attach(channel).unwrap();
    producer.send(b"one").unwrap();
    // By default, a core is a file in the working directory.
    let folder = std::env::temp_dir().join(channel);
    std::env::set_current_dir(folder).unwrap();
    // Cores may be forbidden. Then there is no core, and the parent reports it.
    let _ = setrlimit(Resource::Core, Rlimit { current: None, maximum: None });
    eprintln!("ready");
    wait_for_parent();
    std::process::abort()
}

/// A folder, removed in any case.
struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The measured times of one death.
struct Delay {
    /// From the death to the release of the locks.
    released: Duration,
    /// From the death to the return of the survivor's call.
    noticed: Duration,
    dumped: bool,
}

fn measure(mib: usize, death: Death) -> Delay {
    let name = format!("release-{mib}-{death:?}-{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(&name));
    std::fs::create_dir(&folder.0).unwrap();
    let _channel = Channel::create(&name).build().unwrap();
    let mut consumer = Consumer::attach(&name).unwrap();
    let mut child = Process::start("heavy producer", &name, mib);
    child.expect("ready");
    assert_eq!(consumer.recv_timeout(HANG).unwrap(), b"one");
    let survivor = std::thread::spawn(move || {
        let end = consumer.recv_timeout(HANG);
        let noticed = Instant::now();
        assert!(matches!(end, Err(RecvError::ProducersLost(_))), "{end:?}");
        (noticed, consumer)
    });
    let name = Name::new(&name).unwrap();
    let participants = || participants(&name).unwrap().map_or(0, |numbers| numbers.len());
    assert_eq!(participants(), 2);
    let start = Instant::now();
    match death {
        Death::Killed => child.0.kill().unwrap(),
        Death::Aborted => drop(child.0.stdin.take()),
    }
    while participants() == 2 {
        assert!(start.elapsed() < HANG, "a dead process keeps its locks");
    }
    let released = start.elapsed();
    let (noticed, _consumer) = survivor.join().unwrap();
    Delay { released, noticed: noticed - start, dumped: child.wait().core_dumped() }
}

#[test]
fn release_delay_is_that_of_the_kernel() {
    let sizes = std::env::var("ACKCAST_RELEASE_MIB").unwrap_or_else(|_| "0 64".to_owned());
    println!("| memory | death | its locks are released after | a waiting consumer knows after |");
    println!("| --- | --- | --- | --- |");
    for mib in sizes.split_whitespace().map(|size| size.parse().unwrap()) {
        for death in [Death::Killed, Death::Aborted] {
            let Delay { released, noticed, dumped } = measure(mib, death);
            let how = match (death, dumped) {
                (Death::Killed, _) => "SIGKILL",
                (Death::Aborted, true) => "SIGABRT, with a core",
                (Death::Aborted, false) => "SIGABRT, without a core",
            };
            println!("| {mib} MiB | {how} | {released:.1?} | {noticed:.1?} |");
        }
    }
}
