//! The labels of operations: their sites in `src/`, and their table in `src/protocol/mod.rs`.
//!
//! Documents identify a site by its label, not by line or text. So moving a line rewrites no document.

use std::path::Path;

/// The file that has the table.
pub const TABLE: &str = "src/protocol/mod.rs";

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

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The label.
    pub label: String,
    /// As [`Site::place`].
    pub site: String,
    /// The word, the operation, and the ordering.
    pub access: String,
}

/// The cells of the table's rows in this text: label, site, access, partner, and what is carried.
pub fn cells(text: &str) -> Vec<[String; 5]> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | "));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    let five = cells.filter(|cells| cells.len() > 4).map(|cells| std::array::from_fn(|place| cells[place].to_owned()));
    let labelled = five.map(|[label, rest @ ..]: [String; 5]| {
        // `[E1](orderings::E1)` is E1.
        let name = label.strip_prefix('[').and_then(|cell| cell.split(']').next()).unwrap_or(&label).to_owned();
        let [site, access, partner, carries] = rest;
        [name, site, access, partner, carries]
    });
    labelled.filter(|cells| is_label(&cells[0])).collect()
}

/// The rows of the table in this text.
pub fn table(text: &str) -> Vec<Row> {
    cells(text).into_iter().map(|[label, site, access, ..]| Row { label, site, access }).collect()
}

/// The rows of the project's table.
pub fn rows() -> Vec<Row> {
    table(&source(TABLE))
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
