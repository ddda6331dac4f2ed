//! A failing execution as one HTML page: a table with a lane for each participant and the words' values, a drawing, and
//! a script that steps through both. Without the script, and in print, the page has the same content.

use super::{
    counterexample::Counterexample,
    picture::{EDGES, diagram, escaped},
    steps::Shown,
};
use std::fmt::Write as _;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Row numbers as ranges: "0 to 3, 5".
fn ranges(rows: &[usize]) -> String {
    let mut told: Vec<(usize, usize)> = Vec::new();
    for &row in rows {
        match told.last_mut() {
            Some((_, last)) if *last + 1 == row => *last = row,
            _ => told.push((row, row)),
        }
    }
    let told = told.iter().map(|&(first, last)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first} to {last}"),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The edge that a step has, in words.
fn edge(step: &Shown) -> (&'static str, String) {
    let mo = step.rank.map(|rank| format!("mo {rank}")).unwrap_or_default();
    let (class, rf) = match (step.reads_from, step.source) {
        (Some((row, true)), _) => ("edge", format!("from {row}, carried")),
        (Some((row, false)), _) => ("weak", format!("from {row}, NOT carried")),
        (None, Some(Some(row))) => ("edge", format!("from {row}, its own")),
        (None, Some(None)) => ("", "from the start".to_owned()),
        (None, None) => ("", String::new()),
    };
    let comma = if mo.is_empty() || rf.is_empty() { "" } else { "; " };
    (class, format!("{rf}{comma}{mo}"))
}

/// A step in a sentence, for the line above the table and for a screen reader.
fn says(counterexample: &Counterexample, row: usize) -> String {
    let step = &counterexample.execution.steps[row];
    let lane = &counterexample.execution.lanes[step.lane];
    let mut text = format!("Step {row}: {lane}: {} {} {}", step.operation, step.word, step.value).trim_end().to_owned();
    if let Some(label) = &step.label {
        let _ = write!(text, " ({label})");
    }
    match step.reads_from {
        Some((source, true)) => _ = write!(text, ". It reads from step {source}, and knows what came before that"),
        Some((source, false)) => _ = write!(text, ". It reads from step {source}, which carries nothing to it"),
        None => {}
    }
    if step.races {
        let other = counterexample.execution.steps.iter().enumerate().find(|(other, step)| step.races && *other != row);
        if let Some((other, _)) = other {
            let _ = write!(text, ". It races with step {other}");
        }
    }
    text + "."
}

/// A row of the table.
fn row(counterexample: &Counterexample, number: usize, html: &mut String) {
    let execution = &counterexample.execution;
    let step = &execution.steps[number];
    let past: Vec<_> = step.past.iter().map(usize::to_string).collect();
    let says = escaped(&says(counterexample, number));
    let _ = write!(html, "<tr data-past=\"{}\" data-says=\"{says}\"><th scope=\"row\">{number}</th>", past.join(" "));
    for lane in 0..execution.lanes.len() {
        if lane != step.lane {
            html.push_str("<td></td>");
            continue;
        }
        let class = match (step.races, &step.change) {
            (true, _) => "own races",
            (_, Some(_)) => "own changed",
            _ => "own",
        };
        let races = if step.races { " ⚡ races" } else { "" };
        let label = step.label.as_ref().map(|label| format!("<b>{label}</b> ")).unwrap_or_default();
        let what = escaped(format!("{} {} {}", step.operation, step.word, step.value).trim_end());
        let _ = write!(html, "<td class=\"{class}\">{label}{what}{races}</td>");
    }
    let place = if step.site.is_empty() { step.place.clone() } else { format!("{} ({})", step.place, step.site) };
    let _ = write!(html, "<td class=\"code\">{}<br><small>{}</small></td>", escaped(&step.code), escaped(&place));
    if execution.is_graph {
        let known = if step.past.is_empty() { "nothing".to_owned() } else { ranges(&step.past) };
        let _ = write!(html, "<td>{known}</td>");
    }
    let (class, edge) = edge(step);
    let _ = write!(html, "<td class=\"{class}\">{edge}</td>");
    let before = number.checked_sub(1).map(|before| &execution.steps[before].values);
    for (word, value) in step.values.iter().enumerate() {
        let is_new = before.is_some_and(|before| before[word] != *value);
        let class = if is_new { "value new" } else { "value" };
        let _ = write!(html, "<td class=\"{class}\">{}</td>", escaped(value));
    }
    html.push_str("</tr>\n");
}

/// The table's head.
fn head(counterexample: &Counterexample, html: &mut String) {
    let execution = &counterexample.execution;
    let knows = usize::from(execution.is_graph);
    let _ = write!(
        html,
        "<div class=\"scroll\"><table>\n<caption hidden>The steps of the execution</caption>\n<thead><tr>\
         <th rowspan=\"2\" scope=\"col\">step</th><th colspan=\"{}\" scope=\"colgroup\">participants</th>\
         <th rowspan=\"2\" scope=\"col\">source</th>",
        execution.lanes.len()
    );
    if knows > 0 {
        html.push_str("<th rowspan=\"2\" scope=\"col\">knows steps</th>");
    }
    html.push_str("<th rowspan=\"2\" scope=\"col\">reads; order of writes</th>");
    if !execution.words.is_empty() {
        let _ = write!(html, "<th colspan=\"{}\" scope=\"colgroup\">values after the step</th>", execution.words.len());
    }
    html.push_str("</tr>\n<tr>");
    for cell in execution.lanes.iter().chain(&execution.words) {
        let _ = write!(html, "<th scope=\"col\">{}</th>", escaped(cell));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
}

/// The page.
pub fn html(counterexample: &Counterexample) -> String {
    let execution = &counterexample.execution;
    let name = escaped(&counterexample.name);
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>{name}: a counterexample</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body class=\"no-script\">\n<main>\n<h1>{name}: a counterexample of {}</h1>\n<dl>\n",
        counterexample.length()
    );
    let mut line = |term: &str, class: &str, text: &str| {
        let _ = writeln!(html, "<dt>{term}</dt><dd{class}>{}</dd>", escaped(text));
    };
    line("expected", "", &counterexample.property());
    line("found", "", &counterexample.what());
    if let Some(because) = counterexample.because() {
        line("because", " class=\"because\"", &because);
    }
    line("by", "", &counterexample.found_by);
    html.push_str("</dl>\n");
    let last = execution.steps.len().saturating_sub(1);
    let _ = writeln!(
        html,
        "<div class=\"controls\"><button id=\"back\" type=\"button\" aria-label=\"one step back\">←</button>\
         <input id=\"step\" type=\"range\" min=\"0\" max=\"{last}\" value=\"{last}\" aria-label=\"step\">\
         <button id=\"forth\" type=\"button\" aria-label=\"one step on\">→</button>\
         <span>keys: ← → Home End</span></div>\n<p class=\"says\" id=\"says\" aria-live=\"polite\"></p>"
    );
    head(counterexample, &mut html);
    for number in 0..execution.steps.len() {
        row(counterexample, number, &mut html);
    }
    let what = if execution.is_graph { "execution graph" } else { "execution" };
    let _ = write!(html, "</tbody>\n</table></div>\n<h2>The {what}, drawn</h2>\n<div class=\"scroll\">\n");
    html.push_str(&diagram(counterexample));
    html.push_str("</div>\n<h2>Legend</h2>\n<ul class=\"legend\">\n");
    for (colour, text) in [
        ("#fef3c7", "the step that is looked at; later steps are pale"),
        ("#dbeafe", "a step that happens before it: what its participant knows (hb)"),
        ("#fff;border:3px solid #b91c1c", "the two steps that race"),
    ] {
        let _ = writeln!(html, "<li><span class=\"swatch\" style=\"background:{colour}\"></span>{text}</li>");
    }
    for (_, called, style) in EDGES {
        let line = format!(
            "<svg width=\"36\" height=\"8\" aria-hidden=\"true\"><line x1=\"0\" y1=\"4\" x2=\"36\" y2=\"4\" style=\"{style}\"/></svg>"
        );
        let _ = writeln!(html, "<li>{line} {called}</li>");
    }
    html.push_str(
        "<li>From top to bottom in a lane: program order (po). “·”: not yet known. “from 3, carried”: it reads what step \
         3 wrote, by a release and an acquire.</li>\n</ul>\n</main>\n<script>\n",
    );
    html.push_str(SCRIPT);
    html.push_str("</script>\n</body>\n</html>\n");
    html
}

#[test]
fn row_numbers_are_told_as_ranges() {
    assert_eq!(ranges(&[0, 1, 2, 3, 5, 7, 8]), "0 to 3, 5, 7, 8");
    assert_eq!(ranges(&[]), "");
}
