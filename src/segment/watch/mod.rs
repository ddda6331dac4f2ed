//! Watching a channel without a trace.
//!
//! A watcher opens the channel's file to read it, takes no lock and maps the words read-only. So no rule of the
//! segment's [life](super::life) counts it: it keeps no name, delays no removal, and is no attachment. The kernel tells
//! the processes of a channel of closed descriptors that were open for writing (`IN_CLOSE_WRITE`), and of no others.
//! So a watcher that comes or goes wakes no process.
//!
//! A watcher has no place among the participants, and no producer waits for it. So it reads words, which are atomic,
//! from its mapping, and slots, which are not, by pread(2); [`tap`] says how it knows what it has read.
//!
//! A process that truncates the file while it is watched ends the watcher by SIGBUS, as it ends a participant. Each
//! call compares the file's size first, so only a truncation during the call does so.

mod holders;
mod read_only;
mod stats;
mod tap;
mod tapped;

pub use holders::{Holder, Holders};
pub(crate) use stats::Source;
pub use stats::{ConsumerStats, ProducerStats, Stats};
pub use tap::Tap;
pub use tapped::{TapError, Tapped};

use super::clean::liveness;
use super::file::{self, failed};
use super::header::{Checked, Header};
use super::{HeaderFault, Name, OpenError, ValueType};
use crate::layer::Layer;
use crate::layers::{Backend, Fences, Futex, LivenessLocks, RawSync};
use crate::protocol::{Geometry, Observed, Published};
use core::sync::atomic::{Ordering::Acquire, fence};
use read_only::ReadOnly;
use rustix::fs::{AtFlags, StatxFlags, statx};
use std::time::{Duration, SystemTime};

#[cfg(doc)]
use crate::Channel;

/// A channel as a process watches it that is not attached. Never writes, takes no lock, and wakes no process.
///
/// A [`Channel`] handle keeps the channel's name alive, and counts as one of its users. A `Watch` does neither: it also
/// opens a channel that no living process uses, and goes on to read a channel whose name was removed. It works on
/// channels of both backends, from any PID namespace. The file must belong to this user.
///
/// In a forked child, an inherited handle's calls are errors.
///
/// ```
/// use ackcast::{Channel, Consumer, Name, OpenError, Producer, Watch};
///
/// let name = Name::new(&format!("example-watch-{}", std::process::id()))?;
/// let channel = Channel::create(name.as_str()).slots(4).build()?;
/// let watch = Watch::open(&name)?;
/// let (mut producer, mut consumer) = (Producer::attach(name.as_str())?, Consumer::attach(name.as_str())?);
/// producer.send_batch(&["one", "two"])?;
/// consumer.recv()?;
/// let stats = watch.stats()?;
/// assert_eq!((stats.published.count(), stats.consumers[0].acknowledged), (2, 1));
/// drop((channel, producer, consumer)); // the last handle removes the name, although the channel is watched
/// assert!(watch.stats()?.removed);
/// assert!(matches!(Watch::open(&name), Err(OpenError::NotFound { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Watch {
    name: Name,
    locks: LivenessLocks,
    words: ReadOnly,
    checked: Checked,
}

/// Evaluates an expression with the words of a watched channel, of whichever backend.
macro_rules! with_words {
    ($watch:expr, $words:ident => $result:expr) => {
        match $watch.checked.backend {
            Backend::Futex => {
                let $words: Observed<'_, Futex> = $watch.words.observe(&$watch.checked);
                $result
            }
            Backend::RawSync => {
                let $words: Observed<'_, RawSync> = $watch.words.observe(&$watch.checked);
                $result
            }
        }
    };
}

