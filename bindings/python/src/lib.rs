//! The extension module of the Python package `ackcast`. `ackcast/__init__.pyi` documents what it offers.
#![allow(missing_docs)] // of what the macros generate

use pyo3::prelude::*;

mod arguments;
mod borrow;
mod bytes;
mod channel;
mod consumer;
mod deadline;
mod errors;
mod event;
mod export;
mod fork;
mod handle;
mod loan;
mod meeting;
mod producer;
mod receiver;
mod settings;
mod slot;
mod typed;
mod wait;

/// The extension module.
#[pymodule(gil_used = false)]
mod _ackcast {
    #[pymodule_export]
    use super::borrow::Borrow;
    #[pymodule_export]
    use super::channel::Channel;
    #[pymodule_export]
    use super::consumer::Consumer;
    #[pymodule_export]
    use super::event::{EventConsumer, EventProducer};
    #[pymodule_export]
    use super::loan::Loan;
    #[pymodule_export]
    use super::producer::Producer;
    #[pymodule_export]
    use super::typed::check;
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::fork::install()?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
