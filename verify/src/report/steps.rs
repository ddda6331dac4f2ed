//! The steps of a failing execution as people see them: in words, in lanes, with their edges and the words' values.

use super::{labels, operations, text_of};
use crate::{
    hook::{Kind, Operator, Site, Step, Verdict},
    model::case::Case,
};
use ackcast::protocol::{Acknowledged, EntryState, Published};
use std::{collections::BTreeMap, sync::atomic::Ordering};

/// A step.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// The participant that takes it, as an index of [`Execution::lanes`].
    pub lane: usize,
    /// The operation, its ordering, and what a mutant made of it.
    pub operation: String,
    /// The word, the cell or the slot.
    pub word: String,
    /// The values read and written.
    pub value: String,
    /// The label of its site, if it has one.
    pub label: Option<String>,
    /// The function that it is in, as `file::function`.
    pub place: String,
    /// Its file and line.
    pub site: String,
    /// Its line in the source.
    pub code: String,
    /// The step that it reads from, if another participant took that one, and whether that is an edge of
    /// happens-before.
    pub reads_from: Option<(usize, bool)>,
    /// The step that it reads from, or `None` for the initial value. Known in an execution graph.
    pub source: Option<Option<usize>>,
    /// Its write's place in modification order. Known in an execution graph.
    pub rank: Option<usize>,
    /// It is one of two steps that race.
    pub races: bool,
    /// A mutant changed it: what it does now.
    pub change: Option<Operator>,
    /// It acquires; it releases.
    pub sides: (bool, bool),
    /// The steps that happen before it. Known in an execution graph.
    pub past: Vec<usize>,
    /// The values of all words after it, in the order of [`Execution::words`].
    pub values: Vec<String>,
}

/// A failing execution.
#[derive(Clone, Debug, Default)]
pub struct Execution {
    /// The participants.
    pub lanes: Vec<String>,
    /// The words.
    pub words: Vec<String>,
    /// The steps, in an order that program order and reads-from allow.
    pub steps: Vec<Shown>,
    /// Whether it is an execution graph.
    pub is_graph: bool,
    /// Whether there were more steps.
    pub is_cut: bool,
}

/// Most steps that are shown.
const MAX_STEPS: usize = 60;

/// The part of a trace to show: at most [`MAX_STEPS`] steps after the set-up.
///
/// An execution graph is shown as a whole, unless it has no end.
fn excerpt(trace: &[Step]) -> &[Step] {
    if trace.iter().any(|step| step.edges.is_some()) {
        let endless = trace.len() > 3 * MAX_STEPS;
        return if endless { &trace[..MAX_STEPS] } else { trace };
    }
    let first = trace.first().and_then(|step| step.participant);
    let setup = trace.iter().rposition(|step| step.kind == Kind::Claim).map_or(0, |last| last + 1);
    let start = if first.is_some() && setup < trace.len() { setup } else { 0 };
    let trace = &trace[start..];
    // A livelock shows its cause at the start, every other failure at the end.
    let livelock = trace.len() > 4 * MAX_STEPS;
    if livelock { &trace[..MAX_STEPS] } else { &trace[trace.len().saturating_sub(MAX_STEPS)..] }
}

fn participant(case: &Case, step: &Step) -> String {
    step.participant.map_or_else(|| "set-up".to_owned(), |number| (case.role)(case, number))
}

/// The ordering that the engine used.
fn order(step: &Step) -> Option<Ordering> {
    step.order.map(|order| step.verdict.order(order))
}

fn sides(step: &Step) -> (bool, bool) {
    use Ordering::{AcqRel, Acquire, Release, SeqCst};
    (matches!(order(step), Some(Acquire | AcqRel | SeqCst)), matches!(order(step), Some(Release | AcqRel | SeqCst)))
}

/// The operation's name.
pub fn kind_in_words(kind: Kind) -> String {
    match kind {
        Kind::LightFence => "light fence".to_owned(),
        Kind::HeavyFence => "heavy fence".to_owned(),
        kind => format!("{kind:?}").to_lowercase(),
    }
}

