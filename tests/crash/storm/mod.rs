//! A storm: 3 producers and 4 consumers are killed and replaced, stopped and continued at random, on both layers. Half
//! of them run under a 1 kHz timer. Each consumer checks that it receives each message once and in order. Every wait is
//! bounded. No time is asserted: the gaps in the channel's progress are printed, with their explanations.
//!
//! Ten minutes: `ACKCAST_STORM_SECONDS=600 cargo test --release --test crash storm:: -- --nocapture --test-threads=1`.
//! The length is that of each layer's storm. Without `--test-threads` the layers share the cores. `ACKCAST_STORM_SEED`
//! repeats a storm's choices.

mod progress;
pub mod roles;

use crate::child::Process;
use ackcast::segment::Name;
use ackcast::{Backend, Channel};
use progress::{Board, Gaps, Registration, Witness};
use rand::rngs::SmallRng;
use rand::seq::index::sample;
use rand::{Rng, SeedableRng};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

const PRODUCERS: usize = 3;
const CONSUMERS: usize = 4;
/// Upper bound on the time of one channel.
const ROUND: Duration = Duration::from_secs(20);

/// The hash of each block, and how many consumers received it.
type Blocks = HashMap<u64, (u64, u32)>;

/// What a consumer printed: each block that it received whole, and how many messages came before END.
#[derive(Default)]
struct Seen {
    blocks: Vec<(u64, u64)>,
    end: Option<u64>,
}

/// A participant, and the thread that reads its output.
struct Participant {
    process: Process,
    sends: bool,
    output: JoinHandle<Seen>,
    board: Arc<Board>,
}

impl Participant {
    fn start(channel: &str, sends: bool, life: usize, board: &Arc<Board>) -> Self {
        let role = if sends { "storm producer" } else { "storm consumer" };
        let mut process = Process::start(role, channel, life);
        let (pid, stdout) = (process.0.id(), process.0.stdout.take().unwrap());
        let shared = board.clone();
        let output = std::thread::spawn(move || {
            let (mut said, mut line, mut seen) = (BufReader::new(stdout), String::new(), Seen::default());
            // The last line of a killed process may be cut off.
            while matches!(said.read_line(&mut line), Ok(1..)) && line.ends_with('\n') {
                match line.split_whitespace().collect::<Vec<_>>()[..] {
                    ["thread", thread] => {
                        shared.registrations.lock().unwrap().extend(Registration::new(
                            pid,
                            thread.parse().unwrap(),
                            sends,
                        ));
                    }
                    ["ready"] => {
                        let mut registrations = shared.registrations.lock().unwrap();
                        registrations
                            .iter_mut()
                            .filter(|registration| registration.pid == pid)
                            .for_each(|registration| registration.attached = true);
                    }
                    ["block", block, hash] => seen.blocks.push((block.parse().unwrap(), hash.parse().unwrap())),
                    ["end", end] => seen.end = Some(end.parse().unwrap()),
                    _ => {}
                }
                line.clear();
            }
            seen
        });
        Self { process, sends, output, board: board.clone() }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process.0), signal).unwrap();
    }

    fn stop(&self) {
        self.board.stopped.fetch_add(1, Relaxed);
        self.signal(Signal::STOP);
    }

    fn cont(&self) {
        self.signal(Signal::CONT);
        self.board.stopped.fetch_sub(1, Relaxed);
    }

    /// Fails if the participant has ended by itself.
    fn expect_alive(&mut self) {
        if let Some(status) = self.process.0.try_wait().unwrap() {
            panic!("the participant ended by itself: {status}, {}", self.words());
        }
    }

    fn words(&mut self) -> String {
        let mut words = Vec::new();
        let _ = self.process.0.stderr.take().unwrap().read_to_end(&mut words);
        String::from_utf8_lossy(&words).into_owned()
    }

    /// Fails unless the participant ended well. A consumer that received anything must have received this many
    /// messages.
    fn expect_success(mut self, messages: u64, blocks: &mut Blocks) {
        let status = self.process.wait();
        assert!(status.success(), "{status}, {}", self.words());
        let end = self.collect(blocks).unwrap_or(messages);
        assert_eq!(end, messages, "a consumer receives all up to END");
    }

    /// Kills and reaps the participant.
    fn kill(self, blocks: &mut Blocks) {
        let board = self.board.clone();
        board.dying.fetch_add(1, Relaxed);
        self.collect(blocks);
        board.dying.fetch_sub(1, Relaxed);
    }

    /// Checks that the same blocks have the same hashes for each consumer. Returns this consumer's END, if it came.
    fn collect(self, blocks: &mut Blocks) -> Option<u64> {
        let Self { process, output, board, .. } = self;
        let pid = process.0.id();
        drop(process); // kills and reaps it
        let Seen { blocks: hashes, end } = output.join().unwrap();
        for (block, hash) in hashes {
            let seen = blocks.entry(block).or_insert((hash, 0));
            assert_eq!(seen.0, hash, "block {block} differs between consumers");
            seen.1 += 1;
        }
        board.registrations.lock().unwrap().retain(|registration| registration.pid != pid);
        end
    }
}

