//! A process of a measurement. In each phase it does what the parent orders on its stdin.

use crate::participants;
use crate::transport::{Participant, Rx, Transport, Tx};
use crate::workload::{Outcome, Span, Workload, drain, listen, pace, ping, pong, stream};
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
    /// The channel it sends to.
    pub output: Option<Transport>,
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

/// The parent's order: the phase, and the addresses of the input's producer.
#[derive(Debug, Serialize, Deserialize)]
pub struct Order {
    pub phase: Phase,
    pub addresses: Vec<String>,
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
                if let Some(transport) = &role.output {
                    let made = participant.create::<N>(transport).context("create")?;
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
            Phase::Run => reply = Reply::Outcome(run(role, tx.as_mut(), rx.as_mut())?),
        }
        say(&reply);
    }
    Ok(())
}

fn run<const N: usize>(role: &Role, tx: Option<&mut impl Tx>, rx: Option<&mut impl Rx<N>>) -> Result<Outcome> {
    let first = role.output.as_ref().is_some_and(|transport| transport.name.ends_with('0'));
    match (role.workload, tx, rx) {
        (Workload::PingPong, Some(tx), Some(rx)) if first => ping(tx, rx, role.span),
        (Workload::PingPong, Some(tx), Some(rx)) => pong(tx, rx),
        (workload, Some(tx), None) if workload.sleeps() => pace(tx, role.span, workload),
        (workload, None, Some(rx)) if workload.sleeps() => listen(rx),
        (_, Some(tx), None) => stream::<N>(tx, role.span),
        (_, None, Some(rx)) => drain(rx),
        (workload, ..) => bail!("no such role in {workload:?}"),
    }
}

fn say(reply: &Reply) {
    println!("{MARK}{}", serde_json::to_string(reply).expect("plain data"));
}
