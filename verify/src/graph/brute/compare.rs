//! The graph checker against the brute force, on programs by chance.

use super::{
    super::{
        consistency::{Fault, Model},
        program::{Op, Update, Weight},
        search::{Rules, Search, Status, Violation, statuses},
        tiny::{Instruction, Running, Tiny},
    },
    Without, chance, enumerate, enumerate_without,
    key::Key,
};
use rand::{SeedableRng, rngs::SmallRng};
use std::{
    collections::BTreeSet,
    sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst},
    time::Instant,
};

/// What the checker visits.
#[derive(Debug, Default)]
struct Visited {
    complete: Vec<Key>,
    blocked: Vec<Key>,
    violation: Option<Violation>,
}

fn visit(tiny: &Tiny, rules: Rules) -> Visited {
    let mut running = Running::from(tiny.clone());
    let mut visited = Visited::default();
    let locations = tiny.initial.len();
    let (_, violation) = Search::new(&mut running, rules).run(|program, graph, _| {
        let is_complete = statuses(program, graph).iter().all(|status| *status == Status::Done);
        let list = if is_complete { &mut visited.complete } else { &mut visited.blocked };
        list.push(Key::of(graph, locations));
        Ok(())
    });
    visited.violation = violation.map(|(violation, _)| violation);
    visited
}

/// What the checker does wrong on this program; `None` if the program is too large for the brute force.
fn compare(tiny: &Tiny, rules: Rules) -> Option<Result<usize, String>> {
    let expected = enumerate(tiny, rules.model)?;
    let visited = visit(tiny, rules);
    let fails = |why: String| Some(Err(format!("{why}\n{tiny:#?}")));
    match &visited.violation {
        Some(Violation::Race(..)) if expected.races => return Some(Ok(0)),
        Some(Violation::Deadlock(_)) if expected.deadlocks => return Some(Ok(0)),
        Some(violation) => return fails(format!("there is no such violation: {violation:?}")),
        None if expected.races || expected.deadlocks => {
            return fails(format!("races {}, deadlocks {}: not found", expected.races, expected.deadlocks));
        }
        None => {}
    }
    for (what, list) in [("complete", &visited.complete), ("blocked", &visited.blocked)] {
        let unique: BTreeSet<_> = list.iter().collect();
        if unique.len() != list.len() {
            return fails(format!("a {what} graph is visited twice: {} of {}", unique.len(), list.len()));
        }
    }
    let complete: BTreeSet<_> = visited.complete.into_iter().collect();
    let missing = expected.complete.difference(&complete).count();
    let wrong = complete.difference(&expected.complete).count();
    if missing + wrong > 0 {
        return fails(format!(
            "of {} graphs, {missing} are missing; {wrong} are inconsistent",
            expected.complete.len()
        ));
    }
    // Of the graphs in which a participant waits, those are left out that no other graph needs.
    let blocked: BTreeSet<_> = visited.blocked.into_iter().collect();
    if !blocked.is_subset(&expected.blocked) {
        return fails("a blocked graph is inconsistent".into());
    }
    Some(Ok(complete.len()))
}

/// Compares programs by chance; returns how many there were, how many graphs they have, and the first difference.
fn compare_many(programs: u64, rules: Rules) -> (u64, u64, Option<String>) {
    let (mut compared, mut graphs) = (0, 0);
    for seed in 0.. {
        if compared == programs {
            break;
        }
        match compare(&chance::program(&mut SmallRng::seed_from_u64(seed)), rules) {
            None => {}
            Some(Ok(count)) => {
                compared += 1;
                graphs += count as u64;
            }
            Some(Err(why)) => return (compared, graphs, Some(format!("seed {seed}: {why}"))),
        }
    }
    (compared, graphs, None)
}

