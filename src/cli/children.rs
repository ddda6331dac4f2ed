//! The parent's child processes. No child outlives its [`Children`].

use super::failure::Failure;
use super::job::{ChildId, Job};
use super::stop::ending_signals;
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::SIGCHLD;
use signal_hook::iterator::Signals;
use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The running child processes of a demo. Drop stops and reaps them.
#[derive(Debug)]
pub(crate) struct Children {
    signals: Signals,
    running: Vec<(ChildId, Child)>,
}

/// The time that a child has to end after SIGTERM. A child that SIGSTOP has stopped needs SIGKILL.
const SIGTERM_GRACE: Duration = Duration::from_secs(1);
/// The interval between polls of children and signals in a wait that has a limit or prints progress.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Catches the signals that [`Children`] waits for. The caller creates segments only after this call, because a
/// signal that kills the process would leave them behind.
pub(crate) fn catch_signals() -> io::Result<Signals> {
    Signals::new(ending_signals()?.into_iter().chain([SIGCHLD]))
}

impl Children {
    /// Has no children yet.
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

    /// Waits until all children have exited with status 0.
    ///
    /// # Errors
    /// [`Failure`] as soon as a child ends otherwise, or a signal of [`ending_signals`] arrives.
    pub(crate) fn wait(&mut self) -> Result<(), Failure> {
        while !self.running.is_empty() {
            drop(self.signals.wait()); // leaves the signals for `poll`
            self.poll()?;
        }
        Ok(())
    }

    /// As [`wait`](Children::wait), and calls `meanwhile` before each poll.
    pub(crate) fn wait_with(&mut self, mut meanwhile: impl FnMut()) -> Result<(), Failure> {
        while !self.running.is_empty() {
            sleep(POLL_INTERVAL);
            meanwhile();
            self.poll()?;
        }
        Ok(())
    }

    /// Polls the children for this time, whether they still run or not. Errors are those of [`wait`](Children::wait).
    pub(crate) fn wait_for(&mut self, time: Duration) -> Result<(), Failure> {
        let start = Instant::now();
        while start.elapsed() < time {
            sleep(POLL_INTERVAL);
            self.poll()?;
        }
        Ok(())
    }

    /// Reaps the children that have ended, then handles the signals that have arrived.
    fn poll(&mut self) -> Result<(), Failure> {
        loop {
            // Ctrl-C also reaches the children, and may kill them. The signals are read after `reap`, so a child's
            // death by Ctrl-C is never reported as its failure.
            let ended = self.reap()?;
            let signals: Vec<i32> = self.signals.pending().collect();
            if let Some(&signal) = signals.iter().find(|&&signal| signal != SIGCHLD) {
                return Err(Failure::Stopped(signal));
            }
            check_statuses(&ended)?;
            if !signals.contains(&SIGCHLD) {
                return Ok(());
            }
            // A child that ended after `reap` may have sent this SIGCHLD, and sends no other: reap again.
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

    /// Sends SIGTERM to all children, and SIGKILL after [`SIGTERM_GRACE`].
    fn stop(&mut self) {
        for (_, child) in &self.running {
            // The call fails only if the child has ended. No other process has its number before it is reaped.
            let _ = kill_process(Pid::from_child(child), Signal::TERM);
        }
        let start = Instant::now();
        while self.reap().is_ok() && !self.running.is_empty() && start.elapsed() < SIGTERM_GRACE {
            sleep(Duration::from_millis(1));
        }
        for (_, child) in &mut self.running {
            // Both calls fail only if the child has ended. `wait` returns because SIGKILL ends every process.
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

/// Checks that these children succeeded. A child that exits with [`Failure::PARENT_REPORTS`] is no cause: the parent
/// reaps the producers that failed, too. Should it not, `check_reports` finds the missing report.
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
    fn status_check_accepts_exit_0_alone() {
        let exit = |code: i32| code << 8;
        assert!(verdict([0, 0, 0]).is_ok());
        assert!(verdict([0, exit(3), 0]).is_ok(), "another child is the cause");
        assert!(matches!(verdict([exit(3), exit(141), 0]), Err(Failure::ReaderGone)));
        let Err(Failure::Wrong(lines)) = verdict([exit(1), 0, 9]) else {
            panic!("the failed children are not reported")
        };
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
