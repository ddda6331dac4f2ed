//! The checks by graphs: the shipping text's scenarios, without deaths and with deaths at every step.

use super::{
    Found, explore,
    search::{Counts, Rules},
};
use crate::{
    case,
    checks::{
        catalogue::entries,
        entry::{Entry, words},
        explain::must_pass,
    },
    model::{
        case::{Case, Shape},
        config::{ModelConfig, Primitive},
    },
    report::{
        counterexample::Counterexample,
        pages,
        tables::{self, GRAPHS},
    },
    scenarios::{come_and_go::*, deaths::*, flow::*, late_reader::*, primitives::*, survivors::*},
};

/// A check by graphs.
#[derive(Clone, Copy, Debug)]
pub struct GraphCheck {
    /// What is run.
    pub case: Case,
    /// Most deaths, each at any step.
    pub deaths: u8,
    /// The participants that may die, as bits.
    pub victims: u16,
    /// The check runs only under `--cfg loom`.
    pub deep: bool,
}

impl GraphCheck {
    const fn new(case: Case) -> Self {
        Self { case, deaths: 0, victims: u16::MAX, deep: false }
    }

    const fn dying(self, deaths: u8) -> Self {
        Self { deaths, ..self }
    }

    const fn deep(self) -> Self {
        Self { deep: true, ..self }
    }

    /// What is explored.
    pub fn rules(&self) -> Rules {
        Rules { deaths: self.deaths, victims: self.victims, ..Rules::default() }
    }

    /// Explores it.
    pub fn run(&self) -> Found {
        explore(&self.case, self.rules())
    }

    /// Who dies, in words.
    fn dead(&self) -> String {
        match (self.deaths, self.victims) {
            (0, _) => "none".into(),
            (deaths, u16::MAX) => format!("{deaths} of all"),
            (deaths, victims) => {
                let numbers: Vec<_> = (0..16).filter(|number| victims & (1 << number) != 0).collect();
                format!("{deaths} of {numbers:?}")
            }
        }
    }

    /// The name of its test: `graph::survivors_agree::2x1x1_on_1::assume_word_lock::1_deaths`.
    pub fn test_name(&self) -> String {
        let Case { name, shape, config, .. } = &self.case;
        let fences = if config.fences && config.signal == Primitive::Abstract { "_fenced" } else { "" };
        let deaths = if self.deaths > 0 { format!("::{} deaths", self.dead()) } else { String::new() };
        words(&format!("graph::{name}::{shape}::{config}{fences}{deaths}")).replace(['[', ']', ','], "")
    }
}

/// A scenario of this shape.
macro_rules! graph {
    ($body:ident, ($p:literal, $c:literal, $m:literal, $s:literal), $config:expr) => {
        GraphCheck::new(case!($body, "", Shape::new($p, $c, $m, $s), $config))
    };
    ($body:ident, ($p:literal, $c:literal, $m:literal, $s:literal, $retain:literal), $config:expr) => {
        GraphCheck::new(case!($body, "", Shape::new($p, $c, $m, $s).retaining($retain), $config))
    };
}

/// Whether graphs finish this check of the catalogue in a second or so.
fn is_small(entry: &Entry) -> bool {
    let Shape { producers, consumers, messages, .. } = entry.case.shape;
    let size = producers * consumers.max(1) * messages;
    let alone = entry.case.name.starts_with("no_notification") || entry.case.name.starts_with("lock_has");
    size <= if entry.case.config.signal == Primitive::Words && !alone { 1 } else { 3 }
        || entry.case.config.signal == Primitive::Abstract && size <= 6
}

