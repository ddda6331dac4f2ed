//! The next operation of a participant at each of its places, found by a single replay per place.

use super::{
    memory::Op,
    replay::{KEEPS_STATE, Next, Position, Scenario, Token},
};
use std::collections::HashMap;

/// A participant's place: a number for what it still knows of its history.
pub type Place = u32;

#[derive(Debug)]
struct Node {
    next: Next,
    /// A history that leads to this place.
    log: Vec<u64>,
    /// The place after each result of its operation.
    after: Vec<(u64, Place)>,
}

/// The places of one participant, the start first.
pub struct Locals<'s> {
    scenario: Scenario<'s>,
    /// The participant's index in the scenario.
    participant: usize,
    nodes: Vec<Node>,
    known: HashMap<Vec<Token>, Place>,
}

impl<'s> Locals<'s> {
    pub fn new(scenario: Scenario<'s>, participant: usize) -> Self {
        let mut new = Self { scenario, participant, nodes: Vec::new(), known: HashMap::new() };
        new.find(vec![], None).expect("there is no other history yet");
        new
    }

    pub const fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn next(&self, place: Place) -> &Next {
        &self.nodes[place as usize].next
    }

    /// The place after this result of its operation.
    ///
    /// # Errors
    /// Two merged histories go on differently: too much of them is forgotten.
    pub fn after(&mut self, place: Place, result: u64) -> Result<Place, String> {
        let node = &self.nodes[place as usize];
        if let Some(&(_, after)) = node.after.iter().find(|&&(other, _)| other == result) {
            return Ok(after);
        }
        let op = if let Next::Op(op, _) = node.next { Some(op) } else { None };
        let after = self.find([&node.log[..], &[result]].concat(), op)?;
        self.nodes[place as usize].after.push((result, after));
        Ok(after)
    }

    /// The place of this history. Checks that histories with the same knowledge go on alike.
    /// `op` is the operation that has the last result: the participant must ask for it again.
    fn find(&mut self, log: Vec<u64>, op: Option<Op>) -> Result<Place, String> {
        let Position { next, last, known, log } = self.scenario.position(self.participant, log);
        let next = if last == op { next } else { Next::Failed(KEEPS_STATE.into()) };
        let nodes = &mut self.nodes;
        let place = *self.known.entry(known).or_insert_with(|| {
            nodes.push(Node { next: next.clone(), log, after: Vec::new() });
            (nodes.len() - 1) as Place
        });
        let before = &nodes[place as usize].next;
        if *before == next { Ok(place) } else { Err(format!("{TOO_MUCH}: {before:?}, {next:?}")) }
    }
}

/// The failure if two merged histories go on differently.
pub const TOO_MUCH: &str = "too much is forgotten: two histories with the same knowledge go on differently";
