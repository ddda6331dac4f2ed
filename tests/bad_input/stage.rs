//! Helpers of these tests: a channel's name, a bound on time, and the outcomes that were reached.

use proptest::test_runner::{Config, RngSeed};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Upper bound on the time of one call. No call asks for more than a few milliseconds; the scheduler may add the rest.
pub const BOUND: Duration = Duration::from_secs(60);

/// A channel name that only this test has. Its file is removed in any case.
#[derive(Clone)]
pub struct Scratch(pub String);

impl Scratch {
    pub fn new(test: &str) -> Self {
        Self(format!("bad-{test}-{}", std::process::id()))
    }

    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/dev/shm/ackcast.{}", self.0))
    }

    /// The segment's file, to write arbitrary values to.
    pub fn file(&self) -> File {
        File::options().read(true).write(true).open(self.path()).unwrap()
    }

    pub fn write(&self, offset: usize, bytes: &[u8]) {
        self.file().write_all_at(bytes, offset as u64).unwrap();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.path()).or_else(|_| std::fs::remove_dir(self.path()));
    }
}

/// Runs `test`, a few dozen calls, in a thread of its own. A call that hangs is a failure, and the run goes on.
pub fn within<T: Send + 'static>(limit: Duration, test: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, result) = mpsc::channel();
    let thread = std::thread::spawn(move || sender.send(test()));
    match result.recv_timeout(limit) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("a call hangs"),
        Err(mpsc::RecvTimeoutError::Disconnected) => std::panic::resume_unwind(thread.join().unwrap_err()),
    }
}

#[test]
#[should_panic(expected = "a call hangs")]
fn a_hang_is_a_failure() {
    let (_release, held) = mpsc::channel::<()>();
    let _ = within(Duration::from_millis(20), move || held.recv());
}

/// The same cases in every run, unless the environment says otherwise. No file of failures is written.
pub fn config(cases: u32) -> Config {
    let default = Config::default();
    let rng_seed = if default.rng_seed == RngSeed::Random { RngSeed::Fixed(1) } else { default.rng_seed };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { cases };
    Config { cases, rng_seed, failure_persistence: None, max_shrink_time: 20_000, ..default }
}

/// How often each outcome was seen. A test that claims to check an error must have met it.
#[derive(Debug, Default)]
pub struct Reached(BTreeMap<String, u64>);

impl Reached {
    /// Counts an outcome under the name of its kind. An error must also have a text.
    pub fn count<T, E: Debug + std::fmt::Display>(&mut self, call: &str, result: Result<T, E>) {
        let kind = match result {
            Ok(_) => "Ok".to_owned(),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                // Cut at the first field's name or number: `Corrupt(Slot { message: …` counts as `Corrupt(Slot`.
                format!("{error:?}")
                    .split(|c: char| matches!(c, ' ' | '"' | '0'..='9'))
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            }
        };
        *self.0.entry(format!("{call}: {kind}")).or_default() += 1;
    }

    /// Times a call, and counts its outcome.
    pub fn call<T, E: Debug + std::fmt::Display>(&mut self, call: &str, run: impl FnOnce() -> Result<T, E>) {
        let start = Instant::now();
        let result = run().map(drop);
        assert!(start.elapsed() < BOUND, "{call} took {:?}", start.elapsed());
        self.count(call, result);
    }

    pub fn add(&mut self, other: Self) {
        for (outcome, count) in other.0 {
            *self.0.entry(outcome).or_default() += count;
        }
    }

    /// # Panics
    /// If one of these outcomes was never seen.
    pub fn must(&self, outcomes: &[&str]) {
        println!("{:#?}", self.0);
        for &outcome in outcomes {
            assert!(self.0.contains_key(outcome), "{outcome} was never reached; these were: {:#?}", self.0);
        }
    }
}

#[test]
#[should_panic(expected = "recv: Corrupt(Slot was never reached")]
fn missing_outcome_is_a_failure() {
    let mut reached = Reached::default();
    reached.count("recv", Err::<(), _>(ackcast::RecvError::Ended));
    reached.must(&["recv: Ended", "recv: Corrupt(Slot"]);
}
