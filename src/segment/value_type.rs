//! The type of a channel's values, as the segment's header states it.

use super::Layout;
use std::fmt;
use thiserror::Error;

/// The type of a typed channel's values: what [`Typed`](crate::Typed) says of it, and its size and alignment.
///
/// ```
/// # use ackcast::Channel;
/// # let name = format!("example-value-type-{}", std::process::id());
/// let channel = Channel::create(&name).of_slice::<u32>(100).build()?;
/// let found = channel.value_type().unwrap();
/// assert_eq!((found.name.as_str(), found.version, found.size, found.align, found.slice), ("u32", 0, 4, 4, true));
/// assert_eq!(found.to_string(), "slices of \"u32\" (4 bytes, alignment 4)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValueType {
    /// Its name: 1 to 64 bytes.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// Its size in bytes, at least 1.
    pub size: u32,
    /// Its alignment in bytes, at most 64.
    pub align: u32,
    /// Whether a message holds any number of values, in place of one.
    pub slice: bool,
}

impl ValueType {
    /// Upper bound on the length of a name in bytes.
    pub const MAX_NAME: usize = 64;
    /// Upper bound on an alignment in bytes: that of slots.
    pub const MAX_ALIGN: usize = 64;

    /// A type of values, for programs that do not know it before they run, such as those in other languages. It is the
    /// same as a [`Typed`](crate::Typed) of this name, version, size and alignment.
    ///
    /// # Errors
    /// [`ValueTypeError`], if no slot holds such a value.
    ///
    /// ```
    /// # use ackcast::{Channel, ValueType, ValueTypeError};
    /// # let name = format!("example-value-type-new-{}", std::process::id());
    /// let channel = Channel::create(&name).of::<f64>().build()?;
    /// assert_eq!(channel.value_type(), Some(&ValueType::new("f64", 0, 8, 8)?));
    /// assert_eq!(ValueType::new("f64", 0, 8, 3), Err(ValueTypeError::Align { align: 3, size: 8 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(name: &str, version: u32, size: u32, align: u32) -> Result<Self, ValueTypeError> {
        let value_type = Self { name: name.to_owned(), version, size, align, slice: false };
        value_type.check()?;
        Ok(value_type)
    }

    /// The type of slices of these values: a message holds any number of them.
    ///
    /// ```
    /// # use ackcast::ValueType;
    /// assert_eq!(ValueType::new("u32", 0, 4, 4)?.slices().to_string(), "slices of \"u32\" (4 bytes, alignment 4)");
    /// # Ok::<(), ackcast::ValueTypeError>(())
    /// ```
    #[must_use]
    pub fn slices(self) -> Self {
        Self { slice: true, ..self }
    }

    /// Checks all fields, which are public.
    ///
    /// # Errors
    /// As [`new`](ValueType::new).
    pub(crate) fn check(&self) -> Result<(), ValueTypeError> {
        let Self { ref name, size, align, .. } = *self;
        if !Self::is_valid_name(name) {
            return Err(ValueTypeError::Name { name: name.clone() });
        }
        if size == 0 || size > Layout::MAX_SLOT_SIZE {
            return Err(ValueTypeError::Size { size });
        }
        if !align.is_power_of_two() || align as usize > Self::MAX_ALIGN || size % align != 0 {
            return Err(ValueTypeError::Align { align, size });
        }
        Ok(())
    }

    /// Whether a type may have this name.
    pub(crate) const fn is_valid_name(name: &str) -> bool {
        let name = name.as_bytes();
        let mut at = 0;
        while at < name.len() {
            if name[at] == 0 {
                return false;
            }
            at += 1;
        }
        !name.is_empty() && name.len() <= Self::MAX_NAME
    }

    /// Whether a slot of this size in bytes holds one value, or some number of values if messages are slices.
    pub(crate) const fn fits(&self, slot_size: u32) -> bool {
        if self.slice { slot_size % self.size == 0 } else { slot_size == self.size }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, size, align, slice } = self;
        let slices_of = if *slice { "slices of " } else { "" };
        let bytes = if *size == 1 { "byte" } else { "bytes" };
        write!(f, "{slices_of}{name:?} ({size} {bytes}, alignment {align}")?;
        if *version > 0 {
            write!(f, ", version {version}")?;
        }
        f.write_str(")")
    }
}

/// Why there are no values of a type.
///
/// ```
/// # use ackcast::ValueType;
/// let error = ValueType::new("Nothing", 0, 0, 1).unwrap_err();
/// assert_eq!(error.to_string(), "a value of 0 bytes fits no slot; a value has 1 to 1073741824 bytes");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ValueTypeError {
    /// The name is empty, too long, or has a zero in it.
    #[error("{name:?} is not the name of a type; use 1 to {} bytes without zeros", ValueType::MAX_NAME)]
    Name {
        /// The name.
        name: String,
    },
    /// No slot has this size.
    #[error("a value of {size} bytes fits no slot; a value has 1 to {} bytes", Layout::MAX_SLOT_SIZE)]
    Size {
        /// The size in bytes.
        size: u32,
    },
    /// No slot has this alignment, or the size is no multiple of it.
    #[error(
        "values of {size} bytes have no alignment of {align}; use a power of two up to {} that divides the size",
        ValueType::MAX_ALIGN
    )]
    Align {
        /// The alignment in bytes.
        align: u32,
        /// The size in bytes.
        size: u32,
    },
}

