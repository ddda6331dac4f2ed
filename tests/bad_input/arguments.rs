//! Names and numbers that a caller can pass, and paths that are no regular files.

use crate::stage::{BOUND, Reached, Scratch, config, within};
use ackcast::layers::Futex;
use ackcast::protocol::Geometry;
use ackcast::segment::{Layout, Name, remove_if_dead};
use ackcast::{Backend, Channel, Consumer, CreateError, Producer, SendError};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::cell::RefCell;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::Duration;

/// The rule for names, written in another way than the library's.
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-".contains(&byte);
    (1..=200).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(allowed)
}

#[test]
fn any_name_is_right_or_refused() {
    let reached = RefCell::new(Reached::default());
    let letters = prop::sample::select("aZ9._-/ \0ä\u{202e}".chars().collect::<Vec<_>>());
    let names = prop_oneof![
        any::<String>(),
        prop::collection::vec(letters, 0..6).prop_map(String::from_iter),
        (195..205_usize).prop_map(|len| "n".repeat(len)),
    ];
    let result = TestRunner::new(config(1000)).run(&names, |name| {
        let (mut reached, checked) = (reached.borrow_mut(), Name::new(&name));
        prop_assert_eq!(checked.is_ok(), is_name(&name));
        if let Ok(checked) = &checked {
            prop_assert_eq!(checked.as_str(), &name);
        } else {
            prop_assert!(matches!(Channel::create(&name).build(), Err(CreateError::Name(_))));
        }
        // No channel has such a name, or it belongs to another program. A producer only reads it.
        reached.call("attach", || Producer::attach(&name).map(drop));
        reached.count("name", checked);
        Ok(())
    });
    result.unwrap();
    reached.into_inner().must(&["name: Ok", "name: NameError", "attach: Name(NameError", "attach: Open(NotFound"]);
}

#[test]
fn any_geometry_is_built_or_refused() {
    let reached = RefCell::new(Reached::default());
    let large = || prop_oneof![any::<u32>(), (0..32_u32).prop_map(|shift| 1 << shift), Just(u32::MAX)];
    let size = || prop_oneof![2 => 1..5000_u32, 2 => large(), 1 => Just(0)];
    let number = || prop_oneof![20 => 0..66_u32, 1 => large()];
    let backend = prop::sample::select(vec![Backend::Futex, Backend::RawSync]);
    let retain = prop_oneof![2 => Just(0), 2 => 0..70_u32, 1 => large()];
    let all = (size(), size(), number(), number(), prop::option::of(number()), retain, backend);
    let result =
        TestRunner::new(config(600)).run(&all, |(slots, slot_size, consumers, producers, places, retain, backend)| {
            let scratch = Scratch::new("geometry");
            let builder = Channel::create(&scratch.0).slots(slots).slot_size(slot_size).retain(retain);
            let mut builder = builder.consumers(consumers).producers(producers).backend(backend);
            if let Some(places) = places {
                builder = builder.places(places);
            }
            let (start_with, end_after) = (consumers, producers);
            let for_producers = if producers == 1 { 1 } else { producers.max(8) };
            let (consumers, producers) = (places.unwrap_or(consumers.max(8)), places.unwrap_or(for_producers));
            let geometry = Geometry { slots, slot_size, consumers, producers, start_with, end_after, retain };
            let layout = Layout::new::<Futex>(&geometry);
            if let Ok(layout) = layout {
                // Each part follows the part before it, and the last part ends where the segment ends.
                let Layout { control, consumers, producers, headers, slots: first, stride, size } = layout;
                prop_assert!(control < consumers && consumers < producers && producers < headers);
                prop_assert!(stride >= slot_size as usize && first + stride * slots as usize <= size);
                prop_assert!(layout.header(0) == headers && layout.header(slots as usize) <= first);
                if size > 16 << 20 {
                    return Ok(()); // the segment would take that much memory
                }
            }
            let built = builder.build();
            prop_assert_eq!(built.is_ok(), layout.is_ok());
            if let Ok(channel) = &built {
                prop_assert_eq!(channel.geometry(), geometry);
            }
            reached.borrow_mut().count("build", built);
            Ok(())
        });
    result.unwrap();
    reached.into_inner().must(&["build: Ok", "build: Layout(OutOfRange", "build: Layout(TooLarge"]);
}

#[test]
fn lengths_and_times_have_no_limit_that_panics() {
    for backend in [Backend::Futex, Backend::RawSync] {
        let scratch = Scratch::new(&format!("lengths-{backend:?}"));
        let _channel = Channel::create(&scratch.0).backend(backend).slot_size(4).build().unwrap();
        let mut consumer = Consumer::attach(&scratch.0).unwrap();
        let mut producer = Producer::attach(&scratch.0).unwrap();
        assert_eq!(producer.try_send(&[0; 5]), Err(SendError::TooLong { len: 5, slot_size: 4 }));
        for len in [5, u32::MAX as usize, u32::MAX as usize + 5, usize::MAX] {
            let loan = producer.try_loan().unwrap();
            assert_eq!(loan.publish(len), Err(SendError::TooLong { len, slot_size: 4 }));
        }
        // The longest timeout means no timeout. A message that is there is received at once.
        within(BOUND, move || {
            for timeout in [Duration::ZERO, Duration::from_secs(u64::MAX), Duration::MAX] {
                producer.send_timeout(b"full", timeout).unwrap();
                assert_eq!(consumer.recv_timeout(timeout).unwrap(), b"full");
                assert!(consumer.recv_timeout(Duration::from_nanos(1)).is_err());
            }
            producer.finish_timeout(Duration::MAX).unwrap();
            assert_eq!(producer.send_timeout(b"late", Duration::MAX), Err(SendError::Ended));
        });
    }
}

/// The errors of attaching, creating and removing for the entry at this path. The entry stays there.
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
fn path_that_is_no_file_is_refused_and_left_alone() {
    let scratch = Scratch::new("no-file");
    std::fs::create_dir(scratch.path()).unwrap();
    assert!(refusals(&scratch).iter().all(|refusal| refusal.contains("it is a directory")));
    std::fs::remove_dir(scratch.path()).unwrap();
    assert!(Command::new("mkfifo").args(["-m", "600"]).arg(scratch.path()).status().unwrap().success());
    assert!(refusals(&scratch).iter().all(|refusal| refusal.contains("it is a FIFO")));
}

#[test]
fn links_are_not_followed() {
    let (scratch, target) = (Scratch::new("link"), Scratch::new("target"));
    let _channel = Channel::create(&target.0).build().unwrap();
    // Links to a device, to nothing, and to a segment of this user.
    for to in ["/dev/zero", "nowhere", target.path().to_str().unwrap()] {
        symlink(to, scratch.path()).unwrap();
        let refusals = refusals(&scratch);
        assert!(refusals.iter().all(|refusal| refusal.contains("it is a symbolic link")), "{to}: {refusals:?}");
        std::fs::remove_file(scratch.path()).unwrap();
    }
}
