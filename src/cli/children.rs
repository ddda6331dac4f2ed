//! The parent's hold on its children: none is ever left behind.

use super::failure::Failure;
use super::job::{ChildId, Job};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The running processes of a demo. Dropping it stops and reaps them.
#[derive(Debug)]
pub(crate) struct Children {
    signals: Signals,
    running: Vec<(ChildId, Child)>,
}

/// How long a child has to follow a SIGTERM. It needs next to nothing, unless it is stopped.
const SIGTERM_GRACE: Duration = Duration::from_secs(1);
/// How often to look when waiting with a limit.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Catches the signals that [`Children`] waits for: to be called before there is anything that
/// would have to be removed.
pub(crate) fn catch_signals() -> io::Result<Signals> {
    Signals::new([SIGINT, SIGTERM, SIGCHLD])
}

impl Children {
    /// No children yet.
    pub(crate) const fn new(signals: Signals) -> Self {
        Self { signals, running: Vec::new() }
    }

    /// Starts a process for this job.
    pub(crate) fn start(&mut self, job: &Job) -> Result<(), Failure> {
        let program = std::env::current_exe()?;
        let child = Command::new(program).args(job.to_args()).stdin(Stdio::null()).spawn()?;
        self.running.push((job.id, child));
        Ok(())
    }

    /// Waits until all have ended well.
    ///
    /// # Errors
    /// [`Failure`] as soon as one of them ends otherwise, or a signal asks us to stop.
    pub(crate) fn wait(&mut self) -> Result<(), Failure> {
        while !self.running.is_empty() {
            drop(self.signals.wait()); // leaves the signals for `poll`
            self.poll()?;
        }
        Ok(())
    }

    /// As [`wait`](Children::wait), with something to do in between.
    pub(crate) fn wait_with(&mut self, mut meanwhile: impl FnMut()) -> Result<(), Failure> {
        while !self.running.is_empty() {
            sleep(POLL_INTERVAL);
            meanwhile();
            self.poll()?;
        }
        Ok(())
    }

    /// As [`wait`](Children::wait), but for this long, however many still run.
    pub(crate) fn wait_for(&mut self, time: Duration) -> Result<(), Failure> {
        let start = Instant::now();
        while start.elapsed() < time {
            sleep(POLL_INTERVAL);
            self.poll()?;
        }
        Ok(())
    }

    /// Reaps who has ended, and obeys the signals that have come.
    fn poll(&mut self) -> Result<(), Failure> {
        loop {
            // Ctrl-C goes to our children as well, and they may die of it. As we reap before we
            // look for our own signal, we do not take that for their failure.
            let ended = self.reap()?;
            let signals: Vec<i32> = self.signals.pending().collect();
            if let Some(&signal) = signals.iter().find(|&&signal| signal != SIGCHLD) {
                return Err(Failure::Stopped(signal));
            }
            check_statuses(&ended)?;
            if !signals.contains(&SIGCHLD) {
                return Ok(());
            }
            // This SIGCHLD may be of one that ended after `reap`, and will not come again.
        }
    }

    fn reap(&mut self) -> io::Result<Vec<(ChildId, ExitStatus)>> {
        let mut ended = Vec::new();
        for (id, child) in &mut self.running {
            ended.extend(child.try_wait()?.map(|status| (*id, status)));
        }
        self.running.retain(|(id, _)| !ended.iter().any(|(gone, _)| gone == id));
        Ok(ended)
    }

    /// Ends all, the stubborn ones by SIGKILL.
    fn stop(&mut self) {
        for (_, child) in &self.running {
            // It can only have ended already; it is not reaped, so the number is still its own.
            let _ = kill_process(Pid::from_child(child), Signal::TERM);
        }
        let start = Instant::now();
        while self.reap().is_ok() && !self.running.is_empty() && start.elapsed() < SIGTERM_GRACE {
            sleep(Duration::from_millis(1));
        }
        for (_, child) in &mut self.running {
            // As above; and a child that is killed can be waited for.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whether all of these ended well, or as the consequence of another's end, which we will see, too.
/// (If we should not, they are still missed: they have not reported.)
fn check_statuses(ended: &[(ChildId, ExitStatus)]) -> Result<(), Failure> {
    let exited = |status: &ExitStatus, code: u8| status.code() == Some(code.into());
    let is_cause = |(_, status): &&(ChildId, ExitStatus)| !status.success() && !exited(status, Failure::PARENT_REPORTS);
    let bad: Vec<_> = ended.iter().filter(is_cause).collect();
    if bad.is_empty() {
        return Ok(());
    }
    if bad.iter().all(|(_, status)| exited(status, Failure::READER_GONE)) {
        return Err(Failure::ReaderGone);
    }
    let line = |(id, status): &&(ChildId, ExitStatus)| format!("{id} failed ({status}); all others were stopped");
    Err(Failure::Wrong(bad.iter().map(line).collect()))
}

#[cfg(test)]
mod tests {
    use super::super::job::Role;
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    fn verdict(wait_statuses: [i32; 3]) -> Result<(), Failure> {
        let ended = |(number, raw)| (ChildId { role: Role::Consumer, number }, ExitStatus::from_raw(raw));
        check_statuses(&(1..).zip(wait_statuses).map(ended).collect::<Vec<_>>())
    }

    #[test]
    fn only_exit_status_0_is_well() {
        let exit = |code: i32| code << 8;
        assert!(verdict([0, 0, 0]).is_ok());
        assert!(verdict([0, exit(3), 0]).is_ok(), "the cause will follow");
        assert!(matches!(verdict([exit(3), exit(141), 0]), Err(Failure::ReaderGone)));
        let Err(Failure::Wrong(lines)) = verdict([exit(1), 0, 9]) else { panic!("not noticed") };
        assert_eq!(
            lines,
            [
                "consumer 1 failed (exit status: 1); all others were stopped",
                "consumer 3 failed (signal: 9 (SIGKILL)); all others were stopped"
            ]
        );
        assert!(matches!(verdict([exit(141), 9, 0]), Err(Failure::Wrong(_))));
    }
}
