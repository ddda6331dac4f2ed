//! What each process reports to the parent at its end, and the parent's judgement.

use super::job::{Plan, Role, Who};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};
use thiserror::Error;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// What a process has sent or received so far.
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
    /// The digest is a sum over messages, each hashed with its number: so the producers' digests
    /// add up to that of a consumer that got everything, whole and in the one total order.
    pub(crate) fn add(&mut self, sequence: u64, message: &[u8]) {
        self.started.get_or_insert_with(Instant::now);
        let mut hasher = DefaultHasher::new(); // its keys are constant: the same in every process
        (sequence, message).hash(&mut hasher);
        self.messages += 1;
        self.bytes += message.len() as u64;
        self.digest = self.digest.wrapping_add(hasher.finish());
    }
}

/// A process's last words, sent through a channel of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub(crate) struct Report {
    /// [`Report::PRODUCER`] or [`Report::CONSUMER`].
    role: u32,
    number: u32,
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    digest: u64,
    /// From the first message to the end.
    nanos: u64,
}

impl Report {
    const PRODUCER: u32 = 1;
    const CONSUMER: u32 = 2;

    /// The report of a process that is done.
    pub(crate) fn new(who: Who, tally: &Tally) -> Self {
        let role = match who.role {
            Role::Producer => Self::PRODUCER,
            Role::Consumer => Self::CONSUMER,
        };
        let Tally { messages, bytes, digest, started } = *tally;
        let elapsed = started.map_or(Duration::ZERO, |start| start.elapsed());
        let nanos = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        Self { role, number: who.number, messages, bytes, digest, nanos }
    }

    /// How long it took, from the first message to the end.
    pub(crate) const fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.nanos)
    }

    fn who(&self) -> Option<Who> {
        let role = match self.role {
            Self::PRODUCER => Role::Producer,
            Self::CONSUMER => Role::Consumer,
            _ => return None,
        };
        Some(Who { role, number: self.number })
    }
}

/// Reports that do not agree with the plan, or with each other.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Disagreement {
    #[error("a report came from nobody: {0:?}")]
    Stranger(Report),
    #[error("{0} reported twice")]
    Twice(Who),
    #[error("{0} did not report")]
    Silent(Who),
    #[error("{who} has {found} messages instead of {expected}")]
    Messages { who: Who, found: u64, expected: u64 },
    #[error("{who} has {found} bytes, the producers sent {expected}")]
    Bytes { who: Who, found: u64, expected: u64 },
    #[error("{who} has as many messages and bytes as the producers sent, but not the same, or not in the same order")]
    Digest { who: Who },
}

