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
use std::{
    error::Error,
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
};

const USAGE: &str = "usage: explain <label | mutant | gallery entry | course/step>...   such as E1, E1-relaxed, \
                     flag_before_payload\n       explain --list   names all, one a line";

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let done = match wanted.first().map(String::as_str) {
        None => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
        Some("--help" | "-h") => say(USAGE),
        Some("--list") => names().iter().try_for_each(|name| say(name)),
        Some(option) if option.starts_with('-') => {
            eprintln!("there is no option {option}\n{USAGE}");
            return ExitCode::from(2);
        }
        Some(_) => wanted.iter().try_for_each(|name| explain_one(name)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // `--list | head`: the reader has what it wants.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

type Done = Result<(), Box<dyn Error>>;

fn say(text: &str) -> Done {
    Ok(writeln!(io::stdout(), "{text}")?)
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Prints what there is of this name, and writes its pages.
fn explain_one(name: &str) -> Done {
    let folder = picture::directory().join("pages");
    for one in explain(name)? {
        match one {
            Explained::Lives(why) => say(&format!("{why}\n"))?,
            Explained::Fails(counterexample) => {
                say(&counterexample.to_string())?;
                let page = counterexample
                    .draw(&folder)
                    .map_err(|error| format!("the page of {name} in {}: {error}", folder.display()))?;
                say(&format!("  page:     {}\n", page.display()))?;
            }
        }
    }
    Ok(())
}
