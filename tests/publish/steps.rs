//! A creator that dies, or whose call is refused, at each of its system calls.

use crate::calls::{Call, OPEN, Verdict, supervised};
use crate::child::Process;
use crate::scratch::Scratch;
use ackcast::segment::{Handle, OpenError};
use ackcast::{Channel, Consumer, CreateError};
use std::os::unix::process::ExitStatusExt;

fn create(name: &str) -> Result<Channel, CreateError> {
    Channel::create(name).slots(4).build()
}

/// Creates a channel and leaves it. Returns all its system calls.
fn calls_of_create(scratch: &Scratch) -> Vec<Call> {
    let mut calls = Vec::with_capacity(10_000);
    supervised(
        || drop(create(&scratch.0).unwrap()),
        |call| {
            calls.push(call);
            Verdict::Run
        },
    );
    calls
}

/// Creates a channel and leaves it, unless it is killed at call `k`.
pub fn die_at(channel: &str, k: usize) {
    let mut calls = 0;
    supervised(
        || drop(create(channel).unwrap()),
        |_| {
            calls += 1;
            if calls == k + 1 { Verdict::Kill } else { Verdict::Run }
        },
    );
}

#[test]
fn creator_killed_at_any_call_leaves_what_clean_removes() {
    let scratch = Scratch::new("killed");
    let (mut unfinished, mut published) = (0, 0);
    for k in 0.. {
        let mut child = Process::start("killed at a call", &scratch.0, k);
        let status = child.end();
        let left = scratch.files();
        if scratch.path().exists() {
            // The segment is whole, so the only possible error is that its users are dead.
            assert!(matches!(Handle::open(&scratch.name()), Err(OpenError::Abandoned { .. })), "{k}: {left:?}");
            let header = std::fs::read(scratch.path()).unwrap();
            assert!(header.starts_with(b"ackcast\0") && header[32..40] == header.len().to_ne_bytes(), "{k}");
            published += 1;
        } else if !left.is_empty() {
            unfinished += 1;
        }
        // The file is not in the way of a new channel, and `clean` removes it.
        drop(create(&scratch.0).unwrap_or_else(|error| panic!("{k}: {error}")));
        scratch.clean();
        scratch.assert_nothing_left();
        if status.signal().is_none() {
            assert!(status.success(), "{k}: {status}");
            println!("{k} calls; {unfinished} deaths left an unfinished segment, {published} a published one");
            break;
        }
        assert_eq!(status.signal(), Some(libc::SIGKILL), "{k}");
    }
    assert!(unfinished > 5 && published > 0, "{unfinished}, {published}");
}

/// The errors with which the call may fail, and what the creator's error must then name.
fn refusals(call: &Call) -> &'static [(i32, &'static str)] {
    match call.number {
        number if OPEN.contains(&number) => &[
            (libc::EMFILE, "RLIMIT_NOFILE"),
            (libc::ENFILE, "fs.file-max"),
            (libc::ENOSPC, "inodes"),
            (libc::EDQUOT, "quota"),
            (libc::ENOMEM, "memory"),
            (libc::EACCES, "may not"),
        ],
        libc::SYS_ftruncate => &[(libc::ENOMEM, "memory"), (libc::EIO, "failed")],
        // The mapping of a file. The other mappings are the allocator's.
        libc::SYS_mmap if call.args[4] as i32 >= 0 => &[(libc::ENOMEM, "RLIMIT_AS"), (libc::EAGAIN, "RLIMIT_MEMLOCK")],
        libc::SYS_fallocate | libc::SYS_pwrite64 => {
            &[(libc::ENOSPC, "no room"), (libc::ENOMEM, "memory"), (libc::EDQUOT, "quota"), (libc::EIO, "failed")]
        }
        libc::SYS_fcntl if call.args[1] as i32 == libc::F_OFD_SETLK && call.args[0] != 0 => &[(libc::ENOLCK, "lock")],
        libc::SYS_newfstatat | libc::SYS_fstat => &[(libc::EIO, "failed"), (libc::EACCES, "may not")],
        libc::SYS_renameat2 => &[(libc::ENOSPC, "room"), (libc::EACCES, "may not"), (libc::EIO, "failed")],
        _ => &[],
    }
}

