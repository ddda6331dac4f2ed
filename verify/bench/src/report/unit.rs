//! Numbers for readers.

/// The unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    Time,
    /// Messages a second.
    PerSecond,
    Milliseconds,
    Percent,
}

impl Unit {
    /// With about three digits, and with its unit.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Time if value < 1e3 => format!("{value:.0} ns"),
            Self::Time if value < 1e6 => format!("{} µs", digits(value / 1e3)),
            Self::Time => format!("{} ms", digits(value / 1e6)),
            Self::PerSecond if value < 1e3 => format!("{value:.0}/s"),
            Self::PerSecond if value < 1e6 => format!("{} k/s", digits(value / 1e3)),
            Self::PerSecond => format!("{} M/s", digits(value / 1e6)),
            Self::Milliseconds => format!("{value:.0} ms"),
            Self::Percent => format!("{value:.0} %"),
        }
    }
}

fn digits(value: f64) -> String {
    let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::Unit::{Milliseconds, PerSecond, Time};

    #[test]
    fn shown_numbers_are_short() {
        assert_eq!(Time.show(88.4), "88 ns");
        assert_eq!(Time.show(1234.0), "1.23 µs");
        assert_eq!(Time.show(2.5e7), "25.0 ms");
        assert_eq!(PerSecond.show(34.26e6), "34.3 M/s");
        assert_eq!(PerSecond.show(123_456.0), "123 k/s");
        assert_eq!(PerSecond.show(12.0), "12/s");
        assert_eq!(Milliseconds.show(57.6), "58 ms");
    }
}
