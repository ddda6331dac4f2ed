//! The state machine of `in`: from the stream into the receiving channel.
//!
//! The bridge is the channel's only producer. So the channel itself says how far it is: its tag is the position of its
//! first message, and its count is published in one step with each message. What the stream knows of acknowledgements
//! may be late, and decides only where the deliveries begin. They begin at or before the channel's position.
//!
//! Each bridge makes a consumer of its own in the stream, which starts after the last acknowledged message. The server
//! counts a consumer's deliveries. While the count has no gap, and nothing was delivered before, the deliveries are the
//! stream's messages in order. After a gap in the count a new consumer is made. A message that was delivered before is
//! below the channel's position.

use crate::head::{Head, Kind};
use crate::mutant::Mutant;
use thiserror::Error;

/// The state of the receiving channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Carried {
    /// The position at which the channel began: its tag.
    pub tag: u64,
    /// How many messages are published in it, END included.
    pub count: u64,
    /// END is published.
    pub ended: bool,
}

impl Carried {
    /// The position of the next message.
    const fn next(&self) -> u64 {
        self.tag.saturating_add(self.count)
    }
}

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InEvent {
    /// The bridge starts.
    Started,
    /// The stream has delivered a message.
    Delivered {
        /// Its head.
        head: Head,
        /// Its sequence in the stream.
        stream: u64,
        /// The number of this delivery, from 1 for each consumer.
        delivery: u64,
    },
    /// Deliveries may have been lost: the connection was, or the consumer is gone.
    Broken,
}

/// What is to be done, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InEffect {
    /// Make a consumer that starts after the last acknowledged message. Remove the one before it afterwards.
    Subscribe,
    /// Wait until the channel's last reader has left it. It has ended.
    AwaitEmpty,
    /// Create the channel, with this tag.
    Create {
        /// The position of its first message.
        tag: u64,
    },
    /// Attach to the channel as its producer.
    Join,
    /// Send the delivered message to the channel.
    Publish,
    /// Finish the channel: END.
    Finish,
    /// Leave the channel without finishing, so that its readers see `ProducersLost`.
    Leave,
    /// Acknowledge in the stream all messages up to this sequence.
    Acknowledge {
        /// The sequence in the stream.
        stream: u64,
    },
    /// Wait until the channel's readers have everything.
    Drain,
    /// The channel is over, by END or `ProducersLost`. The bridge ends.
    Done(Kind),
    /// The bridge ends. It has left the channel without finishing it.
    Fail(InFault),
}

/// Why a bridge out of the stream cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum InFault {
    /// The stream does not have the channel's next messages any more.
    #[error(
        "the stream has no messages at positions {next} to {}, which the channel gets next: they were purged, or another \
         bridge has the same --durable", .found.saturating_sub(1)
    )]
    Missing {
        /// The position of the channel's next message.
        next: u64,
        /// The position that was delivered.
        found: u64,
    },
    /// A next source channel has begun, and this one has never ended.
    #[error(
        "the source channel was replaced by another one (incarnation {incarnation:016x}) before its END; let the readers \
         of this channel leave, and start again"
    )]
    Replaced {
        /// The incarnation of the next channel.
        incarnation: u64,
    },
}

/// The state of a bridge out of the stream.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InMachine {
    mutant: Option<Mutant>,
    channel: Option<Carried>,
    joined: bool,
    /// How many deliveries have come since the last subscription.
    deliveries: u64,
}

impl InMachine {
    /// A bridge that finds this channel, or none.
    #[must_use]
    pub const fn new(channel: Option<Carried>, mutant: Option<Mutant>) -> Self {
        Self { mutant, channel, joined: false, deliveries: 0 }
    }

    /// What is known of the channel.
    #[must_use]
    pub const fn channel(&self) -> Option<Carried> {
        self.channel
    }

    /// Turns an event into effects, which are added to `effects`.
    pub fn step(&mut self, event: InEvent, effects: &mut Vec<InEffect>) {
        match event {
            InEvent::Started | InEvent::Broken => {
                self.subscribe(effects);
            }
            InEvent::Delivered { delivery, .. }
                if delivery != self.deliveries.saturating_add(1) && self.mutant != Some(Mutant::ReusedConsumer) =>
            {
                self.subscribe(effects);
            }
            InEvent::Delivered { head, stream, delivery } => {
                self.deliveries = delivery;
                self.delivered(head, stream, effects);
            }
        }
    }

    fn subscribe(&mut self, effects: &mut Vec<InEffect>) {
        self.deliveries = 0;
        effects.push(InEffect::Subscribe);
    }

    fn delivered(&mut self, head: Head, stream: u64, effects: &mut Vec<InEffect>) {
        if let Some(channel) = self.channel {
            let next = match self.mutant {
                // What is not acknowledged is taken for what the channel does not have.
                Some(Mutant::TrustedFloor | Mutant::ReusedConsumer) if !channel.ended => head.position,
                _ => channel.next(),
            };
            let is_old = head.position < next;
            if is_old {
                effects.push(InEffect::Acknowledge { stream });
                // The bridge before this one died between END and its acknowledgement.
                if channel.ended && head.kind == Kind::End && head.next_position() == next {
                    effects.extend([InEffect::Drain, InEffect::Done(Kind::End)]);
                }
                return;
            }
            if head.base > channel.tag && self.mutant != Some(Mutant::MixedIncarnations) {
                if !channel.ended {
                    let fault = InFault::Replaced { incarnation: head.incarnation };
                    return effects.extend([InEffect::Leave, InEffect::Fail(fault)]);
                }
                effects.push(InEffect::AwaitEmpty);
                self.channel = None;
                self.joined = false;
            } else if head.position > next {
                let fault = InFault::Missing { next, found: head.position };
                return effects.extend([InEffect::Leave, InEffect::Fail(fault)]);
            }
        }
        self.take(head, stream, effects);
    }

    /// Takes the next message.
    fn take(&mut self, head: Head, stream: u64, effects: &mut Vec<InEffect>) {
        let early = self.mutant == Some(Mutant::AcknowledgedEarly);
        if early {
            effects.push(InEffect::Acknowledge { stream });
        }
        if head.kind == Kind::Lost && self.mutant != Some(Mutant::FinishedAfterLost) {
            if self.channel.is_some() {
                effects.extend([InEffect::Leave, InEffect::Acknowledge { stream }, InEffect::Drain]);
            } else {
                effects.push(InEffect::Acknowledge { stream });
            }
            return effects.push(InEffect::Done(Kind::Lost));
        }
        let channel = self.channel.get_or_insert_with(|| {
            effects.push(InEffect::Create { tag: head.position });
            Carried { tag: head.position, count: 0, ended: false }
        });
        if !self.joined {
            self.joined = true;
            effects.push(InEffect::Join);
        }
        channel.count = channel.count.saturating_add(1);
        if head.kind == Kind::Message {
            effects.push(InEffect::Publish);
            if !early {
                effects.push(InEffect::Acknowledge { stream });
            }
            return;
        }
        channel.ended = true;
        effects.extend([InEffect::Finish, InEffect::Acknowledge { stream }]);
        if self.mutant != Some(Mutant::NoReader) {
            effects.push(InEffect::Drain);
        }
        effects.push(InEffect::Done(Kind::End));
    }
}
