//! Channels whose messages are values of one type.

/// As [`attached!`](super::attached), of a typed channel, whose values are `[u32; 3]`.
macro_rules! attached {
    ($example:literal) => {
        concat!(
            "# use ackcast::*;\n",
            "# use std::time::Duration;\n",
            "# let name = format!(\"example-",
            $example,
            "-{}\", std::process::id());\n",
            "# let channel = Channel::create(&name).slots(4).of::<[u32; 3]>().build()?;\n",
            "# let mut producer = TypedProducer::<[u32; 3]>::attach(&name)?;\n",
            "# let mut consumer = TypedConsumer::<[u32; 3]>::attach(&name)?;",
        )
    };
}
use attached;

mod batch;
mod consumer;
mod error;
mod loan;
mod message;
mod names;
mod producer;
mod run_time;

pub use batch::TypedBatch;
pub use consumer::{TypedConsumer, TypedMessages};
pub use error::{RecvTypedError, TypeError};
pub use loan::TypedLoan;
pub use message::TypedMessage;
pub use producer::TypedProducer;

use super::{AttachError, Builder, Channel};
use crate::segment::{Handle, Layout, ValueType};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A type whose values are messages of a typed channel. Its name and version are kept in the channel, together with its
/// size and alignment. A process that asks for another type does not attach.
///
/// The four traits of [`zerocopy`](crate::zerocopy) say that any bytes are a value, that a value has no byte of
/// padding, and that it holds no reference. Their derives check that. The attribute `zerocopy(crate = …)` spares a
/// program a dependency on `zerocopy` of its own.
///
/// ```
/// use ackcast::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
/// use ackcast::{Channel, Typed, TypedConsumer, TypedProducer};
///
/// #[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
/// #[zerocopy(crate = "ackcast::zerocopy")]
/// #[repr(C)]
/// struct Position {
///     x: f64,
///     y: f64,
/// }
///
/// impl Typed for Position {
///     const NAME: &'static str = "Position";
///     const VERSION: u32 = 1; // changes with each change of a field or of its meaning
/// }
///
/// let name = format!("example-typed-{}", std::process::id());
/// let _channel = Channel::create(&name).slots(4).of::<Position>().build()?;
/// let mut consumer = TypedConsumer::<Position>::attach(&name)?;
/// TypedProducer::attach(&name)?.send(&Position { x: 1.0, y: 2.0 })?;
/// assert_eq!(consumer.recv()?, Position { x: 1.0, y: 2.0 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A type that has references, padding, or bytes that are no value cannot be one:
///
/// ```compile_fail,E0277
/// struct Line(&'static str);
/// impl ackcast::Typed for Line {
///     const NAME: &'static str = "Line";
/// }
/// ```
///
/// A value has at least 1 byte, an alignment of at most 64, and a name of 1 to 64 bytes. The compiler says so when a
/// channel of the type is used:
///
/// ```compile_fail,E0080
/// # use ackcast::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
/// # use ackcast::{Channel, Typed};
/// #[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
/// #[zerocopy(crate = "ackcast::zerocopy")]
/// #[repr(C)]
/// struct Nothing;
///
/// impl Typed for Nothing {
///     const NAME: &'static str = "Nothing";
/// }
/// let _ = Channel::create("example").of::<Nothing>();
/// ```
///
/// ```compile_fail,E0080
/// # use ackcast::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
/// # use ackcast::{Channel, Typed};
/// #[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
/// #[zerocopy(crate = "ackcast::zerocopy")]
/// #[repr(C, align(128))]
/// struct Aligned([u8; 128]);
///
/// impl Typed for Aligned {
///     const NAME: &'static str = "Aligned";
/// }
/// let _ = Channel::create("example").of::<Aligned>();
/// ```
///
/// ```compile_fail,E0080
/// # use ackcast::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
/// # use ackcast::{Channel, Typed};
/// #[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
/// #[zerocopy(crate = "ackcast::zerocopy")]
/// #[repr(C, align(64))]
/// struct Aligned([u8; 64]);
///
/// impl Typed for Aligned {
///     const NAME: &'static str = "";
/// }
/// let _ = Channel::create("example").of::<Aligned>();
/// ```
///
/// The last one with a name:
///
/// ```
/// # use ackcast::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
/// # use ackcast::{Channel, Typed};
/// # #[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
/// # #[zerocopy(crate = "ackcast::zerocopy")]
/// # #[repr(C, align(64))]
/// # struct Aligned([u8; 64]);
/// #
/// impl Typed for Aligned {
///     const NAME: &'static str = "Aligned";
/// }
/// let _ = Channel::create("example").of::<Aligned>();
/// ```
pub trait Typed: FromBytes + IntoBytes + Immutable + KnownLayout + Sized {
    /// Tells the type from others: 1 to 64 bytes without zeros. Two types of one name, version, size and alignment are
    /// the same type.
    const NAME: &'static str;
    /// Changes with each change of a field or of its meaning.
    const VERSION: u32 = 0;
}

