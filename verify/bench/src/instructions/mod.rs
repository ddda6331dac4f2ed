//! What the abstraction costs, in instructions per message, counted by valgrind. Three implementations are compared:
//! the protocol (generic, on the futex layer), the typed API above it, and the handwritten protocol.
//!
//! A thread fills half the ring and drains it, again and again, so that it never waits. Each case is counted with some
//! messages and with twice as many. The difference is the cost of the messages alone.

mod handwritten;
mod side;

use crate::message::{Check, fill};
use crate::report::write_table;
use crate::run::{Machine, progress};
use ackcast::Channel;
use ackcast::protocol::{Consumer, Producer};
use ackcast::segment::{Handle, Name};
use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use side::{FutexConsumer, FutexProducer, Receives, SIZE, Sends};
use std::fmt::Write;
use std::hint::black_box;
use std::io::ErrorKind::NotFound;
use std::path::Path;
use std::process::Command;

/// How messages are passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Way {
    Copied,
    InPlace,
    Batches,
}

/// The implementation whose instructions are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    /// No channel: the messages are made, copied in the ways that copy, and checked.
    NoChannel,
    Handwritten,
    Protocol,
    Api,
}

const WAYS: [(Way, &str); 3] = [
    (Way::Copied, "one by one, copied in and out"),
    (Way::InPlace, "one by one, in place"),
    (Way::Batches, "64 together, copied in, read in place"),
];

const SLOTS: u32 = 1024;
/// Half the ring.
const LAP: u64 = SLOTS as u64 / 2;
const MAX_PUBLISH_BATCH: usize = 64;
/// Messages of the shorter run.
const MESSAGES: u64 = 32 * LAP;
/// The part by which the protocol may exceed the handwritten protocol.
const ALLOWED: f64 = 0.05;

/// Instructions per message, for each [`Subject`].
#[derive(Clone, Copy)]
struct Counted {
    no_channel: f64,
    handwritten: f64,
    protocol: f64,
    api: f64,
}

impl Counted {
    /// The instructions above those of the handwritten protocol, as a part of the latter.
    fn more(self, count: f64) -> f64 {
        count / self.handwritten - 1.0
    }

    /// As `more`, without the cost of making, copying and checking the messages, which is the same for all subjects.
    fn more_for_the_channel(self, count: f64) -> f64 {
        (count - self.no_channel) / (self.handwritten - self.no_channel) - 1.0
    }

    fn free_of_cost(self) -> bool {
        self.more(self.protocol) <= ALLOWED
    }
}

/// Counts, prints a table, and writes it if it is told where the tables are.
pub fn main(tables: Option<&Path>) -> Result<()> {
    let count = |way| {
        Ok(Counted {
            no_channel: count(Subject::NoChannel, way)?,
            handwritten: count(Subject::Handwritten, way)?,
            protocol: count(Subject::Protocol, way)?,
            api: count(Subject::Api, way)?,
        })
    };
    let counted = WAYS.iter().map(|(way, _)| count(*way)).collect::<Result<Vec<_>>>()?;
    progress("");
    let page = page(&counted)?;
    print!("{page}");
    if let Some(tables) = tables {
        write_table(tables, "instructions", "What the abstraction costs", &page)?;
    }
    Ok(())
}

fn page(counted: &[Counted]) -> Result<String> {
    let (machine, name) = (Machine::here(), name());
    let fences = Channel::create(&name).build()?.fences();
    let mut page = format!("{}; {:?} fences.\n\n", machine.processor, fences);
    page += "| instructions for a message | no channel | by hand | the protocol | the typed API |\n";
    page += "| --- | ---: | ---: | ---: | ---: |\n";
    for ((_, title), counted) in WAYS.iter().zip(counted) {
        let Counted { no_channel, handwritten, protocol, api } = *counted;
        let beside = |count| {
            let (more, channel) = (counted.more(count), counted.more_for_the_channel(count));
            format!("{count:.1} ({:+.1} %; {:+.0} %)", 100.0 * more, 100.0 * channel)
        };
        writeln!(page, "| {title} | {no_channel:.1} | {handwritten:.1} | {} | {} |", beside(protocol), beside(api))?;
    }
    page += "\nIn brackets: how much more than by hand; and how much more without what there is without a channel.\n";
    let met = if counted.iter().all(|counted| counted.free_of_cost()) { "met" } else { "not met" };
    writeln!(page, "\nGoal: the protocol at most {:.0} % more than by hand: {met}.", 100.0 * ALLOWED)?;
    Ok(page)
}

/// Instructions per message.
fn count(subject: Subject, way: Way) -> Result<f64> {
    progress(&format!("{subject:?}, {way:?}"));
    let (once, twice) = (callgrind(subject, way, MESSAGES)?, callgrind(subject, way, 2 * MESSAGES)?);
    Ok((twice as f64 - once as f64) / MESSAGES as f64)
}

