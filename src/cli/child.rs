//! A child process of the demo: a producer or a consumer.

use super::array::{ArrayCheck, Updates};
use super::failure::Failure;
use super::job::{Job, Role};
use super::options::Kind;
use super::output::Output;
use super::report::{Report, Tally};
use super::strings::{StringCheck, Strings};
use super::work::{Check, Source};
use ackcast::protocol::JoinError;
use ackcast::{AttachError, Consumer, Producer, RecvError};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use std::thread::sleep;
use std::time::Duration;

/// Does the job and sends its report.
pub(crate) fn run(job: &Job) -> Result<(), Failure> {
    end_with_parent(job.parent)?;
    let mut output = Output::new(job.quiet)?;
    let (plan, number) = (job.plan, job.id.number);
    let tally = match (job.id.role, plan.kind) {
        (Role::Producer, Kind::Strings) => produce(job, &mut Strings::new(plan, number), &mut output),
        (Role::Producer, Kind::Array) => produce(job, &mut Updates::new(plan, number), &mut output),
        (Role::Consumer, Kind::Strings) => consume(job, &mut StringCheck::new(plan), &mut output),
        (Role::Consumer, Kind::Array) => consume(job, &mut ArrayCheck::new(plan), &mut output),
    }
    .map_err(|failure| failure.of(job.id))?;
    report(job, &Report::new(job.id, &tally)).map_err(|failure| failure.of(job.id))
}

/// Asks the kernel to kill this process when the parent dies. A parent that is killed cannot stop its children.
fn end_with_parent(parent: u32) -> Result<(), Failure> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // A parent that died before the call sends no signal. The kernel has then given this process another parent.
    let is_parent = getppid().is_some_and(|pid| pid.as_raw_nonzero().get().unsigned_abs() == parent);
    if is_parent {
        Ok(())
    } else {
        Err(Failure::Wrong(vec![format!("process {parent} is not the parent of this process")]))
    }
}

fn produce(job: &Job, source: &mut impl Source, output: &mut Output) -> Result<Tally, Failure> {
    let name = if job.plan.producers == 1 { "Producer".to_owned() } else { format!("Producer {}", job.id.number) };
    let mut producer = Producer::attach(&job.channel)?;
    let mut tally = Tally::default();
    for _ in 0..job.plan.share(job.id.number) {
        let mut loan = producer.loan()?;
        let (len, text) = source.fill(&mut loan)?;
        tally.add(loan.sequence(), loan.get(..len).unwrap_or_default());
        // The line is printed before `publish`, so that "wrote" comes before every "read".
        output.step(|| format!("{name} wrote: {text}"))?;
        loan.publish(len)?;
        sleep(job.delay);
    }
    producer.finish()?;
    Ok(tally)
}

fn consume(job: &Job, check: &mut impl Check, output: &mut Output) -> Result<Tally, Failure> {
    let number = job.id.number;
    let mut consumer = Consumer::attach(&job.channel)?;
    let mut tally = Tally::default();
    loop {
        let message = match consumer.recv_ref() {
            Ok(message) => message,
            Err(RecvError::Ended) => break,
            Err(RecvError::ProducersLost(_)) => return Err(Failure::ParentReports),
            Err(error) => return Err(error.into()),
        };
        check.check(&message)?;
        tally.add(message.sequence(), &message);
        output.step(|| format!("Consumer {number} read: {}", check.show(&message)))?;
        drop(message); // acknowledges the message, so that the producer does not wait for the pause
        sleep(job.delay);
    }
    check.finish()?;
    if job.plan.kind == Kind::Array {
        output.step(|| format!("Consumer {number} exiting."))?;
    }
    Ok(tally)
}

/// Sends the report. A channel may have fewer producer places than the demo has children, so a full channel is
/// retried. Each child frees its place after a single report.
fn report(job: &Job, report: &Report) -> Result<(), Failure> {
    let mut reporter = loop {
        match Producer::attach(&job.reports) {
            Err(AttachError::Join { error: JoinError::Full { .. }, .. }) => sleep(Duration::from_millis(1)),
            attached => break attached?,
        }
    };
    reporter.send_value(report)?;
    reporter.finish()?;
    Ok(())
}
