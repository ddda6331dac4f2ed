//! The processes of the storm. Every second process runs under a 1 kHz timer.

use crate::child::HANG;
use crate::interrupt::interrupt_each_millisecond;
use ackcast::protocol::JoinError;
use ackcast::{AttachError, Consumer, Finished, Producer, RecvError, SendError};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// The number of messages of a block. Consumers compare the hash of each block, in the total order.
pub const BLOCK: u64 = 256;

/// A sequence number that the producer does not know: a batch does not report it.
const UNKNOWN: u64 = u64::MAX;

/// What a producer sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
struct Numbered {
    /// The producer's incarnation.
    life: u64,
    /// How many messages this incarnation has sent before.
    count: u64,
    /// The message's number in the total order, or [`UNKNOWN`].
    sequence: u64,
    /// The number of the producer's previous message, or [`UNKNOWN`].
    previous: u64,
    /// Makes a torn message visible.
    check: [u64; 12],
}

impl Numbered {
    fn new(life: u64, count: u64, sequence: u64, previous: u64) -> Self {
        let check = life ^ count.rotate_left(32) ^ sequence.rotate_left(16) ^ previous.rotate_left(48);
        Self { life, count, sequence, previous, check: [check; 12] }
    }
}

/// Prints the thread that is about to attach. Every second process runs under a timer from now on.
fn begin(number: usize) {
    if number % 2 == 1 {
        interrupt_each_millisecond();
    }
    println!("\nthread {}", rustix::thread::gettid());
}

fn fail(what: &str) -> ! {
    eprintln!("FAILED: {what}");
    std::process::exit(1);
}

/// Sends separately and in batches until its standard input is closed, then finishes.
pub fn producer(channel: &str, life: usize) {
    begin(life);
    let mut producer = match Producer::attach(channel) {
        // The others finished while this process started: END needs no further producer.
        Err(AttachError::Join { error: JoinError::Ended, .. }) => return,
        attached => attached.unwrap(),
    };
    println!("ready");
    static STOP: AtomicBool = AtomicBool::new(false);
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new()); // `read_to_end` goes on when a signal interrupts it
        STOP.store(true, Relaxed);
    });
    let life = life as u64;
    let (mut count, mut previous) = (0, UNKNOWN);
    while !STOP.load(Relaxed) {
        let sent = if count % 16 == 7 {
            // More messages than are counted together, and than 1 or 16 slots hold.
            let batch: Vec<_> = (0..80)
                .map(|i| Numbered::new(life, count + i, UNKNOWN, if i == 0 { previous } else { UNKNOWN }))
                .collect();
            let bytes: Vec<_> = batch.iter().map(IntoBytes::as_bytes).collect();
            previous = UNKNOWN;
            producer.send_batch_timeout(&bytes, HANG).map(|()| 80).map_err(|interrupted| interrupted.error)
        } else {
            producer.loan_timeout(HANG).and_then(|mut loan| {
                let message = Numbered::new(life, count, loan.sequence(), previous);
                previous = message.sequence;
                loan[..size_of::<Numbered>()].copy_from_slice(message.as_bytes());
                loan.publish(size_of::<Numbered>()).map(|()| 1)
            })
        };
        match sent {
            Ok(sent) => count += sent,
            Err(SendError::Ended) => return,
            Err(error) => fail(&format!("producer {life}: {error}")),
        }
    }
    match producer.finish_timeout(HANG) {
        Ok(Finished::Ended | Finished::OthersRemain) | Err(SendError::Ended) => {}
        Err(error) => fail(&format!("producer {life} finishing: {error}")),
    }
}

/// Receives until END, separately or in batches. Prints the hash of every block that it received whole.
pub fn consumer(channel: &str, number: usize) {
    begin(number);
    let mut consumer = Consumer::attach(channel).unwrap();
    println!("ready");
    let mut order = Order::default();
    let mut waited = Instant::now();
    loop {
        let received = if number % 3 == 0 {
            consumer.recv_batch_timeout(HANG).and_then(|mut batch| {
                loop {
                    let sequence = batch.sequence();
                    let Some(message) = batch.take()? else { return Ok(()) };
                    order.expect(sequence, message);
                }
            })
        } else {
            consumer.recv_ref_timeout(HANG).map(|message| order.expect(message.sequence(), &message))
        };
        match received {
            Ok(()) => waited = Instant::now(),
            // A consumer that joined last of all has received END only.
            Err(RecvError::Ended) => break order.next.iter().for_each(|next| println!("end {next}")),
            // A successor comes in a moment.
            Err(RecvError::ProducersLost(_)) if waited.elapsed() < HANG => std::thread::yield_now(),
            Err(error) => fail(&format!("consumer {number}, after {:?}: {error}", order.next)),
        }
    }
}

