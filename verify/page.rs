//! The tables of `docs/verification.md` that are written by a run, and whether they still match the code.

use std::fmt::Write as _;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verification.md");

/// A table: what stands around it in the page, its head, and of each row what must be there and what may change.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    pub head: &'static str,
    pub rows: Vec<(String, String)>,
}

impl Table {
    /// The page before, in and after the table.
    fn split<'a>(&self, page: &'a str) -> Option<[&'a str; 3]> {
        let (begin, end) = (format!("<!-- {} -->\n", self.name), format!("<!-- end of {} -->", self.name));
        let start = page.find(&begin)? + begin.len();
        let length = page[start..].find(&end)?;
        Some([&page[..start], &page[start..start + length], &page[start + length..]])
    }

    /// Whether the page has these rows and no others.
    fn is_in(&self, page: &str) -> Result<(), String> {
        let [_, there, _] = self.split(page).ok_or_else(|| format!("no place for {}", self.name))?;
        let there: Vec<_> = there.lines().filter(|line| line.starts_with("| `")).collect();
        let has = |key: &String| there.iter().any(|line| line.starts_with(key.as_str()));
        let missing: Vec<_> = self.rows.iter().map(|(key, _)| key).filter(|key| !has(key)).collect();
        let known = |line: &str| self.rows.iter().any(|(key, _)| line.starts_with(key.as_str()));
        let stale: Vec<_> = there.iter().filter(|line| !known(line)).collect();
        if missing.is_empty() && stale.is_empty() {
            return Ok(());
        }
        Err(format!("{}: missing {missing:#?}, stale {stale:#?}", self.name))
    }

    /// The page is up to date, or is made so: `ACKCAST_BLESS=1`.
    pub fn must_be_documented(&self) {
        let page = std::fs::read_to_string(PAGE).expect("the page is there");
        let Err(differs) = self.is_in(&page) else { return };
        assert!(std::env::var_os("ACKCAST_BLESS").is_some(), "{PAGE} (ACKCAST_BLESS=1 rewrites it): {differs}");
        let [before, _, after] = self.split(&page).expect("the page has a place for the table");
        std::fs::write(PAGE, format!("{before}{self}{after}")).expect("the page can be written");
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.head.matches('|').count() - 1;
        writeln!(f, "{}\n|{}", self.head, " --- |".repeat(columns))?;
        self.rows.iter().try_for_each(|(key, rest)| writeln!(f, "{key}{rest}"))
    }
}

/// Source text in a cell.
pub fn code(text: &str) -> String {
    let code = text.split("//").next().unwrap_or_default();
    format!("`{}`", code.trim().replace('|', "\\|"))
}

/// A row's text.
pub fn row(cells: &[&dyn std::fmt::Display]) -> String {
    let mut row = String::from("|");
    for cell in cells {
        let _ = write!(row, " {cell} |");
    }
    row
}

#[test]
fn a_page_that_no_longer_matches_is_noticed() {
    let row = |site: &str| (row(&[&code(site), &"Release"]), " fine |".to_owned());
    let table =
        Table { name: "sites", head: "| line | ordering | note |", rows: vec![row("a.store(1)"), row("b | c")] };
    let page = format!("text\n<!-- sites -->\n{table}<!-- end of sites -->\n| `other` | table |\n");
    assert_eq!(table.is_in(&page), Ok(()));
    let changed = page.replace("a.store(1)", "a.store(2)");
    let said = table.is_in(&changed).expect_err("the line is another one");
    assert!(
        said.contains("missing [\n    \"| `a.store(1)` | Release |\"") && said.contains("| `a.store(2)` |"),
        "{said}"
    );
    assert!(table.is_in(&page.replace("Release", "Relaxed")).is_err(), "the ordering is another one");
    assert!(table.is_in("text").is_err_and(|said| said == "no place for sites"));
}
