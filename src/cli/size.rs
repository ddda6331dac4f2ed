//! Sizes on the command line, such as 4096, 64KiB or 1M.

use bytesize::ByteSize;

/// The largest slot, in bytes (1 GiB).
pub(crate) const LARGEST_SLOT: u32 = 1 << 30;

/// What the help says of a size.
const FORM: &str = "a size is a whole number of bytes with or without a unit, such as 4096, 64KiB or 1M (K is 1000, \
                    KiB is 1024)";

/// Parses the size of a slot: 1 byte to [`LARGEST_SLOT`].
///
/// # Errors
/// As [`at_least`].
pub(crate) fn slot_size(text: &str) -> Result<u32, String> {
    at_least(1, text)
}

/// Parses the size of a slot: this many bytes to [`LARGEST_SLOT`].
///
/// # Errors
/// A line that says what is wrong and what would be right.
pub(crate) fn at_least(smallest: u32, text: &str) -> Result<u32, String> {
    // The crate rounds a fraction down. It turns a number beyond 2^64 into the largest, but only before a unit.
    if text.contains('.') {
        return Err(format!("it has a fraction; {FORM}"));
    }
    let unit = if text.ends_with(|last: char| last.is_ascii_digit()) { "B" } else { "" };
    let ByteSize(bytes) = format!("{text}{unit}").parse().map_err(|_: String| FORM.to_owned())?;
    let size = u32::try_from(bytes).ok().filter(|size| (smallest..=LARGEST_SLOT).contains(size));
    size.ok_or_else(|| format!("{text} is not in {smallest}..={LARGEST_SLOT} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_is_a_number_with_or_without_a_unit() {
        for (text, bytes) in [
            ("1", 1),
            ("4096", 4096),
            ("8b", 8),
            ("64K", 64_000),
            ("64kb", 64_000),
            ("64KiB", 65_536),
            ("64ki", 65_536),
            ("1M", 1_000_000),
            ("1 MiB", 1 << 20),
            ("1GiB", 1 << 30),
        ] {
            assert_eq!(slot_size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn size_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", "a size is a whole number"),
            ("KiB", "a size is a whole number"),
            ("-1", "a size is a whole number"),
            ("4 apples", "a size is a whole number"),
            ("0x10", "a size is a whole number"),
            ("1.5K", "it has a fraction;"),
            ("1.0", "it has a fraction;"),
            ("0", "is not in 1..=1073741824 bytes"),
            ("1073741825", "is not in 1..=1073741824 bytes"),
            ("2GiB", "is not in 1..=1073741824 bytes"),
            ("4294967297", "is not in 1..=1073741824 bytes"), // 1 modulo 2^32
            ("99999999999999999999999", "is not in 1..=1073741824 bytes"),
            ("16EiB", "is not in 1..=1073741824 bytes"), // 2^64
            ("18446744073709551617B", "is not in 1..=1073741824 bytes"),
        ] {
            let error = slot_size(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
