//! # The loser initialises the segment again
//!
//! Two processes create the same segment. The producer wins, and publishes a message. The consumer comes second, zeroes
//! the header all the same, and waits for ever.
//!
//! ## In real code
//!
//! `fd = shm_open(name, O_CREAT | O_RDWR, 0600); ftruncate(fd, size); memset(p, 0, size);`. Python's posix_ipc resized
//! a segment that existed: [posix_ipc#3](https://github.com/osvenskan/posix_ipc/issues/3). With O_EXCL alone, the loser
//! still opens a file that is not ready. tt-metal may initialise it again:
//! [tt-metal#49304](https://github.com/tenstorrent/tt-metal/issues/49304).
//!
//! ## The repair
//!
//! The creation is exclusive. Only its winner initialises; the loser waits for the ready word.
//!
//! ## Where ackcast does it right
//!
//! A creator makes its file under a private name, and renames it to the channel's name when it is whole. The loser of
//! that race never writes the winner's file ([create.rs](../../src/segment/create.rs)).

use super::prelude::*;

fn create<M: Checkable>(s: &Words<M>, m: &M, exclusive: bool) -> bool {
    let created = s.exists.swap(1, Relaxed) == 0;
    if created || !exclusive {
        s.published.store(0, Relaxed); // new memory is 0 without it
        s.ready.store(1, Release);
    } else {
        m.wait_until(|| (s.ready.load(Acquire) == 1).then_some(()));
    }
    created
}

model! {
    HeaderGrownByTheLoser { exists: word32, ready: word32, published: word32 }

    "producer" => |s, m| {
        create(s, m, REPAIRED);
        s.published.store(1, Relaxed);
        vec![]
    }

    "consumer" => |s, m| {
        let created = create(s, m, REPAIRED);
        vec![created as u8, m.wait_until(|| (s.published.load(Relaxed) == 1).then_some(7))]
    }

    judge |seen| assert_eq!(seen[1][1], 7, "S2: the consumer gets the message");
    witness "the consumer creates the segment" |seen| seen[1][0] == 1;
    witness "the producer creates the segment" |seen| seen[1][0] == 0;
}
