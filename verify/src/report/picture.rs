//! A failing execution as a drawing: a lane for each participant, and the edges between them.

use super::counterexample::Counterexample;
use std::{fmt::Write as _, path::PathBuf};

/// The folder of reports and pages: `verify/` in the target directory. For a program outside of one, such as a test of
/// documentation, it is a folder for temporary files.
pub fn directory() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    target.map_or_else(|| std::env::temp_dir().join("ackcast-verify"), |target| target.join("verify"))
}

/// A text in HTML or SVG.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The kinds of edges: the class, what it is called, and how it is drawn.
pub const EDGES: [(&str, &str, &str); 4] = [
    ("hb", "reads from, and happens before (rf, hb)", "stroke:#1d4ed8;stroke-width:1.5"),
    ("rf", "reads from, but does not happen before (rf)", "stroke:#b91c1c;stroke-width:1.5;stroke-dasharray:5 3"),
    ("mo", "next in modification order (mo)", "stroke:#737373;stroke-width:1;stroke-dasharray:1 3"),
    ("race", "a data race: neither happens before the other", "stroke:#b91c1c;stroke-width:4;stroke-opacity:.45"),
];

const ROW: usize = 22;
const CHARACTER: f64 = 6.7;

/// The drawing, as SVG. The program order of a participant is its lane, from top to bottom.
pub fn diagram(counterexample: &Counterexample) -> String {
    let execution = &counterexample.execution;
    let steps = &execution.steps;
    let text = |row: usize| {
        let step = &steps[row];
        let label = step.label.as_ref().map(|label| format!("{label} ")).unwrap_or_default();
        format!("{row}  {label}{} {} {}", step.operation, step.word, step.value).trim_end().to_owned()
    };
    // A lane is as wide as its longest step.
    let width = |lane: usize| {
        let of_lane = (0..steps.len()).filter(|&row| steps[row].lane == lane).map(|row| text(row).chars().count());
        (of_lane.max().unwrap_or(0).max(14) as f64 * CHARACTER) as usize + 50
    };
    let mut left = Vec::new();
    let mut total = 20;
    for lane in 0..execution.lanes.len() {
        left.push(total);
        total += width(lane);
    }
    let x = |row: usize| left[steps[row].lane];
    let y = |row: usize| 56 + ROW * row;
    let legend = y(steps.len()) + 34;
    let (width, height) = (total.max(640), legend + 18 * EDGES.len() + 8);
    let title = escaped(&format!("{}: {}", counterexample.name, counterexample.what()));
    let because = escaped(&counterexample.because().unwrap_or_default());
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"ui-monospace, monospace\" font-size=\"11\">\n<title>{title}</title>\n<desc>\
         {because}</desc>\n<defs><marker id=\"arrow\" markerWidth=\"8\" markerHeight=\"8\" refX=\"7\" refY=\"3\" \
         orient=\"auto\"><path d=\"M0,0 L7,3 L0,6 z\" fill=\"#444\"/></marker></defs>\n<rect width=\"100%\" \
         height=\"100%\" fill=\"white\"/>\n"
    );
    for (lane, name) in execution.lanes.iter().enumerate() {
        let x = left[lane];
        let _ = writeln!(svg, "<text x=\"{}\" y=\"26\" font-weight=\"bold\">{}</text>", x - 4, escaped(name));
        let _ = writeln!(svg, "<line x1=\"{x}\" y1=\"36\" x2=\"{x}\" y2=\"{}\" stroke=\"#ccc\"/>", y(steps.len()) - 8);
    }
    let style = |kind: &str| EDGES.iter().find(|edge| edge.0 == kind).map_or("", |edge| edge.2);
    let mut edge = |kind: &str, from: usize, to: usize| {
        let (x1, y1, x2, y2) = (x(from), y(from) - 4, x(to), y(to) - 4);
        let arrow = if kind == "race" { "" } else { " marker-end=\"url(#arrow)\"" };
        let style = style(kind);
        let _ = writeln!(
            svg,
            "<line class=\"{kind}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" style=\"{style}\"{arrow}/>"
        );
    };
    for row in 0..steps.len() {
        if let Some((source, holds)) = steps[row].reads_from {
            edge(if holds { "hb" } else { "rf" }, source, row);
        }
        for other in 0..steps.len() {
            let next = steps[row].rank.is_some_and(|rank| steps[other].rank == Some(rank + 1));
            if next && steps[row].word == steps[other].word && steps[row].lane != steps[other].lane {
                edge("mo", row, other);
            }
            if row < other && steps[row].races && steps[other].races {
                edge("race", row, other);
            }
        }
    }
    for (row, step) in steps.iter().enumerate() {
        let (x, y) = (x(row), y(row));
        let colour = if step.change.is_some() || step.races { "#b91c1c" } else { "#111" };
        let weight = if step.change.is_some() || step.races { " font-weight=\"bold\"" } else { "" };
        let title = escaped(if step.code.is_empty() { &step.place } else { &step.code });
        let _ = writeln!(
            svg,
            "<g class=\"step\" data-row=\"{row}\"><circle cx=\"{x}\" cy=\"{}\" r=\"3.5\" fill=\"{colour}\"/><text \
             x=\"{}\" y=\"{y}\" fill=\"{colour}\"{weight} paint-order=\"stroke\" stroke=\"white\" stroke-width=\"3\">{}<title>{title}</title></text></g>",
            y - 4,
            x + 9,
            escaped(&text(row))
        );
    }
    let what: String = counterexample.what().chars().take(120).collect();
    let bottom = y(steps.len()) + 8;
    let _ = writeln!(
        svg,
        "<text x=\"16\" y=\"{bottom}\" fill=\"#b91c1c\" font-weight=\"bold\">✗ {}</text>",
        escaped(&what)
    );
    for (place, (_, called, style)) in EDGES.iter().enumerate() {
        let y = legend + 18 * place;
        let _ = writeln!(
            svg,
            "<line x1=\"16\" y1=\"{}\" x2=\"52\" y2=\"{}\" style=\"{style}\"/><text x=\"60\" y=\"{y}\" \
             fill=\"#444\">{called}</text>",
            y - 4,
            y - 4
        );
    }
    svg + "</svg>\n"
}
