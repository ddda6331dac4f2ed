//! The property that an execution violates.

use super::{counterexample::Counterexample, text_of};

/// The property that a message says to be violated: its tag, and the property in words.
fn property_of(message: &str) -> (&'static str, String) {
    const TAGS: [&str; 10] = ["S1", "S2", "S3", "S4", "S5", "L1", "L2", "C1", "C2", "C3"];
    const RACES: [&str; 3] = ["a data race", "Causality violation", "Concurrent "];
    const STUCK: [&str; 4] = ["deadlock", "goes round for ever", "maximum number of branches", "exceeded max_steps"];
    let told = TAGS.into_iter().find(|tag| message.contains(&format!("{tag}: ")));
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let tag = match told {
        Some(tag) => tag,
        None if has(&RACES) => "S1",
        None if has(&STUCK) => "L1",
        None => return ("", "what the scenario asserts".to_owned()),
    };
    (tag, property(tag).unwrap_or_else(|| tag.to_owned()))
}

/// A property in words, as the head of `src/lib.rs` has it.
pub fn property(tag: &str) -> Option<String> {
    let text = text_of("src/lib.rs")?;
    let mut rows = text.lines().filter_map(|line| line.strip_prefix("//! | ")).map(|row| row.split(" | "));
    rows.find_map(|mut cells| (cells.next() == Some(tag)).then(|| cells.next().map(str::to_owned))).flatten()
}

impl Counterexample {
    /// The property that is violated, in words.
    pub fn property(&self) -> String {
        let (tag, words) = property_of(&self.message);
        if !self.case.is_ours {
            // The property of another protocol is what its judge says.
            let said = || self.message.split_once(&format!("{tag}: ")).map(|(_, said)| said);
            return match (tag, said()) {
                ("", _) => words,
                (tag, Some(said)) => {
                    let end = said.find([':', '\n']).unwrap_or(said.len());
                    format!("{tag}: {}", &said[..end])
                }
                ("S1", None) => "no data race on plain memory".to_owned(),
                (_, None) => "no deadlock, no lost wake-up".to_owned(),
            };
        }
        if tag.is_empty() || words == tag { words } else { format!("{tag}: {words}") }
    }
}

#[test]
fn property_of_a_message_is_named() {
    assert_eq!(property_of("assertion `left == right` failed: C2: all that was published").0, "C2");
    assert_eq!(property_of("a data race: neither of row 1 and row 3").0, "S1");
    assert_eq!(property_of("deadlock: participants [0] wait").0, "L1");
    assert_eq!(property_of("index out of bounds").0, "");
    assert_eq!(property("S1").as_deref(), Some("no torn payload: no data race on any slot"));
    assert_eq!(property("S9"), None);
}
