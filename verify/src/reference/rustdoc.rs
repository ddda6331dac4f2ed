//! `docs/orderings/labels.rs`: the labels as items of the library's documentation, so that the table in
//! `src/protocol/mod.rs` can link to them. rustdoc alone compiles it.

use super::{
    certificate::{Fate, Killed, change},
    orderings::{breaks, no_mutant, question, with_links},
};
use crate::report::{
    labels::{self, Row},
    operations,
};
use std::{collections::BTreeMap, fmt::Write as _};

/// An item's documentation.
fn item(row: &Row, fates: &[&Fate]) -> String {
    let Row { label, site, access, .. } = row;
    let [partner, carries] = [operations::partner(label), operations::carries(label)].map(Option::unwrap_or_default);
    let (file, statement) = operations::of(row);
    let source = file.strip_prefix("src/").unwrap_or(file);
    let mut text = format!("{label}: {access}. {}\n\n```text\n{statement}\n```\n\n", question(row));
    let or_none =
        |text: &str| if text.is_empty() { "none".to_owned() } else { with_links(text, |label| format!("[{label}]")) };
    let _ = writeln!(text, "| | |\n| --- | --- |");
    let _ = writeln!(text, "| site | [`{site}`](../../../../src/ackcast/{source}.html) |");
    let _ = writeln!(text, "| partner | {} |\n| carries | {} |", or_none(&partner), or_none(&carries));
    for fate in fates {
        let change = change(fate.mutant.operator);
        let _ = match (&fate.killed, fate.excuse) {
            (Some(Killed { counterexample: Some(found), .. }), _) => {
                writeln!(text, "| {change} | breaks {}: {} steps |", breaks(fate), found.len())
            }
            (Some(_), _) => writeln!(text, "| {change} | breaks: {} |", breaks(fate)),
            (None, excuse) => {
                writeln!(text, "| {change} | would do: {} |", excuse.map_or("", |excuse| excuse.reason))
            }
        };
    }
    if fates.is_empty() {
        let _ = writeln!(text, "\n{}", no_mutant(row));
    }
    let _ =
        writeln!(text, "\n`docs/orderings/{label}.md` in the repository has the executions, step by step and drawn.");
    text
}

/// The file.
pub fn file(fates: &BTreeMap<String, Vec<&Fate>>) -> String {
    let mut text = String::from(
        "//! Why each operation is as it is: an item for each label of [the table](super#labels). This is a part of the\n\
         //! documentation alone: no code can name it.\n//!\n\
         //! `docs/orderings/` in the repository has the executions. `verify` writes this file, and checks it.\n\
         #![allow(non_snake_case)]\n",
    );
    for row in labels::rows() {
        let of_label = fates.get(&row.label).map(Vec::as_slice).unwrap_or_default();
        text.push('\n');
        for line in item(&row, of_label).lines() {
            let _ = writeln!(text, "{}", format!("/// {line}").trim_end());
        }
        let _ = writeln!(text, "pub mod {} {{}}", row.label);
    }
    text
}