#[test]
fn refused_creator_names_the_limit_and_leaves_nothing() {
    let scratch = Scratch::new("refused");
    let calls = calls_of_create(&scratch);
    scratch.assert_nothing_left();
    let mut refused = 0;
    for (k, call) in calls.iter().enumerate() {
        for &(errno, names) in refusals(call) {
            let mut count = 0;
            let created = supervised(
                || create(&scratch.0),
                |_| {
                    count += 1;
                    if count == k + 1 { Verdict::Fail(errno) } else { Verdict::Run }
                },
            );
            // Creation may succeed without a call, for example without the check that a file's descriptor is open.
            if let Err(error) = created.map(drop) {
                refused += 1;
                assert!(error.to_string().contains(names), "call {k}, {call:?}, error {errno}: {error}");
            }
            scratch.assert_nothing_left();
        }
    }
    println!("{refused} refusals at {} calls", calls.len());
    assert!(refused > 30, "{refused}");
}

#[test]
fn refused_attacher_names_the_limit_and_harms_nothing() {
    let scratch = Scratch::new("refused-attach");
    let channel = create(&scratch.0).unwrap();
    let mut calls = Vec::with_capacity(10_000);
    supervised(
        || drop(Consumer::attach(&scratch.0).unwrap()),
        |call| {
            calls.push(call);
            Verdict::Run
        },
    );
    let before = std::fs::metadata(scratch.path()).unwrap().len();
    let mut refused = 0;
    for (k, call) in calls.iter().enumerate() {
        for &(errno, names) in refusals(call) {
            let mut count = 0;
            let attached = supervised(
                || Consumer::attach(&scratch.0),
                |_| {
                    count += 1;
                    if count == k + 1 { Verdict::Fail(errno) } else { Verdict::Run }
                },
            );
            if let Err(error) = attached {
                let text = error.to_string();
                // A number that this process cannot lock counts as taken.
                refused += u32::from(text.contains(names));
                assert!(text.contains(names) || call.number == libc::SYS_fcntl, "call {k}, {call:?}: {error}");
            }
            assert_eq!(std::fs::metadata(scratch.path()).unwrap().len(), before);
            drop(Consumer::attach(&scratch.0).expect("the channel is unharmed"));
        }
    }
    println!("{refused} refusals at {} calls", calls.len());
    assert!(refused > 15, "{refused}");
    drop(channel);
    scratch.assert_nothing_left();
}

#[test]
fn interrupted_allocation_is_retried_in_smaller_steps() {
    let scratch = Scratch::new("interrupted");
    let mut asked = Vec::with_capacity(10_000);
    let channel = supervised(
        || Channel::create(&scratch.0).slots(64).slot_size(65_536).build(),
        |call| {
            if call.number != libc::SYS_fallocate {
                return Verdict::Run;
            }
            asked.push(call.args[3]);
            if asked.len() <= 4 { Verdict::Fail(libc::EINTR) } else { Verdict::Run }
        },
    );
    let channel = channel.unwrap();
    assert!(asked[..5].windows(2).all(|pair| pair[1] <= pair[0] / 2 + 1), "{asked:?}");
    use std::os::unix::fs::MetadataExt;
    let file = std::fs::metadata(scratch.path()).unwrap();
    assert!(file.blocks() * 512 >= file.size(), "{} blocks for {} bytes", file.blocks(), file.size());
    drop(channel);
    scratch.assert_nothing_left();
}

#[test]
fn file_system_without_noreplace_is_served_by_link() {
    let scratch = Scratch::new("link");
    let linked = |name: &str| {
        supervised(
            || create(name),
            |call| if call.number == libc::SYS_renameat2 { Verdict::Fail(libc::EINVAL) } else { Verdict::Run },
        )
    };
    let channel = linked(&scratch.0).unwrap();
    assert_eq!(scratch.files().len(), 1, "{:?}", scratch.files());
    let second = linked(&scratch.0).unwrap_err();
    assert!(matches!(second, CreateError::AlreadyExists { .. }), "{second}");
    drop(Consumer::attach(&scratch.0).unwrap());
    drop(channel);
    scratch.assert_nothing_left();
}