/// Runs this program under callgrind.
fn callgrind(subject: Subject, way: Way, messages: u64) -> Result<u64> {
    let name = |value: &dyn ValueName| value.name();
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["counted", &name(&subject), &name(&way), &messages.to_string()])
        .output();
    let output = match output {
        Err(error) if error.kind() == NotFound => {
            bail!("there is no valgrind here; on Debian, install the package: apt install valgrind")
        }
        output => output.context("valgrind")?,
    };
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{subject:?}, {way:?} under valgrind: {said}");
    collected(&said).with_context(|| format!("valgrind counted nothing: {said}"))
}

/// The number of instructions that callgrind reports.
fn collected(said: &str) -> Option<u64> {
    let line = said.lines().find_map(|line| line.split_once("Collected : "));
    line?.1.trim().parse().ok()
}

/// The value's name on the command line.
trait ValueName {
    fn name(&self) -> String;
}

impl<T: ValueEnum> ValueName for T {
    fn name(&self) -> String {
        self.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned())
    }
}

/// The work that runs under valgrind.
pub fn counted(subject: Subject, way: Way, messages: u64) -> Result<()> {
    if subject == Subject::NoChannel {
        return without_channel(way, messages);
    }
    let name = name();
    let _channel = channel(&name)?;
    // A handle for each side: the kernel takes participants that share a handle for the same participant.
    let (input, output) = (open(&name)?, open(&name)?);
    match subject {
        Subject::NoChannel => Ok(()),
        Subject::Handwritten => {
            let map = handwritten::Map::of(&input)?;
            let mut consumer = handwritten::Consumer::new(&map, Consumer::join(input.channel()?)?);
            let mut producer = handwritten::Producer::new(&map, Producer::join(output.channel()?)?);
            drive(way, messages, &mut producer, &mut consumer)
        }
        Subject::Protocol => {
            let mut consumer: FutexConsumer = Consumer::join(input.channel()?)?;
            let mut producer: FutexProducer = Producer::join(output.channel()?)?;
            drive(way, messages, &mut producer, &mut consumer)
        }
        Subject::Api => {
            let mut consumer = ackcast::Consumer::attach(&name)?;
            let mut producer = ackcast::Producer::attach(&name)?;
            drive(way, messages, &mut producer, &mut consumer)
        }
    }
}

fn open(name: &str) -> Result<Handle> {
    Ok(Handle::open(&Name::new(name)?)?)
}

fn channel(name: &str) -> Result<Channel> {
    Ok(Channel::create(name).slots(SLOTS).slot_size(SIZE as u32).places(1).build()?)
}

fn name() -> String {
    format!("ackbench-{}-instructions", std::process::id())
}

/// Fills half the ring and drains it, until all messages were received as they were sent.
fn drive(way: Way, messages: u64, producer: &mut impl Sends, consumer: &mut impl Receives) -> Result<()> {
    let (mut batch, mut buffer) = ([[0; SIZE]; MAX_PUBLISH_BATCH], Vec::with_capacity(SIZE));
    let mut check = Check::<SIZE>::new();
    while check.next < messages {
        let (start, end) = (check.next, check.next + LAP);
        match way {
            Way::Copied => {
                for tag in start..end {
                    fill(&mut batch[0], tag);
                    producer.send(black_box(&batch[0]))?;
                }
                for _ in start..end {
                    consumer.receive(&mut buffer)?;
                    check.see_bytes(&buffer);
                }
            }
            Way::InPlace => {
                (start..end).try_for_each(|tag| producer.send_in_place(tag))?;
                (start..end).try_for_each(|_| consumer.receive_in_place(&mut check))?;
            }
            Way::Batches => {
                for first in (start..end).step_by(MAX_PUBLISH_BATCH) {
                    batch.iter_mut().zip(first..).for_each(|(message, tag)| fill(message, tag));
                    producer.send_batch(black_box(&batch))?;
                }
                consumer.receive_batch(&mut check)?;
            }
        }
        check.verdict()?;
        ensure!(check.next == end, "{} messages instead of {end}", check.next);
    }
    Ok(())
}

