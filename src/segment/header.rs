//! The header: a segment's first bytes, which say what it is, of which version and of which layout.

use super::layout::offsets;
use super::value_type::TypeFacts;
use super::{Layout, LayoutError, ValueType};
use crate::layers::{Backend, Fences, Futex, Mark, MarkFault, RawSync, RealLayer};
use crate::protocol::Geometry;
use rustix::fd::AsFd;
use std::io;
use thiserror::Error;

/// The version of the protocol and of the header. A segment of another version is refused.
pub const VERSION: u32 = 6;

/// The header. The creator writes it once, before the segment has its channel's name.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Header {
    facts: Facts,
}

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct Facts {
    magic: [u8; 8],
    /// A random number, which tells this segment from others of its name. Never 0.
    nonce: u64,
    version: u32,
    backend: u32,
    layout_hash: u64,
    size: u64,
    slots: u32,
    slot_size: u32,
    consumers: u32,
    producers: u32,
    start_with: u32,
    end_after: u32,
    retain: u32,
    fences: u32,
    /// What tells whether a process can share the locks of a raw_sync segment. Zeros in other segments.
    mark: Mark,
    value_type: TypeFacts,
    /// What the creator chose. It means nothing to the protocol.
    tag: u64,
}

/// Why this process cannot use a segment's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HeaderFault {
    /// The file is no regular file.
    #[error("it is {kind}, not a regular file")]
    NoFile {
        /// What the file is.
        kind: &'static str,
    },
    /// The file is no segment of ackcast.
    #[error(
        "it is not a segment of ackcast (its first bytes are {found:02x?}); choose another name, or remove the file"
    )]
    Foreign {
        /// The file's first bytes.
        found: [u8; 8],
    },
    /// Another version of ackcast made the segment.
    #[error("it has version {found}, this program has version {VERSION}; use the same ackcast on both sides")]
    Version {
        /// The segment's version.
        found: u32,
    },
    /// The segment is built on an unknown layer.
    #[error("it is built on layer {found}, which this program does not know; use the same ackcast on both sides")]
    Layer {
        /// The layer's number.
        found: u32,
    },
    /// The segment is built on another layer than the caller asked for.
    #[error("it is built on {found:?}, not on {asked:?}; ask for the layer that it is built on")]
    OtherLayer {
        /// The layer that the segment is built on.
        found: Backend,
        /// The layer that was asked for.
        asked: Backend,
    },
    /// The segment's participants use fences of an unknown kind.
    #[error("its fences are of kind {found}, which this program does not know; use the same ackcast on both sides")]
    Fences {
        /// The number of the kind.
        found: u32,
    },
    /// The segment's participants fence by membarrier(2), which this process may not call.
    #[error(
        "its participants fence by membarrier(2), which this process may not call (an old kernel, or a filter); \
         create it from this process, or with symmetric fences"
    )]
    Membarrier,
    /// The segment's locks are pthread's, and this process cannot share them with the creator.
    #[error(transparent)]
    Mark(#[from] MarkFault),
    /// A build with another layout made the segment.
    #[error(
        "its layout has hash {found:#018x}, that of this program {expected:#018x}; use the same build of ackcast on both \
         sides"
    )]
    LayoutHash {
        /// The hash of the segment's layout.
        found: u64,
        /// The hash of this program's layout.
        expected: u64,
    },
    /// No segment can have this geometry.
    #[error("its geometry is impossible: {0}")]
    Geometry(LayoutError),
    /// No channel has this type of values.
    #[error("its type of values is impossible: {what}")]
    ValueType {
        /// What is wrong.
        what: &'static str,
    },
    /// The file, or the size in the header, differs from what the geometry needs. Or the file is too short for a
    /// header.
    #[error("it has {found} bytes, and needs {expected}")]
    Size {
        /// The file's size in bytes, or the size in the header.
        found: u64,
        /// The size needed in bytes.
        expected: u64,
    },
}

/// A header that was checked.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) backend: Backend,
    pub(crate) fences: Fences,
    pub(crate) mark: Mark,
    pub(crate) geometry: Geometry,
    pub(crate) layout: Layout,
    pub(crate) nonce: u64,
    pub(crate) tag: u64,
    pub(crate) value_type: Option<ValueType>,
}