/// Each consistent graph is visited once, and no other; races and deadlocks are found where there are some.
#[test]
fn checker_visits_each_consistent_graph_once() {
    const PROGRAMS: u64 = if cfg!(loom) { 100_000 } else { 6_000 };
    for model in [Model::Rc11, Model::Sc] {
        let start = Instant::now();
        let programs = if model == Model::Sc { PROGRAMS / 10 } else { PROGRAMS };
        let (compared, graphs, difference) = compare_many(programs, Rules { model, ..Rules::default() });
        println!("{model:?}: {compared} programs, {graphs} graphs, {:.1?}", start.elapsed());
        assert_eq!(difference, None);
        assert!(graphs > compared);
    }
}

/// Negative twins: each fault that is put into the checker is noticed.
#[test]
fn each_fault_of_the_checker_is_noticed() {
    for fault in [Fault::NoRevisit, Fault::NoCoherence, Fault::NewestOnly, Fault::NoSeqCst] {
        let (compared, _, difference) = compare_many(5_000, Rules { fault, ..Rules::default() });
        let difference = difference.expect("it is noticed");
        println!("{fault:?}: after {compared} programs: {}", difference.lines().next().unwrap_or_default());
    }
}

fn access(location: u8, order: Ordering) -> [Instruction; 2] {
    [Op::Store { location, value: 1, order }.into(), Op::Load { location, order }.into()]
}

fn count(instructions: Vec<Vec<Instruction>>, without: Without) -> usize {
    let tiny = Tiny { instructions, initial: vec![0; 2] };
    enumerate_without(&tiny, Model::Rc11, without).expect("it is small").complete.len()
}

/// The brute force itself has the known numbers, and an axiom that is left out changes them.
#[test]
fn brute_force_has_the_known_numbers() {
    let fence = |weight| Instruction::from(Op::Fence { weight, order: SeqCst });
    let sb = |order, middle: Option<[Weight; 2]>| {
        let ([put_x, get_x], [put_y, get_y]) = (access(0, order), access(1, order));
        let thread = |put, get, n: usize| match middle {
            Some(weights) => vec![put, fence(weights[n]), get],
            None => vec![put, get],
        };
        vec![thread(put_x, get_y, 0), thread(put_y, get_x, 1)]
    };
    let full = Some([Weight::Full, Weight::Full]);
    let counted = |order, middle| count(sb(order, middle), Without::Nothing);
    assert_eq!((counted(Relaxed, None), counted(SeqCst, None), counted(Relaxed, full)), (4, 3, 3));
    assert_eq!(count(sb(Relaxed, full), Without::SeqCst), 4, "without the axiom of SeqCst");
    assert_eq!(counted(Relaxed, Some([Weight::Light, Weight::Heavy])), 3);
    assert_eq!(counted(Relaxed, Some([Weight::Heavy, Weight::Heavy])), 3);
    assert_eq!(counted(Relaxed, Some([Weight::Light, Weight::Light])), 4);
    let ([put_x, get_x], [put_y, get_y]) = (access(0, Relaxed), access(1, Relaxed));
    assert_eq!(count(vec![vec![get_x, put_y], vec![get_y, put_x]], Without::Nothing), 3, "load buffering");
    let mp = |release, acquire| {
        let (put, get) =
            (Op::Store { location: 1, value: 1, order: release }, Op::Load { location: 1, order: acquire });
        count(vec![vec![put_x, put.into()], vec![get.into(), get_x]], Without::Nothing)
    };
    assert_eq!((mp(Release, Acquire), mp(Relaxed, Relaxed)), (3, 4));
    let twice = vec![vec![get_x, get_x], vec![put_x]];
    assert_eq!((count(twice.clone(), Without::Nothing), count(twice, Without::Coherence)), (3, 4));
    let add = Op::Update { location: 0, update: Update::Add(1), success: AcqRel, failure: Relaxed };
    assert_eq!(count(vec![vec![add.into()]; 3], Without::Nothing), 6, "three additions in any order");
    let two = |first, second| {
        vec![
            Op::Store { location: first, value: 1, order: Relaxed }.into(),
            Op::Store { location: second, value: 2, order: Relaxed }.into(),
        ]
    };
    assert_eq!(count(vec![two(0, 1), two(1, 0)], Without::Nothing), 4, "2+2W");
}
