//! The functions and statuses of the header.

use crate::build::{self, finished};
use crate::{programs, root};
use libtest_mimic::Failed;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

fn header() -> String {
    fs::read_to_string(root().join("include/ackcast.h")).unwrap()
}

/// The names of all statuses.
pub fn statuses() -> BTreeSet<String> {
    let header = header();
    let body = header.split("enum ackcast_status_t").nth(1).unwrap().split("};").next().unwrap();
    let names = body.lines().filter_map(|line| Some(line.trim().strip_suffix(',')?.split_once(" = ")?.0.to_owned()));
    names.collect()
}

/// The names of all functions.
fn functions() -> BTreeSet<String> {
    let header = header();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let declared =
        header.lines().filter(|line| !line.starts_with([' ', '#', '/'])).filter_map(|line| line.split_once('('));
    declared.filter_map(|(before, _)| before.rsplit(|c| !is_part(c)).next()).map(str::to_owned).collect()
}

/// The shared library exports these functions, and nothing else.
pub fn exports_are_the_header() -> Result<(), Failed> {
    let library = build::built().join("libackcast.so");
    let printed = finished(Command::new("nm").args(["-D", "--defined-only", "--format=posix"]).arg(library))?;
    let exported: BTreeSet<_> = printed.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    let declared = functions();
    if exported == declared && declared.len() > 40 {
        return Ok(());
    }
    let difference: Vec<_> = exported.symmetric_difference(&declared).collect();
    Err(format!("only exported, or only declared, of {}: {difference:?}", declared.len()).into())
}

/// A program calls each function.
pub fn every_function_is_called() -> Result<(), Failed> {
    let texts: String = programs().iter().map(|source| fs::read_to_string(source).unwrap()).collect();
    let missing: Vec<_> = functions().into_iter().filter(|name| !texts.contains(&format!("{name}("))).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("no program calls {missing:?}").into()) }
}
