//! Gaps in a channel's progress, and what explains them.

use ackcast::Channel;
use ackcast::segment::Name;
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A longer gap must be explained.
pub const LIMIT: Duration = Duration::from_millis(50);
const TICK: Duration = Duration::from_millis(1);

/// The current state of the participants, as the storm reports it.
#[derive(Default)]
pub struct Board {
    /// The number of stopped participants.
    pub stopped: AtomicU32,
    /// The number of participants that are killed and not reaped: their locks may still be held.
    pub dying: AtomicU32,
    pub registrations: Mutex<Vec<Registration>>,
    over: AtomicBool,
}

/// A living participant.
pub struct Registration {
    pub pid: u32,
    pub sends: bool,
    pub attached: bool,
    /// The thread that works, and the kernel's counters for it.
    thread: u32,
    schedstat: File,
}

impl Registration {
    /// A process whose thread is about to attach. `None` if the process is already dead.
    pub fn new(pid: u32, thread: u32, sends: bool) -> Option<Self> {
        let schedstat = File::open(format!("/proc/{pid}/task/{thread}/schedstat")).ok()?;
        Some(Self { pid, sends, attached: false, thread, schedstat })
    }

    /// How long the thread has waited for a core so far.
    fn run_delay(&self) -> Option<Duration> {
        let mut text = [0; 64];
        let len = self.schedstat.read_at(&mut text, 0).ok()?;
        let delay = std::str::from_utf8(text.get(..len)?).ok()?.split(' ').nth(1)?.parse().ok()?;
        Some(Duration::from_nanos(delay))
    }

    /// What the thread does, to find out why it makes no progress.
    fn doing(&self) -> String {
        let Self { pid, thread, .. } = self;
        let read = |what| std::fs::read_to_string(format!("/proc/{pid}/task/{thread}/{what}")).unwrap_or_default();
        let (stat, syscall) = (read("stat"), read("syscall"));
        let state = stat.rsplit(')').next().and_then(|rest| rest.get(..2)).unwrap_or_default();
        let role = if self.sends { "producer" } else { "consumer" };
        format!("{role} {pid}, attached {}:{state} in {}, {}", self.attached, read("wchan"), syscall.trim_end())
    }
}

/// A time in which `published` did not move, divided by the state at each moment.
#[derive(Clone, Debug, Default)]
pub struct Gap {
    total: Duration,
    /// A participant was stopped.
    stopped: Duration,
    /// A participant was killed and not reaped.
    dying: Duration,
    /// No producer was attached.
    no_producer: Duration,
    /// The witness woke late.
    late: Duration,
    /// None of these: how long, and when.
    bare: Duration,
    bare_spans: Vec<(Instant, Instant)>,
    /// How long each participant's thread waited for a core in the bare time.
    run_delays: HashMap<u32, Duration>,
    /// The time that the hypervisor took from the machine's cores, counted from 5 ms of bare time on.
    stolen: Duration,
    /// The acknowledgements, and what the participants did, when the bare time had almost reached the limit.
    doing: Vec<String>,
}

impl Gap {
    /// How much of the bare time came after this moment.
    fn bare_since(&self, moment: Instant) -> Duration {
        self.bare_spans.iter().map(|(start, end)| end.saturating_duration_since(moment.max(*start))).sum()
    }

    /// The longest delay of one participant, plus the hypervisor's.
    fn longest_delay(&self) -> Duration {
        self.run_delays.values().max().copied().unwrap_or_default() + self.stolen
    }

    /// The delays of all participants in turn, plus the hypervisor's.
    fn all_delays(&self) -> Duration {
        self.run_delays.values().sum::<Duration>() + self.stolen
    }
}

/// All gaps of a storm.
#[derive(Debug, Default)]
pub struct Gaps {
    longest: Gap,
    /// The gap with the most bare time.
    barest: Gap,
    /// Above the limit: explained by stops, deaths, restarts and the witness.
    explained: u32,
    /// Above the limit: explained by one participant that was ready and got no core, and by the hypervisor.
    by_one_delay: u32,
    /// Above the limit: explained by several participants in turn.
    by_all_delays: u32,
    /// Above the limit, and not explained.
    unexplained: Vec<Gap>,
}

impl Gaps {
    fn add(&mut self, gap: &Gap) {
        if gap.total > self.longest.total {
            self.longest = gap.clone();
        }
        if gap.bare > self.barest.bare {
            self.barest = gap.clone();
        }
        if gap.total <= LIMIT {
            return;
        }
        if gap.bare <= LIMIT {
            self.explained += 1;
        } else if gap.bare <= LIMIT + gap.longest_delay() {
            self.by_one_delay += 1;
        } else if gap.bare <= LIMIT + gap.all_delays() {
            self.by_all_delays += 1;
        } else {
            self.unexplained.push(gap.clone());
        }
    }

    /// Adds the gaps of another round.
    pub fn join(&mut self, other: Self) {
        for gap in [&other.longest, &other.barest] {
            if gap.total > self.longest.total {
                self.longest = gap.clone();
            }
            if gap.bare > self.barest.bare {
                self.barest = gap.clone();
            }
        }
        self.explained += other.explained;
        self.by_one_delay += other.by_one_delay;
        self.by_all_delays += other.by_all_delays;
        self.unexplained.extend(other.unexplained);
    }
}

