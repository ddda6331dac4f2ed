//! What people see of a run: labels, counterexamples, pages, progress and tables.

pub mod counterexample;
pub mod labels;
pub mod operations;
pub mod page;
pub mod pages;
pub mod picture;
pub mod progress;
pub mod steps;
pub mod tables;

use crate::hook::Site;

/// The label of a site; its file and line if it has none, as all outside of `src/`.
pub fn label(site: Site) -> String {
    let found = if site.file.starts_with("src/") { labels::at(site.file, site.line) } else { None };
    found.map_or_else(|| site.to_string(), |found| found.label)
}
