//! Creating and opening channels.

use crate::arguments::text;
use crate::border::{Handle, border, give, take_back};
use crate::error::{Error, Failure};
use crate::settings::{ackcast_settings_t, ackcast_value_type_t, builder};
use crate::status::ackcast_status_t;
use crate::wait::Wait;
use ackcast::{Builder, Channel, Name, OpenError, ValueType};
use core::ffi::c_char;
use core::ptr;
use std::ffi::CString;
use std::thread;
use std::time::{Duration, Instant};

/// A handle that observes a channel, and neither sends nor receives. It keeps the channel's name: the last handle of
/// any kind that is freed removes the name.
#[derive(Debug)]
pub struct ackcast_channel_t {
    handle: Handle<Channel>,
    name: CString,
    /// The name of the type of its values.
    type_name: Option<CString>,
}

impl ackcast_channel_t {
    fn new(channel: Channel) -> Self {
        let name = CString::new(channel.name().as_str()).unwrap_or_default(); // a name has no zeros
        let type_name = channel.value_type().and_then(|found| CString::new(found.name.as_str()).ok()); // nor has this
        Self { handle: Handle::new(channel), name, type_name }
    }

    /// The type of its values.
    pub(crate) fn value_type(&self, channel: &Channel) -> ackcast_value_type_t {
        let name = self.type_name.as_ref().map_or(ptr::null(), |name| name.as_ptr());
        match channel.value_type() {
            Some(&ValueType { version, size, align, slice, .. }) => {
                ackcast_value_type_t { name, version, size, align, slices: slice.into() }
            }
            None => ackcast_value_type_t::NONE,
        }
    }

    /// The handle, for a call.
    pub(crate) const fn handle(&self) -> &Handle<Channel> {
        &self.handle
    }
}

/// The builder that the caller asks for.
///
/// # Safety
/// The pointers are NULL, or point to a string and to settings.
unsafe fn asked(name: *const c_char, settings: *const ackcast_settings_t) -> Result<Builder, Failure> {
    // SAFETY: as the caller promises.
    let name = unsafe { text(name, "name") }?;
    // SAFETY: as the caller promises.
    match unsafe { settings.as_ref() } {
        // SAFETY: as the caller promises.
        Some(settings) => unsafe { builder(name, settings) },
        None => Ok(Channel::create(name)),
    }
}

/// Creates a channel. An abandoned channel of the same name, which no living process uses, is replaced.
///
/// @param settings NULL: the default settings
/// @param channel the new handle, or NULL if there is none
/// @return `ACKCAST_ALREADY_EXISTS` if a process uses a channel of this name
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_create(
    name: *const c_char,
    settings: *const ackcast_settings_t,
    channel: *mut *mut ackcast_channel_t,
) -> ackcast_status_t {
    border(|| {
        let make = || {
            // SAFETY: the caller's name and settings, or NULL.
            let builder = unsafe { asked(name, settings) }?;
            Ok(ackcast_channel_t::new(builder.build()?))
        };
        // SAFETY: the caller's place, or NULL.
        unsafe { give(channel, "channel", make) }
    })
}

/// Creates the channel, or opens the one of this name that is in use, if it has these settings. Any number of processes
/// may call it at the same time. Waits for up to 5 s while another process removes the channel that it finds.
///
/// @param settings NULL: the default settings
/// @param channel the new handle, or NULL if there is none
/// @return `ACKCAST_DIFFERS` if the channel has other settings
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_open_or_create(
    name: *const c_char,
    settings: *const ackcast_settings_t,
    channel: *mut *mut ackcast_channel_t,
) -> ackcast_status_t {
    border(|| {
        let make = || {
            // SAFETY: the caller's name and settings, or NULL.
            let builder = unsafe { asked(name, settings) }?;
            Ok(ackcast_channel_t::new(builder.open_or_create()?))
        };
        // SAFETY: the caller's place, or NULL.
        unsafe { give(channel, "channel", make) }
    })
}

/// Opens a channel that exists. Never waits.
///
/// @param channel the new handle, or NULL if there is none
/// @return `ACKCAST_NOT_FOUND` if there is no channel of this name
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_open(name: *const c_char, channel: *mut *mut ackcast_channel_t) -> ackcast_status_t {
    border(|| {
        let make = || {
            // SAFETY: the caller's name, or NULL.
            let name = Name::new(unsafe { text(name, "name") }?)?;
            Ok(ackcast_channel_t::new(Channel::open(&name)?))
        };
        // SAFETY: the caller's place, or NULL.
        unsafe { give(channel, "channel", make) }
    })
}

/// Waits until there is a channel of this name, and opens it. To attach to it, call `ackcast_consumer_wait_for` or
/// `ackcast_producer_wait_for` at once: they know which channels can be joined.
///
/// @param timeout_ns negative: for ever; 0: does not wait
/// @param channel the new handle, or NULL if there is none
/// @return `ACKCAST_TIMED_OUT`, with <reason>
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_wait_for(
    name: *const c_char,
    timeout_ns: i64,
    channel: *mut *mut ackcast_channel_t,
) -> ackcast_status_t {
    border(|| {
        let make = || {
            // SAFETY: the caller's name, or NULL.
            let name = Name::new(unsafe { text(name, "name") }?)?;
            Ok(ackcast_channel_t::new(wait_for(&name, Wait::new(timeout_ns))?))
        };
        // SAFETY: the caller's place, or NULL.
        unsafe { give(channel, "channel", make) }
    })
}

/// Polls for the channel, at first every millisecond, and every 25 ms in the end, as the library's `wait_for` does.
fn wait_for(name: &Name, wait: Wait) -> Result<Channel, Failure> {
    let (end, mut pause) = (Instant::now().checked_add(wait.duration()), Duration::from_millis(1));
    loop {
        let last = match Channel::open(name) {
            Err(error @ (OpenError::NotFound { .. } | OpenError::Abandoned { .. })) => error,
            opened => return Ok(opened?),
        };
        let left = end.map_or(pause, |end| end.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Err(Error::NoChannelYet { name: name.to_string(), last: Box::new(last) }.into());
        }
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(Duration::from_millis(25));
    }
}

/// The channel's name. Lives as long as the handle. NULL if the handle is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_channel_name(channel: *const ackcast_channel_t) -> *const c_char {
    // SAFETY: the caller's handle, or NULL.
    let channel = unsafe { channel.as_ref() };
    channel.map_or(ptr::null(), |channel| channel.name.as_ptr())
}

/// Frees the handle. NULL is fine.
///
/// @return `ACKCAST_BUSY` if another thread is in a call with this handle. It is not freed then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_channel_free(channel: *mut ackcast_channel_t) -> ackcast_status_t {
    // SAFETY: the caller's handle, or NULL.
    border(|| unsafe { take_back(channel, ackcast_channel_t::handle) })
}
