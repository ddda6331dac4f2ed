//! Four protocols that are not ackcast's, each with and without a known mistake, checked as a user of the template
//! would: `cargo run --release --example foreign`. A sound one must pass and kill its mutants; a wrong one must fail.

mod eventcount;
mod peterson;
mod ticket;
mod treiber;

use ackcast_verify::template::{Protocol, Report, check, threads};

/// Checks a sound protocol, and runs it on real memory.
fn passes<P: Protocol>() -> Report
where
    P::Shared<threads::Threads>: Sync,
{
    let report = check::<P>().unwrap_or_else(|fault| panic!("{}: {fault}", P::NAME));
    // SAFETY: the checkers have found no data race.
    let outcomes = unsafe { threads::run::<P>(200) };
    println!("{report}  threads          {:>9} rounds, {:>3} outcomes\n", 200, outcomes.len());
    report
}

/// Checks a protocol with a mistake.
fn fails<P: Protocol>(how: &str) {
    let said = check::<P>().expect_err("the mistake is found").to_string();
    println!("{}: {}\n", P::NAME, said.lines().next().unwrap_or_default());
    assert!(said.contains(how), "{}: {said}", P::NAME);
}

fn peterson() {
    passes::<peterson::Peterson<true>>();
    fails::<peterson::Peterson<false>>("a data race");
}

fn treiber() {
    passes::<treiber::Stack<true>>();
    fails::<treiber::Stack<false>>("popped twice");
}

fn eventcount() {
    passes::<eventcount::EventCount<true>>();
    fails::<eventcount::EventCount<false>>("deadlock");
}

fn ticket() {
    passes::<ticket::TicketLock<true>>();
    fails::<ticket::TicketLock<false>>("deadlock");
}

fn main() {
    [peterson, treiber, eventcount, ticket].into_iter().for_each(|protocol| protocol());
}

#[cfg(test)]
mod tests {
    #[test]
    fn peterson_needs_its_fences() {
        super::peterson();
    }

    #[test]
    fn treiber_needs_its_tags() {
        super::treiber();
    }

    #[test]
    fn eventcount_needs_its_second_look() {
        super::eventcount();
    }

    #[test]
    fn ticket_lock_needs_recovery() {
        super::ticket();
    }
}
