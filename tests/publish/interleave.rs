//! Races of two participants: the whole operation of one of them runs before each system call of the other. Each
//! participant creates, opens or leaves.

use crate::calls::{Verdict, supervised};
use crate::scratch::Scratch;
use ackcast::segment::OpenError;
use ackcast::{AttachError, Channel, Consumer, CreateError};

pub fn create(scratch: &Scratch, slots: u32) -> Result<Channel, CreateError> {
    Channel::create(&scratch.0).consumers(0).slots(slots).build()
}

/// Runs `stepped` again and again. `other` runs before its first call, then before its second, and so on. `begin` makes
/// the argument of `stepped`. `judge` gets both results of each run. Returns the number of runs.
pub fn before_each_call<S: Send, T: Send, U>(
    begin: impl Fn() -> S,
    stepped: impl Fn(S) -> T + Sync,
    mut other: impl FnMut() -> U,
    mut judge: impl FnMut(T, U),
) -> usize {
    for k in 0.. {
        let (start, stepped) = (begin(), &stepped);
        let (mut calls, mut result) = (0, None);
        let ended = supervised(
            move || stepped(start),
            |_| {
                calls += 1;
                if calls == k + 1 {
                    result = Some(other());
                }
                Verdict::Run
            },
        );
        match result {
            Some(result) => judge(ended, result),
            None => return k, // `stepped` has no more calls
        }
    }
    0
}

/// Checks that the channel is usable and has this geometry, and that leaving removes it.
#[track_caller]
fn usable(scratch: &Scratch, channel: Channel) {
    let opened = Channel::open(&scratch.name()).expect("the channel lives");
    assert_eq!(opened.geometry(), channel.geometry());
    drop(Consumer::attach(&scratch.0).expect("the channel lives"));
    drop((channel, opened));
    scratch.assert_nothing_left();
}

#[test]
fn winner_of_two_creators_is_not_touched() {
    let scratch = Scratch::new("two-creators");
    let (mut first, mut second) = (0, 0);
    let calls = before_each_call(
        || (),
        |()| create(&scratch, 3),
        || create(&scratch, 1000),
        |created, rival| match (created, rival) {
            (Ok(channel), Err(CreateError::AlreadyExists { .. })) => {
                first += 1;
                usable(&scratch, channel);
            }
            (Err(CreateError::AlreadyExists { .. }), Ok(channel)) => {
                second += 1;
                usable(&scratch, channel);
            }
            other => panic!("{other:?}"),
        },
    );
    println!("{calls} calls: {first} times the first one wins, {second} times the second");
    assert!(first > 0 && second > 0);
}

#[test]
fn creator_survives_clean_and_passing_rivals() {
    let scratch = Scratch::new("clean-creator");
    let cleaned = before_each_call(
        || (),
        |()| create(&scratch, 3),
        || scratch.clean(),
        |created, ()| usable(&scratch, created.unwrap()),
    );
    let passed = before_each_call(
        || (),
        |()| create(&scratch, 3),
        || create(&scratch, 1000).map(drop),
        |created, _| usable(&scratch, created.unwrap()),
    );
    assert!(cleaned > 20 && passed > 20, "{cleaned}, {passed}");
}

#[test]
fn opener_beside_creator_finds_nothing_or_whole_channel() {
    let scratch = Scratch::new("open-create");
    let (mut found, mut absent) = (0, 0);
    before_each_call(
        || (),
        |()| create(&scratch, 3),
        || Consumer::attach(&scratch.0).map(drop),
        |created, attached| {
            match attached {
                Ok(()) => found += 1,
                Err(AttachError::Open(OpenError::NotFound { .. })) => absent += 1,
                Err(error) => panic!("{error}"),
            }
            usable(&scratch, created.unwrap());
        },
    );
    assert!(found > 0 && absent > 0, "{found}, {absent}");
}

#[test]
fn opener_beside_last_leaver_attaches_or_finds_nothing() {
    let scratch = Scratch::new("open-leave");
    let (mut attached, mut gone) = (0, 0);
    before_each_call(
        || create(&scratch, 3).unwrap(),
        drop,
        || Channel::open(&scratch.name()),
        |(), opened| match opened {
            Ok(channel) => {
                attached += 1;
                usable(&scratch, channel);
            }
            Err(OpenError::NotFound { .. } | OpenError::Abandoned { .. }) => {
                gone += 1;
                scratch.assert_nothing_left();
            }
            Err(error) => panic!("{error}"),
        },
    );
    assert!(attached > 0 && gone > 0, "{attached}, {gone}");
}

#[test]
fn last_leaver_beside_opener_leaves_it_the_name_or_nothing() {
    let scratch = Scratch::new("leave-open");
    let (mut attached, mut gone) = (0, 0);
    let holder = std::sync::Mutex::new(None);
    before_each_call(
        || *holder.lock().unwrap() = Some(create(&scratch, 3).unwrap()),
        |()| Channel::open(&scratch.name()),
        || drop(holder.lock().unwrap().take()),
        |opened, ()| match opened {
            Ok(channel) => {
                attached += 1;
                usable(&scratch, channel);
            }
            Err(OpenError::NotFound { .. } | OpenError::Abandoned { .. }) => {
                gone += 1;
                scratch.assert_nothing_left();
            }
            Err(error) => panic!("{error}"),
        },
    );
    drop(holder);
    assert!(attached > 0 && gone > 0, "{attached}, {gone}");
}

#[test]
fn leaver_does_not_remove_the_channel_of_a_new_creator() {
    let scratch = Scratch::new("leave-create");
    let (mut created, mut exists) = (0, 0);
    before_each_call(
        || create(&scratch, 3).unwrap(),
        drop,
        || {
            scratch.clean();
            create(&scratch, 1000)
        },
        |(), next| match next {
            Ok(channel) => {
                created += 1;
                usable(&scratch, channel);
            }
            Err(CreateError::AlreadyExists { .. }) => exists += 1,
            Err(error) => panic!("{error}"),
        },
    );
    assert!(created > 0 && exists > 0, "{created}, {exists}");
    scratch.assert_nothing_left();
}

#[test]
fn creator_without_room_beside_winner_is_told_of_it() {
    let scratch = Scratch::new("no-room");
    let mut winner = None;
    let created = supervised(
        || create(&scratch, 3),
        |call| {
            if call.number != libc::SYS_fallocate {
                return Verdict::Run;
            }
            winner = Some(create(&scratch, 1000).unwrap());
            Verdict::Fail(libc::ENOSPC)
        },
    );
    assert!(matches!(created, Err(CreateError::AlreadyExists { .. })), "{created:?}");
    usable(&scratch, winner.unwrap());
}
