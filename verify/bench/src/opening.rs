//! What it costs to create a channel, to attach and to leave: time, memory and page faults by geometry, and 64 joins and
//! leaves a second beside a stream. Each measurement runs in processes of its own, which are not pinned.

use crate::clock::{SECOND, now, sleep_until};
use crate::report::unit::Unit;
use crate::report::{Spread, write_table};
use crate::results::Machine;
use crate::run::progress;
use ackcast::{Channel, Consumer, Name, Producer, RecvError};
use anyhow::{Context, Result, bail, ensure};
use rustix::fs::{FallocateFlags, fallocate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The sizes of rings in bytes. Each is measured with the smallest slots that are sensible, and with the largest.
const SIZES: [u64; 5] = [1 << 10, 64 << 10, 1 << 20, 64 << 20, 1 << 30];
/// Bytes of /dev/shm that a ring of a gigabyte takes at most.
const ROOM: u64 = (1 << 30) + (64 << 20);
const TIMES: [&str; 8] =
    ["create", "its fallocate", "observe", "consumer", "producer", "first message", "leave", "remove"];
const MEMORY: [&str; 7] =
    ["file", "creator", "creator's faults", "observer's faults", "attacher", "attacher's faults", "message's faults"];
/// Joins and leaves a second beside the stream.
const JOINS: u64 = 64;
/// The consumer of the stream reads the clock once in so many messages, because a reading costs as much as a message.
const CLOCK_EVERY: u64 = 16;

/// What a process of a measurement does.
#[derive(Debug, Serialize, Deserialize)]
enum Task {
    /// Creates a channel, has another process attach to it, and drops it.
    Create { name: String, slots: u32, slot_size: u32 },
    /// Observes, attaches, sends, receives, and leaves.
    Attach { name: String },
    /// Sends until this moment.
    Send { name: String, end: u64 },
    /// Receives until END.
    Receive { name: String },
    /// Joins and leaves until this moment.
    Join { name: String, end: u64 },
}

/// The results of a step, by their names.
type Figures = BTreeMap<String, f64>;

/// A ring, as slots and bytes in a slot, and the figures of each round.
type Ring = ((u32, u32), Vec<Figures>);

/// Measures, prints the page, and writes it if it is told where the tables are. A `task` is a process of a measurement.
pub fn main(quick: bool, task: Option<&str>, tables: Option<&Path>) -> Result<()> {
    if let Some(task) = task {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        let figures = serde_json::from_str::<Task>(task)?.perform()?;
        println!("{}", serde_json::to_string(&figures)?);
        return Ok(());
    }
    let machine = Machine::here();
    let (rounds, run) = if quick { (1, SECOND / 4) } else { (7, SECOND) };
    let mut page = format!(
        "{}, {} cores, Linux {}; load average {:.1} before. {rounds} rounds; medians.\n",
        machine.processor, machine.cores, machine.kernel, machine.load
    );
    page += &openings(rounds)?;
    page += &stream(rounds, run)?;
    progress("");
    print!("{page}");
    tables.map_or(Ok(()), |tables| write_table(tables, "opening", "What opening costs", &page))
}

/// The page's part by geometry.
fn openings(rounds: usize) -> Result<String> {
    let slots = |size: u64| [64.max(size >> 20), size.min(1 << 20)].map(|bytes| ((size / bytes) as u32, bytes as u32));
    let mut rings: Vec<Ring> = SIZES.into_iter().flat_map(slots).map(|ring| (ring, Vec::new())).collect();
    let room = rustix::fs::statvfs("/dev/shm").map(|shm| shm.f_bavail * shm.f_frsize)?;
    for round in 0..rounds {
        for ((slots, slot_size), readings) in &mut rings {
            let (slots, slot_size) = (*slots, *slot_size);
            if u64::from(slots) * u64::from(slot_size) < 1 << 30 || room >= ROOM {
                progress(&format!("round {}: {slots} slots of {slot_size} bytes", round + 1));
                let name = format!("ackbench-{}-opening", std::process::id());
                readings.push(figures(start(&Task::Create { name, slots, slot_size })?)?);
            }
        }
    }
    let mut page = table("Time", &TIMES, &rings, |_, value| Unit::Time.show(value));
    page += &table(
        "Memory, and pages entered into page tables, also by the system calls that enter many",
        &MEMORY,
        &rings,
        |name, value| if name.ends_with("faults") { value.to_string() } else { kib(value) },
    );
    if room < ROOM {
        let _ = writeln!(page, "\nNo ring of 1 GiB: /dev/shm has room for {}.", kib(room as f64 / 1024.0));
    }
    Ok(page)
}

fn table(title: &str, columns: &[&str], rings: &[Ring], show: impl Fn(&str, f64) -> String) -> String {
    let lines = "---: | ".repeat(columns.len() + 2);
    let mut table = format!("\n{title}:\n\n| slots | bytes each | {} |\n| {}\n", columns.join(" | "), lines.trim_end());
    for ((slots, slot_size), figures) in rings {
        let shown =
            columns.iter().map(|name| spread(figures, name).map_or("–".into(), |found| show(name, found.median)));
        let _ = writeln!(table, "| {slots} | {slot_size} | {} |", shown.collect::<Vec<String>>().join(" | "));
    }
    table
}

/// The page's part about a stream with and without joins.
fn stream(rounds: usize, run: u64) -> Result<String> {
    let mut readings = [Vec::new(), Vec::new()];
    for round in 0..2 * rounds {
        progress(&format!("stream {}", round + 1));
        let name = format!("ackbench-{}-stream", std::process::id());
        let channel = Channel::create(&name).slots(1024).slot_size(64).build()?;
        let consumer = start(&Task::Receive { name: name.clone() })?;
        let end = now() + run + SECOND / 20;
        let producer = start(&Task::Send { name: name.clone(), end })?;
        let joiner = (round % 2 == 1).then(|| start(&Task::Join { name, end })).transpose()?;
        let mut found = figures(consumer)?;
        figures(producer)?;
        found.extend(joiner.map(figures).transpose()?.into_iter().flatten());
        readings[round % 2].push(found);
        drop(channel);
    }
    let mut page = format!(
        "\nA stream, 1 → 1, 64 bytes through 1024 slots by `send` and `recv_ref`, processes not pinned, without and with \
         {JOINS} joins and leaves a second of another process; median, least and most:\n\n\
         | | messages | longest gap | a join | a leave |\n| --- | ---: | ---: | ---: | ---: |\n"
    );
    for (title, figures) in ["alone", "with joins"].iter().zip(&readings) {
        let show = |name: &str, unit: Unit| {
            let of =
                |spread: Spread| [spread.median, spread.least, spread.most].map(|value| unit.show(value)).join(", ");
            spread(figures, name).map_or("–".into(), of)
        };
        let (rate, [gap, join, leave]) =
            (show("rate", Unit::PerSecond), ["gap", "join", "leave"].map(|name| show(name, Unit::Time)));
        let _ = writeln!(page, "| {title} | {rate} | {gap} | {join} | {leave} |");
    }
    Ok(page)
}

impl Task {
    fn perform(self) -> Result<Figures> {
        let mut figures = Figures::new();
        Memory::now()?; // the first reading takes memory itself
        match self {
            Self::Create { name, slots, slot_size } => {
                allocate(&mut figures, &name, u64::from(slots) * u64::from(slot_size))?;
                let before = Memory::now()?;
                let channel =
                    timed(&mut figures, "create", || Channel::create(&name).slots(slots).slot_size(slot_size).build())?;
                before.grown(&mut figures, "creator", "creator's faults")?;
                let file = fs::metadata(format!("/dev/shm/{}{name}", Name::PREFIX))?;
                figures.insert("file".into(), (file.blocks() / 2) as f64);
                figures.extend(self::figures(start(&Task::Attach { name })?)?);
                timed(&mut figures, "remove", || drop(channel));
            }
            Self::Attach { name } => {
                let before = Memory::now()?;
                let channel = timed(&mut figures, "observe", || Channel::open(&Name::new(&name)?).context("open"))?;
                before.grown(&mut figures, "observer", "observer's faults")?;
                drop(channel);
                let before = Memory::now()?;
                let mut consumer = timed(&mut figures, "consumer", || Consumer::attach(&name))?;
                before.grown(&mut figures, "attacher", "attacher's faults")?;
                let mut producer = timed(&mut figures, "producer", || Producer::attach(&name))?;
                let before = Memory::now()?;
                timed(&mut figures, "first message", || -> Result<()> {
                    producer.send(b"Hello")?;
                    ensure!(&*consumer.recv_ref()? == b"Hello");
                    Ok(())
                })?;
                before.grown(&mut figures, "message", "message's faults")?;
                timed(&mut figures, "leave", || drop(consumer));
            }
            Self::Send { name, end } => {
                let mut producer = Producer::attach(&name)?;
                while now() < end {
                    for _ in 0..CLOCK_EVERY {
                        producer.send(&[7; 64])?;
                    }
                }
                producer.finish()?;
            }
            Self::Receive { name } => figures = receive(&mut Consumer::attach(&name)?)?,
            Self::Join { name, end } => {
                let (mut joins, mut leaves, mut next) = (Vec::new(), Vec::new(), now());
                while next < end {
                    sleep_until(next);
                    let start = now();
                    let consumer = Consumer::attach(&name)?;
                    let joined = now();
                    drop(consumer);
                    joins.push((joined - start) as f64);
                    leaves.push((now() - joined) as f64);
                    next += SECOND / JOINS;
                }
                for (what, times) in [("join", joins), ("leave", leaves)] {
                    figures.insert(what.into(), Spread::of(times).context("no join")?.median);
                }
            }
        }
        Ok(figures)
    }
}

/// The stream's rate and its longest gap.
fn receive(consumer: &mut Consumer) -> Result<Figures> {
    let (mut count, mut gap, mut start, mut last) = (0_u64, 0, 0, 0);
    loop {
        match consumer.recv_ref() {
            Ok(message) => ensure!(*message == [7; 64], "a wrong message"),
            Err(RecvError::Ended) => break,
            Err(error) => bail!(error),
        }
        if count % CLOCK_EVERY == 0 {
            let moment = now();
            (start, gap) = if count == 0 { (moment, 0) } else { (start, gap.max(moment - last)) };
            last = moment;
        }
        count += 1;
    }
    let rate = count as f64 * SECOND as f64 / (last - start) as f64;
    Ok([("rate".to_owned(), rate), ("gap".to_owned(), gap as f64)].into())
}

/// Takes the memory of a file of this size, as a creator does, and gives it back.
fn allocate(figures: &mut Figures, name: &str, size: u64) -> Result<()> {
    let path = format!("/dev/shm/{name}-file");
    let file = fs::File::create_new(&path)?;
    let taken = timed(figures, "its fallocate", || fallocate(&file, FallocateFlags::empty(), 0, size));
    fs::remove_file(path)?;
    Ok(taken?)
}

/// Does the work, and notes how long it takes.
fn timed<T>(figures: &mut Figures, name: &str, work: impl FnOnce() -> T) -> T {
    let start = now();
    let result = work();
    figures.insert(name.to_owned(), (now() - start) as f64);
    result
}

/// The memory of this process: KiB that are resident, and page faults so far.
struct Memory {
    resident: f64,
    faults: f64,
}

impl Memory {
    fn now() -> Result<Self> {
        let field = |file: &str, skipped: usize| -> Result<f64> {
            let text = fs::read_to_string(file)?;
            let fields = text.rsplit(')').next().context("no fields")?; // after the program's name, if it is there
            Ok(fields.split_whitespace().nth(skipped).context("too few fields")?.parse()?)
        };
        let page = rustix::param::page_size() as f64 / 1024.0;
        Ok(Self { resident: field("/proc/self/statm", 1)? * page, faults: field("/proc/self/stat", 7)? })
    }

    fn grown(&self, figures: &mut Figures, resident: &str, faults: &str) -> Result<()> {
        let after = Self::now()?;
        figures.insert(resident.to_owned(), after.resident - self.resident);
        figures.insert(faults.to_owned(), after.faults - self.faults);
        Ok(())
    }
}

/// Starts a process that performs the task. It dies with this process.
fn start(task: &Task) -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    Ok(command.args(["opening", "--task", &serde_json::to_string(task)?]).stdout(Stdio::piped()).spawn()?)
}

/// The figures of a process, at its end.
fn figures(process: Child) -> Result<Figures> {
    Ok(serde_json::from_slice(&process.wait_with_output()?.stdout)?)
}

fn spread(figures: &[Figures], name: &str) -> Option<Spread> {
    Spread::of(figures.iter().filter_map(|figures| figures.get(name).copied()).collect())
}

/// A number of KiB with its unit.
fn kib(value: f64) -> String {
    match value {
        value if value < 1024.0 => format!("{value:.0} KiB"),
        value if value < 1048576.0 => format!("{:.1} MiB", value / 1024.0),
        value => format!("{:.2} GiB", value / 1048576.0),
    }
}
