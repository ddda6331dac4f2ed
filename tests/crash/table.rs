//! The table of crash points in `docs/tables/crash.md`: what the others see when a process dies just before an
//! operation, and how it heals. Every operation that a test dies at is in it, by its label.
//! `ACKCAST_BLESS=1 cargo test --test crash table` writes the page anew.

use crate::labels::{self, Row};
use std::fmt::Write;
use std::path::Path;

/// Which participants make an operation.
#[derive(Clone, Copy, Debug)]
enum Role {
    Producer,
    Consumer,
    Both,
}

/// An operation before which a process can die, and what death just before it means.
struct Point {
    /// The operation's label in `src/protocol/mod.rs`.
    label: &'static str,
    role: Role,
    seen: &'static str,
    heals: &'static str,
}

/// Nothing was written since the last operation that others can see.
const NOTHING: &str = "nothing new";
/// How a dead owner of the write lock is replaced.
const TAKEOVER: &str = "the lock names a dead owner: the next producer takes it over and wakes all consumers";
const EVICT: &str = "the entry is ACTIVE and its number free: the producer that waits for its acknowledgement evicts it, \
                     or a newcomer takes it over";
const LOST: &str = "the producer's entry is ACTIVE and its number free: consumers drain, then get `ProducersLost`, or a \
                    successor comes";

use Role::{Both, Consumer, Producer};
const POINTS: &[Point] = &[
    // Joining.
    p("X8", Consumer, "a number that was taken for a moment", "the kernel gave it back"),
    p("X9", Consumer, NOTHING, "the kernel gave the number back"),
    p("E2b", Consumer, "a generation that no occupant has had", "the next occupant takes the one after it"),
    p("E3b", Consumer, NOTHING, "the kernel gave the number back"),
    p(
        "E9",
        Consumer,
        "a raised acknowledgement of the dead predecessor",
        "no entry uses it; the next occupant raises it again",
    ),
    p("J", Consumer, "a consumer that has acknowledged too little", EVICT),
    p("E2d", Consumer, "a consumer that has acknowledged too little", EVICT),
    p("E3c", Consumer, "a consumer that has acknowledged too little", EVICT),
    p("X10", Producer, "a number that was taken for a moment", "the kernel gave it back"),
    p("X11", Producer, NOTHING, "the kernel gave the number back"),
    p("H2", Producer, "a producer that has sent nothing; perhaps the lock of its dead predecessor", LOST),
    p("E7f", Producer, "the lock of its dead predecessor", TAKEOVER),
    p("E2c", Producer, "a producer that has sent nothing", LOST),
    // The write lock.
    p("E7a", Producer, NOTHING, LOST),
    p("H1", Producer, NOTHING, LOST),
    p("E7b", Producer, NOTHING, LOST),
    p("E7c", Producer, NOTHING, LOST),
    p("E7d", Producer, "a free lock, and parked producers", "they poll again at their next liveness check"),
    p("K2", Producer, "the lock still names the dead owner", TAKEOVER),
    p("E7e", Producer, "the lock still names the dead owner", TAKEOVER),
    p(
        "R3",
        Producer,
        "nothing new; perhaps a wake that reached no other thread",
        "parked producers poll again at their next liveness check",
    ),
    p("P1", Producer, "a lock that says CONTENDED", "its owner's next wake reaches no thread"),
    p("E8", Producer, "everything it published, and a lock that is not given back", TAKEOVER),
    p("P2", Producer, "a free lock, and parked producers", "they poll again at their next liveness check"),
    p("X4", Producer, "a lock taken over, and consumers not woken", TAKEOVER),
    p("X5", Producer, "a lock taken over, and consumers not woken", TAKEOVER),
    // Waiting for a free slot.
    p("X1", Producer, "a lock that is not given back", TAKEOVER),
    p("E6", Producer, "a lock that is not given back", TAKEOVER),
    p("E4", Producer, "a lock that is not given back", TAKEOVER),
    p(
        "K3",
        Producer,
        "a lock that is not given back, perhaps a dead consumer not yet evicted",
        "the lock is taken over, and the new owner evicts it",
    ),
    p("X12", Producer, "a lock that is not given back and a dead consumer", "the new owner evicts it"),
    p("X6", Producer, "a dead consumer evicted, and not counted", TAKEOVER),
    p("X7", Producer, "a dead consumer evicted, and not counted", TAKEOVER),
    // Publishing. Between the slot's bytes and the store, a half-written slot is no message.
    p("E1", Producer, "slots half or wholly written, which no consumer reads", TAKEOVER),
    p(
        "F2",
        Both,
        "what it stored last, and no thread is woken",
        "parked participants poll again at their next liveness check; a new owner of the lock wakes the consumers",
    ),
    p(
        "H6",
        Producer,
        "the message, and no consumer is woken",
        "parked participants poll again at their next liveness check; a new owner of the lock wakes the consumers",
    ),
    p(
        "F3",
        Both,
        "what it stored last, and not all threads are woken",
        "parked participants poll again at their next liveness check; a new owner of the lock wakes the consumers",
    ),
    p(
        "R1",
        Both,
        "what it stored last, and not all threads are woken",
        "parked participants poll again at their next liveness check",
    ),
    p("P4", Both, "a signal that says NOTIFIED though its waiter sleeps", "it polls again at its next liveness check"),
    // Finishing.
    p("X2", Producer, "a lock that is not given back", TAKEOVER),
    p("K4", Producer, "a lock that is not given back", TAKEOVER),
    p(
        "E11",
        Both,
        "of a producer: a lock that is not given back; of a consumer: nothing new",
        "the lock is taken over; the consumer is evicted",
    ),
    p("X3", Producer, "END, if it was the last; else a producer that did not finish", LOST),
    p(
        "E10",
        Producer,
        "a producer that has finished, but whose entry says that it has not",
        "after END no consumer asks; before it, `ProducersLost` unless another producer lives",
    ),
    p("K7", Producer, NOTHING, "the kernel gives the number back"),
    // Receiving.
    p("E2a", Consumer, NOTHING, EVICT),
    p("R2", Both, NOTHING, "as any death while waiting"),
    p(
        "F1",
        Both,
        "a signal that says PARKED, and perhaps no fence since",
        "a successor makes it EMPTY before it waits",
    ),
    p(
        "H8",
        Both,
        "a signal that does not say EMPTY",
        "a successor makes it EMPTY before it waits; it costs notifiers an exchange until then",
    ),
    p(
        "H9",
        Both,
        "a signal that does not say EMPTY",
        "a successor makes it EMPTY before it waits; it costs notifiers an exchange until then",
    ),
    p("H10", Consumer, NOTHING, "its successor does the same"),
    p(
        "P3",
        Both,
        "a signal that does not say EMPTY",
        "a successor makes it EMPTY before it waits; it costs the next notifier a wake",
    ),
    p("K5", Consumer, NOTHING, EVICT),
    p("H7", Consumer, NOTHING, EVICT),
    p("E3a", Consumer, "a message that it may or may not have used, not acknowledged", EVICT),
    // Leaving.
    p("E5", Consumer, NOTHING, EVICT),
    p("K6", Consumer, "a vacant entry", "the kernel gives the number back"),
];

