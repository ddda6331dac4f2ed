//! A buffered stdout whose writes a signal can interrupt.

use super::failure::Failure;
use super::standard;
use super::stop::Stop;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, FileType, Mode, OFlags, fcntl_getfl, fstat, major, openat};
use rustix::io::Errno;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

/// The size of the buffer, in bytes.
const CAPACITY: usize = 1 << 16;

/// So many bytes are written without a copy to the buffer, at least.
const DIRECT: usize = 1 << 14;

/// So many bytes are written to a file at once, at most.
const MAX_WRITE: usize = 1 << 20;

/// The time between two writes of a buffer that is not full, at least.
const FLUSH_INTERVAL: Duration = Duration::from_millis(1);

/// The major number of /dev/null, /dev/zero and /dev/full.
const MEMORY_DEVICES: u32 = 1;

/// Stdout with a buffer. [`flush`](Stdout::flush) writes the buffer. Drop does not.
#[derive(Debug)]
pub(crate) struct Stdout<'s> {
    file: File,
    kind: Kind,
    buffer: Vec<u8>,
    last_flush: Option<Instant>,
    stop: &'s Stop,
}

/// How stdout is written, so that a reader that does not read makes no write wait: only a poll sees a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A file waits for no reader.
    File,
    /// A pipe that this process has opened once more, for itself, as non-blocking. A write takes what the pipe has room
    /// for.
    Pipe,
    /// A terminal, a socket, or a pipe that cannot be opened again. When it is ready, it accepts PIPE_BUF bytes.
    Other,
}

impl<'s> Stdout<'s> {
    /// Duplicates stdout.
    ///
    /// # Errors
    /// As [`standard::stdout`].
    pub(crate) fn new(stop: &'s Stop) -> Result<Self, Failure> {
        Ok(Self::of(standard::stdout()?, stop))
    }

    fn of(file: File, stop: &'s Stop) -> Self {
        let (file, kind) = match kind(&file) {
            Kind::Pipe => match reopen(&file) {
                Some(own) => (own, Kind::Pipe),
                None => (file, Kind::Other),
            },
            kind => (file, kind),
        };
        Self { file, kind, buffer: Vec::with_capacity(CAPACITY), last_flush: None, stop }
    }

    /// Adds `bytes` to the buffer, and flushes the buffer when it is full.
    ///
    /// # Errors
    /// As [`flush`](Stdout::flush).
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.buffer.len() + bytes.len() > CAPACITY || bytes.len() >= DIRECT {
            self.flush()?;
        }
        if bytes.len() >= DIRECT {
            return self.put(bytes);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Writes the buffer.
    ///
    /// # Errors
    /// - [`Failure::ReaderGone`] if the reader has closed stdout.
    /// - [`Failure::Stopped`] if a signal has arrived and the reader does not read. A reader that reads gets all bytes.
    /// - [`Failure::Wrong`] if the write fails otherwise.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        let done = self.put(&self.buffer);
        self.last_flush = Some(Instant::now());
        self.buffer.clear(); // also after a failure, so that no byte is written twice
        done
    }

    /// How long the buffer may wait for more, if there is anything in it. Where messages are rare, each is written at
    /// once.
    pub(crate) fn flush_is_due_in(&self) -> Option<Duration> {
        let since = || self.last_flush.map_or(FLUSH_INTERVAL, |last| last.elapsed());
        (!self.buffer.is_empty()).then(|| FLUSH_INTERVAL.saturating_sub(since()))
    }

    /// Checks that stdout has a reader. A wait for messages would not notice that the reader has gone.
    ///
    /// # Errors
    /// [`Failure::ReaderGone`] if the reader has closed stdout.
    pub(crate) fn check_reader(&self) -> Result<(), Failure> {
        let mut stdout = [PollFd::new(&self.file, PollFlags::empty())]; // an error and a hang-up need no flag
        rustix::io::retry_on_intr(|| poll(&mut stdout, Some(&Timespec::default())))?;
        // ERR: a pipe without reader; HUP: a socket or a terminal without its other end.
        let gone = stdout[0].revents().intersects(PollFlags::ERR | PollFlags::HUP);
        if gone { Err(Failure::ReaderGone) } else { Ok(()) }
    }

