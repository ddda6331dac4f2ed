//! Witnesses: executions that a check has to reach.

use super::entry::Witness;
use crate::events::{Event, event};

pub const NO_DATA: Witness = ("a consumer waits for a message", |_, seen| seen.had(Event::NoData));
pub const ALL_THERE: Witness = ("no consumer waits", |_, seen| !seen.had(Event::NoData));
pub const NO_ROOM: Witness = ("a producer waits for room", |_, seen| seen.had(Event::NoRoom));
pub const ROOM: Witness = ("there is room at once", |_, seen| !seen.had(Event::NoRoom));
pub const LOCK_HELD: Witness = ("the lock is taken", |_, seen| seen.had(Event::LockHeld));
pub const TAKEN_OVER: Witness = ("a dead owner's lock is taken over", |_, seen| seen.had(Event::Takeover));
pub const INHERITED: Witness = ("a dead owner's lock is inherited", |_, seen| seen.had(Event::Inheritance));
pub const FIRST_0: Witness = ("producer 0 comes first", |_, seen| seen.outcome[0][0] / 16 == 1);
pub const FIRST_1: Witness = ("producer 1 comes first", |_, seen| seen.outcome[0][0] / 16 == 2);

/// The witnesses of a single producer.
pub const fn one_sends(m: u32, s: u32) -> &'static [Witness] {
    if m > s { &[NO_DATA, NO_ROOM] } else { &[NO_DATA, ALL_THERE] }
}

pub const TAKEN_TOGETHER: Witness = ("two messages are taken together", |_, seen| seen.had(Event::TakenTogether));
pub const APART: Witness = ("each message is taken by itself", |_, seen| !seen.had(Event::TakenTogether));

pub const ENDS: &[Witness] = &[
    ("producer 0 ends the channel", |shape, seen| seen.outcome[shape.consumers as usize] == [event::END]),
    ("producer 1 ends the channel", |shape, seen| seen.outcome[shape.consumers as usize + 1] == [event::END]),
];

pub const LATE: &[Witness] = &[
    ("the consumer joins before all messages", |shape, seen| seen.last().len() as u32 == shape.messages + 1),
    ("the consumer joins after all messages", |_, seen| seen.last() == [event::END]),
];

pub const IN_THE_MIDDLE: &[Witness] =
    &[LATE[0], ("the consumer joins in the middle and starts at message 1", |_, seen| seen.last()[0] == 17)];

pub const LATE_READER: &[Witness] = &[
    ("the reader gets all messages", |shape, seen| seen.last().len() as u32 == shape.producers * shape.messages + 1),
    ("the reader comes after END, and gets what is retained", |shape, seen| {
        seen.last().len() as u32 == shape.retain + 1
    }),
];

pub const READER_OF_AN_HEIR: &[Witness] = &[LATE_READER[0], INHERITED];

pub const ASKS_FOR_A_MESSAGE: &[Witness] = &[
    ("the message is retained", |_, seen| seen.last()[0] == 17),
    ("the message is not retained", |_, seen| seen.last() == [event::FULL]),
];

pub const BACK: &[Witness] = &[
    ("the consumer misses no message", |shape, seen| seen.outcome[0].len() as u32 == shape.messages + 1),
    ("the consumer misses a message", |shape, seen| seen.outcome[0].len() as u32 == shape.messages),
];

pub const TRIES: &[Witness] = &[
    ("a message is received at once", |_, seen| seen.outcome[0][0] < event::FIRST),
    ("there is no message", |_, seen| seen.outcome[0][0] == event::TIMED_OUT),
    ("there is no room", |_, seen| seen.last().contains(&event::NO_ROOM)),
];

pub const LOCK_TRIES: &[Witness] = &[
    ("the lock is taken", |_, seen| seen.outcome[1].contains(&event::NO_LOCK)),
    ("the lock is free", |_, seen| seen.outcome[1].contains(&event::SENT)),
];

pub const CONTENDERS: &[Witness] = &[
    ("contender 0 comes first", |_, seen| seen.outcome[0][0] == 1),
    ("contender 1 comes first", |_, seen| seen.outcome[1][0] == 1),
    LOCK_HELD,
];

pub const KEEPS_LOCK: &[Witness] = &[
    ("the successor comes first", |_, seen| seen.outcome[0] == [1]),
    ("the rival comes first", |_, seen| seen.outcome[1][0] == 1),
    LOCK_HELD,
];
pub const KEPT: Witness = ("the rival finds the lock held", |_, seen| seen.outcome[1].contains(&event::NO_LOCK));
pub const KEEPS_INHERITED: &[Witness] = &[KEEPS_LOCK[0], KEEPS_LOCK[1], KEPT, INHERITED, TAKEN_OVER];
pub const KEEPS_ORPHANED: &[Witness] = &[KEEPS_LOCK[0], KEEPS_LOCK[1], KEPT, TAKEN_OVER];

pub const TRY_LOCK: &[Witness] = &[
    ("the lock is taken", |_, seen| seen.outcome[0][0] == event::NO_LOCK),
    ("the lock is free", |_, seen| seen.outcome[0][0] < event::FIRST),
];

pub const ASKED: &[Witness] = &[
    ("the asker finds the message", |_, seen| seen.outcome[0] == [1]),
    ("the asker is told of it later", |_, seen| seen.outcome[0] == [0]),
    ("the sleeper sleeps", |_, seen| seen.had(Event::Sleep)),
];
pub const COUNTED: &[Witness] = &[
    ("the message and its consumer are counted", |_, seen| seen.outcome[2] == [1, 1] && seen.outcome[0] == [0]),
    ("nothing is published yet", |_, seen| seen.outcome[2][0] == 0),
    ("the consumer joins after the count", |_, seen| seen.outcome[2] == [1, 0]),
];
pub const RECEIVED: &[Witness] = &[
    ("the consumer has received the message", |_, seen| seen.last() == [event::SENT]),
    ("the consumer is behind", |_, seen| seen.last() == [event::TIMED_OUT]),
];
pub const SLEEPS: &[Witness] = &[ASKED[2]];
pub const NO_SLEEP: &[Witness] =
    &[("all notifications come before the waiter sleeps", |_, seen| !seen.had(Event::Sleep))];
pub const NOTIFIED: &[Witness] = &[
    ("a poll fails", |_, seen| seen.had(Event::NoRoom)),
    ("the first poll succeeds", |_, seen| !seen.had(Event::NoRoom)),
];

pub const TAKEOVER: &[Witness] = &[
    ("the lock is taken over, and that is counted", |_, seen| seen.last() == [1]),
    ("the survivor comes first", |_, seen| seen.last() == [0]),
];

pub const SUCCEEDED: &[Witness] = &[
    ("the successor gets a message", |_, seen| !seen.outcome[0].is_empty()),
    ("the successor joins after all messages", |_, seen| seen.outcome[0].is_empty()),
];

pub const LATE_PRODUCER: &[Witness] = &[
    ("the producer joins before END", |_, seen| seen.last()[0] == event::SENT),
    ("the producer joins after END", |_, seen| seen.last() == [event::FULL]),
    ("the late producer ends the channel", |_, seen| seen.last().last() == Some(&event::END)),
];
