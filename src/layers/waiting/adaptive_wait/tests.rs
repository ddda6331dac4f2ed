//! What the ends of waits teach, and that each strategy does what it says.

use super::*;

/// The polls of a wait that ends in a sleep of this length.
fn polls_before_sleep(wait: &AdaptiveWait, time: Duration) -> u32 {
    let mut spins = Spins::default();
    while wait.spin(&mut spins) {}
    wait.slept(time);
    spins.polls
}

#[test]
fn wait_sleeps_at_once_after_long_sleeps() {
    let wait = AdaptiveWait::new(2, 1024);
    for _ in 0..16 {
        polls_before_sleep(&wait, Duration::from_millis(1));
    }
    assert_eq!(polls_before_sleep(&wait, Duration::from_millis(1)), 1, "no poll before the sleep");
}

#[test]
fn wait_polls_longer_after_short_sleeps() {
    let wait = AdaptiveWait::new(2, 1024);
    // No yields here: on a busy machine they would be long.
    for time in [Duration::from_millis(1); 16].into_iter().chain([Duration::from_micros(9); 16]) {
        wait.learn();
        wait.slept(time);
    }
    wait.learn();
    assert_eq!(wait.yields.load(Relaxed), MAX_YIELDS);
}

#[test]
fn wait_stops_spinning_when_only_yields_succeed() {
    let wait = AdaptiveWait::new(2, 1024);
    for _ in 0..SPIN_TRIAL_PERIOD - 1 {
        let mut polls = Spins::default();
        let spins = wait.spins.load(Relaxed);
        wait.shared.store(0, Relaxed); // the machine may be busy
        while wait.spin(&mut polls) && polls.polls <= spins {}
    }
    assert_eq!(wait.spins.load(Relaxed), 0);
}

#[test]
fn wait_yields_first_while_another_thread_wants_the_core() {
    let wait = AdaptiveWait::new(2, 1024);
    let spins_of_next_wait = || {
        wait.learn();
        wait.spins_now.load(Relaxed)
    };
    assert_ne!(spins_of_next_wait(), 0);
    wait.yielded(2 * PROMPT_YIELD);
    assert_eq!(spins_of_next_wait(), 0);
    (1..PROMPT_YIELDS).for_each(|_| wait.yielded(Duration::ZERO));
    assert_eq!(spins_of_next_wait(), 0, "the other thread may come back");
    wait.yielded(Duration::ZERO);
    assert_ne!(spins_of_next_wait(), 0, "the other thread is gone");
    assert_eq!(wait.spins.load(Relaxed), MAX_SPINS, "the learned number is kept meanwhile");
    let yields_first = (0..YIELD_TRIAL_PERIOD).filter(|_| spins_of_next_wait() == 0).count();
    assert_eq!(yields_first, 1, "one wait in a period tries a yield");
}

#[test]
fn wait_stops_yielding_after_a_long_yield() {
    let wait = AdaptiveWait::new(2, 1024);
    let mut polls = Spins { polls: MAX_SPINS, since: None };
    wait.yielded(2 * LONG_YIELD);
    assert!(!wait.spin(&mut polls), "the wait sleeps");
    wait.slept(Duration::ZERO);
    wait.learn();
    assert_eq!(wait.yields.load(Relaxed), 0, "the short sleep after it teaches nothing");
    wait.slept(Duration::ZERO);
    wait.learn();
    assert_ne!(wait.yields.load(Relaxed), 0, "the short sleep of another wait does");
}

#[test]
fn wait_sleeps_when_its_yields_take_too_long() {
    let wait = AdaptiveWait::new(2, 1024);
    let mut polls = Spins { polls: MAX_SPINS, since: None };
    assert!(wait.spin(&mut polls), "the first yield");
    polls.since = Some(monotonic().saturating_sub(2 * MAX_POLL_TIME));
    assert!(!wait.spin(&mut polls), "the time is spent");
}

#[test]
fn wait_on_one_core_never_spins() {
    assert_eq!(AdaptiveWait::new(1, 1024).spins.load(Relaxed), 0);
}

#[test]
fn set_strategy_replaces_what_was_learned() {
    let wait = AdaptiveWait::new(2, 1024);
    wait.set(Wait::Park);
    assert!(!wait.spin(&mut Spins::default()));
    wait.set(Wait::Spin);
    let mut polls = Spins { polls: CLOCK_PERIOD - 1, since: None };
    assert!(wait.spin(&mut polls) && polls.since.is_some());
    let spent = Some(monotonic().saturating_sub(2 * MAX_POLL_TIME));
    assert!(!wait.spin(&mut Spins { polls: CLOCK_PERIOD - 1, since: spent }));
}
