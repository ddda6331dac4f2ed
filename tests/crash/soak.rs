//! A storm of kills and restarts, on both layers. Producers and consumers die at random and are replaced, and every
//! consumer checks what it receives. `ACKCAST_SOAK_SECONDS` overrides the length of each layer's storm, and
//! `ACKCAST_SOAK_SEED` the seed.

use crate::child::{HANG, Process};
use ackcast::protocol::JoinError;
use ackcast::{AttachError, Backend, Channel, Consumer, Producer, RecvError, SendError};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// The number of messages of a block. Consumers compare the hash of each block, in the total order.
const BLOCK: u64 = 500;
const PRODUCERS: usize = 3;
const CONSUMERS: usize = 3;

/// A message: the producer's incarnation, and how many messages it has sent before.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
struct Numbered {
    life: u64,
    count: u64,
    /// Makes a torn message visible.
    check: [u64; 14],
}

impl Numbered {
    fn new(life: u64, count: u64) -> Self {
        Self { life, count, check: [life ^ count.rotate_left(32); 14] }
    }
}

/// Sends until its standard input is closed, then finishes.
pub fn producer(channel: &str, life: usize) {
    let mut producer = match Producer::attach(channel) {
        // The others finished while this process started: END needs no further producer.
        Err(AttachError::Join { error: JoinError::Ended, .. }) => return,
        attached => attached.unwrap(),
    };
    static STOP: AtomicU32 = AtomicU32::new(0);
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        STOP.store(1, Relaxed);
    });
    let mut count = 0;
    while STOP.load(Relaxed) == 0 {
        let message = Numbered::new(life as u64, count);
        match producer.send_timeout(message.as_bytes(), HANG) {
            Ok(()) => count += 1,
            Err(SendError::Ended) => return,
            Err(error) => fail(&format!("producer {life}: {error}")),
        }
    }
    if let Err(error) = producer.finish_timeout(HANG) {
        fail(&format!("producer {life} finishing: {error}"));
    }
}

/// Receives until END. Prints the hash of every block that it received whole.
pub fn consumer(channel: &str) {
    let mut consumer = Consumer::attach(channel).unwrap();
    let mut next = None;
    let mut lives = HashMap::<u64, u64>::new();
    let mut hasher = None;
    let mut waited = Instant::now();
    loop {
        let message = match consumer.recv_ref_timeout(HANG) {
            Ok(message) => message,
            Err(RecvError::Ended) => break println!("end {}", next.unwrap_or(0)),
            Err(RecvError::ProducersLost(_)) if waited.elapsed() < HANG => {
                std::thread::yield_now(); // a successor comes in a moment
                continue;
            }
            Err(error) => fail(&format!("consumer: {error}")),
        };
        waited = Instant::now();
        let sequence = message.sequence();
        if next.is_some_and(|next| next != sequence) {
            fail(&format!("message {sequence} after {next:?}"));
        }
        next = Some(sequence + 1);
        let Ok(numbered) = Numbered::read_from_bytes(&message) else { fail("wrong length") };
        if numbered.check != Numbered::new(numbered.life, numbered.count).check {
            fail(&format!("torn: {numbered:?}"));
        }
        let count = lives.entry(numbered.life).or_insert(numbered.count);
        if *count != numbered.count {
            fail(&format!("producer {}: message {} instead of {count}", numbered.life, numbered.count));
        }
        *count += 1;
        if sequence % BLOCK == 0 {
            hasher = Some(DefaultHasher::new());
        }
        if let Some(running) = &mut hasher {
            (numbered.life, numbered.count).hash(running);
            if sequence % BLOCK == BLOCK - 1 {
                println!("block {} {:x}", sequence / BLOCK, running.finish());
            }
        }
    }
}

fn fail(what: &str) -> ! {
    eprintln!("FAILED: {what}");
    std::process::exit(1);
}

/// A consumer, and a thread that collects its output.
struct Observed {
    process: Process,
    output: std::thread::JoinHandle<String>,
}

