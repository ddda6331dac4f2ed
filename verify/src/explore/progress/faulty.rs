//! Wait loops with a fault each, and one without.

use super::super::{
    Explored,
    layer::TICK,
    primitives::ExploredWord,
    replay::{self, Token},
};
use crate::{
    hook::Name,
    model::{case::Shape, config::ModelConfig},
    scenarios::{environment::Checked, fixture::Fixture},
};
use ackcast::layer::{Clock, Layer, Park, Word};
use std::{panic::Location, sync::atomic::Ordering::Relaxed};

/// The word that each loop waits on: it is to be no longer 0.
pub const WORD: Name = Name { word: "awaited", owner: None };

/// What is wrong with a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loop {
    Sound,
    /// It checks liveness only after a sleep that was not interrupted: an earlier loop of lock and signal.
    ChecksAfterUndisturbedSleep,
    /// It sleeps once more before a check that is due.
    SleepsOnceMore,
    /// It polls only when a check is due.
    PollsWhenDue,
    /// It polls without a sleep.
    Spins,
}

impl Loop {
    fn wait(self, layer: &Explored, word: &ExploredWord) {
        let until = |now| now + layer.liveness_interval(now);
        let poll = || Word::<u32>::load(word, Relaxed) == 0;
        let check = || layer.is_alive(0).expect("the explorer knows");
        let (mut check_at, mut is_due) = (until(layer.now()), true);
        while self == Self::PollsWhenDue && !is_due || poll() {
            if self != Self::Spins {
                layer.park(word, 0, check_at);
            }
            let now = layer.now();
            is_due = now >= check_at;
            if is_due && self == Self::SleepsOnceMore {
                layer.park(word, 0, check_at + TICK);
            }
            if is_due {
                check();
            }
            if is_due || self == Self::ChecksAfterUndisturbedSleep {
                check_at = until(now);
            }
        }
    }

    /// A scenario in which a participant waits like this.
    pub fn scenario(self) {
        let fixture = Fixture::<Explored>::new(Shape::new(1, 1, 1, 1).geometry(), ModelConfig::PARK_STACK, false);
        let layer = Explored::layer(&fixture.segment);
        let word = ExploredWord { address: replay::build(|start| start.memory.word()), name: WORD };
        let body = move || {
            replay::within(Location::caller(), || self.wait(&layer, &word), |()| vec![Token::Out(0)]);
            vec![]
        };
        fixture.run(vec![(0, Box::new(body))], |_| {});
    }
}
