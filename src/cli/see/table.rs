//! Tables of channels and of participants, for a reader.

use super::report::{Observer, Participant, Report};
use super::words::{duration, rate};
use comfy_table::{CellAlignment, Table, presets};
use std::time::Duration;

/// Columns without lines, two spaces apart. `right` are the columns of numbers.
pub(crate) fn columns(head: &[&str], right: &[usize], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(head.iter().copied());
    for row in rows {
        table.add_row(row);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if right.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt() + "\n"
}

/// `-` for nothing.
pub(crate) fn or_dash(text: Option<impl ToString>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| text.to_string())
}

/// The age of a channel.
pub(crate) fn age_of(report: &Report) -> String {
    or_dash(report.age_seconds.map(|age| duration(Duration::from_secs_f64(age))))
}

/// A channel, line by line.
pub(crate) fn channel(report: &Report) -> String {
    let Report { slots, slot_size, start_with, end_after, backend, fences, .. } = report;
    let mut lines = vec![
        ("channel", format!("{} ({}), {} old", report.name, report.state.text(), age_of(report))),
        ("ring", format!("{slots} slots of {slot_size} bytes, {backend}, {fences} fences")),
        ("starts with", counted(*start_with, "consumer")),
        ("ends after", format!("{} ({} finished)", counted(*end_after, "producer"), report.finished)),
    ];
    if report.retain > 0 {
        lines.push(("retains", counted(report.retain, "message")));
    }
    if let Some(value_type) = &report.value_type {
        lines.push(("values", value_type.clone()));
    }
    let end = if report.ended { ", END included" } else { "" };
    let at = report.rate.map_or_else(String::new, |number| format!(", {}", rate(number)));
    lines.push(("published", format!("{}{end}{at}", report.published)));
    if let Some(held) = &report.held_up_by {
        // Zero: the wait is not the one of the sample before.
        let time = held.seconds.filter(|&time| time > 0.0).map(Duration::from_secs_f64);
        let time = time.map_or_else(String::new, |time| format!("; for at least {}", duration(time)));
        lines.push(("held up by", format!("{}{time}", held.text)));
    }
    lines.push(("write lock", report.lock_owner.map_or_else(|| "-".to_owned(), |owner| format!("producer {owner}"))));
    lines.push(("evicted", format!("{} consumers", report.evicted)));
    lines.push(("takeovers", format!("{} of the write lock", report.takeovers)));
    let mut text: String = lines.iter().map(|(key, value)| format!("{key:<12} {value}\n")).collect();
    text.push('\n');
    text.push_str(&participants(report));
    text
}

fn counted(count: u32, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The participants and the observers.
pub(crate) fn participants(report: &Report) -> String {
    let head = ["ROLE", "NUMBER", "STATE", "ACKNOWLEDGED", "LAG", "WAITS FOR", "PID", "COMMAND"];
    let rows = report.participants.iter().map(participant).chain(report.observers.iter().map(observer));
    columns(&head, &[1, 3, 4, 6], rows)
}

fn participant(one: &Participant) -> Vec<String> {
    vec![
        one.role.to_owned(),
        one.number.to_string(),
        one.state.to_owned(),
        or_dash(one.acknowledged),
        or_dash(one.lag),
        or_dash(one.waits_for.as_deref()),
        or_dash(one.pid),
        or_dash(one.command.as_deref()),
    ]
}

fn observer(one: &Observer) -> Vec<String> {
    let dash = || "-".to_owned();
    vec![
        "observer".to_owned(),
        dash(),
        "alive".to_owned(),
        dash(),
        dash(),
        dash(),
        one.pid.to_string(),
        one.command.clone(),
    ]
}
