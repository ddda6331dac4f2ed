//! A process shares an array of integers with two others, and updates it element by element.
//!
//! Each message is the whole array after one more update. `copy_previous` fills the slot with the previous message, so
//! the producer writes a single element. A consumer sees every state of the array, and never half an update.
//!
//! ```console
//! $ cargo run --example array
//! consumer 2: 25 updates, one element each: [20, 21, 22, 23, 24, 15, 16, 17, 18, 19]
//! consumer 1: 25 updates, one element each: [20, 21, 22, 23, 24, 15, 16, 17, 18, 19]
//! ```

use ackcast::{Channel, Consumer, Producer, RecvError, RecvValueError};
use std::error::Error;
use std::process::Command;
use std::{env, process};

const LEN: usize = 10;
const UPDATES: i32 = 25;
const CONSUMERS: u32 = 2;

type Array = [i32; LEN];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    match (arguments.next(), arguments.next()) {
        (Some(number), Some(name)) => consume(&number, &name),
        _ => produce(&format!("array-{}", process::id())),
    }
}

fn produce(name: &str) -> Result<(), Box<dyn Error>> {
    let _channel = Channel::create(name).slots(4).slot_size(size_of::<Array>() as u32).consumers(CONSUMERS).build()?;
    let mut producer = Producer::attach(name)?;
    let start = |number: u32| Command::new(env::current_exe()?).args([&number.to_string(), name]).spawn();
    let consumers = (1..=CONSUMERS).map(start).collect::<Result<Vec<_>, _>>()?;

    for value in 0..UPDATES {
        let mut array = producer.loan()?;
        array.copy_previous(); // before the first message there is none, and the slot is zeroed
        let element = size_of::<i32>() * (value as usize % LEN);
        array[element..][..size_of::<i32>()].copy_from_slice(&value.to_ne_bytes());
        array.publish(size_of::<Array>())?;
    }
    producer.finish()?;
    for mut consumer in consumers {
        if !consumer.wait()?.success() {
            return Err("a consumer failed".into());
        }
    }
    Ok(())
}

fn consume(number: &str, name: &str) -> Result<(), Box<dyn Error>> {
    let mut consumer = Consumer::attach(name)?;
    let (mut array, mut updates) = (Array::default(), 0);
    loop {
        let updated: Array = match consumer.recv_value() {
            Ok(updated) => updated,
            Err(RecvValueError::Recv(RecvError::Ended)) => break,
            Err(error) => return Err(error.into()),
        };
        array[updates % LEN] = updates as i32;
        if updated != array {
            return Err(format!("update {updates}: {updated:?} in place of {array:?}").into());
        }
        updates += 1;
    }
    println!("consumer {number}: {updates} updates, one element each: {array:?}");
    Ok(())
}
