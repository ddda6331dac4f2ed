//! Everything that is checked, as tests with names: the checks of the catalogue, the mutants, the crash points, the
//! explorations. The target `tests/verify.rs` runs them.

use crate::{
    checks::{catalogue::entries, entry::words, explain, isolate},
    crashes::sweep::{self, double, single, survivors},
    explore::sweep as exploration,
    graph::{self, check::GraphCheck},
    hook::{self, Armed},
    model::case::{Case, Late},
    mutation::{equivalents::EQUIVALENTS, run},
    reference::{models, orderings},
    report::{
        counterexample::Counterexample,
        tables::{self, GRAPHS},
    },
};
use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// A test.
pub struct Trial {
    /// Its name: the kind, and what is checked.
    pub name: String,
    /// It runs in the test binary's own process, for its output.
    by_hand: bool,
    body: Box<dyn FnOnce() + Send>,
}

impl fmt::Debug for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trial").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Trial {
    fn new(name: String, body: impl FnOnce() + Send + 'static) -> Self {
        Self { name, by_hand: false, body: Box::new(body) }
    }

    /// Runs the test, in a process of its own.
    ///
    /// # Errors
    /// It fails; the text has the failing execution.
    pub fn run(self) -> Result<(), String> {
        if self.by_hand {
            (self.body)();
            return Ok(());
        }
        isolate::run(&self.name, self.body)
    }
}

/// All tests, the longest first, so that no core is idle at the end. `--cfg loom` adds the deep ones, and changes
/// nothing else.
pub fn trials() -> Vec<Trial> {
    let mut all = by_hand();
    all.push(Trial::new(
        "mutants::table::every_mutant_dies_or_has_a_reason".into(),
        run::every_mutant_dies_or_has_a_reason,
    ));
    all.push(Trial::new(
        "reference::orderings::every_mutant_dies_by_graphs_or_has_a_reason".into(),
        orderings::pages_are_fresh,
    ));
    all.push(Trial::new("reference::models::gallery".into(), models::gallery_is_fresh));
    all.push(Trial::new("reference::models::course".into(), models::course_is_fresh));
    let graphs = graph::check::checks().into_iter().rev().filter(|check| cfg!(loom) || !check.deep);
    all.extend(graphs.map(|check| Trial::new(check.test_name(), move || graph::check::test(check))));
    let wanted = entries().into_iter().rev().filter(|entry| cfg!(loom) || !entry.deep);
    let (deep, quick): (Vec<_>, Vec<_>) = wanted.partition(|entry| entry.deep);
    let check = |entry: crate::checks::entry::Entry| Trial::new(entry.test_name(), move || explain::test(entry));
    all.extend(deep.into_iter().map(check));
    all.extend(EQUIVALENTS.iter().map(|equivalent| {
        let name = words(&format!("mutants::equivalent_lives::{}_{:?}", equivalent.label, equivalent.operator));
        Trial::new(name, || run::equivalent_lives(equivalent))
    }));
    all.extend(explorations());
    all.extend(crash_points());
    all.extend(quick.into_iter().map(check));
    all
}

/// What environment variables ask for.
fn by_hand() -> Vec<Trial> {
    let mut all = Vec::new();
    let mut ask = |variable, name: &str, body: fn(&str)| {
        if let Ok(wanted) = std::env::var(variable) {
            all.push(Trial { by_hand: true, ..Trial::new(name.into(), move || body(&wanted)) });
        }
    };
    ask("ACKCAST_SWEEP", "crash_points::by_hand", sweep::by_hand);
    ask("ACKCAST_EXPLORE", "explore::by_hand", exploration::by_hand);
    all
}

/// The sweeps over crash points: single deaths, and pairs of deaths.
fn crash_points() -> Vec<Trial> {
    let test = |case: Case| Trial::new(words(&format!("crash_points::{}", case.shape)), move || single(case));
    let mut all = Vec::new();
    let quick = [survivors(2, 1, 0, 1), survivors(1, 1, 2, 1), survivors(1, 1, 1, 2), survivors(1, 1, 1, 1)];
    all.extend(quick.map(test));
    let pairs = [(2, 0, 1, 2), (2, 0, 0, 2), (2, 0, 0, 1), (1, 1, 0, 1)];
    all.extend(pairs.map(|(producers, messages, first, second)| {
        let case = survivors(producers, 1, messages, 1);
        let name =
            format!("crash_points::{}::{}_and_{}", case.shape, sweep::name(&case, first), sweep::name(&case, second));
        Trial::new(words(&name), move || double(case, first, second))
    }));
    all
}

