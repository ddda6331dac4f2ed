//! A measurement of the table: a participant under a workload, once. Its processes are started, led through the phases,
//! and gone afterwards in any case.

use crate::child::{MARK, Order, Phase, Reply, Role};
use crate::clock::now;
use crate::participants::Entry;
use crate::transport::Transport;
use crate::work::{Outcome, Span};
use crate::workload::{Placement, Workload};
use anyhow::{Context, Result, anyhow, bail};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process_group};
use rustix::thread::{CpuSet, sched_getaffinity};
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The parameters of a measurement.
#[derive(Clone, Copy, Debug)]
pub struct Measurement {
    pub workload: Workload,
    pub placement: Placement,
    pub size: usize,
    pub slots: usize,
    pub consumers: usize,
    pub span: Span,
}

impl Measurement {
    pub const fn new(workload: Workload, placement: Placement, span: Span) -> Self {
        let (size, slots, consumers) = (workload.size(), workload.slots(), workload.consumers());
        Self { workload, placement, size, slots, consumers, span }
    }

    /// The moment by which the measurement has ended. The workload ends in time even on a slow machine. The grace is
    /// for starting and ending the processes.
    pub fn deadline(self) -> Instant {
        Instant::now() + Duration::from_nanos(self.span.total(self.workload.several())) + GRACE
    }

    /// Measures. The first outcomes are those of the producers (in ping-pong: of the asking side), the others are those
    /// of the consumers.
    pub fn measure(self, entry: &Entry) -> Result<Vec<Outcome>> {
        let deadline = self.deadline();
        let scratch = Scratch::new();
        let (transports, files) = self.transports(entry, &scratch)?;
        let roles = self.roles(entry, &transports);
        let mut processes =
            roles.iter().map(|role| Process::start(&role_command(role)?)).collect::<Result<Vec<_>>>()?;
        drop(files);

        let mut addresses = vec![Vec::new(); transports.len()];
        for phase in [Phase::Create, Phase::Attach, Phase::Connect] {
            for (process, role) in processes.iter_mut().zip(&roles) {
                let number_of = |transport: &Transport| {
                    transports.iter().position(|l| l.name == transport.name).expect("one of ours")
                };
                let input = role.input.as_ref().map(|(transport, _)| addresses[number_of(transport)].clone());
                process.order(phase, input.unwrap_or_default(), now())?;
                let reply = process.reply(deadline)?;
                if let (Phase::Create, Reply::Done { addresses: said }, Some((transport, 0))) =
                    (phase, reply, &role.output)
                {
                    addresses[number_of(transport)] = said;
                }
            }
        }
        // The consumers first: they wait when the producer starts its clock.
        let start = now();
        for process in processes.iter_mut().rev() {
            process.order(Phase::Run, Vec::new(), start)?;
        }
        let outcomes = processes.iter().map(|process| process.outcome(deadline)).collect::<Result<Vec<_>>>();
        // If a process fails, its peers hang. The error of the failed process is the reason.
        let outcomes = outcomes.map_err(|error| processes.iter().find_map(Process::confession).unwrap_or(error))?;
        processes.into_iter().for_each(Process::dismiss);
        Ok(outcomes)
    }

    /// The channels, and the files that the children inherit.
    fn transports(self, entry: &Entry, scratch: &Scratch) -> Result<(Vec<Transport>, Vec<OwnedFd>)> {
        let mut all = Vec::new();
        let mut transport = |number: usize| -> Result<Transport> {
            let files = entry.prepare(self.consumers, self.slots, self.size)?;
            for file in &files {
                fcntl_setfd(file, FdFlags::empty())?;
            }
            let numbers = files.iter().map(AsRawFd::as_raw_fd).collect();
            all.extend(files);
            let name = format!("{}-{number}", scratch.token);
            let (slots, consumers, producers) = (self.slots, self.consumers, self.workload.producers());
            Ok(Transport { name, slots, consumers, producers, files: numbers, addresses: Vec::new() })
        };
        let there_and_back = self.workload == Workload::PingPong;
        let transports = (0..1 + usize::from(there_and_back)).map(&mut transport).collect::<Result<_>>()?;
        Ok((transports, all))
    }

