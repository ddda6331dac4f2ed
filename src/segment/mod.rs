//! A channel's shared-memory segment: its name, its header, its mapping and its life.
//!
//! ```text
//! | Header | Control | ConsumerEntry × consumers | ProducerEntry × producers | slot headers × slots | payloads × slots |
//! ```
//!
//! The slots' headers lie together, and apart from the payloads.

mod clean;
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

pub use clean::{Unfinished, list, participants, remove_if_dead, unfinished};
pub use error::{CreateError, OpenError};
pub use header::{HeaderFault, VERSION};
pub use layout::{Layout, LayoutError};
pub use limit::Limit;
pub use name::{Name, NameError};

// For the tests, fuzz targets and benchmarks that run the protocol on real segments.
#[doc(hidden)]
pub use life::Handle;
#[doc(hidden)]
pub use slots::{Segment, SlotReading, SlotWriting};

pub(crate) use header::Header;
