//! The tests.

use crate::{
    case,
    check::{Case, Checker, check},
    doubles::Doubles,
    hook::{Armed, Kind, Mutant, Operator, Weaker},
    scenarios::flow::everyone_gets_everything,
    world::Shape,
};

const ONE_TO_TWO: Case = case!(everyone_gets_everything, "S1 S2 S3", Shape::new(1, 2, 2, 1), Doubles::ASSUME);
const TWO_TO_ONE: Case = case!(everyone_gets_everything, "S1 S2 S3 S4", Shape::new(2, 1, 1, 1), Doubles::ASSUME);

fn passes(case: Case, checker: Checker) {
    let report = check(case, checker, Armed::default());
    println!(
        "{} {:?} {:?}: {} executions, {:?}, {} outcomes",
        case.name,
        case.shape,
        checker,
        report.executions,
        report.time,
        report.outcomes.len()
    );
    assert!(report.failure.is_none(), "{:?}", report.failure);
}

/// The mutants of this operator on the sites with this word and kind, found by running.
fn mutants(case: Case, word: &str, kind: Kind, operator: Operator) -> Vec<Mutant> {
    check(case, Checker::Random(10, 1), Armed { coverage: true, ..Armed::default() });
    let (_, sites) = crate::hook::disarm();
    let found = sites.into_iter().filter(|((_, k), seen)| *k == kind && seen.names.contains(word));
    found.map(|((site, kind), _)| Mutant { site, kind, operator }).collect()
}

fn killed(case: Case, checker: Checker, mutant: Mutant) -> String {
    let report = check(case, checker, Armed { mutant: Some(mutant), ..Armed::default() });
    let failure = report.failure.unwrap_or_else(|| panic!("{mutant:?} survives {}", case.name));
    println!("{mutant:?} killed in execution {}: {}", report.executions, failure.message);
    failure.message
}

#[test]
fn one_producer_two_consumers() {
    passes(ONE_TO_TWO, Checker::Loom);
    passes(Case { doubles: Doubles::PARK, ..ONE_TO_TWO }, Checker::Random(1_000, 1));
}

#[test]
fn two_producers_one_consumer() {
    passes(TWO_TO_ONE, Checker::Loom);
    passes(Case { doubles: Doubles::PARK, ..TWO_TO_ONE }, Checker::Random(1_000, 1));
}

#[test]
fn a_relaxed_publication_is_a_data_race() {
    let found = mutants(ONE_TO_TWO, "published", Kind::Store, Operator::Weaken(Weaker::Relaxed));
    assert_eq!(found.len(), 1);
    for mutant in found {
        assert!(killed(ONE_TO_TWO, Checker::Loom, mutant).contains("Causality violation"));
    }
}

#[test]
fn a_dropped_acknowledgement_is_noticed() {
    // The other two stores to this word are the consumer's at its join.
    let found = mutants(ONE_TO_TWO, "acked", Kind::Store, Operator::Drop);
    let found: Vec<_> = found.into_iter().filter(|mutant| mutant.site.file.ends_with("consumer.rs")).collect();
    assert_eq!(found.len(), 1);
    for mutant in found {
        killed(ONE_TO_TWO, Checker::Loom, mutant);
        killed(Case { doubles: Doubles::PARK, ..ONE_TO_TWO }, Checker::Random(100, 1), mutant);
    }
}

#[test]
#[ignore = "a probe"]
fn probe() {
    let list = std::env::var("PROBE").unwrap_or_default();
    for shape in list.split(' ') {
        let n: Vec<u32> = shape.split('x').map(|n| n.parse().unwrap()).collect();
        let case = Case { shape: Shape::new(n[0], n[1], n[2], n[3]), ..ONE_TO_TWO };
        passes(case, Checker::Loom);
    }
}

#[test]
#[ignore = "a probe"]
fn survey() {
    let from: usize = std::env::var("FROM").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let to: usize = std::env::var("TO").ok().and_then(|n| n.parse().ok()).unwrap_or(999);
    for (i, entry) in crate::catalogue::entries().into_iter().enumerate() {
        if i < from || i >= to {
            continue;
        }
        eprint!("{i} {} {:?} [{}] {:?}: ", entry.case.name, entry.case.shape, entry.case.doubles, entry.checker);
        let r = check(entry.case, entry.checker, Armed::default());
        eprintln!("{} executions {:?} {} outcomes {:?}", r.executions, r.time, r.outcomes.len(), r.failure);
        for (what, test) in entry.witnesses {
            if !r.outcomes.iter().any(test) {
                eprintln!("   NOT REACHED: {what} {:?}", r.outcomes);
            }
        }
    }
}

#[test]
#[ignore = "a probe"]
fn mutate() {
    use crate::mutants::*;
    let checks = quick_checks();
    let start = std::time::Instant::now();
    let sites = survey(&checks);
    eprintln!("{} sites in {:?}", sites.seen.len(), start.elapsed());
    for ((site, kind), seen) in &sites.seen {
        eprintln!("{site}:{} {kind:?} {:?} {:?} {}", site.column, seen.names, seen.order, seen.count);
    }
    let all = mutants(&sites);
    eprintln!("{} mutants", all.len());
    for mutant in all {
        let fate = judge(mutant, &sites, &checks);
        match fate.killer {
            Some((entry, n, how)) => eprintln!(
                "killed {:?} {} {:?} by {} {} in {n} {:?}: {:.60}",
                fate.mutant.kind,
                fate.mutant.site,
                fate.mutant.operator,
                entry.case.name,
                entry.case.doubles,
                fate.time,
                how
            ),
            None => eprintln!(
                "SURVIVES {:?} {:?} {} {:?} {:?} {}",
                fate.mutant.kind,
                fate.words,
                fate.mutant.site,
                fate.mutant.operator,
                fate.time,
                line(fate.mutant.site)
            ),
        }
    }
    eprintln!("{:?}", start.elapsed());
}
