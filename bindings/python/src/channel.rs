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

/// A handle that observes a channel, and keeps its name alive.
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
    #[classmethod]
    #[allow(clippy::too_many_arguments)]
    #[pyo3(signature = (name, *, slots = None, slot_size = None, consumers = None, producers = None, retain = None,
                        places = None, backend = "futex", symmetric_fences = false, r#type = None, max_values = None))]
    fn create(
        cls: &Bound<'_, PyType>,
        name: &str,
        slots: Option<&Bound<'_, PyAny>>,
        slot_size: Option<&Bound<'_, PyAny>>,
        consumers: Option<&Bound<'_, PyAny>>,
        producers: Option<&Bound<'_, PyAny>>,
        retain: Option<&Bound<'_, PyAny>>,
        places: Option<&Bound<'_, PyAny>>,
        backend: &str,
        symmetric_fences: bool,
        r#type: Option<&Bound<'_, PyAny>>,
        max_values: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let py = cls.py();
        let numbers = [
            ("slots", slots),
            ("slot_size", slot_size),
            ("consumers", consumers),
            ("producers", producers),
            ("retain", retain),
            ("places", places),
        ];
        let codec = Codec::of(r#type)?;
        let builder = builder(py, name, numbers, backend, symmetric_fences, (codec.as_ref(), max_values))?;
        let channel = py.detach(|| builder.build()).map_err(|error| errors::create(py, error))?;
        Ok(Self::new(py, name, channel, codec))
    }

    #[classmethod]
    #[allow(clippy::too_many_arguments)]
    #[pyo3(signature = (name, *, slots = None, slot_size = None, consumers = None, producers = None, retain = None,
                        places = None, backend = "futex", symmetric_fences = false, r#type = None, max_values = None))]
    fn open_or_create(
        cls: &Bound<'_, PyType>,
        name: &str,
        slots: Option<&Bound<'_, PyAny>>,
        slot_size: Option<&Bound<'_, PyAny>>,
        consumers: Option<&Bound<'_, PyAny>>,
        producers: Option<&Bound<'_, PyAny>>,
        retain: Option<&Bound<'_, PyAny>>,
        places: Option<&Bound<'_, PyAny>>,
        backend: &str,
        symmetric_fences: bool,
        r#type: Option<&Bound<'_, PyAny>>,
        max_values: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let py = cls.py();
        let numbers = [
            ("slots", slots),
            ("slot_size", slot_size),
            ("consumers", consumers),
            ("producers", producers),
            ("retain", retain),
            ("places", places),
        ];
        let codec = Codec::of(r#type)?;
        let builder = builder(py, name, numbers, backend, symmetric_fences, (codec.as_ref(), max_values))?;
        let channel = py.detach(|| builder.open_or_create()).map_err(|error| errors::open_or_create(py, error))?;
        Ok(Self::new(py, name, channel, codec))
    }

    #[classmethod]
    fn open(cls: &Bound<'_, PyType>, name: &str) -> PyResult<Self> {
        let py = cls.py();
        let checked = Name::new(name).map_err(|error| errors::attach(py, error.into()))?;
        let channel = py.detach(|| ackcast::Channel::open(&checked)).map_err(|error| errors::open(py, error))?;
        Ok(Self::new(py, name, channel, None))
    }

    #[classmethod]
    #[pyo3(signature = (name, timeout = Deadline::Never))]
    fn wait_for(cls: &Bound<'_, PyType>, name: &str, timeout: Deadline) -> PyResult<Self> {
        meeting::channel(cls.py(), name, timeout).map(|channel| Self::new(cls.py(), name, channel, None))
    }

    #[staticmethod]
    fn list(py: Python<'_>) -> PyResult<Vec<String>> {
        let names = py.detach(ackcast::Channel::list).map_err(PyErr::from)?;
        Ok(names.iter().map(|name| name.as_str().to_owned()).collect())
    }

    #[getter]
    fn name(&self) -> &str {
        self.handle.name()
    }

    #[getter]
    fn slots(&self) -> u32 {
        self.geometry.slots
    }

    #[getter]
    fn slot_size(&self) -> u32 {
        self.geometry.slot_size
    }

    #[getter]
    #[allow(clippy::misnamed_getters)] // the name of the setting
    fn consumers(&self) -> u32 {
        self.geometry.start_with
    }

    #[getter]
    #[allow(clippy::misnamed_getters)] // the name of the setting
    fn producers(&self) -> u32 {
        self.geometry.end_after
    }

    #[getter]
    fn retain(&self) -> u32 {
        self.geometry.retain
    }

    #[getter]
    fn consumer_places(&self) -> u32 {
        self.geometry.consumers
    }

    #[getter]
    fn producer_places(&self) -> u32 {
        self.geometry.producers
    }

    #[getter]
    fn backend(&self) -> &'static str {
        backend_name(self.backend)
    }

    #[getter]
    fn r#type(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        match (&self.codec, &self.value_type) {
            (Some(codec), _) => Ok(Some(codec.clone_ref(py))),
            (None, Some(value_type)) => typed::found(py, value_type).map(|found| Some(found.unbind())),
            (None, None) => Ok(None),
        }
    }

    #[getter]
    fn symmetric_fences(&self) -> bool {
        self.fences == Fences::Symmetric
    }

    #[getter]
    fn closed(&self) -> bool {
        self.handle.is_closed()
    }

    #[getter]
    fn next_sequence(&self, py: Python<'_>) -> PyResult<u64> {
        self.ask(py, |channel| channel.published().count())
    }

    #[getter]
    fn published<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let published = self.ask(py, ackcast::Channel::published)?;
        py.import("ackcast._types")?.getattr("Published")?.call1((published.count(), published.ended()))
    }

    #[getter]
    fn evicted(&self, py: Python<'_>) -> PyResult<u32> {
        self.ask(py, ackcast::Channel::evicted)
    }

    #[getter]
    fn takeovers(&self, py: Python<'_>) -> PyResult<u32> {
        self.ask(py, ackcast::Channel::takeovers)
    }

    fn acknowledged(&self, py: Python<'_>) -> PyResult<Py<PyDict>> {
        let acknowledged = self.ask(py, ackcast::Channel::acknowledged)?;
        let counts = PyDict::new(py);
        for (number, count) in acknowledged {
            counts.set_item(number, count)?;
        }
        Ok(counts.unbind())
    }

    fn producers_lost(&self, py: Python<'_>) -> PyResult<bool> {
        let lost = self.ask(py, ackcast::Channel::producers_lost)?;
        lost.map_err(|error| errors::liveness_unknown(py, self.handle.name(), &error))
    }

    fn is_over(&self, py: Python<'_>) -> PyResult<bool> {
        let over = self.ask(py, ackcast::Channel::is_over)?;
        over.map_err(|error| errors::liveness_unknown(py, self.handle.name(), &error))
    }

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

    #[pyo3(signature = (timeout = Deadline::Never))]
    fn wait_until_drained<'py>(&self, py: Python<'py>, timeout: Deadline) -> PyResult<Bound<'py, PyAny>> {
        let drained = wait_detached(py, &self.handle, timeout, |channel, piece| channel.wait_until_drained(piece));
        let drained = drained.map_err(|stop| stop.raise(py, &self.handle))?;
        py.import("ackcast._types")?.getattr("Drained")?.call1((drained.received, drained.gone))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.close(py)
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (_kind = None, _error = None, _traceback = None))]
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
        Err(unpicklable("Channel.open", self.handle.name()))
    }

    fn __repr__(&self) -> String {
        let closed = if self.handle.is_closed() { " (closed)" } else { "" };
        let Geometry { slots, slot_size, .. } = self.geometry;
        format!("<ackcast.Channel {:?}: {slots} slots of {slot_size} bytes{closed}>", self.handle.name())
    }
}
