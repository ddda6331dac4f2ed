//! Numbers and names as a reader wants them.

use ackcast::BlockedOn;
use std::time::{Duration, SystemTime};

/// The time since a channel was made. `None` if it is not known.
pub(crate) fn age(created: Option<SystemTime>, now: SystemTime) -> Option<Duration> {
    now.duration_since(created?).ok()
}

/// A duration by its two largest units, in whole seconds from one second on: `2h 3m`, `4s`, `120ms`.
pub(crate) fn duration(time: Duration) -> String {
    let rounded = match time.as_secs() {
        0 => Duration::from_millis(time.subsec_millis().into()),
        seconds => Duration::from_secs(seconds),
    };
    let text = humantime::format_duration(rounded).to_string();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// A rate in messages a second.
pub(crate) fn rate(rate: f64) -> String {
    match rate {
        _ if rate >= 1e6 => format!("{:.2} M/s", rate / 1e6),
        _ if rate >= 1e4 => format!("{:.1} k/s", rate / 1e3),
        _ => format!("{rate:.0} /s"),
    }
}

/// What the producers wait for.
pub(crate) fn blocker(on: BlockedOn, pid: Option<u32>) -> String {
    match on {
        BlockedOn::Acknowledgement { consumer, message } => {
            let process = pid.map_or_else(String::new, |pid| format!(" (pid {pid})"));
            format!("consumer {consumer}{process}, which has not acknowledged message {message}")
        }
        BlockedOn::Start { joined, wanted } => format!("the first consumers: {joined} of {wanted} have joined"),
        other => format!("{other:?}"),
    }
}

/// A text that changes nothing on a terminal: control characters are escaped.
pub(crate) fn printable(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().collect() } else { c.to_string() };
    text.chars().map(escape).collect()
}

/// The first characters of a line, at most `width` of them.
pub(crate) fn cut(line: &str, width: usize) -> &str {
    line.char_indices().nth(width).map_or(line, |(end, _)| &line[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duration_has_two_units() {
        let texts = [(0, "0s"), (120, "120ms"), (4_200, "4s"), (59_999, "59s"), (7_384_000, "2h 3m")];
        for (millis, text) in texts {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn rate_has_its_unit() {
        let texts = [(0.0, "0 /s"), (999.4, "999 /s"), (12_345.0, "12.3 k/s"), (2_500_000.0, "2.50 M/s")];
        for (number, text) in texts {
            assert_eq!(rate(number), text);
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("sh -c \u{1b}[2J\n\u{9b}x é"), "sh -c \\u{1b}[2J\\n\\u{9b}x é");
    }

    #[test]
    fn line_is_cut_between_characters() {
        assert_eq!((cut("häuser", 2), cut("a", 5), cut("ab", 0)), ("hä", "a", ""));
    }
}
