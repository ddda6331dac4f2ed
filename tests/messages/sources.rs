//! The error types of the library, read from its sources: the compiler cannot list the variants of an enum that is
//! `non_exhaustive`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// All variants of all error types in `src/`. The command's error types are left out: they are private and have tests
/// beside them. So are those of the feature `tokio`, unless it is on.
pub fn error_variants() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    visit(&root, &mut found);
    found
}

fn visit(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("src/cli") {
            visit(&path, found);
        } else if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("async_"))
            && !cfg!(feature = "tokio")
        {
            // not built
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.extend(variants_in(&fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The variants of the error types in one file, in rustfmt's layout.
fn variants_in(text: &str) -> Vec<String> {
    let (mut variants, mut is_error, mut current) = (Vec::new(), false, None::<String>);
    for line in text.lines() {
        if let Some(kind) = &current {
            let name = line.strip_prefix("    ").map_or("", |rest| rest.split(['(', ' ', ',']).next().unwrap_or(""));
            if name.starts_with(|c: char| c.is_ascii_uppercase()) {
                variants.push(format!("{kind}::{name}"));
            } else if line == "}" {
                current = None;
            }
        } else if line.starts_with("#[derive(") {
            is_error = line.split(['(', ',', ')']).any(|derived| derived.trim() == "Error");
        } else if let Some(rest) = line.strip_prefix("pub enum ").filter(|_| is_error) {
            (current, is_error) = (Some(first_word(rest)), false);
        } else if let Some(rest) = line.strip_prefix("pub struct ").filter(|_| is_error) {
            variants.push(first_word(rest));
            is_error = false;
        }
    }
    variants
}

fn first_word(text: &str) -> String {
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

#[test]
fn sources_are_read_as_they_are_written() {
    let text = "\
#[derive(Debug, Error)]
#[non_exhaustive]
#[error(\"a\")]
pub enum First {
    /// One.
    #[error(\"b\")]
    One,
    Two(u32),
    Three {
        name: Name,
    },
}

#[derive(Clone, Error)]
#[error(
    \"c\"
)]
pub struct Second {
    Field: u32,
}

#[derive(Debug)]
pub enum NoError {
    Four,
}
";
    assert_eq!(variants_in(text), ["First::One", "First::Two", "First::Three", "Second"]);
}
