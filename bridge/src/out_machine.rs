//! The state machine of `out`: from the source channel into the stream.
//!
//! Each message is published on two conditions: the stream's last sequence is the one before it
//! (`Nats-Expected-Last-Sequence`), and the stream's last message is the one before it (`Nats-Expected-Last-Msg-Id`).
//! So the server stores each message in its place or refuses it, whatever was lost, delayed or sent twice, and whichever
//! bridge sent it. An acknowledgement of a message says that all before it are stored, too. After a doubt the machine
//! asks the stream for its last message, whose head says what is stored.
//!
//! The sequence alone is not enough while several messages are in flight. A delayed message of a dead bridge can take
//! the place of the first one. The first is then refused, and the second, which expects one message more, is stored.
//! The first message after an answer needs no second condition: what the stream has at that sequence was seen.
//!
//! The machine is pure: [`step`](OutMachine::step) turns an event into effects. The bridge carries the effects out, and
//! the model check explores every order of events.

use crate::head::{Head, Kind};
use crate::mutant::Mutant;
use std::collections::VecDeque;
use thiserror::Error;

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutEvent {
    /// The answer to [`OutEffect::Ask`].
    Found {
        /// The stream's last sequence; 0 if it has never stored a message.
        last: u64,
        /// The head of the message of this sequence. `None` if the stream does not have it.
        head: Option<Head>,
    },
    /// The source's next message, END, or `ProducersLost`. It is not acknowledged.
    Read {
        /// What it is.
        kind: Kind,
        /// Its number in the source.
        sequence: u64,
    },
    /// The stream has stored a message in flight at this sequence, and so all before it.
    Stored {
        /// The sequence in the stream.
        stream: u64,
    },
    /// A message in flight was refused, or its answer has not come, or the connection was lost.
    Unsure,
}

/// What is to be done, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutEffect {
    /// Forget the answers to what is in flight, and ask the stream for its last message.
    Ask,
    /// Attach to the source, at this message. `None`: nothing of this channel is stored, so at its first one.
    Attach {
        /// The message's number in the source.
        from: Option<u64>,
    },
    /// Publish the message of `head.sequence` to the stream, if it comes next there.
    Publish {
        /// The message's head, which is its id.
        head: Head,
        /// The condition on the stream's last sequence. `None` only in a mutant.
        expected: Option<u64>,
        /// The condition on the stream's last message: the one before it in flight.
        after: Option<Head>,
    },
    /// Acknowledge the source's messages below this number.
    Release {
        /// The first message that is not acknowledged.
        below: u64,
    },
    /// END or `ProducersLost` is stored. The bridge ends.
    Finish(Kind),
    /// The bridge ends, and has acknowledged nothing that is not stored.
    Fail(OutFault),
}

/// Why a bridge into the stream cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum OutFault {
    /// The stream has messages that no bridge has written.
    #[error("message {last} of the stream is not a bridge's, or was deleted; give this channel a stream of its own")]
    Foreign {
        /// The stream's last sequence.
        last: u64,
    },
    /// Another channel's bridge writes to the stream.
    #[error(
        "the bridge of another channel (incarnation {incarnation:016x}) writes to the same stream; give each channel a \
         stream of its own"
    )]
    Rival {
        /// The incarnation of the other channel.
        incarnation: u64,
    },
    /// The stream has lost messages that it had stored.
    #[error(
        "the stream has {has} messages and had stored {had}: the server has lost stored messages, and the source does \
         not have them any more; see sync_interval in the server's manual"
    )]
    Forgotten {
        /// The last sequence that was stored.
        had: u64,
        /// The stream's last sequence.
        has: u64,
    },
}

/// The state of a bridge into the stream.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OutMachine {
    mutant: Option<Mutant>,
    incarnation: u64,
    /// Attached to the source: the first answer has come.
    attached: bool,
    /// The last answer is not outdated: what comes may be published.
    sure: bool,
    /// The stream's last message is of this incarnation.
    has_stored: bool,
    /// The position of this incarnation's first message.
    base: u64,
    /// The position of the first message that is not known to be stored.
    position: u64,
    /// The stream's last sequence, as far as it is known.
    last: u64,
    /// Messages below this number are stored, by another bridge of this channel.
    stored_below: u64,
    /// `ProducersLost` is stored, before the message of this number.
    lost_at: Option<u64>,
    /// What was read and is not known to be stored, in the source's order.
    flight: VecDeque<(Kind, u64)>,
}

impl OutMachine {
    /// A bridge of the channel with this incarnation. Its first effect is [`OutEffect::Ask`].
    #[must_use]
    pub fn new(incarnation: u64, mutant: Option<Mutant>) -> Self {
        let incarnation = if mutant == Some(Mutant::BareSequence) { 0 } else { incarnation };
        Self {
            mutant,
            incarnation,
            attached: false,
            sure: false,
            has_stored: false,
            base: 0,
            position: 0,
            last: 0,
            stored_below: 0,
            lost_at: None,
            flight: VecDeque::new(),
        }
    }

