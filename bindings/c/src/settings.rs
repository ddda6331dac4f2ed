//! The settings of a new channel, and types of values.

use crate::arguments::{argument, place, text};
use crate::border::border;
use crate::error::{Error, Failure};
use crate::status::ackcast_status_t;
use ackcast::{Backend, Builder, Channel, Start, ValueType};
use core::ffi::c_char;

/// The slot size where none is set, in bytes.
const DEFAULT_SLOT_SIZE: u32 = 1024;

/// The default backend: futexes.
pub const ACKCAST_BACKEND_FUTEX: u32 = 0;
/// pthread's mutexes and condition variables.
pub const ACKCAST_BACKEND_RAW_SYNC: u32 = 1;

/// Start at the next message that is published.
pub const ACKCAST_START_NEXT: u32 = 0;
/// Start at the oldest message that is retained.
pub const ACKCAST_START_OLDEST: u32 = 1;
/// Start at the message of the number `sequence`, which must be retained, or be the next one.
pub const ACKCAST_START_SEQUENCE: u32 = 2;

/// The type of a channel's values. A channel keeps it, and a process that asks for another type does not attach. See
/// the macro ACKCAST_VALUE_TYPE.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ackcast_value_type_t {
    /// 1 to 64 bytes of UTF-8. NULL: no type, a message is any bytes.
    pub name: *const c_char,
    /// Changes with each change of a field or of its meaning.
    pub version: u32,
    /// Size of a value in bytes, at least 1.
    pub size: u32,
    /// Alignment of a value in bytes: 1, 2, 4, … 64.
    pub align: u32,
    /// 0: a message is one value. 1: a message is any number of values.
    pub slices: u32,
}

impl ackcast_value_type_t {
    /// No type.
    pub(crate) const NONE: Self = Self { name: core::ptr::null(), version: 0, size: 0, align: 0, slices: 0 };
}

/// The settings of a new channel. Always begin with `ackcast_settings_default`, so that a later version of the library
/// knows which settings you have not set.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ackcast_settings_t {
    /// Length of the ring in slots: 1 to 2^20. Default 1.
    pub slots: u32,
    /// Size of a slot in bytes: 1 to 2^30. Default 1024. A type of values sets it, so leave it then.
    pub slot_size: u32,
    /// How many consumers the first message waits for: 0 to 64. Default 1.
    pub consumers: u32,
    /// How many producers have to finish before END is published. Default 1.
    pub producers: u32,
    /// How many messages are retained for late consumers: 0 to slots - 1. Default 0.
    pub retain: u32,
    /// How many consumers, and how many producers, can be attached at a time: 1 to 64. Default 0: chosen by the
    /// library.
    pub places: u32,
    /// ACKCAST_BACKEND_FUTEX, the default, or ACKCAST_BACKEND_RAW_SYNC.
    pub backend: u32,
    /// 1: participants fence without membarrier(2). Default 0.
    pub symmetric_fences: u32,
    /// The type of values. Default: none.
    pub r#type: ackcast_value_type_t,
    /// With `type.slices`, the most values of a message. Default 1.
    pub max_values: u32,
    /// For later versions. 0.
    pub reserved_0: u32,
    /// A number that each handle reads in `ackcast_info_t`. It means nothing to ackcast. Default 0.
    pub tag: u64,
    /// For later versions. All 0.
    pub reserved: [u32; 12],
}

/// Where a consumer starts.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ackcast_start_t {
    /// ACKCAST_START_NEXT, ACKCAST_START_OLDEST or ACKCAST_START_SEQUENCE.
    pub at: u32,
    /// With ACKCAST_START_SEQUENCE: the number of the message, from 0.
    pub sequence: u64,
}

