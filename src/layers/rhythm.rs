//! When the next one comes, where they come at regular intervals: learned from when the last ones came.
//!
//! To be woken takes some ten microseconds, most of it the way from one core to another and out of the idle loop.
//! Who knows when it will be needed can be awake by then: it sets an alarm a little before, and looks until the
//! message is there. So what a periodic source sends, such as a sensor, is received as soon as its lines have gone
//! from core to core, for about the processor time that being woken costs.
//!
//! How long before, the *lead*, takes care of all that makes one late: the kernel's timer slack, the way out of the
//! idle loop, the jitter of the source. It follows from how the alarms before went. A message that came before we
//! were up makes it longer by a little, and a look makes it shorter by a part of what it lasted, so that it settles
//! where few are missed (a step of that kind is a stochastic approximation, after Robbins and Monro, 1951). Where the
//! looks cost more than they may, there is no alarm for a while, and where there is no rhythm, none at all.

use core::ops::RangeInclusive;
use core::time::Duration;
use std::sync::Mutex;

/// What the arrivals of one handle have taught. A hint, as in [`AdaptiveWait`](super::AdaptiveWait): it orders nothing, and who
/// finds it in use goes without.
#[derive(Debug)]
pub struct Rhythm(Mutex<Beat>);

/// An alarm, and until when to look for what is expected then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// When to get up.
    pub rings: Duration,
    /// When it is clear that it does not come as expected.
    pub until: Duration,
}

/// How an alarm went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rising {
    /// It was there before we were up.
    Late,
    /// We looked for so long until it came, or until it was clear that it did not.
    Early(Duration),
}

impl Rhythm {
    /// Nothing learned yet.
    pub const fn new() -> Self {
        Self(Mutex::new(Beat::NONE))
    }

    /// When to get up, if the next one can be expected. Asked at the beginning of a sleep.
    pub fn alarm(&self, now: Duration) -> Option<Alarm> {
        self.0.try_lock().ok()?.alarm(nanoseconds(now))
    }

    /// One is there, after an alarm that went like this, or without one.
    pub fn arrived(&self, now: Duration, rising: Option<Rising>) {
        if let Ok(mut beat) = self.0.try_lock() {
            if let Some(rising) = rising {
                beat.rose(rising);
            }
            beat.arrived(nanoseconds(now), rising == Some(Rising::Late));
        }
    }
}

/// Times in nanoseconds of the monotonic clock.
#[derive(Clone, Copy, Debug)]
struct Beat {
    /// How many intervals in a row were alike, up to [`STEADY`]; then how many in a row were not.
    alike: u32,
    odd: u32,
    /// When the last one came.
    last: u64,
    /// When the next one is expected, how long after the last, and how much earlier or later they are on average.
    next: u64,
    period: u64,
    error: u64,
    /// How long before that the alarm is set, and whether that was ever long enough.
    lead: u64,
    caught: bool,
    /// How long one looks after an alarm on average.
    look: u64,
    /// So many arrivals to go without an alarm.
    rest: u32,
}

/// Intervals in a row that make a rhythm.
const STEADY: u32 = 8;
/// As many in a row that do not fit end it.
const ODD: u32 = 4;
/// They fit if they differ by no more than this part of a period.
const LIKENESS: u64 = 8;
/// Who comes more often is spun for, and who comes less often need not be there within microseconds.
const PERIODS: RangeInclusive<u64> = 200_000..=100_000_000;
/// Longer than this part of a period after its time a message is not looked for.
const PATIENCE: u64 = 64;
/// By so much the lead grows when it was too short, and until it was long enough for once.
const STEP: u64 = 2_000;
const FIRST_STEPS: u64 = 16_000;
/// By this part of a look it shrinks: where one alarm in five is late, one looks for 8 µs.
const SHRINKS: u64 = 16;
/// If the looks last longer than this part of a period, there are no alarms for so many arrivals.
const DEAR: u64 = 16;
const REST: u32 = 256;

impl Beat {
    const NONE: Self =
        Self { alike: 0, odd: 0, last: 0, next: 0, period: 0, error: 0, lead: 0, caught: false, look: 0, rest: 0 };

    /// By how much a message is usually earlier or later than expected, and how long it is waited for.
    const fn tolerance(&self) -> u64 {
        let (usual, most) = (2 * self.error, self.period / PATIENCE);
        if usual < most { usual } else { most }
    }

    fn alarm(&self, now: u64) -> Option<Alarm> {
        if self.alike < STEADY || self.rest > 0 || !PERIODS.contains(&self.period) {
            return None;
        }
        let (rings, tolerance) = (self.next.saturating_sub(self.lead), self.tolerance());
        // Too late to sleep until then, and too early to look.
        if rings < now && now + tolerance < self.next || self.next < now {
            return None;
        }
        Some(Alarm { rings: Duration::from_nanos(rings), until: Duration::from_nanos(self.next + tolerance) })
    }

    /// Draws the lesson of an alarm.
    fn rose(&mut self, rising: Rising) {
        let look = match rising {
            Rising::Late => {
                let step = if self.caught { STEP } else { FIRST_STEPS };
                self.lead = (self.lead + step).min(self.period / 2);
                0
            }
            Rising::Early(look) => {
                self.caught = true;
                self.lead = self.lead.saturating_sub(nanoseconds(look) / SHRINKS);
                nanoseconds(look)
            }
        };
        self.look = mean(self.look, look, 16);
        if self.look > self.period / DEAR {
            (self.look, self.rest) = (0, REST);
        }
    }

    /// Draws the lesson of an arrival. Who is `woken` for it knows only that it was earlier than that.
    fn arrived(&mut self, now: u64, woken: bool) {
        let interval = now.saturating_sub(self.last);
        self.last = now;
        self.rest = self.rest.saturating_sub(1);
        if self.alike < STEADY {
            let alike = interval.abs_diff(self.period) <= self.period / LIKENESS;
            (self.alike, self.period) =
                if alike { (self.alike + 1, mean(self.period, interval, 4)) } else { (0, interval.max(1)) };
            (self.next, self.error, self.odd) = (now + self.period, self.period / PATIENCE, 0);
            return;
        }
        // Now and then one does not come, or comes without a sleep.
        let skipped = (now.saturating_sub(self.next) + self.period / 2) / self.period;
        self.next += skipped * self.period;
        let fits = now.abs_diff(self.next) <= self.period / LIKENESS;
        self.odd = if fits && skipped == 0 { 0 } else { self.odd + 1 };
        if self.odd >= ODD {
            *self = Self { last: now, ..Self::NONE };
            return;
        }
        if fits && !(woken && self.caught) {
            self.keep_time(now);
        }
        self.next += self.period;
    }

    /// Corrects when it is expected, and a little how often; not by much if this one is unusual.
    fn keep_time(&mut self, now: u64) {
        let tolerance = self.tolerance() + 1;
        let came = now.clamp(self.next.saturating_sub(tolerance), self.next + tolerance);
        self.error = mean(self.error, now.abs_diff(self.next), 16);
        self.period = mean(self.period, (self.period + came).saturating_sub(self.next), 64);
        self.next = mean(self.next, came, 4);
    }
}

/// A mean of which the new value is this part.
const fn mean(old: u64, new: u64, part: u64) -> u64 {
    if new >= old { old + (new - old) / part } else { old - (old - new) / part }
}

/// Centuries fit.
const fn nanoseconds(time: Duration) -> u64 {
    time.as_nanos() as u64
}

#[cfg(test)]
mod tests;