impl Header {
    /// The first bytes of a segment. Nothing is written to its file before them.
    pub(crate) const MAGIC: [u8; 8] = *b"ackcast\0";
    /// The offsets of its fields, for [`Layout::hash`].
    pub(super) const OFFSETS: [usize; 17] = offsets!(Facts as Facts {
        magic,
        nonce,
        version,
        backend,
        layout_hash,
        size,
        slots,
        slot_size,
        consumers,
        producers,
        start_with,
        end_after,
        retain,
        fences,
        mark,
        value_type,
        tag,
    });
    /// The offset of the nonce.
    pub(crate) const NONCE_AT: usize = core::mem::offset_of!(Facts, nonce);

    /// Writes a header.
    ///
    /// # Safety
    /// `header` points to memory of a header's size and alignment. No other thread or process reads it yet.
    pub(crate) unsafe fn write<L: RealLayer>(header: *mut Self, checked: &Checked) {
        let Checked { backend, fences, mark, geometry, layout, nonce, tag, ref value_type } = *checked;
        let Geometry { slots, slot_size, consumers, producers, start_with, end_after, retain } = geometry;
        let facts = Facts {
            magic: Self::MAGIC,
            nonce,
            version: VERSION,
            backend: backend.number(),
            layout_hash: Layout::hash::<L>(),
            size: layout.size as u64,
            slots,
            slot_size,
            consumers,
            producers,
            start_with,
            end_after,
            retain,
            fences: fences.number(),
            mark,
            value_type: TypeFacts::new(value_type.as_ref()),
            tag,
        };
        // SAFETY: the caller's memory is a header's, and the facts come first in it.
        unsafe { header.cast::<Facts>().write(facts) };
    }

    /// Reads and checks a header. `size` is the file's size in bytes.
    ///
    /// # Safety
    /// `header` points to a mapping that has at least the size of a header.
    pub(crate) unsafe fn check(header: *const Self, size: usize) -> Result<Checked, HeaderFault> {
        // SAFETY: the facts come first in the header, and are plain numbers, for which all bits are valid. The read is
        // volatile, so that each number is read once, even if a process changes it against the rules.
        let facts = unsafe { header.cast::<Facts>().read_volatile() };
        facts.check(size)
    }

    /// Reads and checks the header of a file of `size` bytes, for an observer. The kernel copies it, so a file that
    /// another process truncates meanwhile is an error and no signal.
    pub(crate) fn read_to_observe(file: impl AsFd, size: usize) -> io::Result<Result<Checked, HeaderFault>> {
        let mut bytes = [0; size_of::<Facts>()];
        let found = rustix::io::pread(file, &mut bytes, 0)?;
        if found < bytes.len() {
            let (found, expected) = (found as u64, size_of::<Self>() as u64);
            return Ok(Err(HeaderFault::Size { found, expected }));
        }
        // SAFETY: there are as many bytes as the facts have, and the facts are plain numbers, for which all bits are
        // valid.
        let facts = unsafe { bytes.as_ptr().cast::<Facts>().read_unaligned() };
        Ok(facts.check_to_read(size))
    }
}

impl Facts {
    fn check(&self, size: usize) -> Result<Checked, HeaderFault> {
        let checked = self.check_to_read(size)?;
        if !checked.fences.usable() {
            return Err(HeaderFault::Membarrier);
        }
        if checked.backend == Backend::RawSync {
            checked.mark.check()?;
        }
        Ok(checked)
    }

