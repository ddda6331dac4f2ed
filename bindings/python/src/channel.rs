//! `Channel`.

use crate::deadline::Deadline;
use crate::errors;
use crate::handle::{Handle, Role};
use crate::meeting;
use crate::producer::unpicklable;
use crate::settings::{backend_name, builder};
use crate::typed::{self, Codec};
use crate::wait::wait_detached;
use ackcast::{Backend, Fences, Geometry, Name, OpenError, ValueType};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};

impl Role for ackcast::Channel {
    const KIND: &'static str = "channel";

    fn inherited(py: Python<'_>, name: &str) -> PyErr {
        match Name::new(name) {
            Ok(name) => errors::open(py, OpenError::Inherited { name }),
            Err(error) => errors::attach(py, error.into()),
        }
    }

    fn in_use(py: Python<'_>, name: &str) -> PyErr {
        errors::in_use(py, "TimedOut", Self::KIND, name).done()
    }
}

/// A handle that observes a channel, and neither sends nor receives. It keeps the channel's name alive: the last handle
/// of any kind that is closed removes the name. A context manager, which closes it.
///
/// >>> with ackcast.Channel.create(name + "-class", slots=4) as new:
/// ...     with ackcast.Consumer(new.name) as reader:
/// ...         with ackcast.Producer(new.name) as writer:
/// ...             writer.send(b"Hello")
/// ...         list(reader)
/// [b'Hello']
#[pyclass(frozen, weakref, module = "ackcast")]
#[derive(Debug)]
pub struct Channel {
    handle: Handle<ackcast::Channel>,
    geometry: Geometry,
    backend: Backend,
    fences: Fences,
    value_type: Option<ValueType>,
    /// The `ValueType` that it was created with.
    codec: Option<Py<PyAny>>,
}

impl Channel {
    fn new(py: Python<'_>, name: &str, channel: ackcast::Channel, codec: Option<Codec>) -> Self {
        let value_type = channel.value_type().cloned();
        let codec = codec.map(|codec| codec.object().clone_ref(py));
        let (geometry, backend, fences) = (channel.geometry(), channel.backend(), channel.fences());
        Self { handle: Handle::new(name.to_owned(), channel), geometry, backend, fences, value_type, codec }
    }

    /// What `ask` says of the channel.
    fn ask<R: Send>(&self, py: Python<'_>, ask: impl FnOnce(&ackcast::Channel) -> R + Send) -> PyResult<R> {
        let channel = self.handle.take_or_raise(py, Deadline::Never)?;
        Ok(ask(&channel))
    }
}

