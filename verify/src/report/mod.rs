//! What people see of a run: labels, counterexamples, pages, progress and tables.

mod cause;
pub mod counterexample;
pub mod labels;
pub mod operations;
pub mod page;
pub mod pages;
pub mod picture;
pub mod progress;
mod property;
pub mod steps;
pub mod tables;

use crate::hook::Site;

/// The label of a site; its file and line if it has none, as all outside of `src/`.
pub fn label(site: Site) -> String {
    let found = if site.file.starts_with("src/") { labels::at(site.file, site.line) } else { None };
    found.map_or_else(|| site.to_string(), |found| found.label)
}

/// The text of a source file of this repository; `None` for another one.
fn text_of(file: &str) -> Option<String> {
    std::fs::read_to_string(labels::root().join(file)).ok()
}
