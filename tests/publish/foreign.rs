//! Foreign files of all kinds that have a channel's name, or a private one. No call changes them, and no call hangs.

use crate::child::HANG;
use crate::scratch::Scratch;
use ackcast::layers::LivenessLocks;
use ackcast::segment::{Name, OpenError, participants, remove_if_dead, unfinished};
use ackcast::{AttachError, Channel, Consumer, CreateError, Producer};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;

/// The metadata and the bytes of a file.
type State = (u64, u32, u32, u64, u64, i64, i64, Option<Vec<u8>>);

fn state(path: &Path) -> State {
    let it = fs::symlink_metadata(path).unwrap();
    let bytes = it.is_file().then(|| fs::read(path).unwrap());
    (it.ino(), it.mode(), it.uid(), it.nlink(), it.size(), it.mtime_nsec(), it.ctime_nsec(), bytes)
}

/// Makes a file of some kind at a path.
type Make = fn(&Path);

fn regular(path: &Path, bytes: &[u8], mode: u32) {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The bytes of a segment that all handles have left.
fn segment() -> Vec<u8> {
    let scratch = Scratch::new(&format!("good-{:?}", thread::current().id()).replace(['(', ')'], ""));
    let _channel = Channel::create(&scratch.0).build().unwrap();
    fs::read(scratch.path()).unwrap()
}

fn mknod(path: &Path, kind: rustix::fs::FileType, device: u64) {
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, device).unwrap();
}

/// All kinds of files, and what the error says of each. Only the superuser can make some of them.
fn kinds() -> Vec<(&'static str, &'static str, Make)> {
    let mut kinds: Vec<(_, _, Make)> = vec![
        ("text", "not a segment of ackcast", |path| regular(path, &[b'x'; 8192], 0o600)),
        ("segment for all", "with mode 644", |path| regular(path, &segment(), 0o644)),
        ("segment without writing", "with mode 400", |path| regular(path, &segment(), 0o400)),
        ("segment setuid", "with mode 4600", |path| regular(path, &segment(), 0o4600)),
        ("link to a file", "a symbolic link", |path| symlink("/etc/hosts", path).unwrap()),
        ("dangling link", "a symbolic link", |path| symlink("/nonexistent", path).unwrap()),
        ("directory", "a directory", |path| fs::create_dir(path).unwrap()),
        ("fifo", "a FIFO", |path| mknod(path, rustix::fs::FileType::Fifo, 0)),
        ("socket", "a socket", |path| drop(UnixListener::bind(path).unwrap())),
    ];
    if rustix::process::geteuid().is_root() {
        kinds.push(("device", "a device", |path| {
            mknod(path, rustix::fs::FileType::CharacterDevice, rustix::fs::makedev(1, 3));
        }));
        kinds.push(("segment of another user", "belongs to user 65534", |path| {
            regular(path, &segment(), 0o600);
            chown(path, Some(65_534), Some(65_534)).unwrap();
        }));
    }
    kinds
}

/// The kinds for a channel's name. An empty file under a private name may be an unfinished segment: it is not foreign.
fn kinds_of_channels() -> Vec<(&'static str, &'static str, Make)> {
    let mut kinds = kinds();
    kinds.push(("empty", "not a segment of ackcast", |path| regular(path, &[], 0o600)));
    kinds.push(("zeros", "not a segment of ackcast", |path| regular(path, &[0; 8192], 0o600)));
    kinds
}

struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0).or_else(|_| fs::remove_dir(&self.0));
    }
}

/// Runs `test` in a thread of its own: a hang is a failure.
fn within<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, result) = mpsc::channel();
    thread::spawn(move || sender.send(test()));
    result.recv_timeout(HANG).expect("the test hangs or panics")
}