/// The explorations: each shape with no death, with one and with two.
fn explorations() -> Vec<Trial> {
    let test = |(p, c, m, s): (u32, u32, u32, u32), retain: u32, late: Late, deaths: u8| {
        let case = exploration::retaining(exploration::survivors(p, c, m, s), retain);
        let who = if late == Late::None { String::new() } else { format!("::late_{late:?}") };
        let name = format!("explore::{}{who}::{deaths}_deaths", case.shape);
        Trial::new(words(&name), move || exploration::sweep(case, deaths, late))
    };
    let mut shapes = vec![];
    let mut all = vec![];
    if cfg!(loom) {
        // With a message and a death there are a hundred million states, so that runs by hand only.
        all.push(test((2, 2, 1, 1), 0, Late::None, 0));
        shapes.extend([((2, 1, 1, 1), Late::Producer), ((1, 2, 1, 1), Late::Consumer)]);
    }
    shapes.extend(
        [(2, 2, 0, 1), (2, 1, 1, 2), (2, 1, 1, 1), (1, 2, 1, 2), (1, 2, 1, 1)].map(|shape| (shape, Late::None)),
    );
    shapes.push(((2, 1, 0, 1), Late::Producer));
    shapes.extend([(2, 1, 0, 1), (1, 1, 2, 2), (1, 1, 2, 1), (1, 1, 1, 1)].map(|shape| (shape, Late::Consumer)));
    shapes.extend([(2, 1, 0, 1), (1, 1, 2, 1), (1, 1, 1, 2), (1, 1, 1, 1)].map(|shape| (shape, Late::None)));
    all.extend((0..=2).rev().flat_map(|deaths| shapes.iter().map(move |&(shape, late)| test(shape, 0, late, deaths))));
    let retaining = [((1, 1, 3, 3), 2), ((1, 1, 3, 2), 1), ((1, 1, 2, 2), 1)];
    let late = |deaths| move |(shape, retain)| test(shape, retain, Late::Consumer, deaths);
    all.extend((0..=2).rev().flat_map(|deaths| retaining.into_iter().map(late(deaths))));
    if cfg!(loom) {
        all.push(test((2, 1, 1, 2), 1, Late::Consumer, 1));
    }
    all
}

/// A check by graphs with at most so many graphs, by the page, is part of the first look.
const GLANCE: u64 = 500;

/// The first look: runs the smallest checks by graphs, which kill almost every mutant, in a second. If some fail, the text
/// of the shortest counterexample.
pub fn first_look() -> Option<String> {
    let small = |check: &GraphCheck| check.documented().is_some_and(|graphs| graphs <= GLANCE);
    let failures = graph::check::checks().into_iter().filter(small).filter_map(|check| {
        hook::arm(Armed::default());
        // If the checker itself fails, the check says so when its turn comes.
        let found = catch_unwind(AssertUnwindSafe(|| check.run()));
        hook::disarm();
        graph::check::explain(&check, &found.ok()?)
    });
    failures.min_by_key(Counterexample::len).map(|shortest| shortest.report())
}

/// Ends a run of these tests. A deep run that was complete writes its page if `ACKCAST_BLESS` is set.
pub fn finish(complete: bool) {
    if std::env::var_os("ACKCAST_BLESS").is_none() || !cfg!(loom) {
        return;
    }
    if complete {
        tables::write_deep_page();
    }
    let graphs = graph::check::checks().len();
    if tables::count(&GRAPHS) == graphs {
        tables::write_graphs_page();
    }
}

#[test]
fn each_test_has_a_name_of_its_own() {
    let names: Vec<_> = trials().into_iter().map(|trial| trial.name).collect();
    let unique: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(unique.len(), names.len(), "{names:#?}");
}
