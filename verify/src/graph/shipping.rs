//! The shipping text.

use super::{Found, explore, search::Rules};
use crate::{
    case,
    checks::catalogue::entries,
    hook::{self, Armed, Mutant},
    model::{
        case::{Case, Shape},
        config::ModelConfig,
    },
    mutation::operators::operators,
    report::label,
    scenarios::{come_and_go::*, flow::*, survivors::*},
};
use std::{collections::BTreeMap, time::Instant};

fn explored(case: &Case, rules: Rules) -> Found {
    explore(&|| (case.graph)(case), rules)
}

fn told(case: &Case, deaths: u8, found: &Found) -> String {
    let rate = (found.counts.complete + found.counts.blocked) as f64 / found.time.as_secs_f64();
    let outcomes = found.outcomes.len();
    format!(
        "{case} {deaths} deaths: {:?} {:.2?} {rate:.0}/s {outcomes} outcomes, {:?}",
        found.counts, found.time, found.failure
    )
}

#[test]
fn graph_by_hand() {
    let Ok(wanted) = std::env::var("ACKCAST_GRAPH") else { return };
    let numbers: Vec<u32> = wanted.split_whitespace().map(|number| number.parse().expect("numbers")).collect();
    let &[kind, config, p, c, m, s, deaths, victims] = &numbers[..] else { panic!("eight numbers") };
    let config = [
        ModelConfig::ASSUME,
        ModelConfig::ASSUME_FENCED,
        ModelConfig::WORD_LOCK,
        ModelConfig::PARK_SIGNAL,
        ModelConfig::PARK_STACK,
    ][config as usize];
    let shape = Shape::new(p, c, m, s);
    let case = [
        case!(end_is_last, "", shape, config),
        case!(consumer_gets_every_message, "", shape, config),
        case!(survivors_agree, "", shape, config),
    ][kind as usize];
    let found = explored(&case, Rules { deaths: deaths as u8, victims: victims as u16, ..Rules::default() });
    println!("{}", told(&case, deaths as u8, &found));
}

/// The checks: the catalogue's, without the largest, and those with deaths.
fn checks() -> Vec<(Case, u8)> {
    let mut all: Vec<(Case, u8)> = Vec::new();
    let mut add = |case: Case, deaths| {
        if !all.iter().any(|(other, before)| other.to_string() == case.to_string() && *before == deaths) {
            all.push((case, deaths));
        }
    };
    for entry in entries() {
        let Shape { producers: p, consumers: c, messages: m, .. } = entry.case.shape;
        let words = entry.case.config.signal == crate::model::config::Primitive::Words
            && !entry.case.name.starts_with("no_notification");
        if p * c.max(1) * m <= (if words { 2 } else { 6 }) && !(m * p > 4 && entry.case.name.starts_with("lock_has")) {
            add(entry.case, 0);
        }
    }
    let shape = Shape::new;
    for (shape, config) in [
        (shape(1, 1, 1, 1), ModelConfig::WORD_LOCK),
        (shape(1, 2, 1, 1), ModelConfig::WORD_LOCK),
        (shape(2, 1, 0, 1), ModelConfig::WORD_LOCK),
        (shape(1, 1, 2, 1), ModelConfig::WORD_LOCK),
        (shape(3, 1, 0, 1), ModelConfig::WORD_LOCK),
        (shape(2, 1, 0, 1), ModelConfig::PARK_STACK),
    ] {
        add(case!(survivors_agree, "", shape, config), 1);
    }
    for (shape, config) in [
        (shape(1, 1, 1, 1), ModelConfig::WORD_LOCK),
        (shape(1, 1, 2, 1), ModelConfig::WORD_LOCK),
        (shape(1, 2, 1, 1), ModelConfig::WORD_LOCK),
        (shape(1, 2, 2, 1), ModelConfig::WORD_LOCK),
    ] {
        add(case!(survivors_agree_with_late_consumer, "", shape, ModelConfig { fences: true, ..config }), 1);
    }
    add(
        case!(
            survivors_agree_with_late_producer,
            "",
            shape(2, 1, 0, 1),
            ModelConfig { fences: true, ..ModelConfig::WORD_LOCK }
        ),
        1,
    );
    for config in [ModelConfig::PARK_SIGNAL, ModelConfig::PARK_STACK] {
        add(case!(consumer_leaves_with_unread_message, "", shape(1, 1, 2, 1), config), 0);
        add(case!(consumers_get_the_first_message, "", shape(1, 1, 1, 1), config), 0);
        add(case!(consumer_joins_again_after_leaving, "", shape(1, 1, 2, 1), config), 0);
    }
    for shape in [shape(1, 1, 1, 1), shape(2, 1, 0, 1)] {
        add(case!(consumer_gets_every_message, "", Shape { messages: 1, ..shape }, ModelConfig::PARK_STACK), 0);
    }
    all
}

/// All checks of the catalogue, by graphs.
#[test]
fn catalogue_by_hand() {
    let Ok(filter) = std::env::var("ACKCAST_CATALOGUE") else { return };
    let model =
        if std::env::var_os("SC").is_some() { super::consistency::Model::Sc } else { super::consistency::Model::Rc11 };
    for (case, deaths) in checks().into_iter().filter(|(case, _)| case.name.contains(&filter)) {
        let found = explored(&case, Rules { model, deaths, ..Rules::default() });
        println!("{}", told(&case, deaths, &found));
    }
}

#[test]
fn mutants_by_hand() {
    let Ok(filter) = std::env::var("ACKCAST_MUTANTS") else { return };
    let checks = checks();
    let mut sites = BTreeMap::<_, (crate::hook::SiteCoverage, Vec<usize>)>::new();
    let (mut times, mut outcomes) = (Vec::new(), Vec::new());
    for (number, (case, deaths)) in checks.iter().enumerate() {
        hook::arm(Armed { coverage: true, ..Armed::default() });
        let found = explored(case, Rules { deaths: *deaths, ..Rules::default() });
        assert_eq!(found.failure, None, "{case}");
        times.push(found.time);
        outcomes.push(found.outcomes);
        for (place, seen) in hook::disarm().1 {
            let site = sites.entry(place).or_default();
            site.0 = seen;
            site.1.push(number);
        }
    }
    let start = Instant::now();
    let (mut dead, mut all) = (0, 0);
    for ((site, kind), (seen, reached)) in &sites {
        if !site.file.starts_with("src/") {
            continue;
        }
        for operator in operators(*kind, seen.order) {
            if !label(*site).contains(&filter) {
                continue;
            }
            let mutant = Mutant { site: *site, kind: *kind, operator };
            all += 1;
            let mut killer = None;
            let mut reached = reached.clone();
            reached.sort_by_key(|&number| times[number]);
            for number in reached {
                let (case, deaths) = &checks[number];
                hook::arm(Armed { mutant: Some(mutant), ..Armed::default() });
                let found = explored(case, Rules { deaths: *deaths, ..Rules::default() });
                hook::disarm();
                let lost = outcomes[number]
                    .difference(&found.outcomes)
                    .next()
                    .map(|outcome| format!("outcome {outcome:?} is not reached any more"));
                if let Some(why) = found.failure.or(lost) {
                    killer = Some(format!("{case}: {}", why.lines().next().unwrap_or_default()));
                    break;
                }
            }
            dead += usize::from(killer.is_some());
            println!("{} {operator:?}: {}", label(*site), killer.unwrap_or_else(|| "SURVIVES".into()));
        }
    }
    println!("{dead} of {all} die, {} sites, {:.1?}", sites.len(), start.elapsed());
}
