//! Defects that the checks of this crate must find.

/// A remedy that is left out. Each is one lesson of a failure that was seen, or one step of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mutant {
    /// Lesson 1. `out` identifies messages by their numbers alone, without the incarnation.
    BareSequence,
    /// Lesson 2. `in` goes on with the consumer of its predecessor, and takes what comes for what follows.
    ReusedConsumer,
    /// Lesson 3. `in` takes the acknowledged floor for its position, in place of the channel's own count.
    TrustedFloor,
    /// Lesson 4. `in` sends without a reader, and does not wait until the readers have everything.
    NoReader,
    /// Lesson 5. `out` waits for the source on the thread of the client.
    BlockedClient,
    /// B1, B2. `out` publishes without the expected last sequence.
    Unconditional,
    /// B1, B2. `out` publishes with the expected last sequence, and without the expected last message.
    SequenceAlone,
    /// B3. `out` acknowledges the source before the stream has stored the message.
    ReleasedEarly,
    /// B1. `out` does not ask what was stored after a doubt, and takes everything for stored.
    Optimist,
    /// B1. `in` acknowledges in the stream before the channel has the message.
    AcknowledgedEarly,
    /// B4. `in` finishes after `ProducersLost`.
    FinishedAfterLost,
    /// B4. `out` forgets that END is stored, and carries the channel again.
    ForgottenEnd,
    /// B2. `in` does not check which incarnation a message belongs to.
    MixedIncarnations,
}

impl Mutant {
    /// Whether `in` has the defect, and not `out`.
    #[must_use]
    pub const fn is_of_in(self) -> bool {
        use Mutant::{AcknowledgedEarly, FinishedAfterLost, MixedIncarnations, NoReader, ReusedConsumer, TrustedFloor};
        matches!(
            self,
            ReusedConsumer | TrustedFloor | NoReader | AcknowledgedEarly | FinishedAfterLost | MixedIncarnations
        )
    }

    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::BareSequence,
        Self::ReusedConsumer,
        Self::TrustedFloor,
        Self::NoReader,
        Self::BlockedClient,
        Self::Unconditional,
        Self::SequenceAlone,
        Self::ReleasedEarly,
        Self::Optimist,
        Self::AcknowledgedEarly,
        Self::FinishedAfterLost,
        Self::ForgottenEnd,
        Self::MixedIncarnations,
    ];
}