    fn roles(self, entry: &Entry, transports: &[Transport]) -> Vec<Role> {
        let role = |output: Option<(usize, usize)>, input: Option<(usize, usize)>| Role {
            participant: entry.name.to_owned(),
            workload: self.workload,
            size: self.size,
            span: self.span,
            core: None,
            publishes: entry.publishes,
            output: output.map(|(transport, producer)| (transports[transport].clone(), producer)),
            input: input.map(|(transport, consumer)| (transports[transport].clone(), consumer)),
        };
        let mut roles: Vec<_> = if self.workload == Workload::PingPong {
            vec![role(Some((0, 0)), Some((1, 0))), role(Some((1, 0)), Some((0, 0)))]
        } else {
            let producers = (0..self.workload.producers()).map(|producer| role(Some((0, producer)), None));
            let consumers = (0..self.consumers).map(|consumer| role(None, Some((0, consumer))));
            producers.chain(consumers).collect()
        };
        if let (Placement::Pinned, Ok(cores)) = (self.placement, cores()) {
            roles.iter_mut().zip(cores).for_each(|(role, core)| role.core = Some(core));
        }
        roles
    }
}

/// The cores that this process may use.
pub fn cores() -> rustix::io::Result<Vec<usize>> {
    let ours = sched_getaffinity(None)?;
    Ok((0..CpuSet::MAX_CPU).filter(|core| ours.is_set(*core)).collect())
}

/// How long a measurement may take beyond its span before it counts as hanging.
const GRACE: Duration = Duration::from_secs(6);

fn role_command(role: &Role) -> Result<Vec<String>> {
    let program = std::env::current_exe()?.into_os_string().into_string().ok().context("a path in UTF-8")?;
    Ok(vec![program, "child".into(), serde_json::to_string(role)?])
}

/// A process of a measurement, and its replies. Dropping it kills the process and its children.
pub struct Process {
    child: Child,
    orders: Option<ChildStdin>,
    replies: Receiver<String>,
}

impl Process {
    pub fn start(command: &[String]) -> Result<Self> {
        let mut child = Command::new(&command[0])
            .args(&command[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| command[0].clone())?;
        let (said, replies) = channel();
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        std::thread::spawn(move || {
            let mut lines = lines.map_while(std::result::Result::ok);
            lines.try_for_each(|line| line.strip_prefix(MARK).map_or(Ok(()), |reply| said.send(reply.to_owned())))
        });
        Ok(Self { orders: child.stdin.take(), child, replies })
    }

    fn order(&mut self, phase: Phase, addresses: Vec<String>, moment: u64) -> Result<()> {
        let orders = self.orders.as_mut().expect("not dismissed");
        writeln!(orders, "{}", serde_json::to_string(&Order { phase, addresses, moment })?).context("a process died")
    }

    fn reply(&self, deadline: Instant) -> Result<Reply> {
        match serde_json::from_str(&self.line(deadline)?)? {
            Reply::Failed(why) => bail!("{why}"),
            reply => Ok(reply),
        }
    }

    /// The process's next line.
    pub fn line(&self, deadline: Instant) -> Result<String> {
        match self.replies.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => bail!("hangs"),
            Err(RecvTimeoutError::Disconnected) => bail!("a process died"),
        }
    }

    fn outcome(&self, deadline: Instant) -> Result<Outcome> {
        match self.reply(deadline)? {
            Reply::Outcome(outcome) => Ok(outcome),
            reply => bail!("an outcome expected, not {reply:?}"),
        }
    }

    /// The error that the process reported without being asked.
    fn confession(&self) -> Option<anyhow::Error> {
        self.replies.try_iter().find_map(|line| match serde_json::from_str(&line) {
            Ok(Reply::Failed(why)) => Some(anyhow!(why)),
            _ => None,
        })
    }

    /// Lets the process end by itself for a while.
    fn dismiss(mut self) {
        self.orders = None;
        let deadline = Instant::now() + Duration::from_secs(1);
        while self.child.try_wait().is_ok_and(|status| status.is_none()) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // The process is not reaped yet, so no other process has its number.
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// A token that is part of every name of a measurement. Everything with the token in its name is removed at the end.
struct Scratch {
    token: String,
}

impl Scratch {
    fn new() -> Self {
        static MEASUREMENTS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let measurement = MEASUREMENTS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Self { token: format!("ackbench-{}-{measurement}", std::process::id()) }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for place in [std::path::Path::new("/dev/shm"), &std::env::temp_dir()] {
            for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
                if entry.file_name().to_string_lossy().contains(&format!("{}-", self.token)) {
                    let path = entry.path();
                    let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
                }
            }
        }
    }
}