impl Watch {
    /// Watches the channel of this name, whether or not a living process uses it. Never waits.
    ///
    /// # Errors
    /// [`OpenError::NotFound`] if there is no channel of this name; [`OpenError::NotOurs`] and [`OpenError::Unusable`]
    /// if its file is another user's, or no channel of this version; otherwise see [`OpenError`].
    ///
    /// ```
    /// # use ackcast::{Channel, Name, Watch};
    /// let name = Name::new(&format!("example-watch-open-{}", std::process::id()))?;
    /// let _channel = Channel::create(name.as_str()).slots(4).build()?;
    /// assert_eq!(Watch::open(&name)?.geometry().slots, 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(name: &Name) -> Result<Self, OpenError> {
        let _standard = file::occupy_standard(name)?;
        let own = file::open_own_to_read(name)?;
        let checked = Header::read_to_observe(own.locks.file(), own.size as usize).map_err(|error| {
            let action = "reading its header";
            OpenError::System { name: name.clone(), action, error }
        })?;
        let checked = checked.map_err(|fault| OpenError::Unusable { name: name.clone(), fault })?;
        // SAFETY: the header was checked, so the file has the words of this layout up to its slots' headers.
        let words = unsafe { ReadOnly::map(own.locks.file(), checked.layout.headers) };
        let words = words.map_err(|errno| failed(name, "mapping it", errno))?;
        Ok(Self { name: name.clone(), locks: own.locks, words, checked })
    }

    /// The channel's name.
    ///
    /// ```
    /// # use ackcast::{Channel, Name, Watch};
    /// # let name = Name::new(&format!("example-watch-name-{}", std::process::id()))?;
    /// # let _channel = Channel::create(name.as_str()).build()?;
    /// assert_eq!(Watch::open(&name)?.name(), &name);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// How the channel was laid out.
    ///
    /// ```
    /// # use ackcast::{Channel, Name, Watch};
    /// # let name = Name::new(&format!("example-watch-geometry-{}", std::process::id()))?;
    /// # let channel = Channel::create(name.as_str()).slots(4).build()?;
    /// assert_eq!(Watch::open(&name)?.geometry(), channel.geometry());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn geometry(&self) -> Geometry {
        self.checked.geometry
    }

    /// The primitives that the channel is built on.
    ///
    /// ```
    /// # use ackcast::{Channel, Name, Watch};
    /// # let name = Name::new(&format!("example-watch-backend-{}", std::process::id()))?;
    /// # let channel = Channel::create(name.as_str()).build()?;
    /// assert_eq!(Watch::open(&name)?.backend(), channel.backend());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn backend(&self) -> Backend {
        self.checked.backend
    }

    /// How the channel's participants fence.
    ///
    /// ```
    /// # use ackcast::{Channel, Name, Watch};
    /// # let name = Name::new(&format!("example-watch-fences-{}", std::process::id()))?;
    /// # let channel = Channel::create(name.as_str()).build()?;
    /// assert_eq!(Watch::open(&name)?.fences(), channel.fences());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn fences(&self) -> Fences {
        self.checked.fences
    }

    /// The type of the channel's values. `None`: its messages are any bytes.
    ///
    /// ```
    /// # use ackcast::{Channel, Name, Watch};
    /// # let name = Name::new(&format!("example-watch-value-type-{}", std::process::id()))?;
    /// let _channel = Channel::create(name.as_str()).of::<u32>().build()?;
    /// assert_eq!(Watch::open(&name)?.value_type().unwrap().name, "u32");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn value_type(&self) -> Option<&ValueType> {
        self.checked.value_type.as_ref()
    }

    /// The state of the channel and of its participants now.
    ///
    /// # Errors
    /// [`OpenError::Liveness`] if the system does not say which participants live; [`OpenError::Unusable`] if the file
    /// was truncated; [`OpenError::Inherited`] in a forked child; [`OpenError::System`].
    ///
    /// ```
    /// # use ackcast::{Channel, Name, Watch};
    /// let name = Name::new(&format!("example-watch-stats-{}", std::process::id()))?;
    /// let _channel = Channel::create(name.as_str()).build()?;
    /// let stats = Watch::open(&name)?.stats()?;
    /// assert!(stats.in_use && stats.consumers.is_empty() && stats.producers.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stats(&self) -> Result<Stats, OpenError> {
        if self.locks.is_inherited() {
            return Err(OpenError::Inherited { name: self.name.clone() });
        }
        let removed = self.is_removed()?;
        let liveness = liveness(&self.name);
        let in_use = self.locks.others_attached().map_err(&liveness)?;
        let Checked { geometry, backend, fences, .. } = self.checked;
        let source = Source { geometry, backend, fences, created: self.created(), in_use, removed };
        with_words!(self, words => source.stats(&words, |number| self.locks.is_alive(number)).map_err(&liveness))
    }

    /// Reads the messages that are published from now on, without holding up any producer.
    ///
    /// # Errors
    /// [`OpenError::Unusable`] with [`HeaderFault::Membarrier`] on processors other than x86-64, where this process may
    /// not call membarrier(2) and the channel's participants fence by it.
    ///
    /// ```
    /// # use ackcast::{Channel, Name, Producer, Tapped, Watch};
    /// let name = Name::new(&format!("example-watch-tap-{}", std::process::id()))?;
    /// let _channel = Channel::create(name.as_str()).slots(4).consumers(0).build()?;
    /// let mut producer = Producer::attach(name.as_str())?;
    /// let mut tap = Watch::open(&name)?.tap()?;
    /// producer.send(b"Hello")?;
    /// assert!(matches!(tap.poll()?, Tapped::Message { sequence: 0, bytes: b"Hello" }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tap(self) -> Result<Tap, OpenError> {
        Tap::new(self)
    }

    /// The time at which the channel's file was made. `None` where the kernel does not tell: tmpfs does since Linux
    /// 5.18.
    fn created(&self) -> Option<SystemTime> {
        created(&self.locks)
    }

    /// Whether the channel's name was removed, or given to another file. Checks the file's size, too.
    fn is_removed(&self) -> Result<bool, OpenError> {
        let stat = rustix::fs::fstat(self.locks.file()).map_err(|errno| failed(&self.name, "fstat", errno))?;
        let (found, expected) = (stat.st_size.unsigned_abs() as u64, self.checked.layout.size as u64);
        if found < expected {
            let fault = HeaderFault::Size { found, expected };
            return Err(OpenError::Unusable { name: self.name.clone(), fault });
        }
        Ok(stat.st_nlink == 0)
    }

    /// What is published. Everything that its publisher did before is visible to later reads.
    fn published(&self) -> Published {
        let published = with_words!(self, words => words.published());
        fence(Acquire);
        published
    }

    /// The lowest acknowledgement of a consumer that is ACTIVE and not JOINING. `None` if there is no such consumer.
    fn lowest_acknowledgement(&self) -> Option<u64> {
        fn lowest<L: Layer>(words: &Observed<'_, L>) -> Option<u64> {
            let active = words.consumers().filter(|(_, state)| state.active);
            let acknowledged = active.filter_map(|(number, _)| {
                fence(Acquire); // the state first
                words.acknowledged(number)
            });
            acknowledged.filter(|acknowledged| !acknowledged.joining).map(|acknowledged| acknowledged.count).min()
        }
        with_words!(self, words => lowest(&words))
    }
}

/// The time at which the file of these locks was made.
pub(crate) fn created(locks: &LivenessLocks) -> Option<SystemTime> {
    let found = statx(locks.file(), "", AtFlags::EMPTY_PATH, StatxFlags::BTIME).ok()?;
    if !StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::BTIME) {
        return None;
    }
    let since = Duration::new(u64::try_from(found.stx_btime.tv_sec).ok()?, found.stx_btime.tv_nsec);
    SystemTime::UNIX_EPOCH.checked_add(since)
}