/// The kernel's part: a participant dies, or the number of one that has finished is given back.
fn by_the_kernel(step: &Step) -> Option<&'static str> {
    match (step.kind, step.name.word, step.site.file, step.written) {
        (Kind::Release, "alive", _, None) => Some("dies"),
        (Kind::Release, "alive", "the system", Some(_)) => Some("its number is free"),
        _ => None,
    }
}

fn operation(step: &Step) -> String {
    let kind = kind_in_words(step.kind);
    let order = step.order.map(|order| format!(" {order:?}")).unwrap_or_default();
    match step.verdict {
        Verdict::Otherwise(Operator::Weaken(weaker)) => format!("{kind}{order}, WEAKENED to {weaker:?}"),
        Verdict::Otherwise(Operator::Drop) if step.value.is_some() => format!("{kind}, its write is DROPPED"),
        Verdict::Otherwise(Operator::Drop) => format!("{kind}{order}, DROPPED"),
        Verdict::Otherwise(Operator::Split) => format!("{kind}, SPLIT"),
        Verdict::Otherwise(Operator::Lighten) => format!("{kind}{order}, LIGHTENED"),
        Verdict::Otherwise(Operator::Skip) => format!("{kind}, SKIPPED"),
        Verdict::Otherwise(Operator::Raise(by)) => format!("{kind}{order}, RAISED by {by}"),
        _ if step.kind == Kind::Exchange && step.edges.is_some() && step.written.is_none() => format!("{kind} FAILS"),
        _ => format!("{kind}{order}"),
    }
}

fn decoded(name: &str, value: u64) -> String {
    match name {
        "published" => {
            let published = Published::from_word(value);
            format!("{}{}", published.count(), if published.ended() { " and END" } else { "" })
        }
        "acked" => {
            let Acknowledged { count, joining } = Acknowledged::from_word(value);
            format!("{count}{}", if joining { " (joining)" } else { "" })
        }
        "state" => {
            let EntryState { active, generation } = EntryState::from_word(value as u32);
            format!("{} #{generation}", if active { "ACTIVE" } else { "VACANT" })
        }
        _ => value.to_string(),
    }
}

/// How values of the case's words are written: those of ackcast are decoded.
fn decoder(case: &Case) -> fn(&str, u64) -> String {
    if case.is_ours { decoded } else { |_, value| value.to_string() }
}

fn value(step: &Step, show: fn(&str, u64) -> String) -> String {
    let show = |value| show(step.name.word, value);
    match (step.kind, step.value) {
        (Kind::Claim, Some(done)) => return if done == 1 { "succeeds" } else { "fails" }.to_owned(),
        (Kind::Alive, Some(lives)) => return if lives == 1 { "= yes" } else { "= no" }.to_owned(),
        _ => {}
    }
    match (step.value, step.written) {
        (Some(read), Some(written)) => format!("{} → {}", show(read), show(written)),
        (Some(read), None) => format!("= {}", show(read)),
        (None, Some(written)) => format!("← {}", show(written)),
        (None, None) => String::new(),
    }
}

/// The step from which this step reads, and whether the orderings make it a happens-before edge.
fn reads_from(trace: &[Step], place: usize) -> Option<(usize, bool)> {
    let reader = &trace[place];
    let read = reader.value?;
    let source = match &reader.edges {
        Some(edges) => edges.from.filter(|&row| row < trace.len())?,
        None => {
            let dropped = |step: &Step| step.verdict == Verdict::Otherwise(Operator::Drop);
            let writes = |step: &Step| step.name == reader.name && step.written == Some(read) && !dropped(step);
            trace[..place].iter().rposition(writes)?
        }
    };
    let synchronises = match &reader.edges {
        Some(edges) => edges.past.contains(&source),
        None => sides(reader).0 && sides(&trace[source]).1,
    };
    (trace[source].participant != reader.participant).then_some((source, synchronises))
}

/// Whether other participants can see its content: not a wait, nor a call.
fn has_content(step: &Step) -> bool {
    use Kind::{Exchange, Load, Read, Store, Swap, Write};
    matches!(step.kind, Load | Store | Swap | Exchange | Read | Write)
}