impl Observed {
    fn start(channel: &str) -> Self {
        let mut process = Process::start("soak consumer", channel, 0);
        let mut stdout = process.0.stdout.take().unwrap();
        let output = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stdout.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self { process, output }
    }

    /// Collects the blocks that this consumer received. The same block must have the same hash for each consumer.
    fn collect(self, blocks: &mut HashMap<u64, String>) {
        let Self { process, output } = self;
        drop(process);
        let output = output.join().unwrap();
        // The last line of a killed consumer may be cut off.
        for line in output.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            if let Some((block, hash)) = line.trim_end().strip_prefix("block ").and_then(|rest| rest.split_once(' ')) {
                let hash = hash.to_owned();
                let seen = blocks.entry(block.parse().unwrap()).or_insert_with(|| hash.clone());
                assert_eq!(*seen, hash, "block {block} differs between consumers");
            }
        }
    }
}

/// Checks that the child ended well.
fn expect_success(process: &mut Process, role: &str) {
    let status = process.wait();
    let mut text = String::new();
    process.0.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(status.success(), "{role}: {status}\n{text}");
}

fn storm(backend: Backend, seed: u64, length: Duration) {
    let name = format!("soak-{backend:?}-{}", std::process::id());
    let mut random = SmallRng::seed_from_u64(seed);
    let slots = random.random_range(1..=8);
    let channel = Channel::create(&name).slots(slots).consumers(1).places(8).backend(backend).build().unwrap();
    let mut lives = 0;
    let mut new_producer = || {
        lives += 1;
        Process::start("soak producer", &name, lives)
    };
    let mut producers: Vec<Process> = (0..PRODUCERS).map(|_| new_producer()).collect();
    let mut consumers: Vec<Observed> = (0..CONSUMERS).map(|_| Observed::start(&name)).collect();
    let mut blocks = HashMap::new();
    let (mut killed_producers, mut killed_consumers) = (0_u32, 0_u32);
    let start = Instant::now();
    while start.elapsed() < length {
        // The storm's rhythm, not synchronisation: anything may happen between two kills.
        std::thread::sleep(Duration::from_micros(random.random_range(200..20_000)));
        if random.random_bool(0.5) {
            let victim = &mut producers[random.random_range(0..PRODUCERS)];
            let alive = victim.0.try_wait().unwrap().is_none();
            assert!(alive, "a producer ended by itself");
            *victim = new_producer(); // dropping the old process kills and reaps it
            killed_producers += 1;
        } else {
            let victim = random.random_range(0..CONSUMERS);
            assert!(consumers[victim].process.0.try_wait().unwrap().is_none(), "a consumer ended by itself");
            std::mem::replace(&mut consumers[victim], Observed::start(&name)).collect(&mut blocks);
            killed_consumers += 1;
        }
    }
    for producer in &mut producers {
        drop(producer.0.stdin.take()); // the producer stops, and finishes
    }
    for producer in &mut producers {
        expect_success(producer, "producer");
    }
    let published = channel.published();
    assert!(published.ended(), "the last producer to finish publishes END");
    for mut consumer in consumers {
        expect_success(&mut consumer.process, "consumer");
        consumer.collect(&mut blocks);
    }
    println!(
        "{backend:?}, seed {seed}, {slots} slots, {:.0?}: {killed_producers} producers and {killed_consumers} consumers killed \
         and replaced, {} messages, {} evictions, {} takeovers, {} blocks compared",
        length,
        published.count(),
        channel.evicted(),
        channel.takeovers(),
        blocks.len()
    );
    drop(channel);
    assert!(!std::path::Path::new(&format!("/dev/shm/ackcast.{name}")).exists());
}

#[test]
fn a_storm_of_kills_loses_nothing() {
    let number = |variable: &str| std::env::var(variable).ok().and_then(|value| value.parse::<u64>().ok());
    let length = Duration::from_secs(number("ACKCAST_SOAK_SECONDS").unwrap_or(5));
    let seed = number("ACKCAST_SOAK_SEED").unwrap_or_else(|| rand::rng().random());
    for backend in [Backend::Futex, Backend::RawSync] {
        storm(backend, seed, length);
    }
}
