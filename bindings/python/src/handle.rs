//! What the classes have in common: a library's handle that at most one thread uses at a time.
//!
//! No thread runs Python code while it uses the library's handle: no signal handler, no finalizer. So a thread never
//! finds the handle in use by itself. And no thread holds the GIL while it waits for another one that uses the handle.
//! So that one can end its use.

use crate::deadline::Deadline;
use crate::errors;
use crate::export::release;
use crate::fork::Home;
use crate::wait::Refusal;
use crossbeam_utils::atomic::AtomicCell;
use pyo3::PyTypeCheck;
use pyo3::prelude::*;
use pyo3::types::{PyMemoryView, PyWeakrefMethods, PyWeakrefReference};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering::Relaxed, Ordering::SeqCst, fence};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A library's handle, as an error message names it.
pub trait Role: Send {
    /// The handle's kind: "producer", "consumer" or "channel".
    const KIND: &'static str;

    /// The error of a call on a handle that was made before a fork.
    fn inherited(py: Python<'_>, name: &str) -> PyErr;

    /// The error of a call that gave up while another thread used the handle.
    fn in_use(py: Python<'_>, name: &str) -> PyErr;
}

/// Why the library's handle is not there.
const IN_USE: u8 = 0;
/// A loan or a borrowed message has it.
const LENT: u8 = 1;
/// It was dropped.
const CLOSED: u8 = 2;

/// A library's handle that threads share.
pub struct Handle<T> {
    /// `None`: `absence` says why.
    inner: AtomicCell<Option<Box<T>>>,
    absence: AtomicU8,
    /// A call of `close` has begun. The thread that has the library's handle next drops it.
    closing: AtomicBool,
    home: Home,
    name: String,
    /// Threads that wait for `inner`.
    waiters: AtomicU32,
    turn: Mutex<()>,
    given_back: Condvar,
    /// `_fork.py` knows of it.
    is_registered: AtomicBool,
    /// Weak references to what was lent last: the exporter of its memory, and the view that the `with` has.
    lent: Mutex<Option<(Py<PyWeakrefReference>, Py<PyWeakrefReference>)>>,
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, absence, closing, home, .. } = self;
        let mut f = f.debug_struct("Handle");
        f.field("name", name)
            .field("absence", absence)
            .field("closing", closing)
            .field("home", home)
            .finish_non_exhaustive()
    }
}

impl<T: Role> Handle<T> {
    /// Shares a handle of this channel.
    pub fn new(name: String, inner: T) -> Self {
        Self {
            inner: AtomicCell::new(Some(Box::new(inner))),
            absence: AtomicU8::new(IN_USE),
            closing: AtomicBool::new(false),
            home: Home::here(),
            name,
            waiters: AtomicU32::new(0),
            turn: Mutex::new(()),
            given_back: Condvar::new(),
            is_registered: AtomicBool::new(false),
            lent: Mutex::new(None),
        }
    }

    /// The channel's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it was made before a fork, by the parent of this process.
    pub fn is_inherited(&self) -> bool {
        self.home.is_parent()
    }

    /// Whether it was closed, or is being closed.
    pub fn is_closed(&self) -> bool {
        self.closing.load(Relaxed)
    }