/// Whether every process did all that was planned, and every consumer got exactly what the
/// producers sent, in the same order. If so, the consumers' reports.
///
/// # Errors
/// The first [`Disagreement`].
pub(crate) fn judge(plan: &Plan, consumers: u32, reports: &[Report]) -> Result<Vec<Report>, Disagreement> {
    let mut by_who = BTreeMap::new();
    for report in reports {
        let who = report.who().ok_or(Disagreement::Stranger(*report))?;
        if by_who.insert(who, *report).is_some() {
            return Err(Disagreement::Twice(who));
        }
    }
    let mut sent = Tally::default();
    let mut take = |role, number, expected| {
        let who = Who { role, number };
        let report = by_who.remove(&who).ok_or(Disagreement::Silent(who))?;
        let found = report.messages;
        if found != expected { Err(Disagreement::Messages { who, found, expected }) } else { Ok((who, report)) }
    };
    for number in 1..=plan.producers {
        let (_, report) = take(Role::Producer, number, plan.share(number))?;
        sent.bytes = sent.bytes.wrapping_add(report.bytes);
        sent.digest = sent.digest.wrapping_add(report.digest);
    }
    let mut accepted = Vec::new();
    for number in 1..=consumers {
        let (who, report) = take(Role::Consumer, number, plan.messages)?;
        if report.bytes != sent.bytes {
            return Err(Disagreement::Bytes { who, found: report.bytes, expected: sent.bytes });
        }
        if report.digest != sent.digest {
            return Err(Disagreement::Digest { who });
        }
        accepted.push(report);
    }
    match by_who.into_values().next() {
        Some(stranger) => Err(Disagreement::Stranger(stranger)),
        None => Ok(accepted),
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::Kind;
    use super::*;

    const PLAN: Plan = Plan { kind: Kind::Strings, seed: 0, messages: 11, producers: 2, slot_size: 64 };
    const CONSUMER_2: Who = Who { role: Role::Consumer, number: 2 };

    fn tally(messages: impl Iterator<Item = (u64, &'static [u8])>) -> Tally {
        let mut tally = Tally::default();
        messages.for_each(|(sequence, message)| tally.add(sequence, message));
        tally
    }

    fn all() -> impl Iterator<Item = (u64, &'static [u8])> {
        (0..).zip((0..11).map(|n| &b"acknowledge"[n..]))
    }

    /// Of two producers and two consumers, who got `received`.
    fn reports(received: &Tally) -> Vec<Report> {
        let producer = |n| {
            let sent = tally(all().filter(|(sequence, _)| sequence % 2 == n));
            Report::new(Who { role: Role::Producer, number: n as u32 + 1 }, &sent)
        };
        let consumer = |number| Report::new(Who { role: Role::Consumer, number }, received);
        vec![consumer(2), producer(1), consumer(1), producer(0)]
    }

    #[test]
    fn agreement_is_accepted() {
        let accepted = judge(&PLAN, 2, &reports(&tally(all()))).unwrap();
        assert_eq!(accepted.iter().filter_map(Report::who).map(|who| who.number).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn another_order_is_a_disagreement() {
        let mut swapped: Vec<_> = all().map(|(_, message)| message).collect();
        swapped.swap(3, 4);
        let reports = reports(&tally((0..).zip(swapped)));
        assert_eq!(judge(&PLAN, 2, &reports), Err(Disagreement::Digest { who: Who { number: 1, ..CONSUMER_2 } }));
    }

    /// What each disagreement says. A new one does not compile here.
    fn expected(disagreement: &Disagreement) -> &str {
        match disagreement {
            Disagreement::Stranger(_) => {
                "a report came from nobody: \
                 Report { role: 9, number: 2, messages: 11, bytes: 66, digest: 5, nanos: 0 }"
            }
            Disagreement::Twice(_) => "consumer 2 reported twice",
            Disagreement::Silent(_) => "consumer 2 did not report",
            Disagreement::Messages { .. } => "consumer 2 has 10 messages instead of 11",
            Disagreement::Bytes { .. } => "consumer 2 has 67 bytes, the producers sent 66",
            Disagreement::Digest { .. } => {
                "consumer 2 has as many messages and bytes as the producers sent, but not the same, or not in the same order"
            }
        }
    }

    #[test]
    fn every_disagreement_says_what_differs() {
        let who = CONSUMER_2;
        for disagreement in [
            Disagreement::Stranger(Report { role: 9, number: 2, messages: 11, bytes: 66, digest: 5, nanos: 0 }),
            Disagreement::Twice(who),
            Disagreement::Silent(who),
            Disagreement::Messages { who, found: 10, expected: 11 },
            Disagreement::Bytes { who, found: 67, expected: 66 },
            Disagreement::Digest { who },
        ] {
            assert_eq!(disagreement.to_string(), expected(&disagreement));
        }
    }

    #[test]
    fn every_disagreement_is_found() {
        let good = reports(&tally(all()));
        let verdict = |change: fn(&mut Vec<Report>)| {
            let mut reports = good.clone();
            change(&mut reports);
            judge(&PLAN, 2, &reports).unwrap_err()
        };
        let who = CONSUMER_2;
        assert_eq!(verdict(|r| r[0].digest ^= 1), Disagreement::Digest { who });
        assert_eq!(verdict(|r| r[0].bytes += 1), Disagreement::Bytes { who, found: 67, expected: 66 });
        assert_eq!(verdict(|r| r[0].messages -= 1), Disagreement::Messages { who, found: 10, expected: 11 });
        assert!(matches!(verdict(|r| r[1].messages += 1), Disagreement::Messages { .. }));
        assert_eq!(verdict(|r| _ = r.remove(0)), Disagreement::Silent(who));
        assert!(matches!(verdict(|r| _ = r.pop()), Disagreement::Silent(_)));
        assert_eq!(verdict(|r| r.push(r[0])), Disagreement::Twice(who));
        assert!(matches!(verdict(|r| r.push(Report { number: 3, ..r[0] })), Disagreement::Stranger(_)));
        assert!(matches!(verdict(|r| r[0].role = 9), Disagreement::Stranger(_)));
    }
}
