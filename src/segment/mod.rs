//! A channel's shared-memory segment: its name, its header, its mapping and its life.
//!
//! The layout of a channel on futexes with 4 slots of 1024 bytes, 8 consumer places and 1 producer place:
//!
//! ```text
//!  offset      size  part
//!       0       256  Header: what the segment is, its geometry, and its type; written once
//!     256       512  Control: write lock, published, space, counters
//!     768   8 × 256  ConsumerEntry of each consumer place
//!    2816   1 × 128  ProducerEntry of each producer place
//!    2944     4 × 8  protocol::Header of each slot: length and kind
//!    3008  4 × 1024  payload of each slot
//!    8192            end
//! ```
//!
//! The first five parts start at a multiple of 128, the payloads at a multiple of 64. The end is a multiple of 4096.
//! The slots' headers lie together, and apart from the payloads; [`Layout`] says why. A test compares this drawing with
//! [`Layout::new`].
//!
//! The names of segments, and what to do with abandoned ones, are for a user too: [`list`], [`participants`],
//! [`remove_if_dead`] and [`unfinished`] are what `ackcast clean` calls.

mod clean;
mod copy;
mod create;
mod error;
mod file;
mod header;
mod layout;
mod life;
mod limit;
mod mapping;
mod name;
mod slots;
mod value_type;
mod watch;

pub use clean::{Unfinished, list, participants, remove_if_dead, unfinished};
pub use error::{CreateError, OpenError};
pub use header::{HeaderFault, VERSION};
pub use layout::{Layout, LayoutError};
pub use limit::Limit;
pub use name::{Name, NameError};
pub use value_type::{ValueType, ValueTypeError};
pub use watch::{ConsumerStats, Holder, Holders, ProducerStats, Stats, Tap, TapError, Tapped, Watch};

// For the tests, fuzz targets and benchmarks that run the protocol on real segments.
#[doc(hidden)]
pub use life::Handle;
#[doc(hidden)]
pub use slots::{Segment, SlotReading, SlotWriting};

pub(crate) use clean::list_own;
pub(crate) use header::Header;
pub(crate) use value_type::TypeFacts;