    fn put(&self, bytes: &[u8]) -> Result<(), Failure> {
        let fd = self.file.as_fd();
        let ready = || self.stop.ready(fd, PollFlags::OUT); // a signal ends the poll
        let whole = match self.kind {
            Kind::File => standard::write_all(fd, bytes, MAX_WRITE, || Ok(true)),
            Kind::Pipe => standard::write_nonblocking(fd, bytes, ready),
            Kind::Other => standard::write_all(fd, bytes, libc::PIPE_BUF, ready),
        };
        if whole.map_err(|error| Failure::from_output(&error))? { Ok(()) } else { self.stop.check() }
    }
}

fn kind(file: &File) -> Kind {
    let Ok(stat) = fstat(file) else { return Kind::Other };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile | FileType::BlockDevice => Kind::File,
        FileType::CharacterDevice if major(stat.st_rdev) == MEMORY_DEVICES => Kind::File,
        FileType::Fifo => Kind::Pipe,
        _ => Kind::Other,
    }
}

/// Opens a pipe once more. O_NONBLOCK belongs to the open file, which processes share: to set it on stdout would set
/// it for all of them. `None` if stdout is only for reading, or if the system refuses.
fn reopen(pipe: &File) -> Option<File> {
    let access = fcntl_getfl(pipe).ok()? & OFlags::ACCMODE;
    if access == OFlags::RDONLY {
        return None;
    }
    let path = format!("/proc/self/fd/{}", pipe.as_raw_fd());
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let own: Result<_, Errno> = openat(CWD, path, flags, Mode::empty());
    own.ok().map(File::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pipe::{PipeFlags, pipe_with};
    use std::io::Read;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::thread;

    fn pipe() -> (File, File) {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        (reader.into(), writer.into())
    }

    #[test]
    fn only_a_pipe_for_writing_is_opened_again() {
        let stop = Stop::on_signals().unwrap();
        let kind = |file: File| Stdout::of(file, &stop).kind;
        let (reader, writer) = pipe();
        assert_eq!(kind(writer.try_clone().unwrap()), Kind::Pipe);
        assert_eq!(kind(reader.try_clone().unwrap()), Kind::Other); // only for reading: the write names the error
        assert!(!fcntl_getfl(&writer).unwrap().contains(OFlags::NONBLOCK), "others write to it, too");
        drop(reader);
        let mut stdout = Stdout::of(writer, &stop);
        stdout.write(b"x").unwrap();
        assert!(matches!(stdout.flush(), Err(Failure::ReaderGone)));
        let (socket, _other) = UnixStream::pair().unwrap();
        assert_eq!(kind(OwnedFd::from(socket).into()), Kind::Other);
        assert_eq!(kind(File::options().write(true).open("/dev/null").unwrap()), Kind::File);
        assert_eq!(kind(File::open(std::env::current_exe().unwrap()).unwrap()), Kind::File);
    }

    #[test]
    fn all_bytes_arrive_when_the_reader_is_slow() {
        let stop = Stop::on_signals().unwrap();
        let sent: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        for kind in [Kind::Pipe, Kind::Other] {
            let (mut reader, writer) = pipe();
            let receiver = thread::spawn(move || {
                let (mut received, mut chunk) = (Vec::new(), [0; 1000]);
                while let count @ 1.. = reader.read(&mut chunk).unwrap() {
                    received.extend_from_slice(&chunk[..count]);
                }
                received
            });
            let mut stdout = match kind {
                Kind::Pipe => Stdout::of(writer, &stop),
                kind => Stdout { file: writer, kind, buffer: Vec::new(), last_flush: None, stop: &stop },
            };
            assert_eq!(stdout.kind, kind);
            for (number, piece) in sent.chunks(10_007).enumerate() {
                let (first, second) = piece.split_at(number % piece.len());
                stdout.write(first).unwrap();
                stdout.write(second).unwrap();
            }
            stdout.write(&sent).unwrap();
            stdout.flush().unwrap();
            drop(stdout);
            assert!(receiver.join().unwrap() == [&*sent, &*sent].concat(), "{kind:?}");
        }
    }
}