impl std::fmt::Display for Gaps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "  the longest gap: {:.1?}", self.longest)?;
        writeln!(f, "  the one with the most bare time: {:.1?}", self.barest)?;
        writeln!(
            f,
            "  gaps above {LIMIT:?}: {} explained by stops, deaths, restarts and the witness, {} by one participant \
             that waited for a core, {} by several that did, {} unexplained",
            self.explained,
            self.by_one_delay,
            self.by_all_delays,
            self.unexplained.len()
        )?;
        self.unexplained.iter().try_for_each(|gap| writeln!(f, "  unexplained: {gap:#.1?}"))
    }
}

/// The thread that measures the gaps, and the machine's own stalls. It sleeps 1 ms at a time.
pub struct Witness {
    board: Arc<Board>,
    thread: Option<JoinHandle<Gaps>>,
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.board.over.store(true, Relaxed);
    }
}

impl Witness {
    pub fn start(channel: &Name, board: &Arc<Board>) -> Self {
        let (channel, board) = (Channel::open(channel).unwrap(), board.clone());
        let watched = board.clone();
        Self { board, thread: Some(std::thread::spawn(move || watch(&channel, &watched))) }
    }

    /// Ends the thread and returns its gaps.
    pub fn gaps(mut self) -> Gaps {
        self.board.over.store(true, Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

/// The time that the hypervisor has taken from the cores so far: the eighth number of the line "cpu", in 1/100 s.
fn stolen() -> Duration {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let steal = stat.split_whitespace().nth(8).and_then(|steal| steal.parse().ok());
    Duration::from_millis(10 * steal.unwrap_or(0))
}

fn watch(channel: &Channel, board: &Board) -> Gaps {
    let (mut gaps, mut gap) = (Gaps::default(), Gap::default());
    let mut count = channel.published().count();
    let mut last = Instant::now();
    let mut delays = HashMap::new();
    let (mut told, mut stolen_before) = (false, None);
    let kept = |word: &AtomicU32| word.load(Relaxed) > 0;
    let mut before = (kept(&board.stopped), kept(&board.dying), false);
    while !board.over.load(Relaxed) {
        std::thread::sleep(TICK);
        let tick = last.elapsed();
        last += tick;
        let published = channel.published().count();
        let registrations = board.registrations.lock().unwrap();
        let new_delays: HashMap<_, _> = registrations
            .iter()
            .filter_map(|registration| Some((registration.pid, registration.run_delay()?)))
            .collect();
        let no_producer = !registrations.iter().any(|registration| registration.sends && registration.attached);
        let now = (kept(&board.stopped), kept(&board.dying), no_producer);
        if gap.bare > LIMIT * 3 / 4 && gap.doing.is_empty() && published == count {
            gap.doing.push(format!("{count}, {:?}", channel.acknowledged()));
            gap.doing.extend(registrations.iter().map(Registration::doing));
        }
        drop(registrations);
        gap.total += tick;
        if before.0 || now.0 {
            gap.stopped += tick;
        } else if before.1 || now.1 {
            gap.dying += tick;
        } else if before.2 || now.2 {
            gap.no_producer += tick;
        } else {
            let late = tick.saturating_sub(2 * TICK);
            gap.late += late;
            gap.bare += tick - late;
            gap.bare_spans.push((last - (tick - late), last));
            if gap.bare > 5 * TICK {
                let before = *stolen_before.get_or_insert_with(stolen);
                gap.stolen = if gap.bare > LIMIT { stolen().saturating_sub(before) } else { Duration::ZERO };
            }
        }
        // The kernel counts a thread's wait for a core when the wait ends.
        for (pid, delay) in &new_delays {
            let waited = delays.get(pid).map_or(Duration::ZERO, |old| delay.saturating_sub(*old));
            let waited = gap.bare_since(last.checked_sub(waited).unwrap());
            *gap.run_delays.entry(*pid).or_default() += waited;
        }
        (before, delays) = (now, new_delays);
        if published != count {
            gap.bare_spans.clear();
            gaps.add(&gap);
            (count, gap, told, stolen_before) = (published, Gap::default(), false, None);
        } else if gap.total > Duration::from_secs(3) && !told {
            told = true;
            let pids: Vec<_> = delays.keys().collect();
            eprintln!("STUCK for {:.1?} at {count}, {:?}: {gap:?}, {pids:?}", gap.total, channel.acknowledged());
        }
    }
    gaps
}

/// The negative twin: a gap that nothing explains is reported.
#[test]
fn gap_is_unexplained_without_stop_death_or_delay() {
    let times = |total, bare| {
        let [total, bare] = [total, bare].map(Duration::from_millis);
        Gap { total, bare, stopped: total - bare, ..Gap::default() }
    };
    let mut gaps = Gaps::default();
    gaps.add(&times(50, 50));
    gaps.add(&times(250, 50));
    let delay = |pid| (pid, Duration::from_millis(30));
    gaps.add(&Gap { run_delays: [delay(1)].into(), ..times(80, 80) });
    gaps.add(&Gap { run_delays: [delay(1), delay(2)].into(), ..times(110, 110) });
    assert_eq!((gaps.explained, gaps.by_one_delay, gaps.by_all_delays), (1, 1, 1));
    assert!(gaps.unexplained.is_empty());
    gaps.add(&Gap { run_delays: [delay(1), delay(2)].into(), ..times(111, 111) });
    gaps.add(&times(251, 51));
    assert_eq!(gaps.unexplained.len(), 2);
}
