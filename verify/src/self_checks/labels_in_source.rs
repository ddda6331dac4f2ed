//! Whether the labels in the source are those of the table: complete, unique, in the same functions, with the same
//! orderings.

use crate::report::{
    labels::{Row, label_at, place_of, root, rows, source},
    operations::{FILES, OPERATIONS},
};
use std::path::Path;

/// The faults in the labels of a file: an operation without a label, a label that the table lacks or describes
/// otherwise. Adds the labels found to `seen`.
fn faults(file: &str, text: &str, table: &[Row], seen: &mut Vec<String>) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines: Vec<_> = code.lines().collect();
    let mut faults = Vec::new();
    for (number, line) in (1..).zip(&lines) {
        let code = line.split("//").next().unwrap_or_default();
        for (_, operation) in OPERATIONS.iter().filter(|(pattern, _)| code.contains(pattern)) {
            let fault = |what: &str| format!("{file}:{number}: {what}: {}", line.trim());
            let Some(label) = label_at(&lines, number) else {
                faults.push(fault("no label"));
                continue;
            };
            if seen.iter().any(|other| other == label) {
                faults.push(fault(&format!("the second {label}")));
            }
            seen.push(label.to_owned());
            let Some(row) = table.iter().find(|row| row.label == label) else {
                faults.push(fault(&format!("the table has no {label}")));
                continue;
            };
            if row.site != place_of(file, &lines, number) {
                faults.push(fault(&format!("the table has {label} at {}", row.site)));
            }
            const ORDERINGS: [&str; 5] = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];
            let ordering = ORDERINGS.iter().find(|ordering| row.access.ends_with(**ordering));
            let same_order = ordering.is_none_or(|ordering| code.contains(ordering));
            if !row.access.contains(operation) || !same_order {
                faults.push(fault(&format!("the table has {label} as {}", row.access)));
            }
            let comment = lines[..number].iter().rev().find(|line| line.contains(&format!("// {label} (")));
            let says = |ordering: &&str| comment.is_some_and(|line| line.contains(&format!("({ordering}")));
            if !ordering.is_none_or(says) {
                faults.push(fault(&format!("the comment of {label} has another ordering")));
            }
        }
    }
    faults
}

/// The faults in the labels of these files, together.
fn all_faults(files: &[(&str, String)], table: &[Row]) -> Vec<String> {
    let mut seen = Vec::new();
    let mut found: Vec<_> = files.iter().flat_map(|(file, text)| faults(file, text, table, &mut seen)).collect();
    let missing = table.iter().filter(|row| !seen.contains(&row.label));
    found.extend(missing.map(|row| format!("no site has {}", row.label)));
    found
}

fn files() -> Vec<(&'static str, String)> {
    FILES.map(|file| (file, source(file))).into()
}

#[test]
fn labels_are_unique_complete_and_as_the_table_says() {
    let faults = all_faults(&files(), &rows());
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The files below a folder.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path.strip_prefix(root()).expect("it is below").to_string_lossy().into_owned());
        }
    }
}

#[test]
fn no_other_file_has_operations_on_the_layer() {
    let mut found = vec!["src/lock.rs".to_owned(), "src/signal.rs".to_owned(), "src/timer.rs".to_owned()];
    sources(&root().join("src/protocol"), &mut found);
    for file in found.iter().filter(|file| !FILES.contains(&file.as_str())) {
        let faults = faults(file, &source(file), &[], &mut Vec::new());
        assert!(faults.is_empty(), "add {file} to FILES: {faults:#?}");
    }
}

/// The lines of the typed API that order or ask for themselves what the protocol has labels for.
fn unlabelled(text: &str) -> Vec<&str> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let bypasses = |line: &&str| {
        let code = line.split("//").next().unwrap_or_default();
        const CALLS: [&str; 6] = [".is_alive(", ".claim(", ".release(", "_fence(", ".park(", ".wake("];
        let asks = code.contains("layer(") && CALLS.iter().any(|call| code.contains(call));
        asks || code.contains(" fence(") || code.contains("(fence(")
    };
    code.lines().filter(bypasses).collect()
}

#[test]
fn typed_api_has_no_operations_of_its_own() {
    let mut found = Vec::new();
    sources(&root().join("src/channel"), &mut found);
    for file in found {
        let text = source(&file);
        let lines = unlabelled(&text);
        assert!(lines.is_empty(), "{file} bypasses the labels of src/protocol/: {lines:#?}");
    }
    let bypasses = ["x(layer(channel).is_alive(3));", "    fence(Ordering::SeqCst);", "layer(c).light_fence(SeqCst)"];
    for line in bypasses {
        assert_eq!(unlabelled(line), [line], "it is noticed");
    }
    assert!(unlabelled("layer(channel).now() // fence(SeqCst)\nchannel.is_alive(3)").is_empty());
}

#[test]
fn faulty_labels_are_found() {
    let (files, table) = (files(), rows());
    let says = |file: &str, from: &str, to: &str, what: &str| {
        let mut files = files.clone();
        let (_, text) = files.iter_mut().find(|(name, _)| *name == file).expect("it is a file of ours");
        assert!(text.contains(from), "{file} has no {from:?}");
        *text = text.replacen(from, to, 1);
        let faults = all_faults(&files, &table);
        assert!(faults.iter().any(|fault| fault.contains(what)), "{what}: {faults:#?}");
    };
    says("src/signal.rs", "// F1 (", "// (", "no label");
    says("src/signal.rs", "// F3 (", "// F2 (", "the second F2");
    says("src/signal.rs", "// F3 (", "// F9 (", "the table has no F9");
    says("src/signal.rs", "// F3 (", "// F9 (", "no site has F3");
    says("src/signal.rs", "fn notify_parked", "fn other", "the table has R1 at signal::notify_parked");
    says("src/signal.rs", "NOTIFIED, Release,", "NOTIFIED, Relaxed,", "the table has R1 as signal: exchange Release");
    says("src/lock.rs", "// E8 (Release)", "// E8 (Acquire)", "the comment of E8 has another ordering");
    says("src/lock.rs", ".swap(FREE", ".load(FREE", "the table has E8 as lock: swap Release");
}
