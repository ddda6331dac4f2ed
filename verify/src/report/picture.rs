//! A failing execution for people: a table, and a diagram with a lane for each participant.

use super::label;
use crate::{
    hook::{Edges, Kind, Operator, Step, Verdict},
    model::case::Case,
};
use ackcast::protocol::{Acknowledged, EntryState, Published};
use std::{fmt::Write as _, path::PathBuf, sync::atomic::Ordering};

/// The folder of reports and diagrams: `verify/` in the target directory. For a program outside of one, such as a test
/// of documentation, it is a folder for temporary files.
pub fn directory() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let directory = target.map_or_else(|| std::env::temp_dir().join("ackcast-verify"), |target| target.join("verify"));
    std::fs::create_dir_all(&directory).expect("the folder of reports can be made");
    directory
}

fn participant(case: &Case, step: &Step) -> String {
    step.participant.map_or_else(|| "set-up".to_owned(), |number| (case.role)(case, number))
}

/// The ordering that the engine used.
fn order(step: &Step) -> Option<Ordering> {
    step.order.map(|order| step.verdict.order(order))
}

fn operation(step: &Step) -> String {
    let kind = format!("{:?}", step.kind).to_lowercase();
    let order = step.order.map(|order| format!(" {order:?}")).unwrap_or_default();
    match step.verdict {
        Verdict::Otherwise(Operator::Weaken(weaker)) => format!("{kind}{order}, WEAKENED to {weaker:?}"),
        Verdict::Otherwise(Operator::Drop) => format!("{kind}{order}, DROPPED"),
        Verdict::Otherwise(Operator::Split) => format!("{kind}{order}, SPLIT"),
        Verdict::Otherwise(Operator::Skip) => format!("{kind}, SKIPPED"),
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

fn value(step: &Step) -> String {
    let show = |value| decoded(step.name.word, value);
    match (step.value, step.written) {
        (Some(read), Some(written)) => format!("{} → {}", show(read), show(written)),
        (Some(read), None) => format!("= {}", show(read)),
        (None, Some(written)) => format!("← {}", show(written)),
        (None, None) => String::new(),
    }
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

/// The execution as a table.
pub fn table(case: &Case, trace: &[Step], message: &str) -> String {
    let mut text = format!("{} {:?} [{}]: {message}\n", case.name, case.shape, case.config);
    for (row, step) in excerpt(trace).iter().enumerate() {
        let (participant, operation, value) = (participant(case, step), operation(step), value(step));
        let (name, site) = (step.name.to_string(), step.site.to_string());
        let label = Some(label(step.site)).filter(|label| *label != site).unwrap_or_default();
        let edges = step.edges.map(|edges| format!("{:<14}", in_words(step, edges))).unwrap_or_default();
        let number = if step.edges.is_some() { format!("{row:>4}") } else { String::new() };
        let _ = writeln!(
            text,
            "{number}  {participant:<11} {operation:<34} {name:<10} {value:<22} {edges}{label:<4} {site}"
        );
    }
    let _ = writeln!(text, "  ✗ {message}");
    text
}

/// The edges of a step in an execution graph: the row that it reads from, and its write's place in modification order.
fn in_words(step: &Step, Edges { from, rank, races }: Edges) -> String {
    let from = match (step.value, from) {
        (Some(_), Some(row)) => format!("rf {row} "),
        (Some(_), None) => "rf init ".to_owned(),
        (None, _) => String::new(),
    };
    let rank = rank.map(|rank| format!("mo {rank} ")).unwrap_or_default();
    format!("{from}{rank}{}", if races { "RACES " } else { "" })
}

fn acquires(step: &Step) -> bool {
    matches!(order(step), Some(Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst))
}

fn releases(step: &Step) -> bool {
    matches!(order(step), Some(Ordering::Release | Ordering::AcqRel | Ordering::SeqCst))
}

/// The step from which this step reads, and whether the orderings make it a happens-before edge.
fn read_from(trace: &[Step], place: usize) -> Option<(usize, bool)> {
    let reader = &trace[place];
    let read = reader.value?;
    if let Some(Edges { from, .. }) = reader.edges {
        let source = from.filter(|&row| row < trace.len())?;
        let synchronises = acquires(reader) && releases(&trace[source]);
        return (trace[source].participant != reader.participant).then_some((source, synchronises));
    }
    let writes = |step: &Step| {
        step.name == reader.name && step.written == Some(read) && step.verdict != Verdict::Otherwise(Operator::Drop)
    };
    let source = trace[..place].iter().rposition(writes)?;
    let synchronises = acquires(reader) && releases(&trace[source]);
    (trace[source].participant != reader.participant).then_some((source, synchronises))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The execution as a diagram.
pub fn diagram(case: &Case, trace: &[Step], message: &str) -> String {
    const LANE: usize = 330;
    const ROW: usize = 20;
    let trace = excerpt(trace);
    let mut lanes: Vec<String> = trace.iter().map(|step| participant(case, step)).collect();
    lanes.sort();
    lanes.dedup();
    let x = |step: &Step| 20 + LANE * lanes.iter().position(|lane| *lane == participant(case, step)).unwrap_or(0);
    let y = |row: usize| 50 + ROW * row;
    let (width, height) = (40 + LANE * lanes.len(), y(trace.len()) + 50);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"monospace\" \
         font-size=\"11\">\n<defs><marker id=\"a\" markerWidth=\"8\" markerHeight=\"8\" refX=\"7\" refY=\"3\" \
         orient=\"auto\"><path d=\"M0,0 L7,3 L0,6 z\" fill=\"#2563eb\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for (lane, name) in lanes.iter().enumerate() {
        let x = 20 + LANE * lane;
        let _ = writeln!(svg, "<text x=\"{x}\" y=\"24\" font-weight=\"bold\">{name}</text>");
        let _ = writeln!(svg, "<line x1=\"{x}\" y1=\"32\" x2=\"{x}\" y2=\"{}\" stroke=\"#ccc\"/>", height - 40);
    }
    for (row, step) in trace.iter().enumerate() {
        let (x, y) = (x(step), y(row));
        let changed = matches!(step.verdict, Verdict::Otherwise(_));
        let colour = if changed { "#dc2626" } else { "#111" };
        let number = if step.edges.is_some() { format!("{row}: ") } else { String::new() };
        let text = escaped(&format!("{number}{} {} {}", operation(step), step.name, value(step)));
        let title = escaped(&step.site.to_string());
        let _ = writeln!(svg, "<circle cx=\"{x}\" cy=\"{}\" r=\"3\" fill=\"{colour}\"/>", y - 4);
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{y}\" fill=\"{colour}\">{text}<title>{title}</title></text>", x + 8);
    }
    for (row, step) in trace.iter().enumerate() {
        if let Some((source, holds)) = read_from(trace, row) {
            let style = if holds { "stroke=\"#2563eb\"" } else { "stroke=\"#dc2626\" stroke-dasharray=\"4 3\"" };
            let (x1, y1, x2, y2) = (x(&trace[source]), y(source) - 4, x(step), y(row) - 4);
            let line =
                format!("<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" {style} marker-end=\"url(#a)\"/>");
            let _ = writeln!(svg, "{line}");
        }
    }
    // Of an execution graph: the modification order between participants, and the two steps that race.
    let line = |svg: &mut String, from: usize, to: usize, style: &str| {
        let (x1, y1, x2, y2) = (x(&trace[from]), y(from) - 4, x(&trace[to]), y(to) - 4);
        let _ = writeln!(svg, "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" {style}/>");
    };
    let edges = |row: usize| trace[row].edges.unwrap_or_default();
    for (from, to) in (0..trace.len()).flat_map(|from| (0..trace.len()).map(move |to| (from, to))) {
        let next = edges(from).rank.is_some_and(|rank| edges(to).rank == Some(rank + 1));
        if next && trace[from].name == trace[to].name && trace[from].participant != trace[to].participant {
            line(&mut svg, from, to, "stroke=\"#999\" stroke-dasharray=\"1 3\"");
        }
        if from < to && edges(from).races && edges(to).races {
            line(&mut svg, from, to, "stroke=\"#dc2626\" stroke-width=\"2\"");
        }
    }
    let broke = trace.last().map_or(20, x);
    let y = y(trace.len()) + 8;
    let message = escaped(message.lines().next().unwrap_or_default());
    let _ =
        writeln!(svg, "<text x=\"{broke}\" y=\"{y}\" fill=\"#dc2626\" font-weight=\"bold\">✗ {message}</text>\n</svg>");
    svg
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