const fn p(label: &'static str, role: Role, seen: &'static str, heals: &'static str) -> Point {
    Point { label, role, seen, heals }
}

/// The label of an operation, given as `file:line operation`; `None` outside of `src/`.
pub fn label(site: &str) -> Option<String> {
    let (file, line) = site.split(' ').next()?.split_once(':')?;
    labels::at(file, line.parse().ok()?).map(|found| found.label)
}

/// Whether the table has this operation.
pub fn is_known(site: &str) -> bool {
    let known = |label: String| POINTS.iter().any(|point| point.label == label);
    site.contains("tests/crash/") || label(site).is_some_and(known)
}

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tables/crash.md");

fn page() -> String {
    let mut page = String::from(
        "# Crash points\n\nWritten by `ACKCAST_BLESS=1 cargo test --test crash table`.\n\
         The labels are those of [`src/protocol/mod.rs`](../../src/protocol/mod.rs).\n\n\
         | died just before | at | role | what the others see | how it heals |\n| --- | --- | --- | --- | --- |\n",
    );
    let rows = labels::rows();
    for &Point { label, role, seen, heals } in POINTS {
        let role = format!("{role:?}").to_lowercase();
        let row = rows.iter().find(|row| row.label == label);
        let Row { site, access, .. } = row.unwrap_or_else(|| panic!("src/protocol/mod.rs has no {label}"));
        writeln!(page, "| {label}: {access} | `{site}` | {role} | {seen} | {heals} |").unwrap();
    }
    page
}

#[test]
fn table_is_that_of_the_code() {
    let fresh = page();
    if std::env::var_os("ACKCAST_BLESS").is_some() {
        std::fs::create_dir_all(Path::new(PAGE).parent().unwrap()).unwrap();
        std::fs::write(PAGE, fresh).unwrap();
    } else {
        let text = std::fs::read_to_string(PAGE).unwrap_or_default();
        assert!(text == fresh, "{PAGE} is stale: ACKCAST_BLESS=1 cargo test --test crash table");
    }
}

#[test]
fn operation_without_a_row_is_unknown() {
    let line = |label: &str| {
        let text = labels::source("src/lock.rs");
        let above = text.lines().position(|line| line.trim().starts_with(&format!("// {label} ("))).unwrap();
        format!("src/lock.rs:{} Load", above + 2)
    };
    assert!(is_known(&line("H2")), "{}", line("H2"));
    assert!(!is_known("src/lock.rs:1 Load"), "a line without a label");
    assert!(label("src/lock.rs:1 Load").is_none());
}
