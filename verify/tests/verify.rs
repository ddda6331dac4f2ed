//! Runs everything that is checked, a test at a time: see [`ackcast_verify`].

use libtest_mimic::{Arguments, Trial, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let test = |trial: ackcast_verify::Trial| {
        let name = trial.name.clone();
        Trial::test(name, move || trial.run().map_err(Into::into))
    };
    let conclusion = run(&arguments, ackcast_verify::trials().into_iter().map(test).collect());
    ackcast_verify::finish(conclusion.num_filtered_out == 0 && !conclusion.has_failed());
    conclusion.exit_code()
}