    /// As [`check`](Facts::check), for a process that neither fences nor locks.
    fn check_to_read(&self, size: usize) -> Result<Checked, HeaderFault> {
        let Self { magic, nonce, version, backend, layout_hash, .. } = *self;
        if magic != Header::MAGIC {
            return Err(HeaderFault::Foreign { found: magic });
        }
        if version != VERSION {
            return Err(HeaderFault::Version { found: version });
        }
        let backend = Backend::from_number(backend).ok_or(HeaderFault::Layer { found: backend })?;
        let Self { slots, slot_size, consumers, producers, start_with, end_after, retain, .. } = *self;
        let geometry = Geometry { slots, slot_size, consumers, producers, start_with, end_after, retain };
        let (expected, layout) = match backend {
            Backend::Futex => (Layout::hash::<Futex>(), Layout::new::<Futex>(&geometry)),
            Backend::RawSync => (Layout::hash::<RawSync>(), Layout::new::<RawSync>(&geometry)),
        };
        if layout_hash != expected {
            return Err(HeaderFault::LayoutHash { found: layout_hash, expected });
        }
        let layout = layout.map_err(HeaderFault::Geometry)?;
        for found in [size as u64, self.size] {
            if found != layout.size as u64 {
                return Err(HeaderFault::Size { found, expected: layout.size as u64 });
            }
        }
        let fences = Fences::from_number(self.fences).ok_or(HeaderFault::Fences { found: self.fences })?;
        let value_type = self.value_type.value_type(slot_size).map_err(|what| HeaderFault::ValueType { what })?;
        Ok(Checked { backend, fences, mark: self.mark, geometry, layout, nonce, tag: self.tag, value_type })
    }
}

const _: () = assert!(core::mem::offset_of!(Header, facts) == 0, "the facts come first");

#[cfg(test)]
mod tests {
    use super::*;

    const GEOMETRY: Geometry =
        Geometry { slots: 2, slot_size: 8, consumers: 1, producers: 1, start_with: 1, end_after: 1, retain: 1 };

    fn header() -> (Header, usize) {
        // SAFETY: a header is plain numbers, for which zeros are valid.
        let mut header: Header = unsafe { core::mem::zeroed() };
        let layout = Layout::new::<Futex>(&GEOMETRY).unwrap();
        let (backend, fences) = (Backend::Futex, Fences::Symmetric);
        let value_type = Some(<u64 as crate::channel::Payload>::value_type());
        let (mark, geometry) = (Mark::NONE, GEOMETRY);
        let checked = Checked { backend, fences, mark, geometry, layout, nonce: 7, tag: 8, value_type };
        // SAFETY: it is a header, and no other thread has it.
        unsafe { Header::write::<Futex>(&raw mut header, &checked) };
        (header, layout.size)
    }

    fn check(header: &Header, size: usize) -> Result<Checked, HeaderFault> {
        // SAFETY: it is a whole header.
        unsafe { Header::check(header, size) }
    }

    #[test]
    fn header_returns_what_was_written() {
        let (header, size) = header();
        let checked = check(&header, size).unwrap();
        assert_eq!((checked.geometry, checked.nonce, checked.tag), (GEOMETRY, 7, 8));
        assert_eq!(checked.value_type.unwrap().name, "u64");
    }

    #[test]
    fn wrong_fact_is_named() {
        let faulty = |change: fn(&mut Facts)| {
            let (mut header, size) = header();
            change(&mut header.facts);
            check(&header, size).unwrap_err()
        };
        assert!(matches!(faulty(|f| f.magic = *b"ELF\0\0\0\0\0"), HeaderFault::Foreign { .. }));
        assert_eq!(faulty(|f| f.version = 9), HeaderFault::Version { found: 9 });
        assert_eq!(faulty(|f| f.backend = 9), HeaderFault::Layer { found: 9 });
        assert!(matches!(faulty(|f| f.layout_hash ^= 1), HeaderFault::LayoutHash { .. }));
        assert_eq!(faulty(|f| f.fences = 9), HeaderFault::Fences { found: 9 });
        assert!(matches!(faulty(|f| f.slots = 0), HeaderFault::Geometry(_)));
        assert!(matches!(faulty(|f| f.retain = 2), HeaderFault::Geometry(_)));
        assert!(matches!(faulty(|f| f.slots = 5000), HeaderFault::Size { .. }));
        assert!(matches!(faulty(|f| f.size = 3), HeaderFault::Size { found: 3, .. }));
        let halved = faulty(|f| {
            let half = <u32 as crate::channel::Payload>::value_type();
            f.value_type = TypeFacts::new(Some(&half));
        });
        assert_eq!(halved, HeaderFault::ValueType { what: "its slots are not those of its type" });
    }
}