/// The messages that a consumer has received so far: each message once, and in order.
#[derive(Default)]
struct Order {
    first: u64,
    next: Option<u64>,
    /// Each producer's next count, and the sequence number of its last message.
    lives: HashMap<u64, (u64, u64)>,
    block: Option<DefaultHasher>,
}

impl Order {
    /// The hash of the block that ends with this message, if the consumer received it whole.
    fn check(&mut self, sequence: u64, bytes: &[u8]) -> Result<Option<u64>, String> {
        match self.next {
            None => self.first = sequence,
            Some(next) if next != sequence => return Err(format!("message {sequence} instead of {next}")),
            Some(_) => {}
        }
        self.next = Some(sequence + 1);
        let message =
            Numbered::read_from_bytes(bytes).map_err(|_| format!("message {sequence} has {} bytes", bytes.len()))?;
        if message != Numbered::new(message.life, message.count, message.sequence, message.previous) {
            return Err(format!("message {sequence} is torn: {message:?}"));
        }
        if ![UNKNOWN, sequence].contains(&message.sequence) {
            return Err(format!("message {sequence} was sent as another: {message:?}"));
        }
        let seen = self.lives.insert(message.life, (message.count + 1, sequence));
        let follows = match seen {
            Some((count, last)) => message.count == count && [UNKNOWN, last].contains(&message.previous),
            // Its earlier messages were sent before this consumer joined.
            None => message.count == 0 || message.previous == UNKNOWN || message.previous < self.first,
        };
        if !follows {
            return Err(format!("message {sequence} is {message:?} after {seen:?}; the first seen was {}", self.first));
        }
        if sequence % BLOCK == 0 {
            self.block = Some(DefaultHasher::new());
        }
        let Some(block) = &mut self.block else { return Ok(None) };
        bytes.hash(block);
        Ok((sequence % BLOCK == BLOCK - 1).then(|| block.finish()))
    }

    /// Prints the block's hash. Ends the process if the message is not the next message.
    fn expect(&mut self, sequence: u64, bytes: &[u8]) {
        match self.check(sequence, bytes) {
            Ok(None) => {}
            Ok(Some(hash)) => println!("block {} {hash}", sequence / BLOCK),
            Err(wrong) => fail(&wrong),
        }
    }
}

/// The negative twin: what the consumers in the storm must refuse.
#[test]
fn order_refuses_messages_lost_repeated_swapped_or_torn() {
    let sent = |life, count, sequence, previous| (sequence, Numbered::new(life, count, sequence, previous));
    let refused = |messages: &[(u64, Numbered)]| {
        let (mut order, (last, good)) = (Order::default(), messages.split_last().unwrap());
        for (sequence, message) in good {
            order.check(*sequence, message.as_bytes()).unwrap();
        }
        order.check(last.0, last.1.as_bytes()).is_err()
    };
    let first = sent(1, 5, 10, 9);
    assert!(!refused(&[first]), "a message from before the join is not missed");
    assert!(!refused(&[first, sent(2, 0, 11, UNKNOWN), sent(1, 6, 12, 10)]), "two producers");
    assert!(refused(&[first, sent(1, 6, 12, 10)]), "a message of the total order is lost");
    assert!(refused(&[first, first]), "repeated");
    assert!(refused(&[first, sent(1, 5, 11, 9)]), "sent twice");
    assert!(refused(&[first, sent(1, 7, 11, 10)]), "a producer's message is lost");
    assert!(refused(&[first, sent(2, 3, 11, 10)]), "a producer's first message since the join is lost");
    assert!(refused(&[first, (11, Numbered::new(1, 6, 12, 10))]), "in another's slot");
    let mut torn = sent(1, 6, 11, 10);
    torn.1.check[11] ^= 1;
    assert!(refused(&[first, torn]), "torn");
}
