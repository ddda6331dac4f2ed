//! The schedule of a shuttle execution as text, to replay it.

use shuttle::scheduler::{ReplayScheduler, Schedule, Scheduler, Task, TaskId};
use std::{cell::RefCell, fmt::Write as _, mem::ManuallyDrop};

thread_local! {
    /// The last execution's schedule: a task, and how many steps in a row it made.
    static SCHEDULE: RefCell<Vec<(usize, usize)>> = const { RefCell::new(Vec::new()) };
}

/// A scheduler whose choices are recorded.
#[derive(Debug)]
pub struct Recorded<S> {
    /// shuttle's random scheduler advises at its end, on the standard error, to pass its seed to another function than
    /// the one that is called here. So it has no end.
    scheduler: ManuallyDrop<S>,
}

impl<S: Scheduler> Recorded<S> {
    /// Records the choices of this scheduler.
    pub const fn new(scheduler: S) -> Self {
        Self { scheduler: ManuallyDrop::new(scheduler) }
    }
}

impl<S: Scheduler> Scheduler for Recorded<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        let schedule = self.scheduler.new_execution();
        if schedule.is_some() {
            SCHEDULE.with_borrow_mut(Vec::clear);
        }
        schedule
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, is_yielding: bool) -> Option<TaskId> {
        let next = self.scheduler.next_task(runnable, current, is_yielding);
        if let Some(task) = next.map(usize::from) {
            SCHEDULE.with_borrow_mut(|schedule| match schedule.last_mut() {
                Some((last, times)) if *last == task => *times += 1,
                _ => schedule.push((task, 1)),
            });
        }
        next
    }

    fn next_u64(&mut self) -> u64 {
        self.scheduler.next_u64()
    }
}

/// The last execution's schedule, such as `0*3,1,2*2`: task 0 three times, task 1 once, task 2 twice.
pub fn last() -> String {
    SCHEDULE.with_borrow(|schedule| {
        let mut text = String::new();
        for (place, &(task, times)) in schedule.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            let _ = if times == 1 { write!(text, "{comma}{task}") } else { write!(text, "{comma}{task}*{times}") };
        }
        text
    })
}

/// A scheduler that follows a schedule as text.
pub fn scheduler(text: &str) -> ReplayScheduler {
    let tasks = text.split(',').flat_map(|run| {
        let (task, times) = run.split_once('*').unwrap_or((run, "1"));
        let number = |text: &str| text.trim().parse::<usize>().expect("a schedule is like 0*3,1,2*2");
        std::iter::repeat_n(number(task), number(times))
    });
    ReplayScheduler::new_from_schedule(Schedule::new_from_task_ids(0, tasks))
}
