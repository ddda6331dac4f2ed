//! The segment's first bytes: what it is, which version and layout.

use super::layout::offsets;
use super::{Layout, LayoutError};
use crate::layers::{Backend, Fences, Futex, Mark, MarkFault, RawSync, RealLayer};
use crate::protocol::Geometry;
use thiserror::Error;

/// The version of the protocol and of the header. Segments of another version are refused.
pub const VERSION: u32 = 4;

/// The header. Written once by the creator, before the segment has its channel's name.
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
    /// Tells this segment from another of the same name.
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
    fences: u32,
    /// Of a raw_sync segment; else zeros.
    mark: Mark,
}

/// Why a file is no segment that we can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HeaderFault {
    /// It is no regular file.
    #[error("it is {kind}, not a file")]
    NoFile {
        /// What it is.
        kind: &'static str,
    },
    /// It is something else.
    #[error("it is not a segment of ackcast (its first bytes are {found:02x?})")]
    Foreign {
        /// The first bytes.
        found: [u8; 8],
    },
    /// Another version made it.
    #[error("it has version {found}, this program speaks version {VERSION}; use the same ackcast on both sides")]
    Version {
        /// Its version.
        found: u32,
    },
    /// It is built on a layer that we do not know.
    #[error("it is built on layer {found}, which this program does not know")]
    Layer {
        /// The layer's number.
        found: u32,
    },
    /// Another layer was asked for than the one that it is built on.
    #[error("it is built on {found:?}, not on {asked:?}; ask for the layer that it is built on")]
    OtherLayer {
        /// The layer that it is built on.
        found: Backend,
        /// The layer that was asked for.
        asked: Backend,
    },
    /// Its participants fence in a way that we do not know.
    #[error("its fences are of kind {found}, which this program does not know")]
    Fences {
        /// The fences' number.
        found: u32,
    },
    /// Its participants fence by membarrier(2), which this process may not use.
    #[error(
        "its participants fence by membarrier(2), which this process may not use (an old kernel, or a filter); \
             create it from here, or without such fences"
    )]
    Membarrier,
    /// Its locks are pthread's, and this process cannot share them with its creator.
    #[error(transparent)]
    Mark(#[from] MarkFault),
    /// A build with other types made it.
    #[error("its layout {found:#018x} is not ours ({expected:#018x}); use the same build of ackcast on both sides")]
    LayoutHash {
        /// Its layout's hash.
        found: u64,
        /// Ours.
        expected: u64,
    },
    /// Its geometry makes no sense.
    #[error("its geometry makes no sense: {0}")]
    Geometry(LayoutError),
    /// It has not the size that its geometry needs, or does not say so.
    #[error("it has {found} bytes, its geometry needs {expected}")]
    Size {
        /// The file's size, or what the header says it is.
        found: u64,
        /// The size needed.
        expected: u64,
    },
}

/// A header that was checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checked {
    pub(crate) backend: Backend,
    pub(crate) fences: Fences,
    pub(crate) mark: Mark,
    pub(crate) geometry: Geometry,
    pub(crate) layout: Layout,
    pub(crate) nonce: u64,
}

impl Header {
    /// How a segment begins. Nothing is written to a segment's file before this.
    pub(crate) const MAGIC: [u8; 8] = *b"ackcast\0";
    /// Where its numbers are; for [`Layout::hash`].
    pub(super) const OFFSETS: [usize; 14] = offsets!(Facts as Facts {
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
        fences,
        mark,
    });
    /// Where in the file the nonce is.
    pub(crate) const NONCE_AT: usize = core::mem::offset_of!(Facts, nonce);

    /// Writes a header.
    ///
    /// # Safety
    /// `header` points to memory of a header's size and alignment, which no other thread or process reads yet.
    pub(crate) unsafe fn write<L: RealLayer>(header: *mut Self, checked: &Checked) {
        let Checked { backend, fences, mark, geometry, layout, nonce } = *checked;
        let Geometry { slots, slot_size, consumers, producers, start_with, end_after } = geometry;
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
            fences: fences.number(),
            mark,
        };
        // SAFETY: the facts come first in the caller's header.
        unsafe { header.cast::<Facts>().write(facts) };
    }

    /// Reads and checks a header. `size` is the file's, at least a header's.
    ///
    /// # Safety
    /// `header` points to a mapping of at least a header.
    pub(crate) unsafe fn check(header: *const Self, size: usize) -> Result<Checked, HeaderFault> {
        // SAFETY: the facts come first; plain numbers are valid whatever they hold. They do not change; volatile,
        // since a process that breaks this rule shall not break us.
        let facts = unsafe { header.cast::<Facts>().read_volatile() };
        facts.check(size)
    }
}

impl Facts {
    fn check(&self, size: usize) -> Result<Checked, HeaderFault> {
        let Self { magic, nonce, version, backend, layout_hash, .. } = *self;
        if magic != Header::MAGIC {
            return Err(HeaderFault::Foreign { found: magic });
        }
        if version != VERSION {
            return Err(HeaderFault::Version { found: version });
        }
        let backend = Backend::from_number(backend).ok_or(HeaderFault::Layer { found: backend })?;
        let Self { slots, slot_size, consumers, producers, start_with, end_after, .. } = *self;
        let geometry = Geometry { slots, slot_size, consumers, producers, start_with, end_after };
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
        if !fences.usable() {
            return Err(HeaderFault::Membarrier);
        }
        let mark = self.mark;
        if backend == Backend::RawSync {
            mark.check()?;
        }
        Ok(Checked { backend, fences, mark, geometry, layout, nonce })
    }
}

const _: () = assert!(core::mem::offset_of!(Header, facts) == 0, "the facts come first");

#[cfg(test)]
mod tests {
    use super::*;

    const GEOMETRY: Geometry =
        Geometry { slots: 1, slot_size: 8, consumers: 1, producers: 1, start_with: 1, end_after: 1 };

    fn header() -> (Header, usize) {
        // SAFETY: all zero is a valid header: numbers and a word.
        let mut header: Header = unsafe { core::mem::zeroed() };
        let layout = Layout::new::<Futex>(&GEOMETRY).unwrap();
        let (backend, fences) = (Backend::Futex, Fences::Symmetric);
        let checked = Checked { backend, fences, mark: Mark::NONE, geometry: GEOMETRY, layout, nonce: 7 };
        // SAFETY: it is zeroed, and nobody reads it meanwhile.
        unsafe { Header::write::<Futex>(&raw mut header, &checked) };
        (header, layout.size)
    }

    fn check(header: &Header, size: usize) -> Result<Checked, HeaderFault> {
        // SAFETY: it is a header.
        unsafe { Header::check(header, size) }
    }

    #[test]
    fn header_says_what_was_written() {
        let (header, size) = header();
        let checked = check(&header, size).unwrap();
        assert_eq!((checked.geometry, checked.nonce), (GEOMETRY, 7));
    }

    #[test]
    fn every_wrong_fact_is_named() {
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
        assert!(matches!(faulty(|f| f.slots = 5000), HeaderFault::Size { .. }));
        assert!(matches!(faulty(|f| f.size = 3), HeaderFault::Size { found: 3, .. }));
    }
}
