//! `ackcast demo`: the parent process. It starts the children, waits for them, and checks their reports.
//!
//! The children end before the parent closes the channels, so the parent closes them last and removes the segments'
//! names. If SIGKILL ends the parent, the children die with it, no process is left, and the names stay.

use super::children::{Children, catch_signals};
use super::failure::Failure;
use super::job::{ChildId, Job, Plan, Role};
use super::options::{Demo, MAX_PLACES, Start};
use super::output::Output;
use super::progress::Progress;
use super::report::{Report, check_reports};
use super::summary;
use ackcast::{Channel, Consumer, RecvError};
use std::time::Duration;
use zerocopy::FromBytes;

/// The time between the starts of the two groups, unless they start together.
const SECOND_GROUP_DELAY: Duration = Duration::from_secs(1);

/// Runs the demo. Returns `Ok` only if every consumer has proved that it received every message.
pub(crate) fn run(demo: &Demo) -> Result<(), Failure> {
    let signals = catch_signals()?; // before `build`, so that a signal leaves no segment behind
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

    let mut children = Children::new(signals); // declared after the channels, so dropped before them
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

/// Creates the channel that the children report through. It has slots for all reports and END, so no child waits for
/// the parent.
fn create_report_channel(name: &str, children: u32) -> Result<Channel, Failure> {
    let builder = Channel::create(name).slots(children + 1).slot_size(size_of::<Report>() as u32);
    Ok(builder.producers(children).places(children.min(MAX_PLACES)).build()?)
}

/// Starts all children in the order that the user has chosen.
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

/// Receives the reports. All children have ended, so no report is still on its way.
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
