//! Creating a channel, or opening the one that is there.

use super::{Builder, Channel, Difference, OpenOrCreateError};
use crate::layers::{Fences, monotonic, pause};
use crate::protocol::Geometry;
use crate::segment::{CreateError, OpenError, ValueType};
use core::fmt::Display;
use std::time::Duration;

/// Pause after the first race that was lost. Each later pause is twice as long, up to [`LAST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_micros(20);
/// Longest pause between two attempts.
const LAST_PAUSE: Duration = Duration::from_millis(2);
/// How long a call may lose races against processes that create and remove channels of the name. A process that is
/// stopped while it removes a channel keeps the name until it goes on. On a machine with 7 runnable processes a core, a
/// process got no core for 0.7 s.
const MAX_RACING: Duration = Duration::from_secs(5);

/// Meeting.
impl Builder {
    /// Creates the channel, or opens the channel of this name that is in use. Any number of processes may call it at
    /// the same time: one of them creates the channel, and the others open it.
    ///
    /// The channel that is found must have the settings that [`build`](Builder::build) would create it with, defaults
    /// included. Two of them are compared only where they were set: [`places`](Builder::places), and
    /// [`symmetric_fences`](Builder::symmetric_fences). A channel that is found keeps its own
    /// [`tag`](Builder::tag). The call waits for up to 5 s while another process removes the channel that it finds.
    ///
    /// # Errors
    /// [`OpenOrCreateError::Differs`] names each setting that differs; [`OpenOrCreateError::Ended`] if the channel has
    /// ended, and its consumers still read it; otherwise see [`OpenOrCreateError`].
    ///
    /// ```
    /// # use ackcast::Channel;
    /// # let name = format!("example-open-or-create-{}", std::process::id());
    /// let created = Channel::create(&name).slots(4).open_or_create()?;
    /// let opened = Channel::create(&name).slots(4).open_or_create()?;
    /// assert_eq!(opened.geometry(), created.geometry());
    ///
    /// let error = Channel::create(&name).slots(8).slot_size(16).open_or_create().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     format!(
    ///         "channel {name:?} exists with other settings: slots is 4, not 8; slot_size is 1024, not 16; \
    ///          ask for the same, or choose another name"
    ///     )
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_or_create(self) -> Result<Channel, OpenOrCreateError> {
        let (end, mut pause_time) = (monotonic() + MAX_RACING, FIRST_PAUSE);
        loop {
            let exists = match self.clone().build() {
                Err(CreateError::AlreadyExists { name, .. }) => name,
                created => return Ok(created?),
            };
            let channel = match Channel::open(&exists) {
                // Its last user has left since `build` failed, or is removing its name.
                Err(OpenError::NotFound { .. } | OpenError::Abandoned { .. }) if monotonic() < end => {
                    pause(pause_time);
                    pause_time = (pause_time * 2).min(LAST_PAUSE);
                    continue;
                }
                Err(OpenError::NotFound { name } | OpenError::Abandoned { name }) => {
                    return Err(OpenOrCreateError::Races { name });
                }
                opened => opened?,
            };
            if channel.published().ended() {
                return Err(OpenOrCreateError::Ended { name: exists });
            }
            let differences = self.differences(&channel);
            return match differences.is_empty() {
                true => Ok(channel),
                false => Err(OpenOrCreateError::Differs { name: exists, differences }),
            };
        }
    }

    /// The settings of `channel` that are not the ones asked for. Places and fences differ only from what was set.
    fn differences(&self, channel: &Channel) -> Vec<Difference> {
        let Geometry { slots, slot_size, consumers, producers, start_with, end_after, retain } = channel.geometry();
        let asked = &self.geometry;
        let mut differences = Vec::new();
        let mut compare = |setting, found: &dyn Display, asked: &dyn Display| {
            let (found, asked) = (found.to_string(), asked.to_string());
            if found != asked {
                differences.push(Difference { setting, found, asked });
            }
        };
        compare("slots", &slots, &asked.slots);
        compare("slot_size", &slot_size, &asked.slot_size);
        compare("consumers", &start_with, &asked.start_with);
        compare("producers", &end_after, &asked.end_after);
        compare("retain", &retain, &asked.retain);
        if let Some(places) = self.places {
            let text = |consumers, producers| format!("{consumers} for consumers and {producers} for producers");
            compare("places", &text(consumers, producers), &text(places, places));
        }
        compare("backend", &format!("{:?}", channel.backend()), &format!("{:?}", self.backend));
        if self.symmetric_fences {
            compare("fences", &format!("{:?}", channel.fences()), &format!("{:?}", Fences::Symmetric));
        }
        let text = |value_type: Option<&ValueType>| value_type.map_or("any bytes".to_owned(), ValueType::to_string);
        compare("value_type", &text(channel.value_type()), &text(self.value_type.as_ref()));
        differences
    }
}
