//! Where a channel's words and slots lie.
//!
//! A slot is plain memory, never atomic. So a missing edge is a data race, which a checker sees, and not merely a wrong
//! value.

use super::words::{ConsumerEntry, Control, ProducerEntry};
use crate::layer::Layer;
use core::ptr;

/// What a slot holds: written beside its bytes, and plain memory as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Header {
    /// Length of the message in bytes.
    pub len: u32,
    /// [`DATA`](Header::DATA) or [`END`](Header::END); a slot that was never written has 0.
    pub kind: u32,
}

impl Header {
    /// A message; it may be empty.
    pub const DATA: u32 = 1;
    /// The end sentinel: nothing follows.
    pub const END: u32 = 2;
}

/// Read access to a slot, in progress.
///
/// # Safety
/// As long as the value lives, `bytes` points to `slot_size` readable bytes, the slot's.
pub unsafe trait Reading {
    /// The slot's header, as written.
    fn header(&self) -> Header;
    /// The first payload byte; `slot_size` bytes may be read from here.
    fn bytes(&self) -> *const u8;
}

/// Write access to a slot, in progress. No other participant has any access meanwhile.
///
/// # Safety
/// As long as the value lives, `bytes` points to `slot_size` initialised bytes, the slot's, which may be written.
pub unsafe trait Writing {
    /// Writes the header.
    fn set_header(&mut self, header: Header);
    /// The first payload byte; `slot_size` bytes may be written from here.
    fn bytes(&self) -> *mut u8;

    /// Copies `message` into the slot's first bytes.
    ///
    /// # Safety
    /// `message` is no longer than `slot_size`.
    #[inline(always)]
    unsafe fn copy(&mut self, message: &[u8]) {
        // SAFETY: the message fits into the slot. It lies elsewhere, because no other reference to the slot exists.
        unsafe { ptr::copy_nonoverlapping(message.as_ptr(), self.bytes(), message.len()) };
    }
}

/// A channel's words and slots.
///
/// # Safety
/// The words are the same at each call, began as those of a fresh channel, and belong to one channel. There are as
/// many entries, and slots of as many bytes, as the geometry says that [`Channel::new`](super::Channel::new) is
/// given.
pub unsafe trait Storage<L: Layer> {
    /// Read access to a slot.
    type Reading: Reading;
    /// Write access to a slot.
    type Writing: Writing;

    /// The words that all participants share.
    fn control(&self) -> &Control<L>;
    /// The consumers' words; the length is the geometry's.
    fn consumers(&self) -> &[ConsumerEntry<L>];
    /// The producers' words; the length is the geometry's.
    fn producers(&self) -> &[ProducerEntry<L>];

    /// Starts reading the slot of this index.
    ///
    /// # Safety
    /// `index` is below the geometry's `slots`. Until the returned value is dropped, no participant
    /// writes the slot, and the storage lives.
    #[track_caller]
    unsafe fn read(&self, index: usize) -> Self::Reading;

    /// Starts writing the slot of this index.
    ///
    /// # Safety
    /// `index` is below the geometry's `slots`. Until the returned value is dropped, no other
    /// participant reads or writes the slot, and the storage lives.
    #[track_caller]
    unsafe fn write(&self, index: usize) -> Self::Writing;
}
