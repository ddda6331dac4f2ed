//! The labels of operations: their sites in `src/`, and their table in `src/protocol/mod.rs`.
//!
//! Documents identify a site by its label, not by line or text. So moving a line rewrites no document.

use std::path::Path;

/// The file that has the table.
const TABLE: &str = "src/protocol/mod.rs";

/// The root of the repository. (Two packages have this file: the crate in `verify/`, and the root's tests.)
pub fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().find(|folder| folder.join(TABLE).is_file()).expect("the package is in the repository")
}

/// A source file's text.
pub fn source(file: &str) -> String {
    let path = root().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

/// The text of a source file of this repository; `None` for another one.
pub fn text_of(file: &str) -> Option<String> {
    std::fs::read_to_string(root().join(file)).ok()
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The label.
    pub label: String,
    /// As [`Site::place`].
    pub site: String,
    /// The word, the operation, and the ordering.
    pub access: String,
    /// The labels on the other side of the edge.
    pub partner: String,
    /// What the edge carries, or what the access is for.
    pub carries: String,
}

/// The rows of the table in this text.
pub fn table(text: &str) -> Vec<Row> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | "));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    // `[E1](orderings::E1)` is E1.
    let label =
        |cell: &'_ str| cell.strip_prefix('[').and_then(|cell| cell.split(']').next()).unwrap_or(cell).to_owned();
    let labelled = cells.filter(|cells| cells.len() > 4 && is_label(&label(cells[0])));
    let row = |cells: Vec<&str>| {
        let [site, access, partner, carries] = std::array::from_fn(|place| cells[place + 1].to_owned());
        Row { label: label(cells[0]), site, access, partner, carries }
    };
    labelled.map(row).collect()
}

/// The rows of the project's table.
pub fn rows() -> Vec<Row> {
    table(&source(TABLE))
}

/// The label's access in words: "store Release of published".
pub fn access(label: &str) -> Option<String> {
    if label.contains('/') {
        return None;
    }
    let access = rows().into_iter().find(|row| row.label == label)?.access;
    Some(access.split_once(": ").map_or(access.clone(), |(word, operation)| format!("{operation} of {word}")))
}

/// What the label's operation carries. Where a row says "the same", it is what the row above carries.
pub fn carries(rows: &[Row], label: &str) -> Option<String> {
    let place = rows.iter().position(|row| row.label == label)?;
    let own = &rows[place].carries;
    let above = rows[..place].iter().rev().find(|row| !row.carries.starts_with("the same"));
    Some(match above {
        Some(above) if own.starts_with("the same") => own.replacen("the same", &above.carries, 1),
        _ => own.clone(),
    })
}

/// `E7a`, `X10`, `J`: a letter, perhaps a number, perhaps a letter.
fn is_label(word: &str) -> bool {
    let Some(number) = word.strip_prefix(|c: char| "EFRXHDKPCJN".contains(c)) else { return false };
    let digits = number.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let suffix = number.len() - digits.len();
    match word.as_bytes()[0] {
        b'J' | b'N' => number.is_empty(),
        _ => !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && suffix <= 1,
    }
}

/// The label at the beginning of a comment's text, before ` (` or `:`.
fn label_of(comment: &str) -> Option<&str> {
    let end = comment.find([' ', ':'])?;
    let (word, rest) = comment.split_at(end);
    (is_label(word) && (rest.starts_with(':') || rest.starts_with(" ("))).then_some(word)
}

/// The label of the operation in this line of a text, counted from 1: in a comment behind it, or just above it.
pub fn label_at<'a>(lines: &[&'a str], line: usize) -> Option<&'a str> {
    let behind = lines[line - 1].split_once("// ").and_then(|(_, comment)| label_of(comment));
    let above = lines[..line - 1].iter().rev().map_while(|line| line.trim_start().strip_prefix("// "));
    behind.or_else(|| above.filter_map(label_of).next())
}

/// The function that this line is in, as `file::function`.
pub fn place_of(file: &str, lines: &[&str], line: usize) -> String {
    let stem = Path::new(file).file_stem().expect("a file has a name").to_string_lossy();
    let name = |line: &str| {
        let (before, rest) = line.split_once("fn ")?;
        let is_head =
            before.trim_start().split(' ').all(|word| ["", "pub", "pub(super)", "const", "unsafe"].contains(&word));
        let end = rest.find(['(', '<'])?;
        is_head.then(|| rest[..end].to_owned())
    };
    // A participant of a model has a name, too: `"producer" => |s, m| {`.
    let participant = |line: &str| {
        let (name, _) = line.trim_start().strip_prefix('"')?.split_once("\" => |")?;
        Some(name.to_owned())
    };
    let found = lines[..line].iter().rev().find_map(|line| name(line).or_else(|| participant(line)));
    let function = found.unwrap_or_default();
    format!("{stem}::{function}")
}

/// The statement that this line belongs to, without its comments, on one line.
pub fn statement(lines: &[&str], line: usize) -> String {
    let code = |line: &str| line.split("//").next().unwrap_or_default().trim().to_owned();
    let mut text = code(lines[line - 1]);
    // A method in a chain begins with what it is called on.
    for before in lines[..line - 1].iter().rev() {
        if !text.starts_with('.') {
            break;
        }
        text = format!("{}{text}", code(before));
    }
    // An open bracket ends below.
    for after in &lines[line..] {
        let depth = |open: char, close: char| text.matches(open).count() > text.matches(close).count();
        if !depth('(', ')') || text.ends_with('{') || text.len() > 200 {
            break;
        }
        let space = if text.ends_with(',') { " " } else { "" };
        text = format!("{text}{space}{}", code(after));
    }
    text.replace(", )", ")").replace(",)", ")")
}

#[test]
fn statement_is_found_across_lines() {
    let text =
        "let a = self\n    // E1 (Release): why.\n    .word\n    .store(1, Release);\nf(\n    1, // one\n    2,\n);";
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(statement(&lines, 4), "let a = self.word.store(1, Release);");
    assert_eq!(statement(&lines, 5), "f(1, 2);");
}

/// An operation in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The label.
    pub label: String,
    /// Its file and function: `registry::evict`.
    pub place: String,
}

/// The site in this line of a file.
pub fn at(file: &str, line: u32) -> Option<Site> {
    let text = source(file);
    let lines: Vec<_> = text.lines().collect();
    let (line, place) = (line as usize, place_of(file, &lines, line as usize));
    label_at(&lines, line).map(|label| Site { label: label.to_owned(), place })
}
