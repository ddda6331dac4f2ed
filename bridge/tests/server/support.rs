//! A real server, real bridges, and channels of this process at both ends.

use ackcast::segment::remove_if_dead;
use ackcast::{Channel, Consumer, Name, Producer, RecvError};
use std::fs::{self, File};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Upper bound on each wait. A test that hangs fails by it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

static SKIPPED: AtomicUsize = AtomicUsize::new(0);
static NAMES: AtomicUsize = AtomicUsize::new(0);

/// The server's program: `NATS_SERVER`, or `nats-server` in PATH.
fn program() -> Option<PathBuf> {
    let named = std::env::var_os("NATS_SERVER").filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    named.or_else(|| std::env::split_paths(&path).map(|folder| folder.join("nats-server")).find(|file| file.is_file()))
}

/// A name that no other test has.
pub(crate) fn unique(role: &str) -> String {
    format!("bridge-{role}-{}-{}", std::process::id(), NAMES.fetch_add(1, Relaxed))
}

/// Polls until `done`, for [`PATIENCE`] at most.
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "gave up waiting: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A server with file storage in a folder of its own, on loopback.
#[derive(Debug)]
pub(crate) struct Server {
    program: PathBuf,
    port: u16,
    folder: PathBuf,
    child: Child,
}

impl Server {
    /// Starts a server. `None` if none is installed: the test is skipped, which is said and counted.
    pub(crate) fn start(test: &str, settings: &str) -> Option<Self> {
        let Some(program) = program() else {
            let count = SKIPPED.fetch_add(1, Relaxed) + 1;
            // Not captured, unlike what `eprintln` writes.
            let line = format!("SKIPPED {test}: no nats-server in PATH or NATS_SERVER ({count} skipped so far)\n");
            let _ = std::io::stderr().write_all(line.as_bytes());
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = std::env::temp_dir().join(unique("server"));
        fs::create_dir_all(&folder).unwrap();
        let storage = folder.join("storage");
        let config = format!(
            "listen: 127.0.0.1:{port}\njetstream {{ store_dir: {storage:?} }}\nlog_file: {:?}\n{settings}\n",
            folder.join("log")
        );
        fs::write(folder.join("config"), config).unwrap();
        let child = spawn(&program, &folder);
        let server = Self { program, port, folder, child };
        server.wait();
        Some(server)
    }

    fn wait(&self) {
        wait_until("the server listens", || TcpStream::connect(("127.0.0.1", self.port)).is_ok());
    }

    /// kill -9, and a new process on the same port and storage.
    pub(crate) fn kill_and_restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = spawn(&self.program, &self.folder);
        self.wait();
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

fn spawn(program: &Path, folder: &Path) -> Child {
    let mut command = Command::new(program);
    command.arg("-c").arg(folder.join("config"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A bridge that runs. It is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Bridge {
    arguments: Vec<String>,
    child: Child,
    log: PathBuf,
}

impl Bridge {
    /// Starts `ackcast-bridge`, or a mutant of it.
    pub(crate) fn start(mutant: Option<&str>, arguments: &[&str]) -> Self {
        let arguments = mutant.into_iter().chain(arguments.iter().copied()).map(str::to_owned).collect();
        let log = std::env::temp_dir().join(unique("log"));
        let child = Self::spawn(mutant.is_some(), &arguments, &log);
        Self { arguments, child, log }
    }

    pub(crate) fn out(channel: &str, server: &Server, stream: &str) -> Self {
        Self::start(None, &["out", channel, "--to", &server.url(), "--stream", stream])
    }

    pub(crate) fn into(channel: &str, server: &Server, stream: &str) -> Self {
        Self::start(None, &["in", channel, "--from", &server.url(), "--stream", stream])
    }

    fn spawn(is_mutant: bool, arguments: &Vec<String>, log: &Path) -> Child {
        let bridge = Path::new(env!("CARGO_BIN_EXE_ackcast-bridge"));
        let program = match is_mutant {
            true => bridge.parent().unwrap().join("examples/mutant"),
            false => bridge.to_owned(),
        };
        let log = File::options().append(true).create(true).open(log).unwrap();
        let mut command = Command::new(program);
        command.args(arguments).env("RUST_LOG", "ackcast_bridge=debug");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    /// kill -9, and a successor. False if the bridge has ended by itself before.
    pub(crate) fn kill_and_restart(&mut self) -> bool {
        if self.child.try_wait().unwrap().is_some() {
            return false;
        }
        self.kill();
        let is_mutant = !["out", "in"].contains(&self.arguments[0].as_str());
        self.child = Self::spawn(is_mutant, &self.arguments, &self.log);
        true
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until the bridge has ended.
    pub(crate) fn status(&mut self) -> ExitStatus {
        wait_until("the bridge ends", || self.child.try_wait().unwrap().is_some());
        self.child.wait().unwrap()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Checks the exit status.
    pub(crate) fn ends_with(&mut self, status: i32) {
        let found = self.status().code();
        assert_eq!(found, Some(status), "{:?}: {}", self.arguments, self.log());
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("{:?}:\n{}", self.arguments, self.log());
        }
        let _ = fs::remove_file(&self.log);
        // A bridge that was killed leaves its channel behind if nobody else has it.
        for name in self.arguments.iter().filter_map(|argument| Name::new(argument).ok()) {
            let _ = remove_if_dead(&name);
        }
    }
}

/// Message `number`: its bytes say which one it is, and have a length of their own.
pub(crate) fn message(number: u64) -> Vec<u8> {
    let mut message = number.to_le_bytes().to_vec();
    message.resize(8 + (number * 7 % 49) as usize, number as u8);
    message
}

/// What a reader has received, by number, and how it ended.
pub(crate) type Received = (Vec<u64>, RecvError);

/// Reads a channel to its end, in a thread.
pub(crate) fn read(channel: &str) -> JoinHandle<Received> {
    let channel = channel.to_owned();
    thread::spawn(move || {
        let mut consumer = Consumer::wait_for(&channel, PATIENCE).unwrap();
        read_on(&mut consumer, PATIENCE)
    })
}

/// Reads on to END.
pub(crate) fn read_on(consumer: &mut Consumer, patience: Duration) -> Received {
    let mut numbers = Vec::new();
    let mut end = Instant::now() + patience;
    loop {
        let before = numbers.len();
        match read_some(consumer, &mut numbers, patience) {
            // A successor of the dead bridge goes on.
            RecvError::ProducersLost(_) if numbers.len() > before => end = Instant::now() + patience,
            RecvError::ProducersLost(_) if Instant::now() < end => thread::sleep(Duration::from_millis(1)),
            error => return (numbers, error),
        }
    }
}

/// Reads on to END or `ProducersLost`.
pub(crate) fn read_some(consumer: &mut Consumer, numbers: &mut Vec<u64>, patience: Duration) -> RecvError {
    loop {
        match consumer.recv_timeout(patience) {
            Ok(bytes) => numbers.push(number(&bytes)),
            Err(error) => return error,
        }
    }
}

/// The number of a message, which is checked.
pub(crate) fn number(bytes: &[u8]) -> u64 {
    let number = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    assert_eq!(bytes, message(number));
    number
}

/// A source channel of this process, which retains `retain` messages.
pub(crate) fn source(name: &str, slots: u32, retain: u32) -> (Channel, Producer) {
    let channel = Channel::create(name).slots(slots).slot_size(64).retain(retain).build().unwrap();
    let producer = Producer::attach(name).unwrap();
    (channel, producer)
}
