//! The tables of `docs/tables/`: written by a run, and compared with the code by every run.

use std::fmt::Write as _;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/tables");

/// A page with a table. Each row has a key, which must match the page, and a rest, which may change.
#[derive(Debug)]
pub struct Table {
    /// The page's file name, without its extension.
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// The head of its table.
    pub head: &'static str,
    /// The rows: the key, and the rest.
    pub rows: Vec<(String, String)>,
}

impl Table {
    /// Checks that the page has these rows and no others.
    fn is_in(&self, page: &str) -> Result<(), String> {
        let lines: Vec<_> = page.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
        let has = |key: &String| lines.iter().any(|line| line.starts_with(key.as_str()));
        let missing: Vec<_> = self.rows.iter().map(|(key, _)| key).filter(|key| !has(key)).collect();
        let known = |line: &str| self.rows.iter().any(|(key, _)| line.starts_with(key.as_str()));
        let stale: Vec<_> = lines.iter().filter(|line| !known(line)).collect();
        if missing.is_empty() && stale.is_empty() {
            return Ok(());
        }
        Err(format!("{}: missing {missing:#?}, stale {stale:#?}", self.name))
    }

    /// Fails if the page is out of date; `ACKCAST_BLESS=1` rewrites it instead.
    pub fn must_be_documented(&self) {
        let Err(differs) = self.is_in(&read(self.name)) else { return };
        let name = self.name;
        assert!(std::env::var_os("ACKCAST_BLESS").is_some(), "{name}.md (ACKCAST_BLESS=1 rewrites it): {differs}");
        write(self.name, &self.to_string());
    }
}

/// The page of this name; empty if there is none.
pub fn read(name: &str) -> String {
    std::fs::read_to_string(format!("{FOLDER}/{name}.md")).unwrap_or_default()
}

/// Writes the page of this name.
pub fn write(name: &str, page: &str) {
    std::fs::create_dir_all(FOLDER).expect("the folder can be made");
    std::fs::write(format!("{FOLDER}/{name}.md"), page).expect("the page can be written");
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.head.matches('|').count() - 1;
        let written = "Written by `ACKCAST_BLESS=1 cargo test --test verify every_mutant`.";
        let labels = "The labels are those of [`src/protocol/mod.rs`](../../src/protocol/mod.rs).";
        writeln!(f, "# {}\n\n{written}\n{labels}\n", self.title)?;
        writeln!(f, "{}\n|{}", self.head, " --- |".repeat(columns))?;
        self.rows.iter().try_for_each(|(key, rest)| writeln!(f, "{key}{rest}"))
    }
}

/// The cells of a row as text.
pub fn row(cells: &[&dyn std::fmt::Display]) -> String {
    let mut row = String::from("|");
    for cell in cells {
        let _ = write!(row, " {cell} |");
    }
    row
}

#[test]
fn outdated_page_is_noticed() {
    let row = |label: &str| (row(&[&label, &"Release"]), " fine |".to_owned());
    let rows = vec![row("E1"), row("J")];
    let table = Table { name: "sites", title: "Sites", head: "| label | ordering | note |", rows };
    let page = table.to_string();
    assert_eq!(table.is_in(&page), Ok(()));
    assert_eq!(table.is_in(&page.replace("fine", "good")), Ok(()), "the end of a row may change");
    let said = table.is_in(&page.replace("| E1", "| E2")).expect_err("the label is another one");
    assert!(said.contains("missing [\n    \"| E1 | Release |\"") && said.contains("| E2 |"), "{said}");
    assert!(table.is_in(&page.replace("Release", "Relaxed")).is_err(), "the ordering is another one");
    assert!(table.is_in("").is_err(), "there is no page");
}
