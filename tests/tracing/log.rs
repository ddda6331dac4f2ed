//! A subscriber that keeps the events of one channel.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// The events of this channel that `work` causes in this thread, each in a line: level, message, fields.
pub fn logged<T>(channel: &str, work: impl FnOnce() -> T) -> (Vec<String>, T) {
    let log = Log { channel: format!("{channel:?}"), lines: Arc::default(), panics: false };
    let lines = Arc::clone(&log.lines);
    let result = tracing::subscriber::with_default(log, work);
    let lines = std::mem::take(&mut *lines.lock().unwrap());
    (lines, result)
}

/// Lets a subscriber panic at the first event of this channel that `work` causes in this thread.
pub fn panicking<T>(channel: &str, work: impl FnOnce() -> T) -> T {
    let log = Log { channel: format!("{channel:?}"), lines: Arc::default(), panics: true };
    tracing::subscriber::with_default(log, work)
}

/// Lets a subscriber panic at each event of this channel from now on, in each thread.
pub fn panic_everywhere(channel: &str) {
    let log = Log { channel: format!("{channel:?}"), lines: Arc::default(), panics: true };
    tracing::subscriber::set_global_default(log).unwrap();
}

struct Log {
    channel: String,
    panics: bool,
    lines: Arc<Mutex<Vec<String>>>,
}

#[derive(Default)]
struct Line {
    message: String,
    channel: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            "channel" => self.channel = format!("{value:?}"),
            name => write!(self.fields, " {name}={value:?}").unwrap(),
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        assert_eq!(event.metadata().target(), "ackcast");
        if line.channel == self.channel {
            assert!(!self.panics, "as the test demands");
            let level = event.metadata().level();
            self.lines.lock().unwrap().push(format!("{level} {}{}", line.message, line.fields));
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
