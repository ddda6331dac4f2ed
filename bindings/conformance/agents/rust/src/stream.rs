//! Many messages by formula: sent, or received and checked.

use crate::failure::Failure;
use crate::formula::{Formula, HEAD, Lengths, head};
use crate::handles::{Handles, Receiver};
use crate::send::timeout;
use crate::wire::{Asked, Line, Misuse};
use ackcast::{Consumer, Producer, RecvError, SendError};
use std::collections::BTreeMap;
use std::time::Duration;

type Answer = Result<Line, Failure>;

/// How many messages a batch has.
const BATCH: u64 = 50;

/// Sends `n` messages of producer `who`, from number `from` on.
pub fn produce(handles: &mut Handles, request: &Line, formula: &Formula) -> Answer {
    let sender = handles.sender(request.text("id")?)?;
    let (who, from, n) = (request.number("who")?, request.number_or("from", 0_u64)?, request.number::<u64>("n")?);
    let (lengths, how): (Lengths, _) = (request.text("lengths")?.parse()?, request.text("how")?);
    let pace = Duration::from_micros(request.number_or("pace_us", 0)?);
    let (mut next, end) = (from, from.saturating_add(n));
    while next < end {
        let count = if how == "batch" { BATCH.min(end - next) } else { 1 };
        let mut messages = Vec::new();
        for sequence in next..next + count {
            let mut message = Vec::new();
            formula.message(who, sequence, lengths.of(who, sequence), &mut message);
            messages.extend(sender.liar.pass(message));
        }
        send(sender.producer()?, how, &messages)?;
        next += count;
        if !pace.is_zero() {
            std::thread::sleep(pace);
        }
    }
    Ok(Line::new("ok").with("n", n))
}

fn send(producer: &mut Producer, how: &str, messages: &[Vec<u8>]) -> Result<(), Failure> {
    if how == "batch" {
        return Ok(producer.send_batch(messages)?);
    }
    for message in messages {
        match how {
            "send" => producer.send(message)?,
            "try" => loop {
                match producer.try_send(message) {
                    Err(SendError::TimedOut(_)) => std::thread::yield_now(),
                    result => break result?,
                }
            },
            "loan" => {
                let mut loan = producer.loan()?;
                let slot = loan.get_mut(..message.len()).ok_or_else(|| Misuse("beyond the slot".to_owned()))?;
                slot.copy_from_slice(message);
                loan.publish(message.len())?;
            }
            _ => return Err(Misuse(format!("no way to send: {how}")).into()),
        }
    }
    Ok(())
}

/// What a receiver has seen.
pub struct Check<'f> {
    formula: &'f Formula,
    lengths: Lengths,
    /// The only producer, if its number is known before; its messages may be shorter than a head.
    only: Option<u32>,
    /// The number that a producer's first message has. `None`: any.
    from: Option<u64>,
    /// By producer: its first message here, and the one expected next.
    producers: BTreeMap<u32, (u64, u64)>,
    expected: Vec<u8>,
    digest: crc32fast::Hasher,
    n: u64,
    faults: u64,
    first: String,
    last: Option<(u32, u64)>,
    /// How often another producer's message came within a batch.
    splits: u64,
}

impl<'f> Check<'f> {
    /// What a request asks to be checked.
    pub fn new(request: &Line, formula: &'f Formula) -> Asked<Self> {
        let only = match request.text("who")? {
            "any" => None,
            _ => Some(request.number("who")?),
        };
        let from = match request.text("from")? {
            "any" => None,
            _ => Some(request.number("from")?),
        };
        let lengths = request.text("lengths")?.parse()?;
        let (digest, first) = (crc32fast::Hasher::new(), String::new());
        let (producers, expected) = (BTreeMap::new(), Vec::new());
        let (last, n, faults, splits) = (None, 0, 0, 0);
        Ok(Self { formula, lengths, only, from, producers, expected, digest, n, faults, first, last, splits })
    }

