//! The id of each message in the stream (`Nats-Msg-Id`): what the message is, and where it belongs.

use core::fmt;
use core::str::FromStr;
use thiserror::Error;

/// What a message of the stream stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A message of the source.
    Message,
    /// END: nothing follows in this incarnation.
    End,
    /// `ProducersLost`: every producer of the source died without finishing. A successor may go on.
    Lost,
}

/// Where a message of the stream belongs.
///
/// ```
/// use ackcast_bridge::head::{Head, Kind};
///
/// let head = Head { kind: Kind::Message, incarnation: 0xfeed, sequence: 7, position: 12, base: 5 };
/// assert_eq!(head.to_string(), "m 000000000000feed 7 12 5");
/// assert_eq!(head.to_string().parse(), Ok(head));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Head {
    /// What the message stands for.
    pub kind: Kind,
    /// The incarnation of the source channel.
    pub incarnation: u64,
    /// The number of the message in the source, from 0. Of [`Kind::Lost`]: the number that the next message would have.
    pub sequence: u64,
    /// How many messages and ENDs are before it in the stream. [`Kind::Lost`] does not count.
    pub position: u64,
    /// The position of the first message of this incarnation.
    pub base: u64,
}

impl Head {
    /// The position of the message that follows.
    #[must_use]
    pub const fn next_position(&self) -> u64 {
        match self.kind {
            Kind::Lost => self.position,
            Kind::Message | Kind::End => self.position.saturating_add(1),
        }
    }

    /// The number of the source's message that follows.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        match self.kind {
            Kind::Lost => self.sequence,
            Kind::Message | Kind::End => self.sequence.saturating_add(1),
        }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, incarnation, sequence, position, base } = self;
        let kind = match kind {
            Kind::Message => 'm',
            Kind::End => 'e',
            Kind::Lost => 'l',
        };
        write!(f, "{kind} {incarnation:016x} {sequence} {position} {base}")
    }
}

/// The text is no [`Head`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text:?} is no id of a bridge")]
pub struct HeadError {
    text: String,
}

impl FromStr for Head {
    type Err = HeadError;

    fn from_str(text: &str) -> Result<Self, HeadError> {
        parse(text).ok_or_else(|| HeadError { text: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<Head> {
    let mut words = text.split(' ');
    let kind = match words.next()? {
        "m" => Kind::Message,
        "e" => Kind::End,
        "l" => Kind::Lost,
        _ => return None,
    };
    let incarnation = u64::from_str_radix(words.next()?, 16).ok()?;
    let mut number = || words.next()?.parse().ok();
    let head = Head { kind, incarnation, sequence: number()?, position: number()?, base: number()? };
    (words.next().is_none() && head.base <= head.position).then_some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_survives_its_text() {
        for kind in [Kind::Message, Kind::End, Kind::Lost] {
            for number in [0, 1, u64::MAX] {
                let head = Head { kind, incarnation: number, sequence: number, position: number, base: 0 };
                assert_eq!(head.to_string().parse(), Ok(head));
            }
        }
    }

    #[test]
    fn text_that_is_no_head_is_refused() {
        for text in
            ["", "m", "m 0 0 0", "x 0 0 0 0", "m 0 0 0 0 0", "m 0 -1 0 0", "m 0 0 1 2", "m g 0 0 0", "m  0 0 0 0"]
        {
            assert!(text.parse::<Head>().is_err(), "{text:?}");
        }
    }
}
