//! The workloads, and the work of each of their processes. It is the same for every participant.

use crate::clock::{SECOND, cpu, now, sleep_until};
use crate::message::{Check, END};
use crate::transport::{Rx, Tx};
use anyhow::Result;
use clap::ValueEnum;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// A workload of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Workload {
    /// 64 bytes there and back, on two channels.
    PingPong,
    /// As many 64-byte messages as possible, to one consumer.
    Small,
    /// As many 4 KiB messages as possible, to one consumer.
    Large,
    /// As many 64-byte messages as possible, each to three consumers.
    Fan,
    /// A 64-byte message every millisecond.
    Paced,
    /// As many 64-byte messages, at random moments.
    Sporadic,
}

impl Workload {
    pub const ALL: [Self; 6] = [Self::PingPong, Self::Small, Self::Large, Self::Fan, Self::Paced, Self::Sporadic];

    /// Whether the consumers sleep between messages, because the messages are paced.
    pub const fn sleeps(self) -> bool {
        matches!(self, Self::Paced | Self::Sporadic)
    }

    pub const fn size(self) -> usize {
        if matches!(self, Self::Large) { 4096 } else { 64 }
    }

    /// The length of the ring, if the participant has such an option: 64 or 256 KiB of messages.
    pub const fn slots(self) -> usize {
        if matches!(self, Self::Large) { 64 } else { 1024 }
    }

    pub const fn consumers(self) -> usize {
        if matches!(self, Self::Fan) { 3 } else { 1 }
    }
}

/// The report of a process after the run.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// How many messages were sent while the clock ran.
    pub messages: u64,
    /// How many messages were sent, or received, in all.
    pub total: u64,
    /// The start of the run, and the arrival of the last message.
    pub began: u64,
    pub ended: u64,
    /// The processor time used.
    pub cpu: u64,
    /// Half of each round trip, or the moments at which messages were sent or received.
    pub moments: Vec<u64>,
}

/// The length of the parts of a run, in nanoseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Span {
    pub warm_up: u64,
    pub run: u64,
}

/// The number of messages that a producer sends at once, and between two readings of the clock.
const fn burst(size: usize) -> u64 {
    if size > 1024 { 8 } else { 64 }
}

/// Sends as fast as it can.
pub fn stream<const N: usize>(tx: &mut impl Tx, span: Span) -> Result<Outcome> {
    let mut sent = 0;
    let mut send_until = |moment: u64| {
        while now() < moment {
            tx.send(sent, burst(N))?;
            sent += burst(N);
        }
        anyhow::Ok(sent)
    };
    let before = send_until(now() + span.warm_up)?;
    let (began, used) = (now(), cpu());
    let after = send_until(began + span.run)?;
    tx.send(after | END, 1)?;
    Ok(Outcome { messages: after - before, total: after, began, ended: now(), cpu: cpu() - used, ..Outcome::default() })
}

/// Receives until the end.
pub fn drain<const N: usize>(rx: &mut impl Rx<N>) -> Result<Outcome> {
    let (mut check, began, used) = (Check::new(), now(), cpu());
    while !check.ended {
        rx.receive(&mut check)?;
        check.verdict()?;
    }
    Ok(Outcome { total: check.next, began, ended: now(), cpu: cpu() - used, ..Outcome::default() })
}

/// Asks, and waits for the answer. Every other lot of round trips is timed as a whole, so that the reading of the clock
/// does not count. The other lots are timed trip by trip, for the tail.
pub fn ping<const N: usize>(tx: &mut impl Tx, rx: &mut impl Rx<N>, span: Span) -> Result<Outcome> {
    const LOT: u64 = 32;
    let mut check = Check::new();
    let mut trip = |tag: u64| {
        tx.send(tag, 1)?;
        while check.next <= tag && !check.ended {
            rx.receive(&mut check)?;
            check.verdict()?;
        }
        anyhow::Ok(())
    };
    let (mut tag, mut lots, mut trips) = (0, Vec::new(), Vec::new());
    let began = now();
    while now() < began + span.warm_up + span.run || lots.is_empty() {
        let warm = now() > began + span.warm_up;
        let start = now();
        for _ in 0..LOT {
            trip(tag)?;
            tag += 1;
        }
        let mut last = now();
        let lot = (last - start) / 2 / LOT;
        for _ in 0..LOT {
            trip(tag)?;
            tag += 1;
            let end = now();
            if warm {
                trips.push((end - last) / 2);
            }
            last = end;
        }
        if warm {
            lots.push(lot);
        }
    }
    trip(tag | END)?;
    let moments = vec![percentile(&mut lots, 50), percentile(&mut trips, 99)];
    Ok(Outcome { total: tag, began, ended: now(), moments, ..Outcome::default() })
}

/// Answers.
pub fn pong<const N: usize>(tx: &mut impl Tx, rx: &mut impl Rx<N>) -> Result<Outcome> {
    let mut check = Check::new();
    let mut answered = 0;
    while !check.ended {
        rx.receive(&mut check)?;
        check.verdict()?;
        let end = if check.ended { END } else { 0 };
        tx.send(answered | end, 1)?;
        answered += 1;
    }
    Ok(Outcome { total: check.next, ..Outcome::default() })
}

/// Sends a thousand messages a second, and records the moments. The messages come every millisecond, or independently
/// of each other at random moments that are the same for every participant.
pub fn pace(tx: &mut impl Tx, span: Span, workload: Workload) -> Result<Outcome> {
    const PERIOD: u64 = SECOND / 1000;
    let mut random = SmallRng::seed_from_u64(1);
    let mut pause = || match workload {
        Workload::Sporadic => (-(1.0 - random.random::<f64>()).ln() * PERIOD as f64) as u64,
        _ => PERIOD,
    };
    let (began, used) = (now(), cpu());
    let (mut moment, mut moments) = (began, Vec::new());
    for tag in 0..span.run / PERIOD {
        moment += pause();
        sleep_until(moment);
        moments.push(now());
        tx.send(tag, 1)?;
    }
    let cpu = cpu() - used;
    let messages = moments.len() as u64;
    tx.send(messages | END, 1)?;
    Ok(Outcome { total: messages, began, ended: now(), cpu, moments, ..Outcome::default() })
}

/// Receives until the end, and records the moments.
pub fn listen<const N: usize>(rx: &mut impl Rx<N>) -> Result<Outcome> {
    let (mut check, mut moments, began, used) = (Check::new(), Vec::new(), now(), cpu());
    while !check.ended {
        rx.receive(&mut check)?;
        let moment = now();
        check.verdict()?;
        moments.resize(check.next as usize, moment);
    }
    Ok(Outcome { total: check.next, began, ended: now(), cpu: cpu() - used, moments, ..Outcome::default() })
}

/// The value that this percentage of the values does not exceed. 0 if there are no values.
pub fn percentile(values: &mut [u64], percent: usize) -> u64 {
    values.sort_unstable();
    values.get((values.len() * percent / 100).min(values.len().saturating_sub(1))).copied().unwrap_or(0)
}
