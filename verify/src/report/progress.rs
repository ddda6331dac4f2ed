//! A progress line on the terminal for long checks. Without a terminal, no state is kept.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    cell::RefCell,
    env,
    io::{IsTerminal, stderr},
    sync::LazyLock,
    time::{Duration, Instant},
};

/// A check that takes less gets no line.
const LONG: Duration = Duration::from_secs(1);

/// Executions between two reads of the clock.
pub const EVERY: u64 = 1024;

/// Tests run side by side, each with its own line.
static LINES: LazyLock<Option<MultiProgress>> =
    LazyLock::new(|| stderr().is_terminal().then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr())));

/// Set by a parent process that has the terminal: progress goes to it, on our standard output.
pub const FORWARD: &str = "ACKCAST_PROGRESS";
static FORWARDS: LazyLock<bool> = LazyLock::new(|| env::var_os(FORWARD).is_some());
const SO_FAR: &str = "so far: ";

/// Whether this is the child process of a parent that has the terminal and the report.
pub fn is_child() -> bool {
    *FORWARDS
}

/// The number of executions in a forwarded line.
pub fn forwarded(line: &str) -> Option<u64> {
    line.strip_prefix(SO_FAR)?.parse().ok()
}

struct Line {
    what: String,
    start: Instant,
    /// When progress was last forwarded.
    last: Instant,
    bar: Option<ProgressBar>,
}

thread_local! {
    static LINE: RefCell<Option<Line>> = const { RefCell::new(None) };
}

/// Starts the line of a check.
pub fn begin(what: impl FnOnce() -> String) {
    let now = Instant::now();
    let line = || Line { what: what(), start: now, last: now, bar: None };
    LINE.set((*FORWARDS || LINES.is_some()).then(line));
}

/// Counts an execution, after so many others. Few of them update the line.
pub fn executions(before: u64) {
    if before % EVERY == EVERY - 1 {
        tick(before);
    }
}

/// Updates the line: this number of executions is done.
pub fn tick(executions: u64) {
    LINE.with_borrow_mut(|line| {
        let Some(line) = line else { return };
        if *FORWARDS && line.last.elapsed() >= LONG {
            line.last = Instant::now();
            println!("{SO_FAR}{executions}");
        }
        let Some(lines) = &*LINES else { return };
        let time = line.start.elapsed();
        if time >= LONG {
            let bar = line.bar.get_or_insert_with(|| {
                let style = ProgressStyle::with_template("{msg}").expect("the template is valid");
                lines.add(ProgressBar::new_spinner().with_style(style))
            });
            bar.set_message(text(&line.what, executions, time));
        }
    });
}

/// Removes the line: the check is over.
pub fn end() {
    if let Some(Line { bar: Some(bar), .. }) = LINE.take() {
        bar.finish_and_clear();
    }
}

fn text(what: &str, executions: u64, time: Duration) -> String {
    format!("{what}: {executions} executions, {:.0} a second", executions as f64 / time.as_secs_f64())
}

#[test]
fn forwarded_line_is_parsed() {
    assert_eq!(forwarded(&format!("{SO_FAR}2048")), Some(2048));
    assert_eq!(forwarded("passed: 2048 executions in 1 s"), None);
}

#[test]
fn long_check_prints_its_progress() {
    let said = text("consumer_gets_every_message 1×2×3 on 2 [assume] Loom", 20_480, Duration::from_millis(1_600));
    assert_eq!(said, "consumer_gets_every_message 1×2×3 on 2 [assume] Loom: 20480 executions, 12800 a second");
}
