//! Explores all states of a world, breadth first.

use std::collections::HashMap;
use std::hash::Hash;

/// A state of everything: bridges, network, server, channels.
pub(crate) trait World: Clone + Eq + Hash {
    /// All steps that can come next. A step that breaks the contract gives the reason.
    fn steps(&self) -> Vec<(String, Result<Self, String>)>;

    /// Whether everything is done, as the contract promises.
    fn is_complete(&self) -> bool;
}

/// What was explored.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) states: usize,
    pub(crate) transitions: usize,
    /// How many states are complete.
    pub(crate) ends: usize,
    pub(crate) violation: Option<Violation>,
}

/// A shortest way to a state that breaks the contract.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) what: String,
    pub(crate) trace: Vec<String>,
}

/// Explores from this state on. Besides the steps that break the contract, it finds states from which no complete state
/// can be reached any more: deadlocks, and endless repetitions.
pub(crate) fn explore<W: World>(start: W) -> Report {
    let mut numbers = HashMap::from([(start.clone(), 0_usize)]);
    let mut states = vec![start];
    let mut parents: Vec<(usize, String)> = vec![(0, String::new())];
    let mut predecessors: Vec<Vec<usize>> = vec![Vec::new()];
    let mut transitions = 0;
    let mut at = 0;
    while at < states.len() {
        for (label, next) in states[at].clone().steps() {
            transitions += 1;
            let next = match next {
                Ok(next) => next,
                Err(what) => {
                    let mut trace = trace(&parents, at);
                    trace.push(label);
                    let violation = Some(Violation { what, trace });
                    return Report { states: states.len(), transitions, ends: 0, violation };
                }
            };
            let number = *numbers.entry(next).or_insert_with_key(|next| {
                states.push(next.clone());
                parents.push((at, label));
                predecessors.push(Vec::new());
                states.len() - 1
            });
            predecessors[number].push(at);
        }
        at += 1;
    }
    let mut queue: Vec<usize> = (0..states.len()).filter(|&state| states[state].is_complete()).collect();
    let ends = queue.len();
    let mut completes = vec![false; states.len()];
    queue.iter().for_each(|&state| completes[state] = true);
    while let Some(state) = queue.pop() {
        for &before in &predecessors[state] {
            if !std::mem::replace(&mut completes[before], true) {
                queue.push(before);
            }
        }
    }
    let stuck = completes.iter().position(|completes| !completes);
    let violation = stuck.map(|state| Violation {
        what: "no complete state can be reached any more".to_owned(),
        trace: trace(&parents, state),
    });
    Report { states: states.len(), transitions, ends, violation }
}

fn trace(parents: &[(usize, String)], mut state: usize) -> Vec<String> {
    let mut trace = Vec::new();
    while state != 0 {
        let (parent, label) = &parents[state];
        trace.push(label.clone());
        state = *parent;
    }
    trace.reverse();
    trace
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts up to a limit, by one or two.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    struct Counter {
        value: u8,
        bad: u8,
        hole: u8,
    }

    impl World for Counter {
        fn steps(&self) -> Vec<(String, Result<Self, String>)> {
            if self.value == self.hole {
                return vec![("stay".to_owned(), Ok(self.clone()))];
            }
            let next = [1, 2].into_iter().filter(|by| self.value + by <= 6);
            let to = |by| Self { value: self.value + by, ..self.clone() };
            let checked = |next: Self| if next.value == self.bad { Err("bad".to_owned()) } else { Ok(next) };
            next.map(|by| (format!("+{by}"), checked(to(by)))).collect()
        }

        fn is_complete(&self) -> bool {
            self.value == 6
        }
    }

    #[test]
    fn search_finds_the_shortest_way_to_a_violation() {
        let report = explore(Counter { value: 0, bad: 5, hole: 9 });
        let violation = report.violation.unwrap();
        assert_eq!((violation.what.as_str(), violation.trace.len()), ("bad", 3));
    }

    #[test]
    fn search_finds_a_loop_without_an_exit() {
        assert!(explore(Counter { value: 0, bad: 9, hole: 4 }).violation.unwrap().what.starts_with("no complete"));
        let report = explore(Counter { value: 0, bad: 9, hole: 9 });
        assert_eq!((report.states, report.ends, report.violation), (7, 1, None));
    }
}
