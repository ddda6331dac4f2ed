//! A process of a measurement. In each phase it does what the parent orders on its stdin.

use crate::participants::{self, Publishes};
use crate::transport::{Participant, Rx, Transport, Tx};
use crate::work::{Outcome, Span, compete, drain, listen, pace, ping, pong, stream};
use crate::workload::Workload;
use anyhow::{Context, Result, bail};
use rustix::thread::{CpuSet, sched_setaffinity};
use serde::{Deserialize, Serialize};
use std::io::BufRead;

/// The role of a child.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    pub participant: String,
    pub workload: Workload,
    pub size: usize,
    pub span: Span,
    /// The core that the process is pinned to, if any.
    pub core: Option<usize>,
    pub publishes: Publishes,
    /// The channel it sends to, and its number as a producer.
    pub output: Option<(Transport, usize)>,
    /// The channel it receives from, and its number as a consumer.
    pub input: Option<(Transport, usize)>,
}

/// The phases. The parent starts a phase once every process has completed the previous one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    Create,
    Attach,
    Connect,
    Run,
}

/// The parent's order: the phase, the addresses of the input's producer, and the moment of the order.
#[derive(Debug, Serialize, Deserialize)]
pub struct Order {
    pub phase: Phase,
    pub addresses: Vec<String>,
    pub moment: u64,
}

/// The child's reply at the end of a phase.
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    Done { addresses: Vec<String> },
    Outcome(Outcome),
    Failed(String),
}

/// The first character of a line with a [`Reply`]. Some peers print other lines.
pub const MARK: char = '@';

/// Plays the role in the argument.
pub fn main(role: &str) -> Result<()> {
    // The process dies with its parent.
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let role: Role = serde_json::from_str(role)?;
    if let Some(core) = role.core {
        let mut only = CpuSet::new();
        only.set(core);
        sched_setaffinity(None, &only)?;
    }
    participants::find(&role.participant)?.play(&role).inspect_err(|error| say(&Reply::Failed(format!("{error:#}"))))
}

/// Plays the role with this participant and messages of this size, until the parent has no further order.
pub fn play<P: Participant, const N: usize>(participant: &P, role: &Role) -> Result<()> {
    let (mut tx, mut rx) = (None, None);
    for line in std::io::stdin().lock().lines() {
        let order: Order = serde_json::from_str(&line?)?;
        let mut reply = Reply::Done { addresses: Vec::new() };
        match order.phase {
            Phase::Create => {
                if let Some((transport, producer)) = &role.output {
                    let made = match producer {
                        0 => participant.create::<N>(transport),
                        _ => participant.join::<N>(transport, *producer),
                    };
                    let made = made.context("create")?;
                    reply = Reply::Done { addresses: made.addresses() };
                    tx = Some(made);
                }
            }
            Phase::Attach => {
                if let Some((transport, consumer)) = &role.input {
                    let transport = Transport { addresses: order.addresses, ..transport.clone() };
                    rx = Some(participant.attach::<N>(&transport, *consumer).context("attach")?);
                }
            }
            Phase::Connect => tx.as_mut().map_or(Ok(()), Tx::connect).context("connect")?,
            Phase::Run => reply = Reply::Outcome(run(role, order.moment, tx.as_mut(), rx.as_mut())?),
        }
        say(&reply);
    }
    Ok(())
}

fn run<const N: usize>(
    role: &Role,
    start: u64,
    tx: Option<&mut impl Tx>,
    rx: Option<&mut impl Rx<N>>,
) -> Result<Outcome> {
    let (workload, span) = (role.workload, role.span);
    let (output, producer) = role.output.as_ref().map_or(("", 0), |(transport, number)| (&transport.name, *number));
    match (tx, rx) {
        (Some(tx), Some(rx)) if output.ends_with('0') => ping(tx, rx, span),
        (Some(tx), Some(rx)) => pong(tx, rx),
        (Some(tx), None) if workload.sleeps() => pace(tx, span, workload),
        (None, Some(rx)) if workload.sleeps() => listen(rx),
        (Some(tx), None) if workload.several() => compete::<N>(tx, producer, role.publishes, start, span),
        (Some(tx), None) => stream::<N>(tx, span),
        (None, Some(rx)) => drain(rx, workload.producers()),
        (None, None) => bail!("neither a producer nor a consumer"),
    }
}

fn say(reply: &Reply) {
    println!("{MARK}{}", serde_json::to_string(reply).expect("plain data"));
}