#[pymethods]
impl Channel {
    /// Creates a channel. An abandoned channel of the same name, which no living process uses, is replaced.
    ///
    /// `slots` is the length of the ring: 1 to 2**20. `slot_size` is the size of a slot in bytes, 1024 if left out. The
    /// first message waits for `consumers` consumers, and END for `producers` producers. `retain` messages are kept for
    /// consumers that come later. `places` bounds the consumers, and the producers, that are attached at a time.
    /// `backend` is "futex" or "raw_sync". With a `type`, the channel is typed, and a slot has room for `max_values`
    /// values, 1 if left out; more than 1 needs a type of slices.
    ///
    /// Raises AlreadyExists, LayoutError or another CreateError.
    ///
    /// >>> with ackcast.Channel.create(name + "-new", slots=16) as created:
    /// ...     created.slots, created.slot_size
    /// (16, 1024)
    #[classmethod]
    #[pyo3(
        signature = (name, **settings),
        text_signature = "(name, *, slots=1, slot_size=None, consumers=1, producers=1, retain=0, places=None, \
                          backend='futex', symmetric_fences=False, type=None, max_values=None)"
    )]
    fn create(cls: &Bound<'_, PyType>, name: &str, settings: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let py = cls.py();
        let (builder, codec) = builder(py, name, settings)?;
        let channel = py.detach(|| builder.build()).map_err(|error| errors::create(py, error))?;
        Ok(Self::new(py, name, channel, codec))
    }

    /// Creates a channel, or opens the one of this name that is in use. The arguments are those of `create`.
    ///
    /// Raises Differs if the channel that is there has other settings, ChannelEnded if it has ended, or another
    /// OpenOrCreateError.
    ///
    /// >>> with ackcast.Channel.open_or_create(name, slots=4) as opened:
    /// ...     opened.slots
    /// 4
    #[classmethod]
    #[pyo3(
        signature = (name, **settings),
        text_signature = "(name, *, slots=1, slot_size=None, consumers=1, producers=1, retain=0, places=None, \
                          backend='futex', symmetric_fences=False, type=None, max_values=None)"
    )]
    fn open_or_create(cls: &Bound<'_, PyType>, name: &str, settings: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let py = cls.py();
        let (builder, codec) = builder(py, name, settings)?;
        let channel = py.detach(|| builder.open_or_create()).map_err(|error| errors::open_or_create(py, error))?;
        Ok(Self::new(py, name, channel, codec))
    }

    /// Opens a channel that exists. Never waits.
    ///
    /// Raises NotFound, Abandoned, or another OpenError.
    ///
    /// >>> ackcast.Channel.open(name).name == name
    /// True
    #[classmethod]
    #[pyo3(text_signature = "(name)")]
    fn open(cls: &Bound<'_, PyType>, name: &str) -> PyResult<Self> {
        let py = cls.py();
        let checked = Name::new(name).map_err(|error| errors::attach(py, error.into()))?;
        let channel = py.detach(|| ackcast::Channel::open(&checked)).map_err(|error| errors::open(py, error))?;
        Ok(Self::new(py, name, channel, None))
    }

    /// Waits until there is a channel of this name, for at most `timeout` seconds, and opens it.
    ///
    /// Raises WaitForTimedOut, or an OpenError that does not pass.
    ///
    /// >>> ackcast.Channel.wait_for(name, timeout=10).slots
    /// 4
    #[classmethod]
    #[pyo3(signature = (name, timeout = Deadline::Never), text_signature = "(name, timeout=None)")]
    fn wait_for(cls: &Bound<'_, PyType>, name: &str, timeout: Deadline) -> PyResult<Self> {
        meeting::channel(cls.py(), name, timeout).map(|channel| Self::new(cls.py(), name, channel, None))
    }

    /// The names of this user's channels, living and orphaned ones, in ascending order.
    ///
    /// >>> name in ackcast.Channel.list()
    /// True
    #[staticmethod]
    #[pyo3(text_signature = "()")]
    fn list(py: Python<'_>) -> PyResult<Vec<String>> {
        let names = py.detach(ackcast::Channel::list).map_err(PyErr::from)?;
        Ok(names.iter().map(|name| name.as_str().to_owned()).collect())
    }

    /// The channel's name.
    #[getter]
    fn name(&self) -> &str {
        self.handle.name()
    }

    /// The length of the ring in slots.
    #[getter]
    fn slots(&self) -> u32 {
        self.geometry.slots
    }

    /// The size of a slot in bytes: the most that a message can have.
    #[getter]
    fn slot_size(&self) -> u32 {
        self.geometry.slot_size
    }

    /// How many consumers the first message waits for.
    #[getter]
    #[allow(clippy::misnamed_getters)] // the name of the setting
    fn consumers(&self) -> u32 {
        self.geometry.start_with
    }

    /// How many producers have to finish before END is published.
    #[getter]
    #[allow(clippy::misnamed_getters)] // the name of the setting
    fn producers(&self) -> u32 {
        self.geometry.end_after
    }

    /// How many messages are kept for consumers that come later.
    #[getter]
    fn retain(&self) -> u32 {
        self.geometry.retain
    }

    /// How many consumers can be attached at a time.
    #[getter]
    fn consumer_places(&self) -> u32 {
        self.geometry.consumers
    }

    /// How many producers can be attached at a time.
    #[getter]
    fn producer_places(&self) -> u32 {
        self.geometry.producers
    }

    /// The primitives that the channel is built on: "futex" or "raw_sync".
    #[getter]
    fn backend(&self) -> &'static str {
        backend_name(self.backend)
    }

    /// The type of the channel's values. None: its messages are any bytes. The `format` is known only in the handle
    /// that created the channel.
    #[getter]
    fn r#type(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        match (&self.codec, &self.value_type) {
            (Some(codec), _) => Ok(Some(codec.clone_ref(py))),
            (None, Some(value_type)) => typed::found(py, value_type).map(|found| Some(found.unbind())),
            (None, None) => Ok(None),
        }
    }

    /// Whether participants fence by the processor alone, without membarrier(2).
    #[getter]
    fn symmetric_fences(&self) -> bool {
        self.fences == Fences::Symmetric
    }

    /// Whether `close` was called.
    #[getter]
    fn closed(&self) -> bool {
        self.handle.is_closed()
    }

    /// The number that the next message will have, from 0. Stale when it returns, and never too high.
    #[getter]
    fn next_sequence(&self, py: Python<'_>) -> PyResult<u64> {
        self.ask(py, |channel| channel.published().count())
    }

    /// How many messages are published, END included, and whether END is: a named tuple of `count` and `ended`.
    ///
    /// >>> producer.send(b"Hello")
    /// >>> channel.published
    /// Published(count=1, ended=False)
    #[getter]
    fn published<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let published = self.ask(py, ackcast::Channel::published)?;
        py.import("ackcast._types")?.getattr("Published")?.call1((published.count(), published.ended()))
    }

    /// How many dead consumers producers have evicted so far.
    #[getter]
    fn evicted(&self, py: Python<'_>) -> PyResult<u32> {
        self.ask(py, ackcast::Channel::evicted)
    }

    /// How often a producer has taken the write lock over from a dead owner so far.
    #[getter]
    fn takeovers(&self, py: Python<'_>) -> PyResult<u32> {
        self.ask(py, ackcast::Channel::takeovers)
    }

    /// How many messages each attached consumer has acknowledged, by the consumer's number. Stale when it returns.
    ///
    /// >>> producer.send(b"Hello")
    /// >>> channel.acknowledged()
    /// {0: 0}
    /// >>> consumer.recv()
    /// b'Hello'
    /// >>> channel.acknowledged()
    /// {0: 1}
    #[pyo3(text_signature = "($self)")]
    fn acknowledged(&self, py: Python<'_>) -> PyResult<Py<PyDict>> {
        let acknowledged = self.ask(py, ackcast::Channel::acknowledged)?;
        let counts = PyDict::new(py);
        for (number, count) in acknowledged {
            counts.set_item(number, count)?;
        }
        Ok(counts.unbind())
    }

    /// Whether a producer died, or was closed, without finishing, and no other producer lives.
    #[pyo3(text_signature = "($self)")]
    fn producers_lost(&self, py: Python<'_>) -> PyResult<bool> {
        let lost = self.ask(py, ackcast::Channel::producers_lost)?;
        lost.map_err(|error| errors::liveness_unknown(py, self.handle.name(), &error))
    }

    /// Whether the channel has ended, or every attached producer died without finishing.
    #[pyo3(text_signature = "($self)")]
    fn is_over(&self, py: Python<'_>) -> PyResult<bool> {
        let over = self.ask(py, ackcast::Channel::is_over)?;
        over.map_err(|error| errors::liveness_unknown(py, self.handle.name(), &error))
    }

    /// The state of the channel and of its participants: a named tuple.
    ///
    /// >>> channel.stats().consumers[0].lag
    /// 0
    #[pyo3(text_signature = "($self)")]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let stats = self.ask(py, ackcast::Channel::stats)?.map_err(|error| errors::open(py, error))?;
        let types = py.import("ackcast._types")?;
        let consumers = stats.consumers.iter().map(|c| {
            let fields = (c.number, c.acknowledged, c.lag, c.joining, c.alive, c.parked);
            types.getattr("ConsumerStats")?.call1(fields)
        });
        let consumers = consumers.collect::<PyResult<Vec<_>>>()?;
        let producers =
            stats.producers.iter().map(|p| types.getattr("ProducerStats")?.call1((p.number, p.finished, p.alive)));
        let producers = producers.collect::<PyResult<Vec<_>>>()?;
        let published = types.getattr("Published")?.call1((stats.published.count(), stats.published.ended()))?;
        let created = stats.created.and_then(|created| created.duration_since(std::time::UNIX_EPOCH).ok());
        let fields = PyDict::new(py);
        fields.set_item("created", created.map(|created| created.as_secs_f64()))?;
        fields.set_item("removed", stats.removed)?;
        fields.set_item("published", published)?;
        fields.set_item("finished", stats.finished)?;
        fields.set_item("producers_lost", stats.producers_lost)?;
        fields.set_item("consumers", PyTuple::new(py, consumers)?)?;
        fields.set_item("producers", PyTuple::new(py, producers)?)?;
        fields.set_item("lock_owner", stats.lock_owner)?;
        fields.set_item("writer_parked", stats.writer_parked)?;
        fields.set_item("evicted", stats.evicted)?;
        fields.set_item("takeovers", stats.takeovers)?;
        types.getattr("Stats")?.call((), Some(&fields))
    }

    /// Waits until each consumer that is attached now has acknowledged all messages that are published now.
    ///
    /// Returns how many consumers have received everything, and how many are gone. Messages that iteration has taken
    /// ahead are acknowledged. Raises DrainTimedOut, which names the consumer that is furthest behind, or another
    /// DrainError.
    ///
    /// >>> channel.wait_until_drained(timeout=10)
    /// Drained(received=1, gone=0)
    #[pyo3(signature = (timeout = Deadline::Never), text_signature = "($self, timeout=None)")]
    fn wait_until_drained<'py>(&self, py: Python<'py>, timeout: Deadline) -> PyResult<Bound<'py, PyAny>> {
        let drained = wait_detached(py, &self.handle, timeout, |channel, piece| channel.wait_until_drained(piece));
        let drained = drained.map_err(|stop| stop.raise(py, &self.handle))?;
        py.import("ackcast._types")?.getattr("Drained")?.call1((drained.received, drained.gone))
    }

    /// Closes the handle. The last handle of any kind that is closed removes the channel's name.
    #[pyo3(text_signature = "($self)")]
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.close(py)
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(
        signature = (_kind = None, _error = None, _traceback = None, /),
        text_signature = "($self, kind=None, error=None, traceback=None, /)"
    )]
    fn __exit__(
        &self,
        py: Python<'_>,
        _kind: Option<&Bound<'_, PyAny>>,
        _error: Option<&Bound<'_, PyAny>>,
        _traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.handle.close(py)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(unpicklable("Channel", "Channel.open", self.handle.name()))
    }

    fn __repr__(&self) -> String {
        let closed = if self.handle.is_closed() { " (closed)" } else { "" };
        let Geometry { slots, slot_size, .. } = self.geometry;
        format!("<ackcast.Channel {:?}: {slots} slots of {slot_size} bytes{closed}>", self.handle.name())
    }
}
