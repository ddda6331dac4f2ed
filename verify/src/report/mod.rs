//! What people see of a run: labels, pictures, progress, pages and tables.

pub mod labels;
pub mod pages;
pub mod picture;
pub mod progress;
pub mod tables;

use crate::hook::Site;

/// The label of a site; its file and line if it has none, as all outside of `src/`.
pub fn label(site: Site) -> String {
    let found = if site.file.starts_with("src/") { labels::at(site.file, site.line) } else { None };
    found.map_or_else(|| site.to_string(), |found| found.label)
}
