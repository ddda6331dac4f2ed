//! Races that a creator or an opener loses each time: it ends, says so, and leaves nothing.

use crate::calls::{Call, OPEN, Verdict, supervised};
use crate::interleave::{before_each_call, create};
use crate::scratch::Scratch;
use ackcast::segment::{Name, OpenError};
use ackcast::{Channel, CreateError};
use std::sync::Mutex;

/// Makes a file that must not be there yet.
fn makes_a_file(call: &Call) -> bool {
    OPEN.contains(&call.number) && call.args[2] as i32 & libc::O_EXCL != 0
}

/// Gives a file another name, which no file may have.
fn renames(call: &Call) -> bool {
    call.number == libc::SYS_renameat2
}

/// What a creator is told whose calls of this kind fail, and how often they did.
fn create_while(scratch: &Scratch, failing: fn(&Call) -> bool, errno: i32, times: u32) -> (Option<CreateError>, u32) {
    let mut failed = 0;
    let created = supervised(
        || create(scratch, 1),
        |call| {
            if !failing(&call) || failed == times {
                return Verdict::Run;
            }
            failed += 1;
            Verdict::Fail(errno)
        },
    );
    (created.err(), failed)
}

#[test]
fn creator_that_loses_each_race_gives_up_and_says_so() {
    // (a) A rival has the channel's name at each rename, and is gone at each look. (b) `clean` removes each private
    // name. (c) Each private name is taken.
    let losing: [(fn(&Call) -> bool, i32); 3] =
        [(renames, libc::EEXIST), (renames, libc::ENOENT), (makes_a_file, libc::EEXIST)];
    for (case, (failing, errno)) in losing.into_iter().enumerate() {
        let scratch = Scratch::new(&format!("loser-{case}"));
        let (error, failed) = create_while(&scratch, failing, errno, u32::MAX);
        let error = error.expect("it has no name").to_string();
        let told =
            format!("channel {:?}: creating against rivals failed: Device or resource busy (os error 16)", scratch.0);
        assert_eq!((error, failed), (told, 100));
        scratch.assert_nothing_left();
    }
}

#[test]
fn creator_that_loses_some_races_creates() {
    for (case, failing) in [renames, makes_a_file].into_iter().enumerate() {
        let scratch = Scratch::new(&format!("late-{case}"));
        let (error, failed) = create_while(&scratch, failing, libc::EEXIST, 3);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(failed, 3);
        scratch.assert_nothing_left();
    }
}

/// A user moves files by hand while an opener works. It gets one whole segment, or is told that there is none.
fn opens_one_or_nothing(test: &str, is_replaced: bool) {
    let (scratch, aside) = (Scratch::new(test), Scratch::new(&format!("{test}-aside")));
    let other = Scratch::new(&format!("{test}-other"));
    let channels = Mutex::new(None);
    let [mut first, mut second, mut nothing] = [0; 3];
    before_each_call(
        || *channels.lock().unwrap() = Some([create(&scratch, 3), create(&other, 1000)].map(Result::unwrap)),
        |()| Channel::open(&Name::new(&scratch.0).unwrap()),
        || {
            std::fs::rename(scratch.path(), aside.path()).unwrap();
            if is_replaced {
                std::fs::rename(other.path(), scratch.path()).unwrap();
            }
        },
        |opened, ()| {
            match opened.map(|channel| channel.geometry().slots) {
                Ok(3) => first += 1,
                Ok(1000) if is_replaced => second += 1,
                Err(OpenError::NotFound { .. }) => nothing += 1,
                other => panic!("{other:?}"),
            }
            *channels.lock().unwrap() = None;
            for moved in [&scratch, &aside, &other] {
                let _ = std::fs::remove_file(moved.path()); // some are gone
            }
        },
    );
    println!("{first} times the first one, {second} times the other, {nothing} times nothing");
    assert!(first > 0 && nothing > 0 && (second > 0) == is_replaced);
}

#[test]
fn opener_of_a_file_that_is_moved_away_finds_it_or_nothing() {
    opens_one_or_nothing("moved", false);
}

#[test]
fn opener_of_a_file_that_is_replaced_finds_one_or_nothing() {
    opens_one_or_nothing("replaced", true);
}
