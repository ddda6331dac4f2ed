//! Counterexamples that people can read: the failing execution as a table, and as a lane diagram.

use crate::hook::{Kind, Operator, Step, Verdict};
use std::{
    fmt::Write,
    path::PathBuf,
    sync::atomic::Ordering,
};

/// Where pictures and reports go: `target/verify`, whatever the target directory is called.
pub fn dir() -> PathBuf {
    // Cargo gives integration tests `target/tmp` to write to.
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../verify");
    std::fs::create_dir_all(&target).expect("the target directory can be written");
    target.canonicalize().expect("it was just made")
}

/// Who takes a step, in few letters.
fn who(step: &Step) -> String {
    step.participant.map_or_else(|| "set-up".to_owned(), |number| format!("#{number}"))
}

/// What a step does, in the protocol's words.
fn what(step: &Step) -> String {
    let order = match step.verdict {
        Verdict::Otherwise(Operator::Weaken(weaker)) => Some(format!("{:?} instead of {:?}", weaker, step.order.unwrap_or(Ordering::Relaxed))),
        _ => step.order.map(|order| format!("{order:?}")),
    };
    let order = order.map_or_else(String::new, |order| format!(" ({order})"));
    let name = step.name;
    let seen = step.value.map_or_else(|| "?".to_owned(), show);
    let put = step.written.map_or_else(|| "nothing".to_owned(), show);
    let text = match step.kind {
        Kind::Load => format!("reads {name} = {seen}{order}"),
        Kind::Store => format!("writes {name} = {put}{order}"),
        Kind::Swap => format!("swaps {name}: {seen} → {put}{order}"),
        Kind::Exchange => format!("exchanges {name}: found {seen}, put {put}{order}"),
        Kind::Fence => format!("fence{order}"),
        Kind::Read => format!("reads the bytes of {name}"),
        Kind::Write => format!("writes the bytes of {name}"),
        Kind::Wait => format!("waits on {name}"),
        Kind::Notify => "notifies".to_owned(),
        Kind::Lock => format!("takes {name}"),
        Kind::Inherit => format!("looks whether {name} is a dead predecessor's"),
        Kind::Unlock => format!("gives {name} back"),
        Kind::Park => format!("parks on {name}"),
        Kind::Wake => format!("wakes who sleeps on {name}"),
        Kind::Claim => format!("claims {name}"),
        Kind::Disclaim => format!("gives {name} back"),
        Kind::Alive => format!("asks for {name} = {seen}"),
    };
    match step.verdict {
        Verdict::Otherwise(Operator::Drop) => format!("DOES NOT DO: {text}"),
        Verdict::Otherwise(Operator::Skip) => format!("DOES NOT WAIT: {text}"),
        Verdict::Otherwise(Operator::Split) => format!("IN TWO STEPS: {text}"),
        Verdict::Ignore => format!("(dead) {text}"),
        _ => text,
    }
}

/// A value; the top bit is a flag of its own.
fn show(value: u64) -> String {
    const FLAG: u64 = 1 << 63;
    if value & FLAG != 0 { format!("{}*", value & !FLAG) } else { value.to_string() }
}

/// The execution as a table: who, what on which word, where.
pub fn table(steps: &[Step]) -> String {
    let texts: Vec<_> = steps.iter().map(|step| (who(step), what(step), step.site)).collect();
    let width = |f: fn(&(String, String, crate::hook::Site)) -> usize| texts.iter().map(f).max().unwrap_or(0);
    let (left, middle) = (width(|(who, ..)| who.chars().count()), width(|(_, what, _)| what.chars().count()).min(72));
    let mut table = String::new();
    for (nth, (who, what, site)) in texts.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = writeln!(table, "{:4}  {who:left$}  {what:middle$}  {site}", nth + 1);
    }
    table
}