/// The type in the header. Plain numbers; all 0 in a channel of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct TypeFacts {
    /// What a message is: [`BYTES`](TypeFacts::BYTES), [`VALUE`](TypeFacts::VALUE) or [`SLICE`](TypeFacts::SLICE).
    message: u32,
    version: u32,
    size: u32,
    align: u32,
    /// UTF-8, with zeros after it.
    name: [u8; ValueType::MAX_NAME],
}

impl TypeFacts {
    /// A message is any bytes.
    const BYTES: u32 = 0;
    /// A message is a value.
    const VALUE: u32 = 1;
    /// A message is any number of values.
    const SLICE: u32 = 2;
    /// The facts of a channel of bytes.
    pub(crate) const NONE: Self =
        Self { message: Self::BYTES, version: 0, size: 0, align: 0, name: [0; ValueType::MAX_NAME] };

    pub(crate) fn new(value_type: Option<&ValueType>) -> Self {
        let Some(ValueType { name, version, size, align, slice }) = value_type else { return Self::NONE };
        let message = if *slice { Self::SLICE } else { Self::VALUE };
        let mut facts = Self { message, version: *version, size: *size, align: *align, ..Self::NONE };
        facts.name.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
        facts
    }

    /// The type. `None` in a channel of bytes.
    ///
    /// # Errors
    /// What is wrong, if no channel with slots of this size has these facts.
    pub(crate) fn value_type(&self, slot_size: u32) -> Result<Option<ValueType>, &'static str> {
        let Self { message, version, size, align, name } = *self;
        let slice = match message {
            Self::BYTES if *self == Self::NONE => return Ok(None),
            Self::BYTES => return Err("it describes a type of values, but says that there is none"),
            Self::VALUE => false,
            Self::SLICE => true,
            _ => return Err("it says neither that messages are bytes, nor values, nor slices of values"),
        };
        let len = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
        let (name, rest) = name.split_at(len);
        let name = core::str::from_utf8(name).map_err(|_| "the name of its type is not UTF-8")?.to_owned();
        if name.is_empty() || rest.iter().any(|&byte| byte != 0) {
            return Err("its type has no name, or more than one");
        }
        if !align.is_power_of_two() || align as usize > ValueType::MAX_ALIGN {
            return Err("its type has an alignment that no slot has");
        }
        let found = ValueType { name, version, size, align, slice };
        if size == 0 || size % align != 0 || !found.fits(slot_size) {
            return Err("its slots are not those of its type");
        }
        Ok(Some(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(slice: bool) -> ValueType {
        ValueType { name: "Frame".to_owned(), version: 3, size: 24, align: 8, slice }
    }

    #[test]
    fn type_returns_from_the_header() {
        assert_eq!(TypeFacts::new(None).value_type(7), Ok(None));
        assert_eq!(TypeFacts::new(Some(&frame(false))).value_type(24), Ok(Some(frame(false))));
        assert_eq!(TypeFacts::new(Some(&frame(true))).value_type(72), Ok(Some(frame(true))));
        let long = ValueType { name: "n".repeat(ValueType::MAX_NAME), ..frame(false) };
        assert_eq!(TypeFacts::new(Some(&long)).value_type(24), Ok(Some(long)));
    }

    #[test]
    fn type_that_no_slot_holds_is_not_made() {
        assert!(ValueType::new("a", 0, 1, 1).is_ok() && ValueType::new(&"n".repeat(64), 0, 1 << 30, 64).is_ok());
        for name in ["", "a\0b", &"n".repeat(65)] {
            assert_eq!(ValueType::new(name, 0, 8, 8), Err(ValueTypeError::Name { name: name.to_owned() }));
        }
        for size in [0, (1 << 30) + 1, u32::MAX] {
            assert_eq!(ValueType::new("a", 0, size, 1), Err(ValueTypeError::Size { size }));
        }
        for (align, size) in [(0, 8), (3, 12), (128, 128), (8, 12), (u32::MAX, 8)] {
            assert_eq!(ValueType::new("a", 0, size, align), Err(ValueTypeError::Align { align, size }));
        }
    }

    #[test]
    fn impossible_type_is_refused() {
        let faulty = |change: fn(&mut TypeFacts)| {
            let mut facts = TypeFacts::new(Some(&frame(false)));
            change(&mut facts);
            assert!(facts.value_type(24).is_err(), "{facts:?}");
        };
        faulty(|facts| facts.message = 0);
        faulty(|facts| facts.message = 3);
        faulty(|facts| facts.name = [0; 64]);
        faulty(|facts| facts.name[0] = 0);
        faulty(|facts| facts.name[0] = 0xff);
        faulty(|facts| facts.name[63] = b'x');
        faulty(|facts| facts.align = 0);
        faulty(|facts| facts.align = 3);
        faulty(|facts| facts.align = 128);
        faulty(|facts| facts.align = 16);
        faulty(|facts| facts.size = 0);
        faulty(|facts| facts.size = 12);
        assert!(TypeFacts::new(Some(&frame(true))).value_type(25).is_err());
        // The facts that are changed are right.
        assert!(TypeFacts::new(Some(&frame(false))).value_type(24).is_ok());
    }
}