/// The values of all words after each step.
fn values(trace: &[Step], words: &[String], show: fn(&str, u64) -> String) -> Vec<Vec<String>> {
    let mut now: BTreeMap<&str, (usize, String)> =
        words.iter().map(|word| (word.as_str(), (0, "·".to_owned()))).collect();
    // What a word holds before the first step is what is read from no step.
    for step in trace.iter().filter(|step| has_content(step)) {
        let is_initial = step.edges.as_ref().is_some_and(|edges| edges.from.is_none());
        if let (true, Some(read), Some(place)) = (is_initial, step.value, now.get_mut(step.name.to_string().as_str())) {
            place.1 = show(step.name.word, read);
        }
    }
    let after = |step: &Step| {
        if let (true, Some(written), Some(place)) =
            (has_content(step), step.written, now.get_mut(step.name.to_string().as_str()))
        {
            let rank = step.edges.as_ref().and_then(|edges| edges.rank).unwrap_or(place.0 + 1);
            if rank > place.0 {
                *place = (rank, show(step.name.word, written));
            }
        }
        words.iter().map(|word| now[word.as_str()].1.clone()).collect()
    };
    trace.iter().map(after).collect()
}

/// The words of a trace, in the order in which they are first seen.
fn words(trace: &[Step]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for step in trace.iter().filter(|step| has_content(step)) {
        let name = step.name.to_string();
        if !words.contains(&name) {
            words.push(name);
        }
    }
    words
}

/// A site as people see it: its label, its function, its line.
fn located(site: Site) -> (Option<String>, String, String) {
    let file = site.path();
    let Some(text) = text_of(&file) else { return (None, String::new(), String::new()) };
    let lines: Vec<_> = text.lines().collect();
    let line = site.line as usize;
    if line == 0 || line > lines.len() {
        return (None, String::new(), String::new());
    }
    let label = if file.starts_with("src/") { labels::label_at(&lines, line).map(str::to_owned) } else { None };
    (label, labels::place_of(&file, &lines, line), operations::statement(&lines, line))
}

/// A trace as people see it.
pub fn show(case: &Case, trace: &[Step]) -> Execution {
    let all = trace;
    let trace = excerpt(all);
    let show = decoder(case);
    let mut lanes: Vec<(Option<u32>, String)> =
        trace.iter().map(|step| (step.participant, participant(case, step))).collect();
    lanes.sort();
    lanes.dedup();
    let lanes: Vec<_> = lanes.into_iter().map(|(_, name)| name).collect();
    let words = words(trace);
    let mut values = values(trace, &words, show).into_iter();
    let step = |(row, step): (usize, &Step)| {
        let (label, place, code) = located(step.site);
        let edges = step.edges.clone().unwrap_or_default();
        let change = if let Verdict::Otherwise(operator) = step.verdict { Some(operator) } else { None };
        let (name, kernel) = (participant(case, step), by_the_kernel(step));
        Shown {
            lane: lanes.iter().position(|lane| *lane == name).unwrap_or(0),
            operation: kernel.map_or_else(|| operation(step), str::to_owned),
            word: if kernel.is_some() { String::new() } else { step.name.to_string() },
            value: if kernel.is_some() { String::new() } else { value(step, show) },
            label,
            place,
            site: if step.site.line == 0 { String::new() } else { step.site.to_string() },
            code: if kernel == Some("dies") { format!("before: {code}") } else { code },
            reads_from: reads_from(trace, row),
            source: (step.edges.is_some() && step.value.is_some()).then_some(edges.from),
            rank: edges.rank,
            races: edges.races,
            change,
            sides: sides(step),
            past: edges.past,
            values: values.next().unwrap_or_default(),
        }
    };
    let steps = trace.iter().enumerate().map(step).collect();
    let is_graph = trace.iter().any(|step| step.edges.is_some());
    Execution { lanes, words, steps, is_graph, is_cut: all.len() > trace.len() && is_graph }
}

#[test]
fn numbers_are_decoded_as_the_protocol_encodes_them() {
    let three = (1 << 62) | 3; // of variable length
    assert_eq!(decoded("published", three), "3");
    assert_eq!(decoded("published", (1 << 63) | three), "3 and END");
    assert_eq!(decoded("acked", Acknowledged { count: 5, joining: true }.word()), "5 (joining)");
    assert_eq!(decoded("state", EntryState { active: true, generation: 7 }.word().into()), "ACTIVE #7");
    assert_eq!(decoded("lock", 9), "9");
}
