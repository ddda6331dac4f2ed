//! The source channel, read by a thread of its own.
//!
//! A batch of messages is held until the stream has stored all of it. To drop the batch acknowledges its messages. So
//! no slot is acknowledged before.

use crate::failure::Failure;
use crate::head::Kind;
use ackcast::{Consumer, RecvError, Start};
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc as std_mpsc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long the thread waits for a message before it checks whether the bridge has ended.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);
/// A batch has at most this size in bytes, and one message more.
const BATCH_BYTES: usize = 4 << 20;

/// What was read. It is not acknowledged.
#[derive(Debug)]
pub(crate) enum Read {
    /// Messages with their numbers.
    Messages(Vec<(u64, Bytes)>),
    /// END, or `ProducersLost`.
    Over { kind: Kind, sequence: u64 },
}

/// A consumer of the source, in its thread.
#[derive(Debug)]
pub(crate) struct Source {
    reads: mpsc::Receiver<Result<Read, Failure>>,
    /// Tells the thread that its batch is stored. Closed when the bridge ends.
    stored: Option<std_mpsc::Sender<()>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// The number after the last message of the batch that was read.
    batch_end: Option<u64>,
}

impl Source {
    /// Attaches at message `from`, or if it `may_be_late` and the message is lost, at the oldest one.
    pub(crate) fn attach(name: &str, mut from: u64, may_be_late: bool, window: usize) -> Result<Self, Failure> {
        let consumer = loop {
            match Consumer::attach_at(name, Start::Sequence(from)).map_err(Failure::from_attach) {
                Err(Failure::Gap { oldest, .. }) if may_be_late && oldest > from => from = oldest,
                attached => break attached?,
            }
        };
        let (sender, reads) = mpsc::channel(1);
        let (stored, is_stored) = std_mpsc::channel();
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::Builder::new().name("source".to_owned()).spawn({
            let stop = Arc::clone(&stop);
            move || read_all(consumer, from, window, &sender, &is_stored, &stop)
        })?;
        Ok(Self { reads, stored: Some(stored), stop, thread: Some(thread), batch_end: None })
    }

    /// The next batch. The one before it must be released.
    pub(crate) async fn read(&mut self) -> Result<Read, Failure> {
        match self.reads.recv().await {
            Some(read) => self.note(read),
            None => std::future::pending().await, // END was read
        }
    }

    /// As [`read`](Source::read), but blocks the thread of the client. For a mutant.
    pub(crate) fn blocking_read(&mut self) -> Option<Result<Read, Failure>> {
        if self.batch_end.is_some() {
            return None;
        }
        let read = loop {
            match self.reads.try_recv() {
                Ok(read) => break read,
                Err(mpsc::error::TryRecvError::Empty) => std::thread::sleep(Duration::from_millis(1)),
                Err(mpsc::error::TryRecvError::Disconnected) => return None,
            }
        };
        Some(self.note(read))
    }

    fn note(&mut self, read: Result<Read, Failure>) -> Result<Read, Failure> {
        if let Ok(Read::Messages(messages)) = &read {
            self.batch_end = messages.last().map(|message| message.0 + 1);
        }
        read
    }

    /// The stream has stored all messages below this number.
    pub(crate) fn release(&mut self, below: u64) {
        if self.batch_end.take_if(|end| *end <= below).is_some()
            && let Some(stored) = &self.stored
        {
            let _ = stored.send(()); // a thread that has failed says so by `reads`
        }
    }
}

impl Drop for Source {
    /// Leaves the source. What is not released is not acknowledged.
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        self.stored = None;
        self.reads.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // within CHECK_INTERVAL
        }
    }
}

/// Reads up to END or `ProducersLost`.
fn read_all(
    mut consumer: Consumer,
    mut next: u64,
    window: usize,
    reads: &mpsc::Sender<Result<Read, Failure>>,
    is_stored: &std_mpsc::Receiver<()>,
    stop: &AtomicBool,
) {
    loop {
        let mut batch = match consumer.recv_batch_timeout(CHECK_INTERVAL) {
            Ok(batch) => batch,
            Err(RecvError::TimedOut { .. }) if stop.load(Relaxed) => return,
            Err(RecvError::TimedOut { .. }) => continue,
            Err(error) => {
                let read = match error {
                    RecvError::Ended => Ok(Read::Over { kind: Kind::End, sequence: next }),
                    RecvError::ProducersLost(_) => Ok(Read::Over { kind: Kind::Lost, sequence: next }),
                    error => Err(error.into()),
                };
                let _ = reads.blocking_send(read);
                let _ = is_stored.recv(); // stays attached until the bridge ends
                return;
            }
        };
        let (mut messages, mut bytes) = (Vec::new(), 0);
        while messages.len() < window && bytes < BATCH_BYTES {
            let sequence = batch.sequence();
            match batch.take() {
                Ok(Some(message)) => {
                    bytes += message.len();
                    messages.push((sequence, Bytes::copy_from_slice(message)));
                }
                Ok(None) => break,
                Err(error) => {
                    let _ = reads.blocking_send(Err(error.into()));
                    std::mem::forget(batch); // acknowledges nothing
                    return;
                }
            }
        }
        next = batch.sequence();
        if reads.blocking_send(Ok(Read::Messages(messages))).is_err() || is_stored.recv().is_err() {
            std::mem::forget(batch); // acknowledges nothing
            return;
        }
    }
}
