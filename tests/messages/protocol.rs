//! The protocol's errors.

use crate::{Said, says};
use ackcast::layer::LivenessUnknown;
use ackcast::protocol::{BlockedOn, Corruption, JoinError};
use ackcast::{BatchError, Channel, Consumer, DeadProducers, Producer, RecvError, SendError};

/// The error when the system refuses to tell which participants live.
const REFUSED: LivenessUnknown = LivenessUnknown { errno: 1 };

pub fn table() -> Vec<Said> {
    [liveness(), joining(), waiting(), sending(), receiving(), corruption()].into_iter().flatten().collect()
}

fn liveness() -> Vec<Said> {
    vec![says(
        REFUSED,
        "the system does not say which participants live (errno 1); a sandbox must allow fcntl(2) with F_OFD_SETLK and \
         F_OFD_GETLK on the segment's file",
    )]
}

fn joining() -> Vec<Said> {
    vec![
        says(
            JoinError::Full { role: "consumer", capacity: 8 },
            "all 8 consumer places are in use; wait until a consumer leaves, or create the channel with more places",
        ),
        says(
            JoinError::NotRetained { asked: 3, oldest: 5, newest: 9 },
            "message 3 is not retained: a consumer can start at messages 5 to 9 now",
        ),
        says(JoinError::Ended, "the channel has ended: nothing can follow END; create a new one"),
        says(JoinError::Liveness(REFUSED), &REFUSED.to_string()),
    ]
}

fn waiting() -> Vec<Said> {
    vec![
        says(BlockedOn::Lock { owner: Some(3) }, "for the write lock, held by producer 3"),
        says(BlockedOn::Lock { owner: None }, "for the write lock, held by another producer"),
        says(BlockedOn::Acknowledgement { consumer: 2, message: 41 }, "for consumer 2 to acknowledge message 41"),
        says(BlockedOn::Start { joined: 1, wanted: 3 }, "for the first consumers: 1 of 3 have joined"),
    ]
}

fn sending() -> Vec<Said> {
    let too_long = SendError::TooLong { len: 9, slot_size: 8 };
    vec![
        says(too_long, "the message has 9 bytes, a slot holds 8; send less, or create the channel with larger slots"),
        says(
            SendError::TimedOut(BlockedOn::Acknowledgement { consumer: 0, message: 7 }),
            "gave up waiting for consumer 0 to acknowledge message 7",
        ),
        says(SendError::Ended, "the channel has ended: nothing can follow END"),
        says(
            SendError::Inherited,
            "this producer was attached before a fork, by the parent process; attach another one in this process",
        ),
        says(SendError::Liveness(REFUSED), &REFUSED.to_string()),
        says(
            SendError::Corrupt(Corruption::Count { published: 12 }),
            "the segment is corrupt: 12 messages published: no channel can count another one",
        ),
        says(
            BatchError { sent: 5, error: too_long },
            "5 messages of the batch were sent, the next was not: the message has 9 bytes, a slot holds 8; send less, or \
             create the channel with larger slots",
        ),
    ]
}

/// Two lost producers. Only a channel can produce this value.
fn lost() -> DeadProducers {
    let name = format!("messages-lost-{:?}-{}", std::thread::current().id(), std::process::id());
    let name = name.replace(['(', ')'], "");
    let _channel = Channel::create(&name).places(2).build().unwrap();
    let mut consumer = Consumer::attach(&name).unwrap();
    drop([(); 2].map(|()| Producer::attach(&name).unwrap()));
    match consumer.try_recv() {
        Err(RecvError::ProducersLost(lost)) => lost,
        other => panic!("{other:?}"),
    }
}

fn receiving() -> Vec<Said> {
    vec![
        says(RecvError::Ended, "the channel has ended: every message was received"),
        says(
            RecvError::ProducersLost(lost()),
            "every producer died without finishing (number 0, 1); every message that they published was received",
        ),
        says(RecvError::TimedOut { next: 17 }, "gave up waiting for message 17"),
        says(
            RecvError::Inherited,
            "this consumer was attached before a fork, by the parent process; attach another one in this process",
        ),
        says(RecvError::Liveness(REFUSED), &REFUSED.to_string()),
        says(
            RecvError::Corrupt(Corruption::Slot { message: 3, kind: 9, len: 5, slot_size: 8 }),
            "the segment is corrupt: message 3 has kind 9 and length 5; kinds are 1 and 2, slots hold 8 bytes",
        ),
    ]
}

fn corruption() -> Vec<Said> {
    vec![
        says(
            Corruption::Acknowledgement { consumer: 1, acked: 10, published: 4 },
            "consumer 1 has acknowledged 10 messages of 4 published",
        ),
        says(
            Corruption::Published { published: 20, next: 3, slots: 4 },
            "20 messages published, but message 3 is not acknowledged and there are 4 slots",
        ),
        says(Corruption::Count { published: 20 }, "20 messages published: no channel can count another one"),
        says(Corruption::Lock, "the write lock is broken: its memory was overwritten"),
        says(Corruption::Internal { what: "an entry is missing" }, "internal error: an entry is missing"),
        says(
            Corruption::Slot { message: 3, kind: 1, len: 9, slot_size: 8 },
            "message 3 has kind 1 and length 9; kinds are 1 and 2, slots hold 8 bytes",
        ),
    ]
}
