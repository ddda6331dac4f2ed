//! The report that each child sends to the parent, and the parent's check of all reports.

use super::job::{ChildId, Plan, Role};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};
use thiserror::Error;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// The messages that a process has sent or received so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    messages: u64,
    bytes: u64,
    digest: u64,
    started: Option<Instant>,
}

impl Tally {
    /// Counts a message. `sequence` is its number in the total order.
    ///
    /// The digest is the sum of the hashes of all messages, each hashed with its number. If a consumer received every
    /// message whole and in order, its digest is the sum of the producers' digests.
    pub(crate) fn add(&mut self, sequence: u64, message: &[u8]) {
        self.started.get_or_insert_with(Instant::now);
        let mut hasher = DefaultHasher::new(); // the keys are constant, so all processes hash alike
        (sequence, message).hash(&mut hasher);
        self.messages += 1;
        self.bytes += message.len() as u64;
        self.digest = self.digest.wrapping_add(hasher.finish());
    }
}

/// The report of a child process at its end, sent through a separate channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub(crate) struct Report {
    /// [`Report::PRODUCER`] or [`Report::CONSUMER`].
    role: u32,
    number: u32,
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    digest: u64,
    /// Nanoseconds from the first message to the end.
    nanos: u64,
}

impl Report {
    const PRODUCER: u32 = 1;
    const CONSUMER: u32 = 2;

    /// The report of a process that has handled all its messages.
    pub(crate) fn new(id: ChildId, tally: &Tally) -> Self {
        let role = match id.role {
            Role::Producer => Self::PRODUCER,
            Role::Consumer => Self::CONSUMER,
        };
        let Tally { messages, bytes, digest, started } = *tally;
        let elapsed = started.map_or(Duration::ZERO, |start| start.elapsed());
        let nanos = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        Self { role, number: id.number, messages, bytes, digest, nanos }
    }

    /// The time from the first message to the end.
    pub(crate) const fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.nanos)
    }

    fn id(&self) -> Option<ChildId> {
        let role = match self.role {
            Self::PRODUCER => Role::Producer,
            Self::CONSUMER => Role::Consumer,
            _ => return None,
        };
        Some(ChildId { role, number: self.number })
    }
}

/// A difference between the reports and the plan, or between reports.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Disagreement {
    #[error("a report comes from no process of this demo: {0:?}")]
    UnknownSender(Report),
    #[error("{0} reported twice")]
    Duplicate(ChildId),
    #[error("{0} did not report")]
    Missing(ChildId),
    #[error("{id} has {found} messages instead of {expected}")]
    Messages { id: ChildId, found: u64, expected: u64 },
    #[error("{id} has {found} bytes, the producers sent {expected}")]
    Bytes { id: ChildId, found: u64, expected: u64 },
    #[error("{id} received the right number of messages and bytes, but their content or order differs")]
    Digest { id: ChildId },
}

