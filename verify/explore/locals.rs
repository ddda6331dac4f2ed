//! What a participant does next, by where it stands: found out once for each place.

use super::replay::{Next, Position, Scenario, Token};
use std::collections::HashMap;

/// Where a participant stands: what it still knows of its history, as a number.
pub type Place = u32;

#[derive(Debug)]
struct Node {
    next: Next,
    /// A history that leads here.
    log: Vec<u64>,
    /// Where each result of its operation leads.
    after: Vec<(u64, Place)>,
}

/// The places of one participant, the start first.
pub struct Locals<'s> {
    scenario: Scenario<'s>,
    /// Its place in the scenario.
    participant: usize,
    nodes: Vec<Node>,
    known: HashMap<Vec<Token>, Place>,
}

impl<'s> Locals<'s> {
    pub fn new(scenario: Scenario<'s>, participant: usize) -> Self {
        let mut new = Self { scenario, participant, nodes: Vec::new(), known: HashMap::new() };
        new.find(vec![]).expect("nothing can differ from the first history");
        new
    }

    pub const fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn next(&self, place: Place) -> &Next {
        &self.nodes[place as usize].next
    }

    /// Where it stands when its operation has come to this.
    ///
    /// # Errors
    /// What is forgotten of histories is too much.
    pub fn after(&mut self, place: Place, result: u64) -> Result<Place, String> {
        let node = &self.nodes[place as usize];
        if let Some(&(_, after)) = node.after.iter().find(|&&(other, _)| other == result) {
            return Ok(after);
        }
        let after = self.find([&node.log[..], &[result]].concat())?;
        self.nodes[place as usize].after.push((result, after));
        Ok(after)
    }

    /// Where this history leads. That those who know the same do the same is checked each time.
    fn find(&mut self, log: Vec<u64>) -> Result<Place, String> {
        let Position { next, known, log } = self.scenario.position(self.participant, log);
        let nodes = &mut self.nodes;
        let place = *self.known.entry(known).or_insert_with(|| {
            nodes.push(Node { next: next.clone(), log, after: Vec::new() });
            (nodes.len() - 1) as Place
        });
        let before = &nodes[place as usize].next;
        if *before == next { Ok(place) } else { Err(format!("{TOO_MUCH}: {before:?}, {next:?}")) }
    }
}

/// What is said if what is known of two histories does not tell them apart and should.
pub const TOO_MUCH: &str = "too much is forgotten: whoever knows the same goes on alike";
