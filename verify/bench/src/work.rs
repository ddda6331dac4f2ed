//! The work of each of a workload's processes. It is the same for every participant.

use crate::clock::{SECOND, cpu, now, sleep_until};
use crate::message::{Check, END, first_tag};
use crate::participants::Publishes;
use crate::transport::{Rx, Tx};
use crate::workload::Workload;
use anyhow::Result;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// The report of a process after the run.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
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
    /// The longest call of a producer among several.
    pub longest: u64,
    /// Half of each round trip, or the moments at which messages were sent or received.
    pub moments: Vec<u64>,
}

/// The length of the parts of a run, in nanoseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Span {
    pub warm_up: u64,
    pub run: u64,
}

impl Span {
    /// The length of all parts. Calls of several producers are timed in a further part.
    pub const fn total(self, several: bool) -> u64 {
        self.warm_up + if several { self.run * 3 / 2 } else { self.run }
    }
}

/// The number of messages that a producer sends at once, and between two readings of the clock.
const fn burst(size: usize) -> u64 {
    if size > 1024 { 8 } else { 64 }
}

/// Sends until the moment, and moves `tag` on to the next message.
fn send_until<const N: usize>(tx: &mut impl Tx, tag: &mut u64, moment: u64) -> Result<()> {
    while now() < moment {
        tx.send(*tag, burst(N))?;
        *tag += burst(N);
    }
    Ok(())
}

/// Sends as fast as it can.
pub fn stream<const N: usize>(tx: &mut impl Tx, span: Span) -> Result<Outcome> {
    let mut tag = 0;
    send_until::<N>(tx, &mut tag, now() + span.warm_up)?;
    let (before, began, used) = (tag, now(), cpu());
    send_until::<N>(tx, &mut tag, began + span.run)?;
    tx.send(tag | END, 1)?;
    Ok(Outcome { messages: tag - before, total: tag, began, ended: now(), cpu: cpu() - used, ..Outcome::default() })
}

/// Sends as fast as it can, beside other producers that have the same `start`. The calls are timed in a separate half
/// of the span afterwards, so that the clock does not slow the messages that count.
pub fn compete<const N: usize>(
    tx: &mut impl Tx,
    producer: usize,
    publishes: Publishes,
    start: u64,
    span: Span,
) -> Result<Outcome> {
    let first = first_tag(producer);
    let mut tag = first;
    send_until::<N>(tx, &mut tag, start + span.warm_up)?;
    let (before, began) = (tag, now());
    send_until::<N>(tx, &mut tag, start + span.warm_up + span.run)?;
    let (messages, ended) = (tag - before, now());

    let count = if publishes == Publishes::Each { 1 } else { burst(N) };
    let (mut longest, mut last) = (0, ended);
    // At least one call: the producer may have been kept waiting until after the end.
    while longest == 0 || last < start + span.total(true) {
        tx.send(tag, count)?;
        tag += count;
        let end = now();
        longest = longest.max(end - last);
        last = end;
    }
    tx.send(tag | END, 1)?;
    Ok(Outcome { messages, total: tag - first, began, ended, longest, ..Outcome::default() })
}

/// Receives until the end.
pub fn drain<const N: usize>(rx: &mut impl Rx<N>, producers: usize) -> Result<Outcome> {
    let (mut check, began, used) = (Check::of(producers), now(), cpu());
    while !check.ended {
        rx.receive(&mut check)?;
        check.verdict()?;
    }
    Ok(Outcome { total: check.received(), began, ended: now(), cpu: cpu() - used, ..Outcome::default() })
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
    Ok(Outcome { total: check.received(), ..Outcome::default() })
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
    Ok(Outcome { total: check.received(), began, ended: now(), cpu: cpu() - used, moments, ..Outcome::default() })
}

/// The value that this percentage of the values does not exceed. 0 if there are no values.
pub fn percentile(values: &mut [u64], percent: usize) -> u64 {
    values.sort_unstable();
    values.get((values.len() * percent / 100).min(values.len().saturating_sub(1))).copied().unwrap_or(0)
}
