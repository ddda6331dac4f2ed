//! Files that are no files.

use crate::stage::Scratch;
use ackcast::segment::{Name, remove_if_dead};
use ackcast::{Channel, Consumer};
use std::os::unix::fs::symlink;
use std::process::Command;

/// What attaching, creating and removing say to what lies there; it stays there.
fn refusals(scratch: &Scratch) -> [String; 3] {
    let name = Name::new(&scratch.0).unwrap();
    let refusals = [
        Consumer::attach(&scratch.0).map(drop).unwrap_err().to_string(),
        Channel::create(&scratch.0).build().map(drop).unwrap_err().to_string(),
        remove_if_dead(&name).map(drop).unwrap_err().to_string(),
    ];
    assert!(scratch.path().symlink_metadata().is_ok());
    refusals
}

#[test]
fn what_is_no_file_is_refused_and_left_alone() {
    let scratch = Scratch::new("no-file");
    std::fs::create_dir(scratch.path()).unwrap();
    assert!(refusals(&scratch).iter().all(|refusal| refusal.contains("Is a directory")));
    std::fs::remove_dir(scratch.path()).unwrap();
    assert!(Command::new("mkfifo").args(["-m", "600"]).arg(scratch.path()).status().unwrap().success());
    assert!(refusals(&scratch).iter().all(|refusal| refusal.contains("cannot be used")));
}

#[test]
fn links_are_not_followed() {
    let (scratch, target) = (Scratch::new("link"), Scratch::new("target"));
    let _channel = Channel::create(&target.0).build().unwrap();
    // To a device, to nothing, and to a segment of our own.
    for to in ["/dev/zero", "nowhere", target.path().to_str().unwrap()] {
        symlink(to, scratch.path()).unwrap();
        let refusals = refusals(&scratch);
        assert!(refusals.iter().all(|refusal| refusal.contains("symbolic links")), "{to}: {refusals:?}");
        std::fs::remove_file(scratch.path()).unwrap();
    }
}
