//! Runs the tests on real threads, as litmus7 does (Alglave, Maranget, Sarkar and Sewell, *Litmus: Running Tests against
//! Hardware*, TACAS 2011).
//!
//! Each round has fresh words of an array. The threads meet before each round, and then start after a short pause of
//! random length. Each thread keeps to a core of its own, as long as there are enough: two threads that take turns on a
//! core show nothing. What the compiler reorders counts as much as what the processor does.

use super::{Standard, Test, Words};
use crate::{
    events::Outcome,
    template::{Text, threads::Threads},
};
use ackcast::{Fences, protocol::CachePadded};
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::{
    collections::BTreeMap,
    fmt,
    hint::{black_box, spin_loop},
    sync::atomic::{
        AtomicUsize,
        Ordering::{AcqRel, Acquire},
    },
    thread,
};

/// Rounds for which there are words at a time: 4096 rounds take 1.5 MiB, which a second-level cache nearly holds.
const BATCH: usize = 4096;
/// Polls of a meeting before its thread yields the core: other threads of the test may need it.
const POLLS: u32 = 512;
/// Longest pause before a round, in turns of an empty loop: about as long as a cache line takes to another core.
const JITTER: u64 = 256;

/// How often the outcome that is asked about was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The rounds with this outcome.
    pub seen: usize,
    /// All rounds.
    pub rounds: usize,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", grouped(self.seen), grouped(self.rounds))
    }
}

fn grouped(number: usize) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", grouped(number / 1000), number % 1000) }
}

/// The counts of all tests, by name.
pub type Counts = BTreeMap<&'static str, Count>;

/// Where the threads meet before each round.
#[derive(Debug)]
struct Meeting {
    arrived: CachePadded<AtomicUsize>,
    threads: usize,
}

impl Meeting {
    /// Waits until all threads have come to this round. Rounds count from 1.
    fn meet(&self, round: usize) {
        self.arrived.0.fetch_add(1, AcqRel);
        let mut polls = 0;
        while self.arrived.0.load(Acquire) < round * self.threads {
            polls += 1;
            if polls % POLLS == 0 { thread::yield_now() } else { spin_loop() }
        }
    }
}

/// Keeps this thread to one of the cores that it may use. Only makes a weak outcome likelier, so a refusal is no error.
fn keep_to_core(number: usize) {
    let Ok(may_use) = sched_getaffinity(None) else { return };
    let cores = (0..CpuSet::MAX_CPU).filter(|&core| may_use.is_set(core));
    let mut own = CpuSet::new();
    if let Some(core) = cores.cycle().nth(number) {
        own.set(core);
        let _ = sched_setaffinity(None, &own);
    }
}

/// Runs a batch of rounds: the outcome of each.
fn batch(texts: &[Text<Words<Threads>, Threads>], memory: &Threads, seed: u64) -> Vec<Outcome> {
    let words: Vec<_> = (0..BATCH).map(|_| Words::new(memory)).collect();
    let meeting = Meeting { arrived: CachePadded(AtomicUsize::new(0)), threads: texts.len() };
    let run = |text: Text<Words<Threads>, Threads>, seed: u64| {
        let mut pauses = SmallRng::seed_from_u64(seed);
        let round = |(round, words)| {
            meeting.meet(round);
            (0..pauses.random_range(0..JITTER)).for_each(|turn| {
                black_box(turn);
            });
            text(words, memory)
        };
        (1..).zip(&words).map(round).collect::<Vec<_>>()
    };
    let columns: Vec<_> = thread::scope(|scope| {
        let start = |(number, &text)| {
            let run = &run;
            scope.spawn(move || {
                keep_to_core(number);
                run(text, seed * 64 + number as u64 + 1)
            })
        };
        let running: Vec<_> = texts.iter().enumerate().map(start).collect();
        running.into_iter().map(|thread| thread.join().expect("no thread of a test panics")).collect()
    });
    (0..BATCH).map(|round| columns.iter().map(|column: &Vec<_>| column[round].clone()).collect()).collect()
}

/// Runs a test: at least so many rounds.
pub fn run(test: &Test, rounds: usize) -> Count {
    let (texts, memory) = ((test.threads)(), Threads::new(Fences::best()));
    let mut count = Count { seen: 0, rounds: 0 };
    while count.rounds < rounds {
        let outcomes = batch(&texts, &memory, count.rounds as u64 + 1);
        count.seen += outcomes.iter().filter(|outcome| test.is_asked(outcome)).count();
        count.rounds += outcomes.len();
    }
    count
}

/// What is wrong with the counts: a forbidden outcome was seen, or the runner sees nothing at all.
pub fn faults(tests: &[Test], counts: &Counts) -> Vec<String> {
    let seen = |test: &&Test| counts.get(test.name).is_some_and(|count| count.seen > 0);
    let forbidden = tests.iter().filter(|test| test.standard == Standard::Forbidden).filter(seen);
    let mut faults: Vec<_> = forbidden.map(|test| format!("{}: seen, although it is forbidden", test.name)).collect();
    // Each x86-64 core has a store buffer, so a runner that never sees this one is too slow for all of them.
    let blind = !tests.iter().filter(|test| test.name == "SB, Release and Acquire").any(|test| seen(&test));
    if cfg!(target_arch = "x86_64") && blind {
        faults.push("store buffering was not seen: the threads do not run at the same time".into());
    }
    faults
}

/// The machine, in a line.
pub fn describe() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let kernel = read("/proc/sys/kernel/osrelease");
    let processors = read("/proc/cpuinfo");
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unnamed processor", |(_, model)| model.trim());
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let fences = Fences::best();
    format!("{}, {model}, {cores} cores, Linux {}, {fences:?} fences", std::env::consts::ARCH, kernel.trim())
}

#[test]
fn forbidden_outcome_and_blind_runner_are_faults() {
    let tests = super::tests();
    let count = |seen| Count { seen, rounds: 10 };
    let fine = || Counts::from([("SB, Release and Acquire", count(1)), ("MP, Release and Acquire", count(0))]);
    assert!(faults(&tests, &fine()).is_empty());
    let mut counts = fine();
    counts.insert("MP, Release and Acquire", count(1));
    assert_eq!(faults(&tests, &counts), ["MP, Release and Acquire: seen, although it is forbidden"]);
    if cfg!(target_arch = "x86_64") {
        counts = fine();
        counts.insert("SB, Release and Acquire", count(0));
        assert_eq!(faults(&tests, &counts).len(), 1);
    }
}

#[test]
fn every_thread_has_a_share_in_each_outcome() {
    for test in super::tests().iter().filter(|test| test.name.starts_with("MP")) {
        let outcomes = batch(&(test.threads)(), &Threads::new(Fences::best()), 1);
        assert!(outcomes.iter().all(|outcome| outcome.len() == 2 && outcome[0].is_empty() && outcome[1].len() == 2));
    }
}
