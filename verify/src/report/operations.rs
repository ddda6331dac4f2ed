//! The operations on what processes share: where they stand, how a line shows them, where a label's one is, and what it
//! is for.

use super::labels::{Row, TABLE, cells, label_at, place_of, source};

/// The files whose operations other processes see.
pub const FILES: [&str; 13] = [
    "src/lock.rs",
    "src/signal.rs",
    "src/protocol/mod.rs",
    "src/protocol/consumer.rs",
    "src/protocol/consumer/message.rs",
    "src/protocol/observe.rs",
    "src/protocol/producer.rs",
    "src/protocol/producer/await_room.rs",
    "src/protocol/producer/free_slot.rs",
    "src/protocol/producer/prepared.rs",
    "src/protocol/producer/write_lock.rs",
    "src/protocol/progress.rs",
    "src/protocol/registry.rs",
];

/// An operation on the layer: its text in the source, and its name in the table.
pub const OPERATIONS: [(&str, &str); 23] = [
    (".load(", "load"),
    (".load_owned(", "load owned"),
    (".store(", "store"),
    (".swap(", "swap"),
    (".compare_exchange(", "exchange"),
    (".light_fence(", "light fence"),
    (".heavy_fence(", "heavy fence"),
    ("storage.read(", "read"),
    ("storage.write(", "write"),
    ("layer.claim(", "claim"),
    ("layer.is_alive(", "is_alive"),
    ("layer.release(", "release"),
    ("layer.park(", "park"),
    ("layer.wake(", "wake"),
    ("lock.acquire(layer", "acquire"),
    ("lock.inherit(layer", "inherit"),
    ("lock.release(layer", "release"),
    (".wait(&self.channel.layer", "wait"),
    ("::notify_all(&self", "notify_all"),
    (".ask(&self.channel.layer", "ask"),
    (".await_told(&self.layer", "await_told"),
    (".end_ask(&self.channel.layer", "end_ask"),
    (".reset(&self", "reset"),
];

/// Where the operation of a label stands: its file, and its statement.
///
/// # Panics
/// No file has it.
pub fn of(row: &Row) -> (&'static str, String) {
    let found = FILES.into_iter().find_map(|file| {
        let text = source(file);
        let lines: Vec<_> = text.lines().collect();
        let is_it = |&line: &usize| {
            let code = lines[line - 1].split("//").next().unwrap_or_default();
            let has_operation = OPERATIONS.iter().any(|(pattern, _)| code.contains(pattern));
            has_operation && label_at(&lines, line) == Some(&row.label) && place_of(file, &lines, line) == row.site
        };
        (1..=lines.len()).find(is_it).map(|line| (file, statement(&lines, line)))
    });
    found.unwrap_or_else(|| panic!("no file has {} at {}", row.label, row.site))
}

/// The row of a label in the table: label, site, access, partner, and what is carried. Where a row says "the same", that
/// is what the row above carries.
fn row(label: &str) -> Option<[String; 5]> {
    let mut above = String::new();
    for [name, site, access, partner, mut carries] in cells(&source(TABLE)) {
        if carries.starts_with("the same") {
            carries = carries.replacen("the same", &above, 1);
        } else {
            above.clone_from(&carries);
        }
        if name == label {
            return Some([name, site, access, partner, carries]);
        }
    }
    None
}

/// The labels on the other side of the label's edge, as the table has them.
pub fn partner(label: &str) -> Option<String> {
    row(label).map(|[.., partner, _]| partner)
}

/// What the label's operation carries, if anything.
pub fn carries(label: &str) -> Option<String> {
    row(label).map(|[.., carries]| carries).filter(|carries| !carries.is_empty())
}

/// The label's access in words: "store Release of published".
pub fn access(label: &str) -> Option<String> {
    let [_, _, access, ..] = row(label)?;
    Some(access.split_once(": ").map_or(access.clone(), |(word, operation)| format!("{operation} of {word}")))
}

/// The statement that this line belongs to, without its comments, on one line.
pub fn statement(lines: &[&str], line: usize) -> String {
    let code = |line: &str| line.split("//").next().unwrap_or_default().trim().to_owned();
    let mut text = code(lines[line - 1]);
    // A method in a chain begins with what it is called on.
    for before in lines[..line - 1].iter().rev() {
        if !text.starts_with('.') {
            break;
        }
        text = format!("{}{text}", code(before));
    }
    // An open bracket ends below.
    for after in &lines[line..] {
        let depth = |open: char, close: char| text.matches(open).count() > text.matches(close).count();
        if !depth('(', ')') || text.ends_with('{') || text.len() > 200 {
            break;
        }
        let space = if text.ends_with(',') { " " } else { "" };
        text = format!("{text}{space}{}", code(after));
    }
    text.replace(", )", ")").replace(",)", ")")
}

#[test]
fn statement_is_found_across_lines() {
    let text =
        "let a = self\n    // E1 (Release): why.\n    .word\n    .store(1, Release);\nf(\n    1, // one\n    2,\n);";
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(statement(&lines, 4), "let a = self.word.store(1, Release);");
    assert_eq!(statement(&lines, 5), "f(1, 2);");
}

#[test]
fn row_that_says_the_same_carries_what_the_row_above_carries() {
    assert_eq!(carries("E2a"), carries("E1"));
    assert!(carries("N").is_some_and(|carries| carries.ends_with("the fence is F2, after E1")), "{:?}", carries("N"));
    assert_eq!((carries("H3").is_some(), carries("P1"), partner("E2a").as_deref()), (true, None, Some("E1")));
    assert_eq!(access("E1").as_deref(), Some("store Release of published"));
    assert_eq!(access("verify/gallery/a.rs:3"), None);
}