    /// How many messages were read and are not known to be stored.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.flight.len()
    }

    /// The stream's last sequence, as far as it is known.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// Turns an event into effects, which are added to `effects`.
    pub fn step(&mut self, event: OutEvent, effects: &mut Vec<OutEffect>) {
        match event {
            OutEvent::Found { last, head } => self.found(last, head, effects),
            OutEvent::Read { kind, sequence } => self.read(kind, sequence, effects),
            OutEvent::Stored { stream } if stream > self.last && stream - self.last <= self.flight.len() as u64 => {
                let count = stream - self.last;
                self.last = stream;
                self.has_stored = true;
                self.stored(count as usize, effects);
            }
            OutEvent::Unsure if self.mutant == Some(Mutant::Optimist) => self.stored(self.flight.len(), effects),
            OutEvent::Stored { .. } | OutEvent::Unsure => {
                self.sure = false;
                effects.push(OutEffect::Ask);
            }
        }
    }

    fn read(&mut self, kind: Kind, sequence: u64, effects: &mut Vec<OutEffect>) {
        if kind == Kind::Lost && self.lost_at == Some(sequence) {
            return effects.push(OutEffect::Finish(kind));
        }
        if kind != Kind::Lost && sequence < self.stored_below {
            return effects.push(OutEffect::Release { below: sequence.saturating_add(1) });
        }
        self.flight.push_back((kind, sequence));
        if self.sure {
            self.publish(self.flight.len() - 1, effects);
        }
    }

    /// Publishes the message at this place in the flight.
    fn publish(&self, place: usize, effects: &mut Vec<OutEffect>) {
        let Some(&(kind, sequence)) = self.flight.get(place) else { return };
        let ahead = place as u64;
        let (incarnation, base) = (self.incarnation, self.base);
        let head = Head { kind, incarnation, sequence, position: self.position.saturating_add(ahead), base };
        let before = place.checked_sub(1).and_then(|place| self.flight.get(place));
        let after = before.map(|&(kind, sequence)| Head { kind, sequence, position: head.position - 1, ..head });
        let expected = (self.mutant != Some(Mutant::Unconditional)).then(|| self.last.saturating_add(ahead));
        let after = after.filter(|_| !matches!(self.mutant, Some(Mutant::Unconditional | Mutant::SequenceAlone)));
        // The stream has acknowledged the message before the first in flight, or was asked for it.
        effects.push(OutEffect::Publish { head, expected, after });
        if self.mutant == Some(Mutant::ReleasedEarly) && kind == Kind::Message {
            effects.push(OutEffect::Release { below: sequence.saturating_add(1) });
        }
    }

    /// So many messages, from the oldest one in flight, are stored.
    fn stored(&mut self, count: usize, effects: &mut Vec<OutEffect>) {
        let mut last = None;
        for (kind, sequence) in self.flight.drain(..count.min(self.flight.len())) {
            if kind != Kind::Lost {
                self.position = self.position.saturating_add(1);
                last = Some(sequence);
            }
            if kind != Kind::Message {
                if let Some(sequence) = last {
                    effects.push(OutEffect::Release { below: sequence.saturating_add(1) });
                }
                return effects.push(OutEffect::Finish(kind));
            }
        }
        if let Some(sequence) = last {
            effects.push(OutEffect::Release { below: sequence.saturating_add(1) });
        }
    }

    fn found(&mut self, last: u64, head: Option<Head>, effects: &mut Vec<OutEffect>) {
        if last < self.last {
            return effects.push(OutEffect::Fail(OutFault::Forgotten { had: self.last, has: last }));
        }
        let ended = match head {
            None if last == 0 => false,
            None => return effects.push(OutEffect::Fail(OutFault::Foreign { last })),
            Some(head) if head.incarnation == self.incarnation => match self.found_own(last, &head, effects) {
                Some(ended) => ended,
                None => return,
            },
            Some(head) if self.has_stored => {
                return effects.push(OutEffect::Fail(OutFault::Rival { incarnation: head.incarnation }));
            }
            // The channel before this one. Nothing of this one is stored.
            Some(head) => {
                (self.base, self.position) = (head.next_position(), head.next_position());
                false
            }
        };
        self.last = last;
        self.sure = true;
        if ended {
            return;
        }
        if !self.attached {
            self.attached = true;
            let from = self.has_stored.then_some(self.stored_below);
            return effects.push(OutEffect::Attach { from });
        }
        for place in 0..self.flight.len() {
            self.publish(place, effects);
        }
    }

    /// The stream's last message is of this channel. Says whether the bridge has ended, or `None` if it has failed.
    fn found_own(&mut self, last: u64, head: &Head, effects: &mut Vec<OutEffect>) -> Option<bool> {
        self.has_stored = true;
        self.base = head.base;
        let is_end = head.kind == Kind::End && self.mutant != Some(Mutant::ForgottenEnd);
        if self.attached {
            let Some(stored) = head.next_position().checked_sub(self.position) else {
                effects.push(OutEffect::Fail(OutFault::Forgotten { had: self.last, has: last }));
                return None;
            };
            let ours = self.flight.len() as u64;
            let lost = (Kind::Lost, head.sequence);
            // `ProducersLost` has no position of its own.
            let stored = stored + u64::from(head.kind == Kind::Lost && self.flight.get(stored as usize) == Some(&lost));
            let before = effects.len();
            self.stored(stored.min(ours) as usize, effects);
            if effects[before..].iter().any(|effect| matches!(effect, OutEffect::Finish(_))) {
                return Some(true);
            }
        }
        self.position = head.next_position();
        self.stored_below = head.next_sequence();
        self.lost_at = (head.kind == Kind::Lost).then_some(head.sequence);
        if is_end {
            effects.push(OutEffect::Release { below: head.next_sequence() });
            effects.push(OutEffect::Finish(Kind::End));
        }
        Some(is_end)
    }
}
