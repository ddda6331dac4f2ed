//! An execution: its participants, each in a thread of the engine, and what they saw.

use super::{engine::Engine, leak::drop_leaked};
use crate::{
    events::{self, Body, Outcome, Seen, event},
    hook::{self, Died},
};
use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    rc::Rc,
};

/// Begins an execution: nothing is left of the last one.
pub fn begin() {
    drop_leaked();
    hook::begin();
    events::begin();
}

/// Runs the participants, by number, each in its thread. `die` is the kernel's part when one dies. `judge` checks what
/// they saw.
pub fn run<E: Engine>(participants: Vec<(u32, Body)>, die: impl Fn(u32) + 'static, judge: impl Fn(&Outcome) + 'static) {
    hook::run();
    let (die, judge) = (Rc::new(die), Rc::new(judge));
    let seen: Rc<RefCell<Vec<Option<Seen>>>> = Rc::new(RefCell::new(vec![None; participants.len()]));
    let mut first = None;
    for (place, (number, body)) in participants.into_iter().enumerate() {
        let (seen, die, judge) = (Rc::clone(&seen), Rc::clone(&die), Rc::clone(&judge));
        let participant = move || {
            hook::act_as(E::thread, number);
            let saw = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
                if !payload.is::<Died>() {
                    resume_unwind(payload);
                }
                hook::died();
                die(number);
                vec![event::DIED]
            });
            let mut seen = seen.borrow_mut();
            seen[place] = Some(saw);
            if seen.iter().all(Option::is_some) {
                let outcome: Outcome = seen.iter_mut().filter_map(Option::take).collect();
                judge(&outcome);
                events::record(outcome);
            }
        };
        // The main thread is the first participant, because loom allows five threads, main included.
        match first {
            None => first = Some(participant),
            Some(_) => E::spawn(participant),
        }
    }
    if let Some(participant) = first {
        participant();
    }
}
