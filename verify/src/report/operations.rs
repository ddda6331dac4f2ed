//! The operations on what processes share: where they stand, how a line shows them, and where a label's one is.

use super::labels::{Row, label_at, place_of, source, statement};

/// The files whose operations other processes see.
pub const FILES: [&str; 11] = [
    "src/lock.rs",
    "src/signal.rs",
    "src/protocol/mod.rs",
    "src/protocol/consumer.rs",
    "src/protocol/consumer/message.rs",
    "src/protocol/producer.rs",
    "src/protocol/producer/await_room.rs",
    "src/protocol/producer/free_slot.rs",
    "src/protocol/producer/prepared.rs",
    "src/protocol/producer/write_lock.rs",
    "src/protocol/registry.rs",
];

/// An operation on the layer: its text in the source, and its name in the table.
pub const OPERATIONS: [(&str, &str); 20] = [
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
