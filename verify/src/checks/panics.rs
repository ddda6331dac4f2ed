//! Panics as a check's result.

use crate::report::counterexample::MARK;
use std::{
    cell::{Cell, RefCell},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Once,
};

thread_local! {
    /// The text of the first panic since a check began.
    static FIRST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
    /// Panics are a check's result, and are not printed.
    static SILENCED: Cell<bool> = const { Cell::new(false) };
}

/// A panic's text, if it has one.
pub fn text_of(payload: &(dyn std::any::Any + Send)) -> Option<String> {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref().copied()).map(|text| text.trim().to_owned())
}

/// Installs a panic hook that keeps a check's panics instead of printing them.
fn catch_panics() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // shuttle wraps the hook that it finds at its first run. Its hook tells of a schedule at each panic, whatever
        // has panicked, so it goes.
        let default = std::panic::take_hook();
        shuttle::check_dfs(|| {}, Some(1));
        drop(std::panic::take_hook());
        std::panic::set_hook(Box::new(move |info| {
            if !SILENCED.get() {
                return match text_of(info.payload()) {
                    Some(text) if text.starts_with(MARK) => eprintln!("{text}"),
                    _ => default(info),
                };
            }
            // An engine ends its threads by panics without a text.
            if let Some(text) = text_of(info.payload()) {
                FIRST_PANIC.with_borrow_mut(|caught| {
                    caught.get_or_insert(text);
                });
            }
        }));
    });
}

/// Runs `f` without printing its panics.
pub fn silence_panics(f: impl FnOnce()) {
    catch_panics();
    SILENCED.set(true);
    f();
    SILENCED.set(false);
}

/// Runs a check's executions; returns the text of the first panic, if there is one. The first panic is the cause; the
/// last one may be a consequence.
pub fn first_panic(f: impl FnOnce()) -> Result<(), String> {
    FIRST_PANIC.set(None);
    let mut result = Ok(());
    silence_panics(|| result = catch_unwind(AssertUnwindSafe(f)));
    result.map_err(|last| {
        FIRST_PANIC.take().or_else(|| text_of(&*last)).unwrap_or_else(|| "a panic without a text".into())
    })
}

/// The message of a panic.
#[cfg(test)]
pub fn panic_message(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it panics");
    text_of(&*payload).expect("with a text")
}
