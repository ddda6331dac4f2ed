//! Handles for an event loop, of which `aio.py` makes what is awaited.

use crate::bytes::{Source, copy_out};
use crate::deadline::Deadline;
use crate::errors;
use crate::handle::{Handle, Role};
use crate::meeting;
use crate::producer::unpicklable;
use crate::receiver::Refused;
use crate::typed::Codec;
use crate::wait::Failure;
use ackcast::{Finished, RecvError, SendError};
use pyo3::prelude::*;
use std::os::fd::AsRawFd;

impl Role for ackcast::EventConsumer {
    const KIND: &'static str = "consumer";

    fn inherited(py: Python<'_>, _name: &str) -> PyErr {
        RecvError::Inherited.raise(py)
    }

    fn in_use(py: Python<'_>, name: &str) -> PyErr {
        errors::in_use(py, "RecvTimedOut", Self::KIND, name).with("next", None::<u64>).done()
    }
}

impl Role for ackcast::EventProducer {
    const KIND: &'static str = "producer";

    fn inherited(py: Python<'_>, _name: &str) -> PyErr {
        SendError::Inherited.raise(py)
    }

    fn in_use(py: Python<'_>, name: &str) -> PyErr {
        errors::with_blocked_on(errors::in_use(py, "SendTimedOut", Self::KIND, name), None).done()
    }
}

/// A consumer that never waits, and whose descriptor becomes readable when a message may be there.
#[pyclass(frozen, weakref, module = "ackcast._ackcast", name = "_EventConsumer")]
#[derive(Debug)]
pub struct EventConsumer {
    handle: Handle<ackcast::EventConsumer>,
    codec: Option<Codec>,
    number: u32,
    fd: i32,
}

#[pymethods]
impl EventConsumer {
    #[new]
    #[pyo3(signature = (name, start, timeout, r#type))]
    fn new(
        py: Python<'_>,
        name: &str,
        start: Option<&Bound<'_, PyAny>>,
        timeout: Deadline,
        r#type: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let codec = Codec::of(r#type)?;
        let start = meeting::start(start)?;
        let consumer = meeting::consumer(py, name, start, timeout, codec.as_ref().map(Codec::value_type))?;
        let consumer = py.detach(|| consumer.into_event()).map_err(|error| errors::event(py, error))?;
        let (number, fd) = (consumer.number(), consumer.as_raw_fd());
        Ok(Self { handle: Handle::new(name.to_owned(), consumer), codec, number, fd })
    }

    #[getter]
    fn number(&self) -> u32 {
        self.number
    }

    #[getter]
    fn closed(&self) -> bool {
        self.handle.is_closed()
    }

    fn fileno(&self) -> i32 {
        self.fd
    }

    /// The next message or value. None: the descriptor becomes readable when that has changed.
    fn try_recv(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let mut consumer = self.handle.take_or_raise(py, Deadline::Never)?;
        let received = consumer.try_recv_ref().map(|message| {
            let message = message?;
            let found = message.len();
            if self.codec.as_ref().is_some_and(|codec| !codec.fits(found)) {
                message.keep();
                return Some(Err(found));
            }
            let copy = copy_out(py, &message);
            if copy.is_err() {
                message.keep();
            }
            Some(Ok(copy))
        });
        drop(consumer);
        let bytes = match received {
            Ok(None) => return Ok(None),
            Ok(Some(Ok(bytes))) => bytes?,
            Ok(Some(Err(found))) => {
                let expected = self.codec.as_ref().map_or(0, Codec::size);
                return Err(Refused::NotAValue { found, expected }.raise(py));
            }
            Err(error) => return Err(error.raise(py)),
        };
        match &self.codec {
            None => Ok(Some(bytes.into_any())),
            Some(codec) => Ok(Some(codec.decode(bytes.bind(py))?.unbind())),
        }
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.close(py)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(unpicklable("aio.Consumer", "aio.Consumer", self.handle.name()))
    }
}

/// A producer that never waits, and whose descriptor becomes readable when a message may be sent.
#[pyclass(frozen, weakref, module = "ackcast._ackcast", name = "_EventProducer")]
#[derive(Debug)]
pub struct EventProducer {
    handle: Handle<ackcast::EventProducer>,
    codec: Option<Codec>,
    fd: i32,
}

#[pymethods]
impl EventProducer {
    #[new]
    #[pyo3(signature = (name, timeout, r#type))]
    fn new(py: Python<'_>, name: &str, timeout: Deadline, r#type: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let codec = Codec::of(r#type)?;
        let producer = meeting::producer(py, name, timeout, codec.as_ref().map(Codec::value_type))?;
        let producer = py.detach(|| producer.into_event()).map_err(|error| errors::event(py, error))?;
        let fd = producer.as_raw_fd();
        Ok(Self { handle: Handle::new(name.to_owned(), producer), codec, fd })
    }

    #[getter]
    fn closed(&self) -> bool {
        self.handle.is_closed()
    }

    fn fileno(&self) -> i32 {
        self.fd
    }

    /// What `try_send` takes for this message or value.
    fn encode<'py>(&self, message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        match &self.codec {
            None => Ok(message.clone()),
            Some(codec) => codec.encode(message),
        }
    }

    /// Sends bytes. False: the descriptor becomes readable when that has changed.
    fn try_send(&self, py: Python<'_>, message: &Bound<'_, PyAny>) -> PyResult<bool> {
        let source = Source::new(message)?;
        let mut producer = self.handle.take_or_raise(py, Deadline::Never)?;
        let sent = producer.try_send(source.bytes());
        drop(producer);
        sent.map_err(|error| error.raise(py))
    }

    /// Finishes. True: END is published. None: the descriptor becomes readable when that has changed.
    fn try_finish(&self, py: Python<'_>) -> PyResult<Option<bool>> {
        let mut producer = self.handle.take_or_raise(py, Deadline::Never)?;
        let finished = producer.try_finish();
        drop(producer);
        Ok(finished.map_err(|error| error.raise(py))?.map(|finished| finished == Finished::Ended))
    }

    /// Gives up what `try_send` or `try_finish` waits for.
    fn give_up(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.take_or_raise(py, Deadline::Never)?.give_up();
        Ok(())
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.close(py)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(unpicklable("aio.Producer", "aio.Producer", self.handle.name()))
    }
}
