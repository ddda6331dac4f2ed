//! The ring of the channel that `send` creates.

use super::division::Division;
use super::size;
use ackcast::Geometry;
use clap::{Args, value_parser};

/// The default size of a slot for messages that end anywhere, or that are frames. Chosen by `verify/bench/tee.sh`: with
/// half of it, 1 GiB takes longer, and with twice as much no less time.
const SLOT_SIZE: u32 = 128 << 10;
/// The default size of a ring of these. A larger ring takes longer to create (docs/tables/opening.md).
const RING_SIZE: u32 = 2 << 20;
/// The default size of a slot for lines, and for what a NUL ends.
const LINE_SIZE: u32 = 4 << 10;
/// The default size of a ring of these. A short line takes a whole slot, and each turn of the ring needs every process.
const LINES_RING_SIZE: u32 = 16 << 20;

/// The options of the ring.
#[derive(Debug, Args)]
pub(crate) struct Ring {
    /// Number of slots; the slowest `recv` may be this many messages behind
    /// [default: what 2MiB hold, but 8 to 4096; 16MiB with --lines or --null]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=1 << 20))]
    slots: Option<u32>,

    /// Bytes that a slot holds, such as 64KiB or 1M (K is 1000, KiB is 1024)
    /// [default: 128KiB; 4KiB with --lines or --null]
    #[arg(long, value_name = "SIZE", value_parser = size::slot_size)]
    slot_size: Option<u32>,
}

impl Ring {
    /// The number of slots, and their size in bytes.
    pub(crate) fn geometry(&self, division: Division) -> (u32, u32) {
        let (by_default, ring_size) = match division {
            Division::After(_) => (LINE_SIZE, LINES_RING_SIZE),
            Division::Anywhere | Division::Frames => (SLOT_SIZE, RING_SIZE),
        };
        let slot_size = self.slot_size.unwrap_or(by_default);
        (self.slots.unwrap_or_else(|| (ring_size / slot_size).clamp(8, 4096)), slot_size)
    }

    /// The options that were given and that the channel does not have.
    pub(crate) fn differences(&self, channel: &Geometry) -> Vec<String> {
        [("--slots", self.slots, channel.slots), ("--slot-size", self.slot_size, channel.slot_size)]
            .into_iter()
            .filter_map(|(option, wanted, is)| {
                let wanted = wanted.filter(|&wanted| wanted != is)?;
                Some(format!("{option} {is} instead of {wanted}"))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ring_holds_as_much_by_default_whatever_the_slots_hold() {
        let geometry = |slots, slot_size, division: &str| {
            let division = if division == "lines" { Division::After(b'\n') } else { Division::Anywhere };
            Ring { slots, slot_size }.geometry(division)
        };
        assert_eq!(geometry(None, None, "any"), (16, 131_072));
        assert_eq!(geometry(None, None, "lines"), (4096, 4096));
        assert_eq!(geometry(None, Some(1 << 20), "any"), (8, 1 << 20));
        assert_eq!(geometry(None, Some(1), "lines"), (4096, 1));
        assert_eq!(geometry(Some(3), None, "any"), (3, 131_072));
        assert_eq!(geometry(Some(1 << 20), Some(7), "lines"), (1 << 20, 7));
    }
}
