//! Tasks of tokio's runtime send, receive from two channels at once, and give up in time.
//!
//! It shows `AsyncProducer` and `AsyncConsumer`, `tokio::select!` over two channels, and that a cancelled future loses
//! nothing. The program starts itself again as two producers.
//!
//! ```console
//! $ cargo run --release --features tokio --example async_tasks
//! got 100 messages of each producer, in order
//! gave up in time, and lost nothing
//! ```

use ackcast::{AsyncConsumer, AsyncProducer, AsyncRecvError, Channel, Consumer, Producer, RecvError};
use std::error::Error;
use std::process::Command;
use std::time::Duration;
use std::{env, process};
use tokio::time::{sleep, timeout};

const MESSAGES: u8 = 100;
/// A consumer that waits longer than this does something else meanwhile.
const PATIENCE: Duration = Duration::from_millis(50);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    match env::args().nth(1) {
        None => receive(&format!("async-tasks-{}", process::id())).await,
        Some(channel) => send(&channel).await,
    }
}

/// Receives from two channels at once.
async fn receive(name: &str) -> Result<(), Box<dyn Error>> {
    let names = [format!("{name}-a"), format!("{name}-b")];
    let create = |name: &String| Channel::create(name).slots(4).slot_size(1).build();
    let _channels = names.iter().map(create).collect::<Result<Vec<_>, _>>()?;
    let mut first = AsyncConsumer::new(Consumer::attach(&names[0])?)?;
    let mut second = AsyncConsumer::new(Consumer::attach(&names[1])?)?;
    let mut children = Vec::new();
    for name in &names {
        children.push(Command::new(env::current_exe()?).arg(name).spawn()?);
    }

    let (mut next, mut ended, mut given_up) = ([0; 2], [false; 2], 0);
    while ended != [true; 2] {
        let both = async {
            tokio::select! {
                message = first.recv(), if !ended[0] => (0, message),
                message = second.recv(), if !ended[1] => (1, message),
            }
        };
        match timeout(PATIENCE, both).await {
            Err(_) => given_up += 1,
            Ok((which, Ok(message))) if message == [next[which]] => next[which] += 1,
            Ok((which, Err(AsyncRecvError::Recv(RecvError::Ended)))) => ended[which] = true,
            Ok((which, other)) => return Err(format!("producer {which}: {other:?}, not {}", next[which]).into()),
        }
    }
    for mut child in children {
        if !child.wait()?.success() {
            return Err("a producer failed".into());
        }
    }
    if next != [MESSAGES; 2] {
        return Err(format!("{next:?} messages came").into());
    }
    println!("got {MESSAGES} messages of each producer, in order");
    if given_up == 0 {
        return Err("no wait was given up".into());
    }
    println!("gave up in time, and lost nothing");
    Ok(())
}

/// Sends numbers, and pauses once.
async fn send(channel: &str) -> Result<(), Box<dyn Error>> {
    let mut producer = AsyncProducer::new(Producer::attach(channel)?)?;
    for message in 0..MESSAGES {
        if message == MESSAGES / 2 {
            sleep(PATIENCE * 4).await;
        }
        producer.send(&[message]).await?;
    }
    producer.finish().await?;
    Ok(())
}