#[test]
fn foreign_file_under_channel_name_is_refused_untouched() {
    for (kind, says, make) in kinds_of_channels() {
        let scratch = Scratch::new(&format!("foreign-{}", kind.replace(' ', "-")));
        let removed = Removed(scratch.path());
        make(&removed.0);
        let before = state(&removed.0);
        let (channel, name) = (scratch.0.clone(), scratch.name());
        let errors = within(move || {
            let attach = |error| match error {
                AttachError::Open(error) => error,
                other => panic!("{other}"),
            };
            let create = match Channel::create(&channel).build().unwrap_err() {
                CreateError::InTheWay(error) => error,
                other => panic!("{other}"),
            };
            [
                attach(Consumer::attach(&channel).unwrap_err()),
                attach(Producer::attach(&channel).unwrap_err()),
                Channel::open(&name).unwrap_err(),
                participants(&name).unwrap_err(),
                remove_if_dead(&name).unwrap_err(),
                create,
            ]
        });
        for error in errors {
            assert!(matches!(error, OpenError::Unusable { .. } | OpenError::NotOurs { .. }), "{kind}: {error:?}");
            assert!(error.to_string().contains(says), "{kind}: {error}");
        }
        assert_eq!(state(&removed.0), before, "{kind}");
        drop(removed);
        scratch.assert_nothing_left();
    }
}

#[test]
fn foreign_file_under_private_name_is_refused_untouched() {
    let leave_out = ["segment without writing"]; // a strict umask gives an unfinished segment of ours this mode
    for (kind, says, make) in kinds().into_iter().filter(|(kind, ..)| !leave_out.contains(kind)) {
        let scratch = Scratch::new(&format!("private-{}", kind.replace(' ', "-")));
        let removed = Removed(format!("/dev/shm/ackcast~0123456789abcdef.{}", scratch.0).into());
        make(&removed.0);
        let before = state(&removed.0);
        let found =
            unfinished().unwrap().into_iter().find(|it| it.name() == &scratch.name()).expect("the file is listed");
        for error in within(move || [found.is_abandoned().unwrap_err(), found.remove_if_abandoned().unwrap_err()]) {
            assert!(error.to_string().contains(says), "{kind}: {error}");
        }
        assert_eq!(state(&removed.0), before, "{kind}");
    }
}

#[test]
fn abandoned_unfinished_file_is_removed_in_any_state() {
    let states: [(_, Make); 5] = [
        ("empty", |path| regular(path, &[], 0o600)),
        ("grown", |path| {
            regular(path, &[], 0o600);
            File::options().write(true).open(path).unwrap().set_len(8192).unwrap();
        }),
        ("masked", |path| regular(path, &[], 0o400)),
        ("begun", |path| regular(path, b"ackcast\0", 0o600)),
        ("whole", |path| regular(path, &segment(), 0o600)),
    ];
    for (state, make) in states {
        let scratch = Scratch::new(&format!("abandoned-{state}"));
        let path = PathBuf::from(format!("/dev/shm/ackcast~0123456789abcdef.{}", scratch.0));
        let _removed = Removed(path.clone());
        make(&path);
        let of_channel = Name::new(&scratch.0).unwrap();
        let found = unfinished().unwrap().into_iter().find(|it| *it.name() == of_channel).expect("the file is listed");
        {
            // The creator lives.
            let file = File::options().read(true).write(true).open(&path);
            let Ok(file) = file else { continue };
            let creator = LivenessLocks::open(|| Ok(file)).unwrap();
            assert_eq!(creator.enter(), Ok(true));
            assert!(!found.is_abandoned().unwrap() && !found.remove_if_abandoned().unwrap(), "{state}");
            creator.exit(); // a forked child of another test shares the descriptor until it execs
        }
        assert!(found.is_abandoned().unwrap(), "{state}");
        assert!(path.exists(), "{state}: listing removes nothing");
        assert!(found.remove_if_abandoned().unwrap(), "{state}");
        assert!(!path.exists(), "{state}");
        assert!(matches!(found.remove_if_abandoned(), Err(OpenError::NotFound { .. })), "{state}");
    }
}

/// A failing attach once took itself for the last handle of a foreign file, and removed the file.
#[test]
fn foreign_locked_file_survives_failing_attaches() {
    let scratch = Scratch::new("locked");
    regular(&scratch.path(), &[b'x'; 8192], 0o600);
    let before = state(&scratch.path());
    let stop = AtomicBool::new(false);
    let open = || File::options().read(true).write(true).open(scratch.path()).unwrap();
    let held = LivenessLocks::open(|| Ok(open())).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Relaxed) {
                held.enter().ok();
                held.exit();
            }
        });
        for _ in 0..2000 {
            assert!(Consumer::attach(&scratch.0).is_err() && Producer::attach(&scratch.0).is_err());
            if !scratch.path().exists() {
                break;
            }
        }
        stop.store(true, Relaxed);
    });
    assert!(scratch.path().exists(), "a failing attach removed the file");
    assert_eq!(state(&scratch.path()), before);
}
