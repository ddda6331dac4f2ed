//! Sets of events that are closed under program order: how many events of each participant they contain.

/// Most participants of a program.
pub const PARTICIPANTS: usize = 16;
/// Most events of a participant.
pub const EVENTS: usize = u8::MAX as usize;

/// See the [module](self).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock([u8; PARTICIPANTS]);

impl Clock {
    /// Whether the set has the participant's event of this index.
    pub const fn has(&self, participant: u8, index: u8) -> bool {
        self.0[participant as usize] > index
    }

    /// Adds the participant's events up to this index.
    pub const fn add(&mut self, participant: u8, index: u8) {
        self.0[participant as usize] = index + 1;
    }

    /// The union.
    pub fn join(mut self, other: Self) -> Self {
        for (mine, its) in self.0.iter_mut().zip(other.0) {
            *mine = (*mine).max(its);
        }
        self
    }
}