    /// Takes the library's handle. Waits until no other thread uses it.
    ///
    /// # Errors
    /// The handle is inherited, lent or closed, or the time is up; what a signal handler raises.
    #[inline]
    pub fn take(&self, py: Python<'_>, deadline: Deadline) -> Result<Using<'_, T>, Refusal> {
        if self.home.is_parent() {
            return Err(Refusal::Raised(T::inherited(py, &self.name)));
        }
        if self.closing.load(Relaxed) {
            return Err(Refusal::Raised(errors::closed(py, T::KIND, &self.name)));
        }
        match self.inner.take() {
            Some(inner) => Ok(Using { inner: Some(inner), handle: self }),
            None => self.await_turn(py, deadline, true),
        }
    }

    #[cold]
    fn await_turn(&self, py: Python<'_>, deadline: Deadline, until_closing: bool) -> Result<Using<'_, T>, Refusal> {
        loop {
            let closing = until_closing && self.closing.load(Relaxed);
            match self.absence.load(SeqCst) {
                LENT => return Err(Refusal::Raised(errors::lent(py, T::KIND, &self.name))),
                absence if closing || absence == CLOSED => {
                    return Err(Refusal::Raised(errors::closed(py, T::KIND, &self.name)));
                }
                _ => {}
            }
            let piece = match deadline.piece() {
                Some(piece) => piece,
                None => match self.inner.take() {
                    Some(inner) => return Ok(Using { inner: Some(inner), handle: self }),
                    None => return Err(Refusal::InUse),
                },
            };
            if let Some(inner) = py.detach(|| self.take_within(piece)) {
                return Ok(Using { inner: Some(inner), handle: self });
            }
            py.check_signals().map_err(Refusal::Raised)?;
        }
    }

    /// As [`take`](Handle::take).
    ///
    /// # Errors
    /// As [`take`](Handle::take), as exceptions.
    pub fn take_or_raise(&self, py: Python<'_>, deadline: Deadline) -> PyResult<Using<'_, T>> {
        self.take(py, deadline).map_err(|refusal| refusal.raise(py, self))
    }

    /// Waits for the library's handle.
    fn take_within(&self, piece: Duration) -> Option<Box<T>> {
        self.waiters.fetch_add(1, SeqCst);
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = self.inner.take().or_else(|| {
            // A spurious or missed notification costs at most a piece.
            let (_turn, _) = self.given_back.wait_timeout(turn, piece).unwrap_or_else(PoisonError::into_inner);
            self.inner.take()
        });
        self.waiters.fetch_sub(1, SeqCst);
        taken
    }

    fn give_back(&self, inner: Box<T>) {
        self.inner.store(Some(inner));
        fence(SeqCst); // orders the store before the load: a waiter has counted itself before it looks for the handle
        if self.waiters.load(Relaxed) > 0 {
            drop(self.turn.lock().unwrap_or_else(PoisonError::into_inner));
            self.given_back.notify_one();
        }
    }

    /// Gives back what was lent. Drops it if the handle was closed meanwhile.
    pub fn return_lent(&self, inner: Box<T>) {
        if self.closing.load(SeqCst) {
            self.absence.store(CLOSED, SeqCst);
            return drop(inner);
        }
        self.absence.store(IN_USE, SeqCst);
        self.give_back(inner);
        // A thread that closes the handle may have found it lent after our look.
        if self.closing.load(SeqCst)
            && let Some(inner) = self.inner.take()
        {
            self.absence.store(CLOSED, SeqCst);
            drop(inner);
        }
    }

    /// Remembers what `owner`, whose handle this is, lends: the exporter of its memory, and the view of the `with`.
    pub fn remember(
        &self,
        owner: &Bound<'_, PyAny>,
        exporter: &Bound<'_, PyAny>,
        view: &Bound<'_, PyMemoryView>,
    ) -> PyResult<()> {
        if !self.is_registered.swap(true, SeqCst) {
            owner.py().import("ackcast._fork")?.getattr("register")?.call1((owner,))?;
        }
        let lent = (PyWeakrefReference::new(exporter)?.unbind(), PyWeakrefReference::new(view)?.unbind());
        let before = self.lent.lock().unwrap_or_else(PoisonError::into_inner).replace(lent);
        drop(before); // after the lock
        Ok(())
    }

    /// The exporter and the view of what was lent last, as far as they are still there.
    pub fn lent<'py, E: PyTypeCheck>(
        &self,
        py: Python<'py>,
    ) -> (Option<Bound<'py, E>>, Option<Bound<'py, PyMemoryView>>) {
        let lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        let lent = lent.as_ref().map(|(exporter, view)| (exporter.clone_ref(py), view.clone_ref(py)));
        let Some((exporter, view)) = lent else { return (None, None) };
        (exporter.bind(py).upgrade_as().ok().flatten(), view.bind(py).upgrade_as().ok().flatten())
    }

    /// Releases the view that the `with` has, unless an array uses it.
    pub fn release_view(&self, py: Python<'_>) -> PyResult<()> {
        match self.lent::<PyAny>(py) {
            (_, Some(view)) => release(&view).map(drop),
            _ => Ok(()),
        }
    }

    /// Drops the library's handle, and so leaves the channel. Waits until no other thread uses it: a thread that waits
    /// in a call ends its wait with an error. A lent handle is dropped when what was lent comes back.
    ///
    /// # Errors
    /// The handle is lent; what a signal handler raises.
    pub fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.closing.store(true, SeqCst);
        if self.home.is_parent() {
            drop(self.inner.take()); // the library neither unlocks nor closes anything
            return Ok(());
        }
        if self.absence.load(SeqCst) == CLOSED {
            return Ok(());
        }
        let mut using = match self.inner.take() {
            Some(inner) => Using { inner: Some(inner), handle: self },
            None => match self.await_turn(py, Deadline::Never, false) {
                Err(_) if self.absence.load(SeqCst) == CLOSED => return Ok(()),
                using => using.map_err(|refusal| refusal.raise(py, self))?,
            },
        };
        let inner = using.inner.take();
        self.absence.store(CLOSED, SeqCst);
        py.detach(|| drop(inner));
        Ok(())
    }
}

/// The library's handle in a thread that uses it. To drop it gives the handle back.
#[derive(Debug)]
pub struct Using<'h, T: Role> {
    inner: Option<Box<T>>,
    handle: &'h Handle<T>,
}

impl<'h, T: Role> Using<'h, T> {
    /// Whose it is.
    pub fn handle(&self) -> &'h Handle<T> {
        self.handle
    }

    /// Takes the library's handle away, until [`Handle::return_lent`].
    pub fn lend(mut self) -> Box<T> {
        self.handle.absence.store(LENT, SeqCst);
        self.inner.take().expect("it is there until the drop")
    }
}

impl<T: Role> Deref for Using<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.inner.as_ref().expect("it is there until the drop")
    }
}

impl<T: Role> DerefMut for Using<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.inner.as_mut().expect("it is there until the drop")
    }
}

impl<T: Role> Drop for Using<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take() {
            self.handle.give_back(inner);
        }
    }
}
