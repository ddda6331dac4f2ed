//! Sleeping against a second opinion: all schedules of tiny programs on a kernel with a queue of sleepers.
//!
//! The graph checker has no such queue. It tells from the graph whether a wake must have ended a sleep (see
//! [`waiting`](super::super::waiting)). Here the queue is explicit, and every wake may wake any sleeper,
//! which looks at the word again.

use super::super::{
    consistency::Model,
    program::{Next, Op, Value},
    search::{Rules, Search, Status, Violation, statuses},
    tiny::{Instruction, Running, Tiny},
};
use rand::{Rng, SeedableRng, rngs::SmallRng};
use std::{
    collections::{BTreeSet, HashSet},
    sync::atomic::Ordering::SeqCst,
};

/// What the participants' loads have read.
type Outcome = Vec<Vec<Value>>;

/// A state of the kernel and the participants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    words: Vec<Value>,
    /// By participant: the results of its operations.
    results: Vec<Vec<Value>>,
    /// By participant: the word that it sleeps on.
    asleep: Vec<Option<u8>>,
}

/// All outcomes of all schedules, and whether a schedule ends with a sleeper.
fn schedules(tiny: &Tiny) -> (BTreeSet<Outcome>, bool) {
    let count = tiny.instructions.len();
    let first = State { words: tiny.initial.clone(), results: vec![vec![]; count], asleep: vec![None; count] };
    let (mut seen, mut open, mut outcomes, mut deadlocks) =
        (HashSet::from([first.clone()]), vec![first], BTreeSet::new(), false);
    while let Some(state) = open.pop() {
        let mut next = Vec::new();
        for participant in (0..count).filter(|&participant| state.asleep[participant].is_none()) {
            step(tiny, &state, participant, &mut next);
        }
        if next.is_empty() {
            if state.asleep.iter().any(Option::is_some) {
                deadlocks = true;
            } else {
                let read = |participant| loads(tiny, participant, &state.results[participant]);
                outcomes.insert((0..count).map(read).collect());
            }
        }
        open.extend(next.into_iter().filter(|state| seen.insert(state.clone())));
    }
    (outcomes, deadlocks)
}

/// The states after the participant's next operation.
fn step(tiny: &Tiny, state: &State, participant: usize, next: &mut Vec<State>) {
    let Next::Op(op) = tiny.next(participant, &state.results[participant]) else { return };
    let mut after = state.clone();
    match op {
        Op::Load { location, .. } => after.results[participant].push(state.words[usize::from(location)]),
        Op::Store { location, value, .. } => {
            after.words[usize::from(location)] = value;
            after.results[participant].push(0);
        }
        Op::Park { location, expected } if state.words[usize::from(location)] == expected => {
            after.asleep[participant] = Some(location);
        }
        Op::Park { .. } => after.results[participant].push(0),
        Op::Wake { location } => {
            after.results[participant].push(0);
            let sleepers = (0..state.asleep.len()).filter(|&other| state.asleep[other] == Some(location));
            let mut woken = false;
            for sleeper in sleepers {
                let mut after = after.clone();
                after.asleep[sleeper] = None; // it looks at the word again
                next.push(after);
                woken = true;
            }
            if woken {
                return;
            }
        }
        other => unreachable!("no program here has {other:?}"),
    }
    next.push(after);
}

/// The results of the participant's loads.
fn loads(tiny: &Tiny, participant: usize, results: &[Value]) -> Vec<Value> {
    let is_load = |place: usize| matches!(tiny.next(participant, &results[..place]), Next::Op(Op::Load { .. }));
    (0..results.len()).filter(|&place| is_load(place)).map(|place| results[place]).collect()
}

/// A program by chance. Each store has a value of its own. A wake comes just after a store to its word, as the contract
/// of futexes wants it.
fn program(chance: &mut SmallRng) -> Tiny {
    let mut fresh = 0;
    let participants = chance.random_range(2..=3);
    let mut instructions: Vec<Vec<Instruction>> = Vec::new();
    for _ in 0..participants {
        let mut own: Vec<Instruction> = Vec::new();
        for _ in 0..chance.random_range(1..=3) {
            let location = chance.random_range(0..2);
            match chance.random_range(0..10) {
                0..3 => {
                    fresh += 1;
                    own.push(Op::Store { location, value: fresh, order: SeqCst }.into());
                    own.push(Op::Wake { location }.into());
                }
                3 => {
                    fresh += 1;
                    own.push(Op::Store { location, value: fresh, order: SeqCst }.into());
                }
                4..7 => own.push(Op::Load { location, order: SeqCst }.into()),
                _ => {
                    let expected = if chance.random_ratio(3, 4) { 0 } else { chance.random_range(0..=fresh) };
                    own.push(Op::Park { location, expected }.into());
                }
            }
        }
        instructions.push(own);
    }
    Tiny { instructions, initial: vec![0; 2] }
}

/// What the graph checker does wrong with this program.
fn compare(tiny: &Tiny) -> Result<bool, String> {
    let (expected, deadlocks) = schedules(tiny);
    let mut running = Running::from(tiny.clone());
    let mut outcomes = BTreeSet::new();
    let rules = Rules { model: Model::Sc, ..Rules::default() };
    let (_, violation) = Search::new(&mut running, rules).run(|program, graph, _| {
        if statuses(program, graph).iter().all(|status| *status == Status::Done) {
            let read = |participant: usize| {
                let results: Vec<_> =
                    graph.participants()[participant].iter().map(|&stamp| graph.at(stamp).value).collect();
                loads(tiny, participant, &results)
            };
            outcomes.insert((0..tiny.instructions.len()).map(read).collect::<Outcome>());
        }
        Ok(())
    });
    let found = matches!(violation, Some((Violation::Deadlock(_), _)));
    if found != deadlocks {
        let events = violation.iter().flat_map(|(_, graph)| graph.events()).map(|event| {
            format!(
                "{} {:?} {:?} = {} from {}\n",
                event.participant, event.kind, event.op, event.value, event.from as i16
            )
        });
        let events: String = events.collect();
        return Err(format!("a schedule ends with a sleeper: {deadlocks}; graphs say {found}\n{events}{tiny:#?}"));
    }
    if !deadlocks && outcomes != expected {
        return Err(format!("{outcomes:?} by graphs, {expected:?} by schedules\n{tiny:#?}"));
    }
    Ok(deadlocks)
}

#[test]
fn sleeps_end_as_on_a_kernel_with_a_queue() {
    const PROGRAMS: u64 = if cfg!(loom) { 50_000 } else { 5_000 };
    let mut deadlocks = 0;
    for seed in 0..PROGRAMS {
        match compare(&program(&mut SmallRng::seed_from_u64(seed))) {
            Ok(deadlock) => deadlocks += u64::from(deadlock),
            Err(why) => panic!("seed {seed}: {why}"),
        }
    }
    println!("{PROGRAMS} programs, {deadlocks} with a deadlock");
    assert!(deadlocks > PROGRAMS / 20 && deadlocks < PROGRAMS * 19 / 20, "{deadlocks} of {PROGRAMS}");
}
