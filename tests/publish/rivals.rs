//! Eight processes create, attach, leave, clean and are killed under the same name.
//! `ACKCAST_RIVALS_SECONDS=60 cargo test --test publish rivals -- --nocapture` for a minute of it.

use crate::child::Process;
use crate::scratch::Scratch;
use ackcast::segment::{Name, OpenError};
use ackcast::{AttachError, Backend, Channel, Consumer, CreateError, Producer};
use std::time::{Duration, Instant};

const RIVALS: u64 = 8;

/// A rival's counts: creations, attachments, and each kind of loss that is allowed.
#[derive(Debug, Default)]
struct Tally {
    created: u64,
    attached: u64,
    exists: u64,
    not_found: u64,
    abandoned: u64,
    full: u64,
}

/// Races until it is killed or its time is over. A result that no race can have ends the rival with an error.
pub fn rival(channel: &str, number: u64) {
    let (time, me) = (Duration::from_millis(number >> 8), number & 0xff);
    let (scratch, name) = (std::mem::ManuallyDrop::new(Scratch(channel.to_owned())), Name::new(channel).unwrap());
    let start = Instant::now();
    let mut tally = Tally::default();
    for round in me.. {
        if start.elapsed() >= time {
            break;
        }
        match round % 8 {
            0..5 => create(channel, &name, me, &mut tally),
            5 => count(Consumer::attach(channel).map(|mut it| drop(it.try_recv())), &mut tally),
            6 => count(Producer::attach(channel).map(|mut it| _ = it.try_send(b"message")), &mut tally),
            _ => scratch.clean(),
        }
    }
    eprintln!("{tally:?}");
}

fn create(channel: &str, name: &Name, me: u64, tally: &mut Tally) {
    let backend = if me % 2 == 0 { Backend::Futex } else { Backend::RawSync };
    let (slots, slot_size) = (1 + me as u32 * 37, 1 + me as u32 * 1000);
    match Channel::create(channel).backend(backend).consumers(0).slots(slots).slot_size(slot_size).build() {
        Ok(created) => {
            tally.created += 1;
            // While the channel lives, its name refers to it.
            let opened = Channel::open(name).unwrap_or_else(|error| panic!("open of a living channel: {error}"));
            assert_eq!((opened.geometry(), opened.backend()), (created.geometry(), created.backend()));
        }
        Err(CreateError::AlreadyExists { .. }) => tally.exists += 1,
        Err(error) => panic!("create: {error}"),
    }
}

fn count(result: Result<(), AttachError>, tally: &mut Tally) {
    match result {
        Ok(()) => tally.attached += 1,
        Err(AttachError::Open(OpenError::NotFound { .. })) => tally.not_found += 1,
        Err(AttachError::Open(OpenError::Abandoned { .. })) => tally.abandoned += 1,
        Err(AttachError::Join { .. }) => tally.full += 1, // the only place for a producer is taken
        Err(error) => panic!("attach: {error}"),
    }
}

#[test]
fn rivals_do_not_touch_each_others_channels() {
    let seconds = std::env::var("ACKCAST_RIVALS_SECONDS").map_or(2, |seconds| seconds.parse().unwrap());
    let (scratch, end) = (Scratch::new("rivals"), Instant::now() + Duration::from_secs(seconds));
    let left = || end.saturating_duration_since(Instant::now()).as_millis() as u64;
    let start = |me| Process::start("rival", &scratch.0, left() << 8 | me);
    let mut rivals: Vec<Process> = (0..RIVALS).map(start).collect();
    let mut kills = 0_usize;
    while left() > 0 {
        std::thread::sleep(Duration::from_millis(7));
        let victim = kills % rivals.len();
        kills += 1;
        if let Some(status) = rivals[victim].child.try_wait().unwrap() {
            assert!(status.success(), "rival {victim}: {status}; its stderr says why");
        }
        if kills % 4 == 0 {
            rivals[victim] = start(victim as u64); // dropping the old process kills it
        }
    }
    for rival in &mut rivals {
        rival.succeeds();
    }
    println!("{} of {} rivals were killed in {seconds} s", kills / 4, kills / 4 + RIVALS as usize);
    scratch.clean();
    scratch.assert_nothing_left();
}
