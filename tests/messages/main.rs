//! Every error text that a user can meet: what is wrong, why, and what would be right.
//!
//! A table has one line for each variant. Each enum has its table in a file of this folder. The test
//! `every_variant_is_in_a_table` reads the sources, and fails for a variant or an error type without a line.

mod channel;
mod mark;
mod protocol;
mod segment;
mod sources;

use std::collections::BTreeSet;
use std::error::Error;

/// The path of a variant, such as `SendError::TooLong`, and its text.
#[derive(Debug)]
struct Said {
    variant: String,
    text: String,
    expected: String,
}

/// A line of a table. The variant is taken from the value, so that a line cannot name another variant.
fn says<E: Error>(error: E, expected: &str) -> Said {
    let debug = format!("{error:?}");
    let first = debug.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let kind = std::any::type_name::<E>().rsplit("::").next().unwrap_or_default();
    // A struct's Debug begins with the struct's own name.
    let variant = if first == kind { kind.to_owned() } else { format!("{kind}::{first}") };
    Said { variant, text: error.to_string(), expected: expected.to_owned() }
}

fn tables() -> Vec<Said> {
    let all = [protocol::table(), segment::table(), mark::table(), channel::table(), channel::async_table()];
    all.into_iter().flatten().collect()
}

#[test]
fn every_text_is_the_one_in_its_table() {
    for Said { variant, text, expected } in tables() {
        assert_eq!(text, expected, "{variant}");
    }
}

#[test]
fn every_variant_is_in_a_table() {
    let tested: BTreeSet<String> = tables().into_iter().map(|said| said.variant).collect();
    let written = sources::error_variants();
    let missing: Vec<_> = written.difference(&tested).collect();
    assert!(missing.is_empty(), "no text of these is tested, see tests/messages/: {missing:?}");
    let gone: Vec<_> = tested.difference(&written).collect();
    assert!(gone.is_empty(), "the sources do not have these: {gone:?}");
}

/// Checks that each text is a single line, names something, and does not end in the middle of a sentence.
#[test]
fn every_text_is_one_plain_line() {
    for Said { variant, text, .. } in tables() {
        assert!(text.len() >= 10 && !text.contains('\n'), "{variant}: {text}");
        assert!(!text.ends_with([':', ';', ',', ' ']), "{variant}: {text}");
        assert!(
            text.starts_with(|c: char| c.is_lowercase() || c.is_ascii_digit() || matches!(c, '"' | '/')),
            "{variant}: {text}"
        );
    }
}
