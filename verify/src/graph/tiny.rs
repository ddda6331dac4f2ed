//! Programs of a few instructions: litmus tests, and programs by chance.

use super::program::{Next, Op, Place, Program, Update, Value};
use std::collections::HashMap;

/// An instruction of a tiny program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// The operation.
    pub op: Op,
    /// It is skipped unless the last result of the participant is this value (0 before the first).
    pub only_if: Option<Value>,
    /// What a store, a swap or a write writes is increased by the last result.
    pub adds_last: bool,
    /// A load that does not read this value waits, as `Op::Await` does.
    pub awaits: Option<Value>,
}

impl From<Op> for Instruction {
    fn from(op: Op) -> Self {
        Self { op, only_if: None, adds_last: false, awaits: None }
    }
}

/// A program: the instructions of each participant, and the initial values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tiny {
    /// By participant.
    pub instructions: Vec<Vec<Instruction>>,
    /// By location.
    pub initial: Vec<Value>,
}

impl Tiny {
    /// What the participant does after these results.
    pub fn next(&self, participant: usize, results: &[Value]) -> Next {
        let (mut results, mut last) = (results.iter().copied(), 0);
        for instruction in &self.instructions[participant] {
            if instruction.only_if.is_some_and(|value| value != last) {
                continue;
            }
            let more = if instruction.adds_last { last } else { 0 };
            let op = match instruction.op {
                Op::Store { location, value, order } => Op::Store { location, value: value + more, order },
                Op::Write { location, value } => Op::Write { location, value: value + more },
                Op::Update { location, update: Update::Swap(value), success, failure } => {
                    Op::Update { location, update: Update::Swap(value + more), success, failure }
                }
                op => op,
            };
            let Some(result) = results.next() else { return Next::Op(op) };
            if !matches!(op, Op::Store { .. } | Op::Write { .. } | Op::Fence { .. } | Op::Park { .. } | Op::Wake { .. })
            {
                last = result;
            }
            if instruction.awaits.is_some_and(|value| value != result) {
                return Next::Op(Op::Await { reads: 1 });
            }
        }
        Next::Ended
    }
}

/// A tiny program that can be explored.
#[derive(Debug)]
pub struct Running {
    tiny: Tiny,
    /// By participant and place: the results so far.
    histories: Vec<Vec<Vec<Value>>>,
    places: HashMap<(usize, Vec<Value>), Place>,
}

impl From<Tiny> for Running {
    fn from(tiny: Tiny) -> Self {
        let histories = vec![vec![vec![]]; tiny.instructions.len()];
        Self { tiny, histories, places: HashMap::new() }
    }
}

impl Program for Running {
    fn participants(&self) -> usize {
        self.tiny.instructions.len()
    }

    fn initial(&self) -> Vec<Value> {
        self.tiny.initial.clone()
    }

    fn next(&self, participant: usize, place: Place) -> Next {
        self.tiny.next(participant, &self.histories[participant][place as usize])
    }

    fn after(&mut self, participant: usize, place: Place, result: Value) -> Place {
        let histories = &mut self.histories[participant];
        let mut history = histories[place as usize].clone();
        history.push(result);
        *self.places.entry((participant, history.clone())).or_insert_with(|| {
            histories.push(history);
            (histories.len() - 1) as Place
        })
    }
}