/// What a message of a typed channel is: a value `T`, or any number of values `[T]`.
///
/// Only types that are [`Typed`] have it, and slices of them.
pub trait Payload: sealed::Sealed + FromBytes + IntoBytes + Immutable + KnownLayout {
    /// The type as the channel keeps it.
    #[doc(hidden)]
    fn value_type() -> ValueType;
    /// What is wrong with a message of so many bytes that is no such value.
    #[doc(hidden)]
    fn wrong_length(sequence: u64, found: usize) -> RecvTypedError;
}

mod sealed {
    pub trait Sealed {}
    impl<T: super::Typed> Sealed for T {}
    impl<T: super::Typed> Sealed for [T] {}
}

impl<T: Typed> Payload for T {
    fn value_type() -> ValueType {
        value_type::<T>(false)
    }

    fn wrong_length(sequence: u64, found: usize) -> RecvTypedError {
        RecvTypedError::NotAValue { sequence, found, expected: size_of::<T>() }
    }
}

impl<T: Typed> Payload for [T] {
    fn value_type() -> ValueType {
        value_type::<T>(true)
    }

    fn wrong_length(sequence: u64, found: usize) -> RecvTypedError {
        RecvTypedError::NotASlice { sequence, found, size: size_of::<T>() }
    }
}

/// The type as the channel keeps it. Does not compile for a type that no slot can hold.
fn value_type<T: Typed>(slice: bool) -> ValueType {
    const {
        assert!(size_of::<T>() > 0, "a value of a typed channel has at least 1 byte");
        assert!(size_of::<T>() <= Layout::MAX_SLOT_SIZE as usize, "a value of a typed channel has at most 1 GiB");
        assert!(align_of::<T>() <= ValueType::MAX_ALIGN, "a value of a typed channel has an alignment of at most 64");
        assert!(
            ValueType::is_valid_name(T::NAME),
            "the name of a typed channel's type has 1 to 64 bytes, and no zeros"
        );
    }
    // Both numbers fit, as was checked.
    let (size, align) = (size_of::<T>() as u32, align_of::<T>() as u32);
    ValueType { name: T::NAME.to_owned(), version: T::VERSION, size, align, slice }
}

/// Typed channels.
impl Builder {
    /// Makes the channel typed: each message is a value of `T`. The type sets the size of a slot. A
    /// [`TypedProducer`] or a [`TypedConsumer`] of another type does not attach. A [`Producer`](crate::Producer) and a
    /// [`Consumer`](crate::Consumer) of bytes do.
    ///
    /// ```
    /// # use ackcast::{Channel, TypedConsumer};
    /// # let name = format!("example-of-{}", std::process::id());
    /// let channel = Channel::create(&name).of::<u64>().build()?;
    /// assert_eq!(channel.geometry().slot_size, 8);
    /// assert_eq!(
    ///     TypedConsumer::<f64>::attach(&name).unwrap_err().to_string(),
    ///     format!(
    ///         "channel {name:?} has messages of type \"u64\" (8 bytes, alignment 8), not \"f64\" (8 bytes, alignment 8); \
    ///          ask for the type of the channel"
    ///     ),
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of<T: Typed>(self) -> Self {
        self.typed(T::value_type(), 1)
    }

    /// As [`of`](Builder::of), but each message is 0 to `max` values: a `TypedProducer<[T]>` sends it, and a
    /// `TypedConsumer<[T]>` receives it.
    ///
    /// ```
    /// # use ackcast::{Channel, TypedConsumer, TypedProducer};
    /// # let name = format!("example-of-slice-{}", std::process::id());
    /// let _channel = Channel::create(&name).of_slice::<f32>(1000).build()?;
    /// let mut consumer = TypedConsumer::<[f32]>::attach(&name)?;
    /// TypedProducer::<[f32]>::attach(&name)?.send(&[0.5, 1.5])?;
    /// assert_eq!(*consumer.recv_ref()?, [0.5, 1.5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of_slice<T: Typed>(self, max: u32) -> Self {
        self.typed(<[T]>::value_type(), max)
    }
}

/// Typed channels.
impl Channel {
    /// The type of the channel's values. `None`: its messages are any bytes.
    ///
    /// ```
    /// # use ackcast::Channel;
    /// # let name = format!("example-channel-value-type-{}", std::process::id());
    /// let channel = Channel::create(&name).of::<[u32; 3]>().build()?;
    /// assert_eq!(channel.value_type().unwrap().to_string(), "\"[u32; 3]\" (12 bytes, alignment 4)");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn value_type(&self) -> Option<&ValueType> {
        self.handle().value_type()
    }
}

/// Checks that the channel has messages of type `asked`.
///
/// # Errors
/// [`AttachError::Type`].
fn check_type(asked: ValueType) -> impl FnOnce(&Handle) -> Result<(), AttachError> {
    move |handle| {
        if handle.value_type() == Some(&asked) {
            return Ok(());
        }
        let (name, found) = (handle.name().clone(), handle.value_type().cloned());
        Err(AttachError::Type(Box::new(TypeError { name, found, asked })))
    }
}
