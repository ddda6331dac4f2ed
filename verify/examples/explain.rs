//! Explains a label, a mutant or a protocol that fails: prints its counterexample, and writes a page that steps through
//! it.
//!
//! ```text
//! cargo run --release -p ackcast-verify --example explain -- E1
//! cargo run --release -p ackcast-verify --example explain -- --list
//! ```

use ackcast_verify::{
    reference::explain::{Explained, explain, names},
    report::picture,
};
use std::{fs, process::ExitCode};

const USAGE: &str = "usage: explain <label | mutant | gallery entry | course/step>...   such as E1, E1-relaxed, \
                     flag_before_payload\n       explain --list   names all, one a line";

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    match wanted.first().map(String::as_str) {
        None | Some("--help" | "-h") => {
            eprintln!("{USAGE}");
            return if wanted.is_empty() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
        Some("--list") => {
            names().iter().for_each(|name| println!("{name}"));
            return ExitCode::SUCCESS;
        }
        Some(option) if option.starts_with('-') => {
            eprintln!("there is no option {option}\n{USAGE}");
            return ExitCode::from(2);
        }
        Some(_) => {}
    }
    let folder = picture::directory().join("pages");
    if let Err(error) = fs::create_dir_all(&folder) {
        eprintln!("the folder {} cannot be made: {error}", folder.display());
        return ExitCode::FAILURE;
    }
    for name in &wanted {
        let all = match explain(name) {
            Ok(all) => all,
            Err(unknown) => {
                eprintln!("{unknown}");
                return ExitCode::from(2);
            }
        };
        for one in all {
            match one {
                Explained::Lives(why) => println!("{why}\n"),
                Explained::Fails(counterexample) => {
                    println!("{counterexample}");
                    match counterexample.draw(&folder) {
                        Ok(path) => println!("  page:     {}\n", path.display()),
                        Err(error) => {
                            eprintln!("the page of {} cannot be written: {error}", counterexample.name);
                            return ExitCode::FAILURE;
                        }
                    }
                }
            }
        }
    }
    ExitCode::SUCCESS
}
