//! # Step 4: END
//!
//! Step 3 needs to know how many messages there are. Here the producer says that it has sent the last one.
//!
//! ## The idea
//!
//! END is a bit of `published`. So one load tells a consumer both what is there and whether more will come. An empty
//! message cannot mean END, because a payload may be empty. A second word should not mean END, because a consumer reads
//! two words at two times.
//!
//! ## What breaks without it
//!
//! The broken text has a second word, `ended`. The consumer polls `published`: 2. The producer publishes message 2 and
//! sets `ended`. The consumer polls `ended`: 1. It stops without message 2 (S5). Loading `ended` first would mend this
//! text. One word leaves no order to get wrong.
//!
//! ## What is still missing
//!
//! There is one producer. Two producers would write the same slot at the same time. [Step 5](lock.md) gives the slot to
//! one of them.
//!
//! ## In ackcast
//!
//! `Published` in [`words.rs`](../../src/protocol/words.rs) is the word. END is a message there, with a slot of its
//! own. Count and bit change in one store ([E1](../orderings/E1.md)), so no death can come between. A producer counts
//! itself as finished ([X2](../orderings/X2.md), [X3](../orderings/X3.md)), and the last one publishes END.

use crate::gallery::prelude::*;

const SLOTS: u32 = 2;
const END: u32 = 1 << 31;

fn send<M: Checkable>(s: &Words<M>, m: &M, n: u32) {
    // Acquire, pairs with `acked`'s store: the consumer has read message n - SLOTS.
    m.wait_until(|| (s.acked.load(Acquire) + SLOTS > n).then_some(()));
    s.slot[(n % SLOTS) as usize].write(7 + u64::from(n));
    // Release, pairs with the consumer's load: message n, and those before it.
    s.published.store(n + 1, Release);
}

/// The next message; `None` at END.
fn receive<M: Checkable>(s: &Words<M>, m: &M, n: u32, in_one_word: bool) -> Option<u8> {
    let published = m.wait_until(|| {
        // Acquire, pairs with both stores: all messages below the count.
        let published = s.published.load(Acquire);
        let ended = if in_one_word { published & END != 0 } else { s.ended.load(Acquire) == 1 };
        (published & !END > n || ended).then_some(published)
    });
    (published & !END > n).then(|| {
        let message = s.slot[(n % SLOTS) as usize].read();
        // Release, pairs with the producer's load: our reads of all messages up to n.
        s.acked.store(n + 1, Release);
        message as u8
    })
}

model! {
    End {
        published: word32, // a count, and END as its highest bit: no message follows
        ended: word32,     // the broken text's END
        acked: word32,
        slot: [cell; 2],
    }

    "producer" => |s, m| {
        (0..3).for_each(|n| send(s, m, n));
        // Release, pairs with the consumer's load: it may see this store and none of those before.
        if REPAIRED { s.published.store(3 | END, Release) } else { s.ended.store(1, Release) }
        vec![]
    }

    "consumer" => |s, m| { (0..4).map_while(|n| receive(s, m, n, REPAIRED)).collect() }

    judge |seen| assert_eq!(seen[1], [7, 8, 9], "S5: END comes after all messages");
    witness "all messages arrive" |seen| seen[1] == [7, 8, 9];
}
