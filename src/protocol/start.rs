//! Where a consumer starts.

use super::{JoinError, Published};

/// Where a consumer starts in the messages that are retained.
///
/// The messages that are retained are the last `retain` messages of [`Geometry`](super::Geometry). END is not counted
/// among them: a consumer that starts at the oldest message of a channel that has ended gets `retain` messages and END.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the oldest retained message. At message 0 if all messages are retained.
    Oldest,
    /// At the next message that is published. If the channel has ended, no message follows.
    Newest,
    /// At the message of this number, counted from 0: a retained message, or the next one that is published.
    Sequence(u64),
}

impl Start {
    /// The number of the first message.
    ///
    /// # Errors
    /// [`JoinError::NotRetained`].
    pub(super) fn among(self, published: Published, retain: u32) -> Result<u64, JoinError> {
        let (oldest, newest) = (published.oldest(retain), published.count());
        match self {
            Self::Oldest => Ok(oldest),
            Self::Newest => Ok(newest),
            Self::Sequence(asked) if (oldest..=newest).contains(&asked) => Ok(asked),
            Self::Sequence(asked) => Err(JoinError::NotRetained { asked, oldest, newest }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Lengths;

    fn published(messages: u64) -> Published {
        Published::from_word(0).advanced_by(messages, Lengths::Fixed)
    }

    #[test]
    fn start_is_among_the_retained_messages() {
        let outside = |asked, oldest, newest| Err(JoinError::NotRetained { asked, oldest, newest });
        for (published, retain, oldest, newest) in [
            (published(0), 0, 0, 0),
            (published(0), 3, 0, 0),
            (published(2), 3, 0, 2),
            (published(5), 0, 5, 5),
            (published(5), 3, 2, 5),
            (published(5).with_end(), 3, 2, 6),
            (published(5).with_end(), 0, 5, 6),
            (published(0).with_end(), 3, 0, 1),
        ] {
            assert_eq!(Start::Oldest.among(published, retain), Ok(oldest), "{published:?}");
            assert_eq!(Start::Newest.among(published, retain), Ok(newest), "{published:?}");
            for asked in oldest..=newest {
                assert_eq!(Start::Sequence(asked).among(published, retain), Ok(asked), "{published:?}");
            }
            let beyond = newest + 1;
            assert_eq!(Start::Sequence(beyond).among(published, retain), outside(beyond, oldest, newest));
            if let Some(below) = oldest.checked_sub(1) {
                assert_eq!(Start::Sequence(below).among(published, retain), outside(below, oldest, newest));
            }
        }
    }
}
