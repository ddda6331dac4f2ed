//! `ackcast demo`: the parent. It starts the others, waits for them, and judges.
//!
//! Whatever happens, the children end before the channels are let go of, so that we are the last
//! one out and remove the segments' names. Only if we are killed by SIGKILL do names stay behind:
//! the children die with us, and nobody is left to remove anything.

use super::children::{Children, catch_signals};
use super::failure::Failure;
use super::job::{ChildId, Job, Plan, Role};
use super::options::{Demo, Start};
use super::output::Output;
use super::progress::Progress;
use super::report::{Report, check_reports};
use super::summary;
use ackcast::{Channel, Consumer, RecvError};
use std::time::Duration;
use zerocopy::FromBytes;

/// By how much the second group starts later.
const SECOND_GROUP_DELAY: Duration = Duration::from_secs(1);
/// The most participants of one role that a channel has places for.
const MAX_PLACES: u32 = 64;

/// Runs the demo; `Ok` only if every consumer proved that it got everything.
pub(crate) fn run(demo: &Demo) -> Result<(), Failure> {
    let signals = catch_signals()?; // first: from here on, nothing we create is left behind
    let mut output = Output::new(demo.quiet)?;
    let plan = Plan {
        kind: demo.kind(),
        seed: rand::random(),
        messages: demo.messages,
        producers: demo.producers,
        slot_size: demo.slot_size,
    };
    let name = format!("demo-{}-{:08x}", std::process::id(), rand::random::<u32>());
    let channel = Channel::create(&name)
        .slots(demo.slots)
        .slot_size(demo.slot_size)
        .consumers(demo.consumers)
        .producers(demo.producers)
        .backend(demo.backend.into())
        .build()?;
    let report_channel = create_report_channel(&format!("{name}-reports"), demo.consumers + demo.producers)?;
    let mut reports = Consumer::attach(report_channel.name().as_str())?;

    let mut children = Children::new(signals); // after the channels: dropped before them
    start(demo, plan, &channel, &report_channel, &mut children)?;
    match Progress::wanted(demo) {
        Some(mut progress) => children.wait_with(|| progress.show(channel.published().count()))?,
        None => children.wait()?,
    }

    let received = check_reports(&plan, demo.consumers, &collect(&mut reports)?)?;
    if demo.quiet {
        for line in summary::lines(demo, &received) {
            output.line(line)?;
        }
    }
    output.line("All processes finished.".to_owned())
}

/// The channel that the children report through. It has room for all reports and END, so that no
/// child waits for us.
fn create_report_channel(name: &str, children: u32) -> Result<Channel, Failure> {
    let builder = Channel::create(name).slots(children + 1).slot_size(size_of::<Report>() as u32);
    Ok(builder.producers(children).places(children.min(MAX_PLACES)).build()?)
}

/// Starts all children, in the order asked for.
fn start(
    demo: &Demo,
    plan: Plan,
    channel: &Channel,
    report_channel: &Channel,
    children: &mut Children,
) -> Result<(), Failure> {
    let consumers = (Role::Consumer, demo.consumers, demo.consumer_delay);
    let producers = (Role::Producer, demo.producers, demo.producer_delay);
    let (groups, pause) = match demo.start {
        Start::Together => ([consumers, producers], Duration::ZERO),
        Start::ConsumersFirst => ([consumers, producers], SECOND_GROUP_DELAY),
        Start::ProducersFirst => ([producers, consumers], SECOND_GROUP_DELAY),
    };
    for (nth, (role, count, delay)) in groups.into_iter().enumerate() {
        if nth > 0 {
            children.wait_for(pause)?;
        }
        for number in 1..=count {
            children.start(&Job {
                id: ChildId { role, number },
                plan,
                channel: channel.name().to_string(),
                reports: report_channel.name().to_string(),
                parent: std::process::id(),
                delay,
                quiet: demo.quiet,
            })?;
        }
    }
    Ok(())
}

/// The reports that were sent. Everybody has ended: none is still to come.
fn collect(reports: &mut Consumer) -> Result<Vec<Report>, Failure> {
    let mut collected = Vec::new();
    loop {
        match reports.try_recv_ref() {
            Ok(message) => match Report::read_from_bytes(&message) {
                Ok(report) => collected.push(report),
                Err(_) => return Err(Failure::Wrong(vec![format!("a report has {} bytes", message.len())])),
            },
            Err(RecvError::Ended | RecvError::TimedOut { .. }) => return Ok(collected),
            Err(error) => return Err(error.into()),
        }
    }
}
