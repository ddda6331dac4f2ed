//! The summary that `demo --quiet` prints.

use super::options::{Backend, Demo};
use super::report::Report;

/// A line for the whole run, then a line for each consumer.
pub(crate) fn lines(demo: &Demo, consumers: &[Report]) -> Vec<String> {
    let bytes = consumers.first().map_or(0, |report| report.bytes); // all reports agree on it
    let backend = match demo.backend {
        Backend::Futex => "futex",
        Backend::RawSync => "raw-sync",
    };
    let all = format!(
        "{} messages, {bytes} bytes, from {} to {} through {} of {} bytes ({backend})",
        demo.messages,
        counted(demo.producers, "producer"),
        counted(demo.consumers, "consumer"),
        counted(demo.slots, "slot"),
        demo.slot_size,
    );
    let each = (1..).zip(consumers).map(|(number, report)| line(number, report));
    std::iter::once(all).chain(each).collect()
}

fn line(number: u32, report: &Report) -> String {
    let seconds = report.elapsed().as_secs_f64();
    let rate = |amount: u64| amount as f64 / seconds.max(1e-9);
    format!(
        "Consumer {number}: {} messages, {} bytes in {seconds:.3} s ({:.0} messages/s, {:.2} MB/s)",
        report.messages,
        report.bytes,
        rate(report.messages),
        rate(report.bytes) / 1e6,
    )
}

fn counted(count: u32, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