/// What happened in a storm.
#[derive(Debug, Default)]
struct Figures {
    messages: u64,
    killed_producers: u32,
    killed_consumers: u32,
    killed_while_stopped: u32,
    stops: u32,
    evictions: u32,
    takeovers: u32,
    blocks: usize,
    compared: usize,
}

/// The storm of one channel.
fn round(
    backend: Backend,
    slots: u32,
    number: usize,
    length: Duration,
    random: &mut SmallRng,
    all: &mut Figures,
) -> Gaps {
    let name = format!("storm-{backend:?}-{number}-{}", std::process::id());
    let channel =
        Channel::create(&name).slots(slots).slot_size(128).consumers(1).places(8).backend(backend).build().unwrap();
    let board = Arc::new(Board::default());
    let mut lives = 0;
    let mut new = |sends| {
        lives += 1;
        Participant::start(&name, sends, lives, &board)
    };
    let mut participants: Vec<_> = (0..PRODUCERS + CONSUMERS).map(|i| new(i < PRODUCERS)).collect();
    let started = Instant::now();
    while channel.published().count() == 0 {
        assert!(started.elapsed() < crate::child::HANG, "no message is sent");
        participants.iter_mut().for_each(Participant::expect_alive);
        sleep(Duration::from_millis(1));
    }
    let witness = Witness::start(&Name::new(&name).unwrap(), &board);
    let mut blocks = Blocks::new();
    let start = Instant::now();
    while start.elapsed() < length {
        // The storm's rhythm, not synchronisation: anything may happen between two blows.
        sleep(Duration::from_micros(random.random_range(200..80_000)));
        participants.iter_mut().for_each(Participant::expect_alive);
        let blow = random.random_range(0..10);
        if blow < 5 {
            let victims = random.random_range(1..=3);
            let victims = sample(random, participants.len(), victims);
            victims.iter().for_each(|victim| participants[victim].stop());
            sleep(Duration::from_millis(random.random_range(5..=200)));
            victims.iter().for_each(|victim| participants[victim].cont());
            all.stops += victims.len() as u32;
        } else {
            let victim = random.random_range(0..participants.len());
            let sends = participants[victim].sends;
            let stopped = blow == 9;
            if stopped {
                participants[victim].stop();
                sleep(Duration::from_millis(random.random_range(5..=50)));
            }
            let victim = std::mem::replace(&mut participants[victim], new(sends));
            victim.kill(&mut blocks);
            if stopped {
                board.stopped.fetch_sub(1, Relaxed);
                all.killed_while_stopped += 1;
            }
            *(if sends { &mut all.killed_producers } else { &mut all.killed_consumers }) += 1;
        }
    }
    let gaps = witness.gaps();
    for producer in &mut participants[..PRODUCERS] {
        drop(producer.process.0.stdin.take()); // the producer stops, and finishes
    }
    let consumers = participants.split_off(PRODUCERS);
    participants.into_iter().for_each(|producer| producer.expect_success(0, &mut blocks));
    let published = channel.published();
    assert!(published.ended(), "the last producer to finish publishes END");
    let messages = published.count() - 1; // without END
    consumers.into_iter().for_each(|consumer| consumer.expect_success(messages, &mut blocks));
    all.messages += messages;
    all.evictions += channel.evicted();
    all.takeovers += channel.takeovers();
    all.blocks += blocks.len();
    all.compared += blocks.values().filter(|(_, seen)| *seen > 1).count();
    drop(channel);
    assert!(!std::path::Path::new(&format!("/dev/shm/ackcast.{name}")).exists());
    gaps
}

fn storm(backend: Backend) {
    let number = |variable: &str| std::env::var(variable).ok().and_then(|value| value.parse::<u64>().ok());
    let length = Duration::from_secs(number("ACKCAST_STORM_SECONDS").unwrap_or(5));
    let seed = number("ACKCAST_STORM_SEED").unwrap_or_else(|| rand::rng().random());
    println!("{backend:?}, seed {seed}, {length:?}");
    let mut random = SmallRng::seed_from_u64(seed);
    let (mut all, mut gaps) = (Figures::default(), Gaps::default());
    let start = Instant::now();
    for (number, slots) in [1, 16, 1024].into_iter().cycle().enumerate() {
        let left = length.saturating_sub(start.elapsed());
        if left.is_zero() {
            break;
        }
        gaps.join(round(backend, slots, number, left.min(length / 3).min(ROUND), &mut random, &mut all));
    }
    println!("{backend:?}, seed {seed}, {:.1?}: {all:?}\n{gaps}", start.elapsed());
    assert!(all.messages > 0 && all.compared > 0, "the consumers' orders were compared");
}

#[test]
fn futex_messages_keep_their_order_in_a_storm() {
    storm(Backend::Futex);
}

#[test]
fn raw_sync_messages_keep_their_order_in_a_storm() {
    storm(Backend::RawSync);
}