/// As [`drive`], but through an array.
fn without_channel(way: Way, messages: u64) -> Result<()> {
    #[inline(never)]
    fn put(slot: &mut [u8], message: &[u8]) {
        slot[..message.len()].copy_from_slice(message);
    }
    #[inline(never)]
    fn take(slot: &[u8], buffer: &mut Vec<u8>) {
        buffer.clear();
        buffer.extend_from_slice(slot);
    }
    #[inline(never)]
    fn put_in_place(slot: &mut [u8; SIZE], tag: u64) {
        fill(slot, tag);
    }
    #[inline(never)]
    fn take_in_place(slot: &[u8], check: &mut Check<SIZE>) {
        check.see_bytes(slot);
    }
    #[inline(never)]
    fn put_batch(slots: &mut [[u8; SIZE]], messages: &[[u8; SIZE]]) {
        slots.iter_mut().zip(messages).for_each(|(slot, message)| *slot = *message);
    }
    #[inline(never)]
    fn take_batch(slots: &[[u8; SIZE]], check: &mut Check<SIZE>) {
        slots.iter().for_each(|slot| check.see(slot));
    }

    let (mut batch, mut buffer) = ([[0; SIZE]; MAX_PUBLISH_BATCH], Vec::with_capacity(SIZE));
    let mut slots = vec![[0; SIZE]; LAP as usize];
    let mut check = Check::<SIZE>::new();
    while check.next < messages {
        let start = check.next;
        match way {
            Way::Copied => {
                for (slot, tag) in slots.iter_mut().zip(start..) {
                    fill(&mut batch[0], tag);
                    put(slot, black_box(&batch[0]));
                }
                for slot in &slots {
                    take(black_box(slot), &mut buffer);
                    check.see_bytes(&buffer);
                }
            }
            Way::InPlace => {
                slots.iter_mut().zip(start..).for_each(|(slot, tag)| put_in_place(slot, tag));
                slots.iter().for_each(|slot| take_in_place(black_box(slot), &mut check));
            }
            Way::Batches => {
                for (slots, first) in slots.chunks_mut(MAX_PUBLISH_BATCH).zip((start..).step_by(MAX_PUBLISH_BATCH)) {
                    batch.iter_mut().zip(first..).for_each(|(message, tag)| fill(message, tag));
                    put_batch(slots, black_box(&batch));
                }
                take_batch(black_box(&slots), &mut check);
            }
        }
        check.verdict()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ackcast::RecvError;
    use ackcast::layer::Deadline;

    /// Calls `does` for every way, with a handle for each side and the handwritten protocol's view of them.
    fn each_way(name: &str, does: impl Fn(Way, &Handle, &Handle, &handwritten::Map)) {
        for (way, _) in WAYS {
            let name = format!("ackbench-{}-{name}", std::process::id());
            let _channel = channel(&name).unwrap();
            let (input, output) = (open(&name).unwrap(), open(&name).unwrap());
            does(way, &input, &output, &handwritten::Map::of(&input).unwrap());
        }
    }

    #[test]
    fn protocol_receives_what_handwritten_sends() {
        each_way("sends", |way, input, output, map| {
            let mut consumer: FutexConsumer = Consumer::join(input.channel().unwrap()).unwrap();
            let mut producer = handwritten::Producer::new(map, Producer::join(output.channel().unwrap()).unwrap());
            drive(way, 5 * LAP, &mut producer, &mut consumer).unwrap();
        });
    }

    #[test]
    fn handwritten_receives_what_protocol_sends() {
        each_way("receives", |way, input, output, map| {
            let mut consumer = handwritten::Consumer::new(map, Consumer::join(input.channel().unwrap()).unwrap());
            let mut producer: FutexProducer = Producer::join(output.channel().unwrap()).unwrap();
            drive(way, 5 * LAP, &mut producer, &mut consumer).unwrap();
            producer.finish(Deadline::Now).unwrap();
            let mut check = Check::new();
            let end = match way {
                Way::Copied => consumer.receive_into(&mut Vec::new()),
                Way::InPlace => consumer.receive(&mut check),
                Way::Batches => consumer.receive_batch(&mut check),
            };
            assert_eq!(end, Err(RecvError::Ended));
        });
    }

    #[test]
    fn handwritten_overwrites_no_unacknowledged_message() {
        each_way("full", |_, input, output, map| {
            let mut consumer: FutexConsumer = Consumer::join(input.channel().unwrap()).unwrap();
            let mut producer = handwritten::Producer::new(map, Producer::join(output.channel().unwrap()).unwrap());
            (0..SLOTS).for_each(|_| producer.send(&[7; SIZE]).unwrap());
            producer.send(&[8; SIZE]).unwrap_err();
            assert_eq!(*consumer.receive(Deadline::Now).unwrap(), [7; SIZE]);
            producer.send(&[8; SIZE]).unwrap();
        });
    }

    #[test]
    fn second_copy_is_counted() {
        // Counted for batches: 64 further bytes are four loads and four stores of 16 bytes.
        let counted = Counted { no_channel: 62.0, handwritten: 107.2, protocol: 110.0, api: 130.0 };
        let twice = Counted { protocol: counted.handwritten + 8.0, ..counted };
        assert!(counted.free_of_cost());
        assert!(!twice.free_of_cost());
        assert!(page(&[counted; 3]).unwrap().contains(": met."));
        assert!(page(&[counted, twice, counted]).unwrap().contains(": not met."));
    }

    #[test]
    fn valgrind_output_is_parsed() {
        assert_eq!(collected("==1== Events    : Ir\n==1== Collected : 127063\n==1== \n"), Some(127_063));
        assert_eq!(collected("==1== Collected : \n"), None);
        assert_eq!(collected(""), None);
    }
}
