use super::*;
use crate::{Backend, Channel, Consumer, Name, Producer};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// A message that proves to be whole: its number, over and over, up to a length that follows from it.
fn message(number: u64) -> Vec<u8> {
    let len = 64 + (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize * 8;
    number.to_ne_bytes().into_iter().cycle().take(len).collect()
}

/// Taps a channel of so many slots, to which a thread sends at full speed. Returns how many messages were whole, and
/// how many were torn.
fn tapped(
    test: &str,
    slots: u32,
    backend: Backend,
    change: fn(&mut Tap),
    enough: impl Fn(u64, u64) -> bool,
) -> [u64; 2] {
    let name = Name::new(&format!("tap-{test}-{slots}-{backend:?}-{}", std::process::id())).unwrap();
    let _channel = Channel::create(name.as_str()).slots(slots).slot_size(4096).consumers(1).backend(backend).build();
    let (mut producer, mut consumer) =
        (Producer::attach(name.as_str()).unwrap(), Consumer::attach(name.as_str()).unwrap());
    let mut tap = Watch::open(&name).unwrap().tap().unwrap();
    change(&mut tap);
    let over = &AtomicBool::new(false);
    let limit = Instant::now() + Duration::from_secs(60);
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut number = 0;
            while !over.load(Relaxed) {
                // A loan that is dropped leaves garbage in the slot, and no trace in the words. So does the writer of a
                // batch that ends it.
                producer.loan().unwrap().fill(0xee);
                producer.send(&message(number)).unwrap();
                producer
                    .send_written(1, |slot| {
                        slot.fill(0xee);
                        None
                    })
                    .unwrap();
                let batch: Vec<_> = (number + 1..number + 101).map(message).collect();
                producer.send_batch(&batch).unwrap();
                number += 101;
            }
            producer.finish().unwrap();
        });
        scope.spawn(move || for _ in consumer.iter() {});
        let [mut whole, mut torn] = [0; 2];
        while !enough(whole, torn) && Instant::now() < limit {
            if let Ok(Tapped::Message { sequence, bytes }) = tap.poll() {
                *(if bytes == message(sequence) { &mut whole } else { &mut torn }) += 1;
            }
        }
        over.store(true, Relaxed);
        [whole, torn]
    })
}

#[test]
fn tap_sees_no_torn_message() {
    for backend in [Backend::Futex, Backend::RawSync] {
        for slots in [1, 2, 3, 4, 8, 64, 1024] {
            let end = Instant::now() + Duration::from_millis(300);
            let [whole, torn] = tapped("whole", slots, backend, |_| {}, |_, torn| torn > 0 || Instant::now() > end);
            println!("{slots} slots, {backend:?}: {whole} whole, {torn} torn");
            assert_eq!(torn, 0, "{slots} slots, {backend:?}, beside {whole} whole messages");
        }
    }
}

/// Negative twin: without a judge, the same tap sees torn messages.
#[test]
fn tap_without_judge_sees_torn_message() {
    for slots in [1, 8] {
        let without = |tap: &mut Tap| tap.judge = Judge::None;
        let [whole, torn] = tapped("torn", slots, Backend::Futex, without, |_, torn| torn > 0);
        println!("{slots} slots: {torn} torn beside {whole} whole");
        assert!(torn > 0, "{slots} slots: all of {whole} messages were whole");
    }
}

/// Negative twin: a tap that expects fewer messages than a producer writes before it publishes them sees torn ones.
#[test]
fn tap_that_expects_small_batches_sees_torn_message() {
    for slots in [1, 8, 64] {
        let expect = |tap: &mut Tap| tap.most_prepared /= 8;
        let [whole, torn] = tapped("batch", slots, Backend::Futex, expect, |_, torn| torn > 0);
        println!("{slots} slots: {torn} torn beside {whole} whole");
        assert!(torn > 0, "{slots} slots: all of {whole} messages were whole");
    }
}
