//! The pages: each link leads somewhere, each page is linked, and each variable is documented.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The width that prose is wrapped at. Tables, code and links that are longer than a line are not prose.
const WIDTH: usize = 120;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The files below `path` with this extension, or all of them. Build output is left out.
fn files(path: &Path, extension: Option<&str>) -> Vec<PathBuf> {
    if path.is_file() {
        let matches = extension.is_none_or(|wanted| path.extension().is_some_and(|found| found == wanted));
        return if matches { vec![path.to_owned()] } else { vec![] };
    }
    if !path.is_dir() || path.ends_with("target") {
        return vec![];
    }
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|entry| files(&entry, extension)).collect()
}

fn pages() -> Vec<PathBuf> {
    let places = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs", "verify"];
    places.iter().flat_map(|place| files(&root().join(place), Some("md"))).collect()
}

/// A page without its blocks of code.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    page.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

/// The targets of a page's links and images.
fn links(page: &str) -> Vec<&str> {
    let targets = prose(page).flat_map(|line| line.split("](").skip(1));
    targets.filter_map(|rest| rest.split(')').next()).collect()
}

/// The anchor that a forge gives to a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|&c| c.is_alphanumeric() || c == '-' || c == '_').collect()
}

/// Why a link of the page in `file` leads nowhere.
fn broken(file: &Path, page: &str, link: &str) -> Option<String> {
    if link.starts_with("https://") {
        return None;
    }
    let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() { file.to_owned() } else { file.parent()?.join(path) };
    if !target.exists() {
        return Some(format!("{}: there is no {link}", file.display()));
    }
    let text = if path.is_empty() { page.to_owned() } else { fs::read_to_string(&target).unwrap_or_default() };
    let mut headings = prose(&text).filter_map(|line| line.strip_prefix('#'));
    let found = fragment.is_empty() || headings.any(|line| anchor(line.trim_start_matches('#').trim()) == fragment);
    (!found).then(|| format!("{}: there is no heading for {link}", file.display()))
}

/// The names of environment variables in a text.
fn variables(text: &str) -> BTreeSet<String> {
    let prefix = concat!("ACKCAST", "_");
    let names = text.split(prefix).skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(rest.len());
        format!("{prefix}{}", &rest[..end])
    });
    names.filter(|name| name.len() > prefix.len()).collect()
}

/// The lines of a page that are wider than they may be.
fn wide(page: &str) -> Vec<&str> {
    let may_be_wide = |line: &str| line.starts_with('|') || line.starts_with("![") || !line.trim().contains(' ');
    prose(page).filter(|line| line.chars().count() > WIDTH && !may_be_wide(line)).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    assert!(pages.len() > 8, "{pages:?}");
    let mut count = 0;
    let mut faults = Vec::new();
    for file in pages {
        let page = read(&file);
        let links = links(&page);
        count += links.len();
        faults.extend(links.iter().filter_map(|link| broken(&file, &page, link)));
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(count > 50, "only {count} links were found");
}

#[test]
fn every_page_is_linked_from_the_index_and_the_readme() {
    let docs = root().join("docs");
    let names = |file: PathBuf| file.file_name().unwrap().to_str().unwrap().to_owned();
    let pages: Vec<_> = fs::read_dir(&docs).unwrap().map(|entry| entry.unwrap().path()).collect();
    let pages = pages.into_iter().filter(|file| file.extension().is_some_and(|found| found == "md")).map(names);
    let (index, readme) = (read(&docs.join("README.md")), read(&root().join("README.md")));
    let (index, readme) = (links(&index), links(&readme));
    for page in pages {
        assert!(readme.iter().any(|link| link.starts_with(&format!("docs/{page}"))), "README.md: no link to {page}");
        assert!(page == "README.md" || index.contains(&&*page), "docs/README.md: no link to {page}");
    }
}

#[test]
fn every_variable_is_in_the_table_of_contributing() {
    let places = ["src", "tests", "verify", "examples", ".ci", ".cargo"];
    let sources = places.iter().flat_map(|place| files(&root().join(place), None));
    let sources = sources.filter(|file| file.extension().is_none_or(|kind| kind == "rs" || kind == "toml"));
    let used: BTreeSet<_> = sources.flat_map(|file| variables(&read(&file))).collect();
    let page = read(&root().join("CONTRIBUTING.md"));
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let documented: BTreeSet<_> = rows.flat_map(variables).collect();
    assert_eq!(documented, used, "left: the table of CONTRIBUTING.md; right: the sources");
    assert!(used.len() > 10, "{used:?}");
}

#[test]
fn prose_is_wrapped() {
    let left_out = |file: &PathBuf| file.starts_with(root().join("docs/tables"));
    let mut faults = Vec::new();
    for file in pages().into_iter().filter(|file| !left_out(file)) {
        let page = read(&file);
        faults.extend(wide(&page).into_iter().map(|line| format!("{}: {line}", file.display())));
    }
    assert!(faults.is_empty(), "wider than {WIDTH}: {faults:#?}");
}

#[test]
fn broken_link_is_noticed() {
    let file = root().join("docs/README.md");
    let page =
        "# Some `code` here\n[a](no.md) [b](../README.md#no) [c](#some-code-here) [d](../README.md) ![e](no.svg)";
    let faults: Vec<_> = links(page).into_iter().filter_map(|link| broken(&file, page, link)).collect();
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(faults[0].ends_with("there is no no.md") && faults[1].ends_with("there is no heading for ../README.md#no"));
    assert_eq!(links("```text\n[a](no.md)\n```\n"), [""; 0], "code is no link");
}

#[test]
fn wide_prose_is_noticed() {
    let word = "word ".repeat(30);
    let (table, link) = (format!("| {word} |"), format!("[{}](https://example.org)", "x".repeat(200)));
    assert_eq!(wide(&format!("short\n{word}\n{table}\n{link}\n```\n{word}\n```")), [word.as_str()]);
}

#[test]
fn variable_is_found_wherever_it_stands() {
    let [one, two] = ["ONE", "TWO_PARTS"].map(|name| format!("{}_{name}", "ACKCAST"));
    let text = format!("\"{one}\" and `{two}=3`, but not {}_*", "ACKCAST");
    assert_eq!(variables(&text), BTreeSet::from([one, two]));
}