    pub fn message(&mut self, message: &[u8]) {
        let found = if message.len() >= HEAD { head(message) } else { None };
        let who = self.only.or(found.map(|(who, _)| who)).unwrap_or(u32::MAX);
        let start = self.from.or(found.map(|(_, sequence)| sequence)).unwrap_or(0);
        let (_, next) = self.producers.entry(who).or_insert((start, start));
        let expected = *next;
        self.formula.message(who, expected, self.lengths.of(who, expected), &mut self.expected);
        // After a fault the check goes on behind the message that was found.
        *next = found.filter(|_| message != self.expected).map_or(expected, |(_, sequence)| sequence).wrapping_add(1);
        if message != self.expected {
            self.faults += 1;
            if self.first.is_empty() {
                let (len, wanted) = (message.len(), self.expected.len());
                self.first = format!("at {}: {len} bytes, {found:?}, not {wanted} bytes, {who}, {expected}", self.n);
            }
        }
        let within = |sequence: u64| sequence % BATCH != 0;
        if self.last.is_some_and(|(last, sequence)| last != who && (within(sequence + 1) || within(expected))) {
            self.splits += 1;
        }
        self.last = Some((who, expected));
        self.digest.update(&(message.len() as u32).to_le_bytes());
        self.digest.update(message);
        self.n += 1;
    }

    fn answer(self, end: &str) -> Line {
        let producers: Vec<_> =
            self.producers.iter().map(|(who, (first, next))| format!("{who}:{first}:{next}")).collect();
        let line = Line::new("ok").with("n", self.n).with("end", end);
        let line = line.with("digest", format!("{:08x}", self.digest.finalize())).with("faults", self.faults);
        line.with("first", self.first).with("splits", self.splits).with("producers", producers.join(","))
    }
}

/// Receives `n` messages, or all up to an error, and checks them. The error's name is `end`.
pub fn consume(handles: &mut Handles, request: &Line, formula: &Formula) -> Answer {
    let receiver = handles.receiver(request.text("id")?)?;
    let mut check = Check::new(request, formula)?;
    let limit = request.number_or("n", u64::MAX)?;
    while check.n < limit {
        let most = limit - check.n;
        match receive(receiver, request.text("how")?, timeout(request)?, most, &mut check) {
            Ok(()) => {}
            Err(error) => return ended(check, error),
        }
    }
    Ok(check.answer("limit"))
}

/// What was received up to an error of the library, which is the end.
pub fn ended(check: Check<'_>, error: Failure) -> Answer {
    let end = error.line();
    if end.verb != "error" {
        return Ok(end);
    }
    Ok(check.answer(end.text("name")?))
}

/// Receives at least one message.
fn receive(
    receiver: &mut Receiver,
    how: &str,
    timeout: Option<Duration>,
    most: u64,
    check: &mut Check<'_>,
) -> Result<(), Failure> {
    let liar = (!receiver.liar.is_honest()).then(|| std::mem::take(&mut receiver.liar));
    let Some(mut liar) = liar else {
        return take(receiver.consumer()?, how, timeout, most, &mut |message| check.message(message));
    };
    let taken = take(receiver.consumer()?, how, timeout, most, &mut |message| {
        liar.pass(message.to_vec()).iter().for_each(|message| check.message(message));
    });
    receiver.liar = liar;
    taken
}

fn take(
    consumer: &mut Consumer,
    how: &str,
    timeout: Option<Duration>,
    most: u64,
    each: &mut dyn FnMut(&[u8]),
) -> Result<(), Failure> {
    match (how, timeout) {
        ("recv", None) => each(&consumer.recv()?),
        ("recv", Some(timeout)) => each(&consumer.recv_timeout(timeout)?),
        ("into", _) => {
            let mut buffer = Vec::new();
            consumer.recv_into(&mut buffer)?;
            each(&buffer);
        }
        ("try", _) => match consumer.try_recv() {
            Err(RecvError::TimedOut { .. }) => std::thread::yield_now(),
            message => each(&message?),
        },
        ("borrow", None) => each(&consumer.recv_ref()?),
        ("borrow", Some(timeout)) => each(&consumer.recv_ref_timeout(timeout)?),
        ("batch", _) => {
            let mut batch = match timeout {
                None => consumer.recv_batch()?,
                Some(timeout) => consumer.recv_batch_timeout(timeout)?,
            };
            for _ in 0..most {
                let Some(message) = batch.take()? else { break };
                each(message);
            }
        }
        ("iterate", _) => {
            for message in consumer.iter() {
                each(&message?);
            }
            return Err(RecvError::Ended.into());
        }
        _ => return Err(Misuse(format!("no way to receive: {how}")).into()),
    }
    Ok(())
}