/// The store that each load reads from, as far as values and places tell: the last one of that
/// value to that word.
fn edges(steps: &[Step]) -> Vec<(usize, usize, bool)> {
    let mut edges = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let reads = matches!(step.kind, Kind::Load | Kind::Swap | Kind::Exchange | Kind::Alive);
        let (true, Some(value)) = (reads, step.value) else { continue };
        let source = steps[..at].iter().rposition(|other| {
            let writes = matches!(other.kind, Kind::Store | Kind::Swap | Kind::Exchange);
            let done = !matches!(other.verdict, Verdict::Otherwise(Operator::Drop) | Verdict::Ignore);
            writes && done && other.name == step.name && other.written == Some(value)
        });
        let Some(source) = source else { continue };
        let from = &steps[source];
        if from.participant == step.participant {
            continue; // the program's own order
        }
        let order = |step: &Step| step.order.map(|order| step.verdict.order(order));
        let releases = matches!(order(from), Some(Ordering::Release | Ordering::AcqRel | Ordering::SeqCst));
        let acquires = matches!(order(step), Some(Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst));
        edges.push((source, at, releases && acquires));
    }
    edges
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The execution as a diagram: a lane for each participant, time downwards, an arrow from each
/// store to each load by another participant that reads it: solid where that is a happens-before
/// edge, dashed where it is not. `broke` is said at the end, in the lane of the last step.
pub fn svg(title: &str, steps: &[Step], broke: &str) -> String {
    const LANE: usize = 360;
    const ROW: usize = 22;
    const TOP: usize = 70;
    let mut lanes: Vec<Option<u32>> = steps.iter().map(|step| step.participant).collect();
    lanes.sort_unstable();
    lanes.dedup();
    let lane = |step: &Step| lanes.iter().position(|&lane| lane == step.participant).unwrap_or(0);
    let x = |step: &Step| 20 + lane(step) * LANE;
    let y = |row: usize| TOP + row * ROW;
    let (width, height) = (40 + lanes.len().max(1) * LANE, y(steps.len()) + 60);
    let mut svg = String::new();
    let mut line = |text: String| svg.extend([text.as_str(), "\n"]);
    line(format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="monospace" font-size="12">
<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="3" orient="auto"><path d="M0,0 L7,3 L0,6 z" fill="#26a"/></marker>
<marker id="weak" markerWidth="8" markerHeight="8" refX="7" refY="3" orient="auto"><path d="M0,0 L7,3 L0,6 z" fill="#c22"/></marker></defs>
<rect width="100%" height="100%" fill="white"/><text x="20" y="24" font-size="15" font-weight="bold">{}</text>"##,
        escape(title)
    ));
    for (nth, participant) in lanes.iter().enumerate() {
        let x = 20 + nth * LANE;
        let name = participant.map_or_else(|| "set-up".to_owned(), |number| format!("participant {number}"));
        line(format!(r##"<text x="{x}" y="50" font-weight="bold">{name}</text>"##));
        line(format!(r##"<line x1="{x}" y1="56" x2="{x}" y2="{}" stroke="#ccc"/>"##, height - 40));
    }
    for (row, step) in steps.iter().enumerate() {
        let otherwise = matches!(step.verdict, Verdict::Otherwise(_));
        let (fill, weight) = if otherwise { ("#c22", "bold") } else { ("#222", "normal") };
        let site = step.site.to_string();
        line(format!(
            r##"<circle cx="{}" cy="{}" r="3" fill="{fill}"/><text x="{}" y="{}" fill="{fill}" font-weight="{weight}"><title>{}</title>{}</text>"##,
            x(step),
            y(row) - 4,
            x(step) + 8,
            y(row),
            escape(&site),
            escape(&what(step)),
        ));
    }
    for (from, to, holds) in edges(steps) {
        let (colour, dash, tip) = if holds { ("#26a", "", "tip") } else { ("#c22", r#" stroke-dasharray="4 3""#, "weak") };
        let (x1, y1, x2, y2) = (x(&steps[from]), y(from) - 4, x(&steps[to]), y(to) - 4);
        line(format!(
            r##"<path d="M{x1},{y1} C{},{y1} {},{y2} {x2},{y2}" fill="none" stroke="{colour}"{dash} opacity="0.6" marker-end="url(#{tip})"/>"##,
            x1.abs_diff(0) - 14,
            x2.abs_diff(0) - 14,
        ));
    }
    let at = steps.last().map_or(20, x);
    line(format!(
        r##"<text x="{at}" y="{}" fill="#c22" font-weight="bold">✗ {}</text>"##,
        y(steps.len()) + 8,
        escape(broke.lines().next().unwrap_or_default())
    ));
    line("</svg>".to_owned());
    svg
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hook::{Name, Site, Weaker};

    fn step(participant: u32, kind: Kind, order: Ordering, value: Option<u64>, written: Option<u64>) -> Step {
        Step {
            participant: Some(participant),
            site: Site { file: "src/x.rs", line: 7, column: 1 },
            name: Name { word: "published", owner: None },
            kind,
            order: Some(order),
            verdict: Verdict::Proceed,
            value,
            written,
        }
    }

    #[test]
    fn an_edge_needs_release_acquire_and_another_reader() {
        let store = step(1, Kind::Store, Ordering::Release, None, Some(1));
        let load = step(0, Kind::Load, Ordering::Acquire, Some(1), None);
        assert_eq!(edges(&[store, load]), [(0, 1, true)]);
        let weakened = Step { verdict: Verdict::Otherwise(Operator::Weaken(Weaker::Relaxed)), ..store };
        assert_eq!(edges(&[weakened, load]), [(0, 1, false)]);
        assert_eq!(edges(&[store, Step { participant: Some(1), ..load }]), []);
        assert_eq!(edges(&[store, Step { value: Some(2), ..load }]), []);
        let dropped = Step { verdict: Verdict::Otherwise(Operator::Drop), ..store };
        assert_eq!(edges(&[dropped, load]), []);
    }

    #[test]
    fn the_table_and_the_picture_say_who_did_what_where() {
        let steps = [
            step(1, Kind::Store, Ordering::Release, None, Some(1 | 1 << 63)),
            step(0, Kind::Load, Ordering::Acquire, Some(1 | 1 << 63), None),
        ];
        let table = table(&steps);
        assert!(table.contains("#1  writes published = 1* (Release)"), "{table}");
        assert!(table.contains("#0  reads published = 1* (Acquire)") && table.contains("src/x.rs:7"), "{table}");
        let svg = svg("a < b", &steps, "it broke");
        assert!(svg.contains("a &lt; b") && svg.contains("✗ it broke") && svg.contains("url(#tip)"));
    }
}