/// Checks that every process has handled its planned messages. Checks that every consumer received exactly the
/// producers' messages, in the same order. Returns the consumers' reports.
///
/// # Errors
/// The first [`Disagreement`].
pub(crate) fn check_reports(plan: &Plan, consumers: u32, reports: &[Report]) -> Result<Vec<Report>, Disagreement> {
    let mut by_id = BTreeMap::new();
    for report in reports {
        let id = report.id().ok_or(Disagreement::UnknownSender(*report))?;
        if by_id.insert(id, *report).is_some() {
            return Err(Disagreement::Duplicate(id));
        }
    }
    let mut sent = Tally::default();
    let mut take = |role, number, expected| {
        let id = ChildId { role, number };
        let report = by_id.remove(&id).ok_or(Disagreement::Missing(id))?;
        let found = report.messages;
        if found != expected { Err(Disagreement::Messages { id, found, expected }) } else { Ok((id, report)) }
    };
    for number in 1..=plan.producers {
        let (_, report) = take(Role::Producer, number, plan.share(number))?;
        sent.bytes = sent.bytes.wrapping_add(report.bytes);
        sent.digest = sent.digest.wrapping_add(report.digest);
    }
    let mut accepted = Vec::new();
    for number in 1..=consumers {
        let (id, report) = take(Role::Consumer, number, plan.messages)?;
        if report.bytes != sent.bytes {
            return Err(Disagreement::Bytes { id, found: report.bytes, expected: sent.bytes });
        }
        if report.digest != sent.digest {
            return Err(Disagreement::Digest { id });
        }
        accepted.push(report);
    }
    match by_id.into_values().next() {
        Some(unknown) => Err(Disagreement::UnknownSender(unknown)),
        None => Ok(accepted),
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::Kind;
    use super::*;

    const PLAN: Plan = Plan { kind: Kind::Strings, seed: 0, messages: 11, producers: 2, slot_size: 64 };
    const CONSUMER_2: ChildId = ChildId { role: Role::Consumer, number: 2 };

    fn tally(messages: impl Iterator<Item = (u64, &'static [u8])>) -> Tally {
        let mut tally = Tally::default();
        messages.for_each(|(sequence, message)| tally.add(sequence, message));
        tally
    }

    fn all() -> impl Iterator<Item = (u64, &'static [u8])> {
        (0..).zip((0..11).map(|n| &b"acknowledge"[n..]))
    }

    /// The reports of two producers, and of two consumers that received `received`.
    fn reports(received: &Tally) -> Vec<Report> {
        let producer = |n| {
            let sent = tally(all().filter(|(sequence, _)| sequence % 2 == n));
            Report::new(ChildId { role: Role::Producer, number: n as u32 + 1 }, &sent)
        };
        let consumer = |number| Report::new(ChildId { role: Role::Consumer, number }, received);
        vec![consumer(2), producer(1), consumer(1), producer(0)]
    }

    #[test]
    fn report_check_accepts_agreement() {
        let accepted = check_reports(&PLAN, 2, &reports(&tally(all()))).unwrap();
        assert_eq!(accepted.iter().filter_map(Report::id).map(|id| id.number).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn report_check_finds_swapped_messages() {
        let mut swapped: Vec<_> = all().map(|(_, message)| message).collect();
        swapped.swap(3, 4);
        let reports = reports(&tally((0..).zip(swapped)));
        assert_eq!(
            check_reports(&PLAN, 2, &reports),
            Err(Disagreement::Digest { id: ChildId { number: 1, ..CONSUMER_2 } })
        );
    }

    /// The text of each disagreement. A new variant of [`Disagreement`] does not compile here.
    fn expected(disagreement: &Disagreement) -> &str {
        match disagreement {
            Disagreement::UnknownSender(_) => {
                "a report comes from no process of this demo: \
                 Report { role: 9, number: 2, messages: 11, bytes: 66, digest: 5, nanos: 0 }"
            }
            Disagreement::Duplicate(_) => "consumer 2 reported twice",
            Disagreement::Missing(_) => "consumer 2 did not report",
            Disagreement::Messages { .. } => "consumer 2 has 10 messages instead of 11",
            Disagreement::Bytes { .. } => "consumer 2 has 67 bytes, the producers sent 66",
            Disagreement::Digest { .. } => {
                "consumer 2 received the right number of messages and bytes, but their content or order differs"
            }
        }
    }

    #[test]
    fn disagreement_names_process_and_difference() {
        let id = CONSUMER_2;
        for disagreement in [
            Disagreement::UnknownSender(Report { role: 9, number: 2, messages: 11, bytes: 66, digest: 5, nanos: 0 }),
            Disagreement::Duplicate(id),
            Disagreement::Missing(id),
            Disagreement::Messages { id, found: 10, expected: 11 },
            Disagreement::Bytes { id, found: 67, expected: 66 },
            Disagreement::Digest { id },
        ] {
            assert_eq!(disagreement.to_string(), expected(&disagreement));
        }
    }

    #[test]
    fn report_check_finds_every_disagreement() {
        let good = reports(&tally(all()));
        let verdict = |change: fn(&mut Vec<Report>)| {
            let mut reports = good.clone();
            change(&mut reports);
            check_reports(&PLAN, 2, &reports).unwrap_err()
        };
        let id = CONSUMER_2;
        assert_eq!(verdict(|r| r[0].digest ^= 1), Disagreement::Digest { id });
        assert_eq!(verdict(|r| r[0].bytes += 1), Disagreement::Bytes { id, found: 67, expected: 66 });
        assert_eq!(verdict(|r| r[0].messages -= 1), Disagreement::Messages { id, found: 10, expected: 11 });
        assert!(matches!(verdict(|r| r[1].messages += 1), Disagreement::Messages { .. }));
        assert_eq!(verdict(|r| _ = r.remove(0)), Disagreement::Missing(id));
        assert!(matches!(verdict(|r| _ = r.pop()), Disagreement::Missing(_)));
        assert_eq!(verdict(|r| r.push(r[0])), Disagreement::Duplicate(id));
        assert!(matches!(verdict(|r| r.push(Report { number: 3, ..r[0] })), Disagreement::UnknownSender(_)));
        assert!(matches!(verdict(|r| r[0].role = 9), Disagreement::UnknownSender(_)));
    }
}
