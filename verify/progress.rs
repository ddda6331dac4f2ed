//! A line on the terminal for checks that take their time. Where nobody looks, nothing is kept.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    cell::RefCell,
    env,
    io::{IsTerminal, stderr},
    sync::LazyLock,
    time::{Duration, Instant},
};

/// A check that ends within this time needs no line.
const LONG: Duration = Duration::from_secs(1);

/// How many executions go by between two looks at the clock.
pub const EVERY: u64 = 1024;

/// Tests run side by side, each with a line of its own.
static LINES: LazyLock<Option<MultiProgress>> =
    LazyLock::new(|| stderr().is_terminal().then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr())));

/// Set where the one who started us has the terminal: it is told, on our output.
pub const FORWARD: &str = "ACKCAST_PROGRESS";
static FORWARDS: LazyLock<bool> = LazyLock::new(|| env::var_os(FORWARD).is_some());
const SO_FAR: &str = "so far: ";

/// The executions of which such a line tells.
pub fn forwarded(line: &str) -> Option<u64> {
    line.strip_prefix(SO_FAR)?.parse().ok()
}

struct Line {
    what: String,
    start: Instant,
    /// When something was said.
    last: Instant,
    bar: Option<ProgressBar>,
}

thread_local! {
    static LINE: RefCell<Option<Line>> = const { RefCell::new(None) };
}

/// A check begins.
pub fn begin(what: impl FnOnce() -> String) {
    let now = Instant::now();
    let line = || Line { what: what(), start: now, last: now, bar: None };
    LINE.set((*FORWARDS || LINES.is_some()).then(line));
}

/// So many executions are done.
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

/// The check is over, and so is its line.
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
