//! Runs each litmus test on real threads, and prints how often the outcome that is asked about was seen:
//! `cargo run --release -p ackcast-verify --example litmus`. With `-- --bless` it writes docs/litmus.md.

use ackcast_verify::litmus::{
    machine::{self, Counts},
    page, tests,
};
use std::process::ExitCode;

/// Rounds of each test: on x86-64, store buffering is seen in thousands of them.
const ROUNDS: usize = 200_000;

fn main() -> ExitCode {
    let (tests, mut counts) = (tests(), Counts::new());
    println!("{}", machine::describe());
    for test in &tests {
        let count = machine::run(test, ROUNDS);
        println!("{:<40} {:<22} {:<10} {count}", test.name, test.asked, format!("{:?}", test.standard));
        counts.insert(test.name, count);
    }
    let faults = machine::faults(&tests, &counts);
    faults.iter().for_each(|fault| eprintln!("{fault}"));
    let bless = std::env::args().any(|argument| argument == "--bless") || std::env::var_os("ACKCAST_BLESS").is_some();
    if faults.is_empty() && bless {
        page::write(&page::page(&page::judged(), &page::Shown::new(machine::describe(), &counts)));
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
