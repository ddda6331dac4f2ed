//! Standard descriptors that are closed: no segment may take their numbers, and none may stay pinned.

use crate::child::Process;
use crate::scratch::Scratch;
use ackcast::{Channel, Consumer, Producer};
use std::fs;

/// This process's descriptors of shared memory.
fn on_shared_memory() -> Vec<i32> {
    let descriptors = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        let target = fs::read_link(&path).ok()?;
        let number = path.file_name()?.to_str()?.parse().ok()?;
        target.to_str()?.contains("/ackcast").then_some(number)
    });
    descriptors.collect()
}

/// Uses channels with the descriptors up to `highest` closed.
pub fn closed(channel: &str, highest: i32) {
    for descriptor in 0..=highest {
        // SAFETY: nothing in this process uses it from here on.
        unsafe { libc::close(descriptor) };
    }
    let outcome = std::panic::catch_unwind(|| {
        let created = Channel::create(channel).consumers(0).build().unwrap();
        let mut consumer = Consumer::attach(channel).unwrap();
        let mut producer = Producer::attach(channel).unwrap();
        producer.send(b"message").unwrap();
        assert_eq!(consumer.recv().unwrap(), b"message");
        let held = on_shared_memory();
        assert!(held.len() >= 3 && held.iter().all(|&number| number > 2), "{held:?}");
        drop((producer, consumer, created));
        assert_eq!(on_shared_memory(), [0; 0], "descriptors that pin the segment");
        assert!(!fs::read_to_string("/proc/self/maps").unwrap().contains("/dev/shm/ackcast"), "a mapping is left");
    });
    std::process::exit(outcome.is_err().into());
}

#[test]
fn closed_standard_descriptors_get_no_segment() {
    for highest in 0..=2 {
        let scratch = Scratch::new(&format!("closed-{highest}"));
        Process::start("closed", &scratch.0, highest as u64).succeeds();
        scratch.assert_nothing_left();
    }
}