/// All checks.
pub fn checks() -> Vec<GraphCheck> {
    let mut all: Vec<GraphCheck> = Vec::new();
    let mut add = |check: GraphCheck| {
        if all.iter().all(|other| other.test_name() != check.test_name()) {
            all.push(check);
        }
    };
    // The catalogue's scenarios, on the graphs' own account.
    for entry in entries().iter().filter(|entry| is_small(entry)) {
        add(GraphCheck::new(entry.case));
    }
    let (plain, lock, signal, stack) =
        (ModelConfig::ASSUME, ModelConfig::WORD_LOCK, ModelConfig::PARK_SIGNAL, ModelConfig::PARK_STACK);
    let fenced = ModelConfig { fences: true, ..lock };
    let (plain_fenced, loose_plain) = (ModelConfig::ASSUME_FENCED, ModelConfig::ASSUME_ASYMMETRIC);
    let (loose, loose_stack) = (ModelConfig { asymmetric: true, ..fenced }, ModelConfig { asymmetric: true, ..stack });
    [
        // Larger shapes.
        graph!(consumer_gets_every_message, (1, 5, 3, 1), plain),
        graph!(consumer_gets_every_message, (1, 5, 3, 2), plain),
        graph!(end_is_last, (1, 1, 2, 1), plain),
        graph!(end_is_last, (1, 2, 2, 1), plain),
        graph!(end_is_last, (1, 3, 2, 1), plain),
        graph!(end_is_last, (2, 2, 1, 1), lock),
        graph!(end_is_last, (2, 2, 2, 1), plain),
        graph!(consumer_gets_every_message, (2, 2, 2, 1), lock),
        graph!(consumer_gets_every_message, (2, 2, 2, 2), lock),
        // The full stack: lock, signal, sleeping.
        graph!(consumer_gets_every_message, (1, 1, 1, 1), stack),
        graph!(consumer_gets_every_message, (1, 1, 2, 1), stack),
        graph!(consumer_gets_every_message, (2, 1, 1, 1), stack),
        graph!(consumer_gets_every_message, (2, 1, 1, 1), loose_stack),
        graph!(end_is_last, (1, 1, 1, 1), stack),
        graph!(end_is_last, (1, 1, 2, 1), stack),
        graph!(consumer_leaves_with_unread_message, (1, 1, 2, 1), signal),
        graph!(consumers_get_the_first_message, (1, 1, 1, 1), signal),
        graph!(consumers_get_the_first_message, (1, 1, 1, 1), loose_stack),
        graph!(consumer_joins_again_after_leaving, (1, 1, 1, 1), signal),
        graph!(consumer_joins_again_after_leaving, (1, 1, 2, 1), signal).deep(),
        graph!(consumer_joins_again_after_leaving, (1, 1, 2, 1), loose_plain),
        graph!(no_notification_is_lost, (2, 0, 1, 1), stack),
        graph!(no_notification_is_lost, (2, 0, 2, 1), signal).deep(),
        graph!(lock_has_one_holder_at_a_time, (3, 1, 1, 1), lock),
        graph!(consumer_is_told_of_lost_producers, (2, 1, 1, 1), signal).deep(),
        graph!(consumer_gets_every_message, (1, 2, 3, 2), plain),
        graph!(successor_inherits_the_lock, (2, 0, 1, 2), stack),
        graph!(end_is_last, (1, 2, 1, 1), stack).deep(),
        // Deaths at every step.
        graph!(survivors_agree, (1, 1, 1, 1), lock).dying(2),
        graph!(survivors_agree, (1, 1, 1, 2), lock).dying(2),
        graph!(survivors_agree, (1, 1, 2, 1), lock).dying(2),
        graph!(survivors_agree, (1, 2, 1, 1), lock).dying(2),
        graph!(survivors_agree, (1, 2, 2, 2), lock).dying(2),
        graph!(survivors_agree, (2, 1, 0, 1), lock).dying(2),
        graph!(survivors_agree, (2, 1, 1, 1), lock).dying(1),
        graph!(survivors_agree, (3, 1, 0, 1), lock).dying(1),
        GraphCheck { victims: 0b101, ..graph!(survivors_agree, (2, 2, 1, 1), lock).dying(2) },
        GraphCheck { victims: 0b101, ..graph!(survivors_agree, (2, 2, 1, 2), lock).dying(2).deep() },
        graph!(survivors_agree, (2, 1, 1, 1), lock).dying(2).deep(),
        // The same on the full stack.
        graph!(survivors_agree, (1, 1, 1, 1), stack).dying(1),
        graph!(survivors_agree, (2, 1, 0, 1), stack).dying(1),
        // Participants that come in the middle, perhaps after a dead predecessor, and leave.
        graph!(survivors_agree_with_late_consumer, (1, 1, 1, 1), fenced).dying(2),
        graph!(survivors_agree_with_late_consumer, (1, 1, 2, 1), loose).dying(1),
        graph!(survivors_agree_with_late_consumer, (1, 2, 1, 1), fenced).dying(1),
        graph!(survivors_agree_with_late_consumer, (1, 2, 2, 1), loose).dying(1),
        graph!(survivors_agree_with_late_producer, (2, 1, 0, 1), fenced).dying(2),
        graph!(survivors_agree_with_late_producer, (2, 1, 1, 1), loose).dying(1),
        // Consumers that start at a retained message: the fifth number is how many are retained.
        graph!(late_reader_gets_what_is_retained, (1, 1, 3, 2, 1), plain_fenced),
        graph!(late_reader_gets_what_is_retained, (1, 1, 4, 2, 1), loose_plain),
        graph!(late_reader_gets_what_is_retained, (1, 1, 3, 3, 1), loose_plain),
        graph!(late_reader_gets_what_is_retained, (1, 1, 4, 3, 2), loose_plain),
        graph!(late_reader_gets_what_is_retained, (1, 2, 3, 2, 1), loose_plain),
        graph!(late_reader_gets_what_is_retained, (1, 2, 3, 3, 2), loose_plain),
        graph!(late_reader_gets_what_is_retained, (2, 1, 1, 2, 1), loose_plain),
        graph!(late_reader_gets_what_is_retained, (2, 1, 2, 2, 1), loose_plain),
        graph!(late_reader_gets_what_is_retained, (2, 2, 1, 2, 1), loose_plain),
        graph!(late_reader_gets_what_is_retained, (1, 1, 1, 2, 1), loose_stack),
        graph!(late_reader_gets_what_is_retained, (1, 1, 2, 2, 1), loose_stack).deep(),
        graph!(late_reader_asks_for_a_message, (1, 1, 3, 2, 1), loose_plain),
        graph!(late_reader_asks_for_a_message, (1, 2, 3, 3, 2), loose_plain),
        graph!(late_reader_asks_for_a_message, (1, 1, 2, 2, 1), loose_stack),
        graph!(late_reader_of_an_heir, (1, 1, 3, 2, 1), loose),
        graph!(late_reader_of_an_heir, (1, 1, 3, 3, 2), loose),
        graph!(survivors_agree_with_late_consumer, (1, 1, 3, 2, 1), loose).dying(2),
        graph!(survivors_agree_with_late_consumer, (1, 1, 3, 3, 2), loose).dying(2),
        graph!(survivors_agree_with_late_consumer, (1, 2, 2, 2, 1), loose).dying(1),
        graph!(survivors_agree_with_late_consumer, (1, 2, 3, 2, 1), loose).dying(1).deep(),
    ]
    .into_iter()
    .for_each(add);
    all
}

