//! The page is that of the sources, and a page that is not is noticed.

use super::*;
use crate::litmus::verdict::Answer;

#[test]
fn page_says_what_the_checkers_say() {
    let (found, judged) = (read(), judged());
    for (test, Verdict([_, sequential, _, shuttle])) in &judged {
        assert_eq!(sequential, shuttle, "{}: every schedule is an SC graph, and the other way round", test.name);
        assert_ne!(shape_of(test), "", "{}: the name begins with a shape", test.name);
        assert!(source(test).len() > 1, "{}: the text has a line for each thread", test.name);
    }
    let Err(differs) = compare(&found, &judged) else { return };
    assert!(std::env::var_os("ACKCAST_BLESS").is_some(), "docs/litmus.md (ACKCAST_BLESS=1 rewrites it): {differs}");
    write(&page(&judged, &Shown::on(&found)));
}

/// Answers by rote, so that this test does not depend on the checkers.
fn by_rote(reached: bool) -> Vec<Judged> {
    let answer = Answer { reached, outcomes: 3 };
    super::super::tests().into_iter().map(|test| (test, Verdict([answer; 4]))).collect()
}

#[test]
fn outdated_page_is_noticed() {
    let judged = by_rote(false);
    let fine = page(&judged, &Shown::default());
    assert_eq!(compare(&fine, &judged), Ok(()));
    let doctored = [
        ("no, of 3", "yes, of 3"),
        ("no, of 3", "no, of 4"),
        ("| forbidden |", "| allowed |"),
        ("w.y.store(1, Release)", "w.y.store(1, Relaxed)"),
        ("Missed by graphs, loom, shuttle.", ""),
        ("\n## RS\n", "\n"),
    ];
    for (from, to) in doctored {
        assert!(fine.contains(from), "{from}");
        let said = compare(&fine.replacen(from, to, 1), &judged).expect_err(from);
        assert!(said.starts_with("line ") && said.contains("the sources say"), "{said}");
    }
    assert!(compare(&fine, &by_rote(true)).is_err(), "another answer");
    assert!(compare("", &judged).is_err(), "there is no page");
}

#[test]
fn column_of_the_machine_may_change() {
    let judged = by_rote(false);
    let counts = Counts::from([("LB, Relaxed", super::super::machine::Count { seen: 1234, rounds: 4096 })]);
    let shown = Shown::new("a machine".into(), &counts);
    let page = page(&judged, &shown);
    assert!(page.contains("| 1,234 of 4,096 |") && page.contains("The machine that wrote *seen*: a machine."));
    assert_eq!(compare(&page, &judged), Ok(()));
    assert_eq!(compare(&page.replace("1,234 of", "0 of"), &judged), Ok(()));
    assert_eq!(Shown::on(&page).cells["LB, Relaxed"], "1,234 of 4,096");
}
