//! Typed channels of a type that is known at run time only, as in other languages.

use super::check_type;
use crate::channel::{AttachError, Builder, Consumer, Producer};
use crate::protocol::Start;
use crate::segment::ValueType;

/// Types that are known at run time.
impl Builder {
    /// As [`of`](Builder::of), with a type that is known at run time only. If it is one of
    /// [slices](ValueType::slices), a message holds 0 to `max` values; otherwise `max` is 1.
    ///
    /// ```
    /// # use ackcast::{Channel, TypedConsumer, ValueType};
    /// # let name = format!("example-builder-value-type-{}", std::process::id());
    /// let floats = ValueType::new("f32", 0, 4, 4)?.slices();
    /// let channel = Channel::create(&name).value_type(floats, 1000).build()?;
    /// assert_eq!(channel.geometry().slot_size, 4000);
    /// let consumer = TypedConsumer::<[f32]>::attach(&name)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn value_type(self, value_type: ValueType, max: u32) -> Self {
        self.typed(value_type, max)
    }
}

/// Types that are known at run time.
impl Producer {
    /// Attaches to a channel whose messages are of this type. Never waits. The producer sends bytes: each message has
    /// to be a value.
    ///
    /// # Errors
    /// [`AttachError::Type`] if the channel's messages are of another type, or are any bytes; otherwise as
    /// [`attach`](Producer::attach). The channel counts no producer then.
    ///
    /// ```
    /// # use ackcast::{AttachError, Channel, Producer, ValueType};
    /// # let name = format!("example-producer-attach-typed-{}", std::process::id());
    /// let _channel = Channel::create(&name).of::<f64>().build()?;
    /// let refused = Producer::attach_typed(&name, &ValueType::new("i64", 0, 8, 8)?);
    /// assert!(matches!(refused, Err(AttachError::Type(_))));
    /// let producer = Producer::attach_typed(&name, &ValueType::new("f64", 0, 8, 8)?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attach_typed(name: &str, value_type: &ValueType) -> Result<Self, AttachError> {
        Self::attach_checked(name, check_type(value_type.clone()))
    }

    /// As [`Channel::value_type`](crate::Channel::value_type).
    ///
    /// ```
    #[doc = super::super::attached!("producer-value-type")]
    /// assert_eq!(producer.value_type(), None); // any bytes
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn value_type(&self) -> Option<&ValueType> {
        self.handle.value_type()
    }
}

/// Types that are known at run time.
impl Consumer {
    /// Attaches to a channel whose messages are of this type, and starts there. Never waits. The consumer receives
    /// bytes. A producer of bytes can have sent some that are no value.
    ///
    /// # Errors
    /// [`AttachError::Type`] if the channel's messages are of another type, or are any bytes; otherwise as
    /// [`attach_at`](Consumer::attach_at). The channel counts no consumer then.
    ///
    /// ```
    /// # use ackcast::{AttachError, Channel, Consumer, Start, ValueType};
    /// # let name = format!("example-consumer-attach-typed-{}", std::process::id());
    /// let channel = Channel::create(&name).of::<f64>().build()?;
    /// let refused = Consumer::attach_typed(&name, Start::Newest, &ValueType::new("f64", 1, 8, 8)?);
    /// assert!(matches!(refused, Err(AttachError::Type(_)))); // another version
    /// assert!(channel.acknowledged().is_empty());
    /// let consumer = Consumer::attach_typed(&name, Start::Newest, &ValueType::new("f64", 0, 8, 8)?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attach_typed(name: &str, start: Start, value_type: &ValueType) -> Result<Self, AttachError> {
        Self::attach_checked(name, start, check_type(value_type.clone()))
    }

    /// As [`Channel::value_type`](crate::Channel::value_type).
    ///
    /// ```
    #[doc = super::super::attached!("consumer-value-type")]
    /// assert_eq!(consumer.value_type(), None); // any bytes
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn value_type(&self) -> Option<&ValueType> {
        self.handle.value_type()
    }
}
