//! A channel's shared-memory segment: its name, its header, its mapping and its life.
//!
//! ```text
//! | Header | Control | ConsumerEntry × consumers | ProducerEntry × producers | (payload, its header) × slots |
//! ```

mod error;
mod header;
mod layout;
mod life;
mod mapping;
mod name;
mod slots;

pub use error::{CreateError, OpenError};
pub use header::{HeaderFault, VERSION};
pub use layout::{Layout, LayoutError};
pub use life::{Handle, leftovers, living, remove_if_dead};
pub use name::{Name, NameError};
pub use slots::{Segment, SlotReading, SlotWriting};

pub(crate) use header::Header;