/// Fills in the default settings: 1 slot of 1024 bytes, 1 producer, and a first message that waits for 1 consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_settings_default(settings: *mut ackcast_settings_t) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's place, or NULL.
        let settings = unsafe { place(settings, "settings") }?;
        settings.write(ackcast_settings_t {
            slots: 1,
            slot_size: DEFAULT_SLOT_SIZE,
            consumers: 1,
            producers: 1,
            retain: 0,
            places: 0,
            backend: ACKCAST_BACKEND_FUTEX,
            symmetric_fences: 0,
            r#type: ackcast_value_type_t::NONE,
            max_values: 1,
            reserved_0: 0,
            tag: 0,
            reserved: [0; 12],
        });
        Ok(())
    })
}

/// A type of values. `None`: any bytes.
///
/// # Safety
/// The name is NULL, or points to a string.
pub unsafe fn value_type(asked: &ackcast_value_type_t) -> Result<Option<ValueType>, Failure> {
    let ackcast_value_type_t { name, version, size, align, slices } = *asked;
    if name.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller promises.
    let name = unsafe { text(name, "type.name") }?;
    let value_type = ValueType::new(name, version, size, align)?;
    match slices {
        0 => Ok(Some(value_type)),
        1 => Ok(Some(value_type.slices())),
        _ => Err(Error::Invalid { argument: "type.slices", fault: "it is neither 0 nor 1" }.into()),
    }
}

/// The type that a handle is attached for.
///
/// # Errors
/// [`Error::Null`], [`Error::Type`].
///
/// # Safety
/// The pointer is NULL, or points to a type, whose name is NULL, or points to a string.
pub unsafe fn wanted_type(asked: *const ackcast_value_type_t) -> Result<ValueType, Failure> {
    // SAFETY: as the caller promises.
    let asked = unsafe { argument(asked, "type") }?;
    // SAFETY: as the caller promises.
    unsafe { value_type(asked) }?.ok_or_else(|| Error::Null("type.name").into())
}

/// A builder of a channel with these settings.
///
/// # Safety
/// As [`value_type`].
pub unsafe fn builder(name: &str, settings: &ackcast_settings_t) -> Result<Builder, Failure> {
    let invalid = |argument, fault| Error::Invalid { argument, fault }.into();
    let mut builder = Channel::create(name)
        .slots(settings.slots)
        .consumers(settings.consumers)
        .producers(settings.producers)
        .retain(settings.retain)
        .tag(settings.tag);
    if settings.places > 0 {
        builder = builder.places(settings.places);
    }
    // SAFETY: as the caller promises.
    let value_type = unsafe { value_type(&settings.r#type) }?;
    if let Some(value_type) = value_type {
        builder = builder.value_type(value_type, settings.max_values);
        if settings.slot_size != DEFAULT_SLOT_SIZE {
            builder = builder.slot_size(settings.slot_size); // the library checks that it fits
        }
    } else {
        builder = builder.slot_size(settings.slot_size);
    }
    builder = match settings.backend {
        ACKCAST_BACKEND_FUTEX => builder.backend(Backend::Futex),
        ACKCAST_BACKEND_RAW_SYNC => builder.backend(Backend::RawSync),
        _ => return Err(invalid("settings.backend", "there is no backend of this number")),
    };
    builder = match settings.symmetric_fences {
        0 => builder,
        1 => builder.symmetric_fences(),
        _ => return Err(invalid("settings.symmetric_fences", "it is neither 0 nor 1")),
    };
    if (settings.reserved_0, settings.reserved) != (0, [0; 12]) {
        return Err(invalid("settings.reserved", "it is not 0; begin with ackcast_settings_default"));
    }
    Ok(builder)
}

/// Where a consumer starts.
pub fn start(start: Option<&ackcast_start_t>) -> Result<Start, Failure> {
    match start {
        None | Some(ackcast_start_t { at: ACKCAST_START_NEXT, .. }) => Ok(Start::Newest),
        Some(ackcast_start_t { at: ACKCAST_START_OLDEST, .. }) => Ok(Start::Oldest),
        Some(&ackcast_start_t { at: ACKCAST_START_SEQUENCE, sequence }) => Ok(Start::Sequence(sequence)),
        Some(_) => Err(Error::Invalid { argument: "start", fault: "there is no start of this number" }.into()),
    }
}