impl GraphCheck {
    /// The number of graphs in docs/tables/graphs.md.
    pub fn documented(&self) -> Option<u64> {
        let Case { name, shape, config, .. } = &self.case;
        let key = pages::row(&[name, shape, config, &self.dead()]);
        let rest = pages::read("graphs").lines().find_map(|line| line.strip_prefix(&key).map(str::to_owned))?;
        let numbers: Vec<u64> = rest.split('|').map_while(|cell| cell.trim().parse().ok()).collect();
        (numbers.len() >= 2).then(|| numbers[0] + numbers[1])
    }
}

/// The failing graph for people; `None` if there is no failure.
pub fn explain(check: &GraphCheck, found: &Found) -> Option<Counterexample> {
    let (why, steps) = found.failure.as_ref()?;
    let name = check.test_name();
    let found_by = format!("execution graphs, graph {}", found.counts.complete + found.counts.blocked + 1);
    let next = format!("cargo test --test verify -- --exact {name} finds it again.");
    Some(Counterexample::new(name, check.case, found_by, why, steps).with_next(next))
}

/// The cells of a check's row that a run must not change.
fn cells(check: &GraphCheck, counts: Counts) -> [String; 6] {
    let Case { name, shape, config, .. } = check.case;
    let Counts { complete, blocked, .. } = counts;
    [name.into(), shape.to_string(), config.to_string(), check.dead(), complete.to_string(), blocked.to_string()]
}

/// Runs a check as a test. Its numbers are those of docs/tables/graphs.md.
pub fn test(check: GraphCheck) {
    let found = check.run();
    must_pass(explain(&check, &found));
    assert!(found.counts.complete > 0, "an exploration without an end says nothing");
    assert!(check.deaths == 0 || found.outcomes.len() > 1, "deaths make a difference");
    let cells = cells(&check, found.counts);
    let seconds = format!("{:.2}", found.time.as_secs_f64());
    let [name, shape, config, dead, complete, blocked] = &cells;
    tables::add(&GRAPHS, &[name, shape, config, dead, complete, blocked, &found.outcomes.len(), &seconds]);
    if std::env::var_os("ACKCAST_BLESS").is_none() {
        let row = format!("| {} |", cells.join(" | "));
        let page = pages::read("graphs");
        assert!(
            page.lines().any(|line| line.starts_with(&row)),
            "graphs.md has no row {row} (ACKCAST_BLESS=1 writes it)"
        );
    }
}
