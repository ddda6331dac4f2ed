//! A ticket lock whose owner may die. The owner's number stands in a word, so that the next one in line can ask whether
//! it lives, and serve itself in its place.
//!
//! Its mistake is to wait for a dead owner for ever.

use ackcast::layer::Word;
use ackcast_verify::template::{Cell, Checkable, DIED, Outcome, Participant, Protocol, Seen, Witness};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

#[derive(Debug)]
pub struct TicketLock<const RECOVERS: bool>;

/// Who has taken ticket `n` is in `holders[n]`, plus 1.
#[derive(Debug)]
pub struct Words<M: Checkable> {
    holders: [M::W32; 2],
    serving: M::W32,
    counter: M::Cell,
}

/// Takes the next ticket, by putting one's number on it.
fn take_ticket<M: Checkable>(words: &Words<M>, me: u32) -> u32 {
    let free = |holder: &M::W32| holder.compare_exchange(0, me + 1, AcqRel, Acquire).is_ok();
    words.holders.iter().position(free).expect("there is a ticket for each") as u32
}

fn critical_section<M: Checkable, const RECOVERS: bool>(words: &Words<M>, memory: &M, me: u32) -> Seen {
    let ticket = take_ticket(words, me);
    // 0: it is our turn. 1: the one before us is dead.
    let inherited = memory.wait_until(|| {
        if words.serving.load(Acquire) == ticket {
            return Some(0);
        }
        let before = words.holders[ticket as usize - 1].load(Relaxed) - 1;
        (RECOVERS && !memory.is_alive(before) && words.serving.load(Acquire) < ticket).then_some(1)
    });
    let count = words.counter.read() + 1;
    words.counter.write(count);
    words.serving.store(ticket + 1, Release);
    vec![inherited, count as u8]
}

impl<const RECOVERS: bool> Protocol for TicketLock<RECOVERS> {
    const NAME: &'static str = if RECOVERS { "a ticket lock" } else { "a ticket lock without recovery" };
    const DEATHS: u8 = 1;
    const BY_SCHEDULES: bool = false; // loom and shuttle kill nobody here
    type Shared<M: Checkable> = Words<M>;

    fn shared<M: Checkable>(memory: &M) -> Words<M> {
        let holders = ["holder 0", "holder 1"].map(|name| memory.word32(name));
        Words { holders, serving: memory.word32("serving"), counter: memory.cell("counter") }
    }

    fn participants<M: Checkable>() -> Vec<Participant<Self, M>> {
        vec![
            Participant::new("first", |words: &Words<M>, memory: &M| critical_section::<M, RECOVERS>(words, memory, 0)),
            Participant::new("second", |words: &Words<M>, memory: &M| {
                critical_section::<M, RECOVERS>(words, memory, 1)
            }),
        ]
    }

    fn judge(outcome: &Outcome) {
        let counts: Vec<u8> = outcome.iter().filter(|seen| seen.len() == 2).map(|seen| seen[1]).collect();
        assert!(counts.len() < 2 || counts[0] != counts[1], "a count is lost: {outcome:?}");
    }

    fn witnesses() -> Vec<Witness> {
        if RECOVERS {
            vec![
                ("an owner dies and is succeeded", |outcome| outcome[0] == [DIED] && outcome[1][0] == 1),
                ("nobody dies", |outcome| outcome.iter().all(|seen| seen.len() == 2)),
            ]
        } else {
            vec![("nobody dies", |outcome| outcome.iter().all(|seen| seen.len() == 2))]
        }
    }
}
