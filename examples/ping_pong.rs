//! Two processes send a number back and forth on two channels.
//!
//! It shows how a channel is created, how a process attaches to it by name, and what a round trip takes.
//! The program starts itself again as the second player.
//!
//! ```console
//! $ cargo run --release --example ping_pong
//! 10000 round trips, each pong was its ping
//! a round trip took 1.2 µs on average
//! ```

use ackcast::{Channel, Consumer, Producer};
use std::error::Error;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, process};

const ROUNDS: u64 = 10_000;
/// Upper bound on each wait, for a player that does not answer. A dead player ends the wait at once.
const LIMIT: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn Error>> {
    match env::args().nth(1) {
        None => ping(&format!("ping-pong-{}", process::id())),
        Some(name) => pong(&name),
    }
}

/// The first player: creates the channels, and starts the second player.
fn ping(name: &str) -> Result<(), Box<dyn Error>> {
    let (there, back) = (format!("{name}-there"), format!("{name}-back"));
    let _channels = [Channel::create(&there).build()?, Channel::create(&back).build()?];
    let mut pings = Producer::attach(&there)?;
    let mut pongs = Consumer::attach(&back)?;
    let mut player = Command::new(env::current_exe()?).arg(name).spawn()?;

    let start = Instant::now();
    for round in 0..ROUNDS {
        let ping = round.to_ne_bytes();
        pings.send_timeout(&ping, LIMIT)?; // the first one waits until the second player is attached
        let pong = pongs.recv_timeout(LIMIT)?;
        if pong != ping {
            return Err(format!("ping {round} came back as {pong:?}").into());
        }
    }
    let trip = start.elapsed().as_secs_f64() * 1e6 / ROUNDS as f64;
    pings.finish()?;
    if !player.wait()?.success() {
        return Err("the second player failed".into());
    }
    println!("{ROUNDS} round trips, each pong was its ping");
    println!("a round trip took {trip:.1} µs on average");
    Ok(())
}

/// The second player: returns each ping, until the end.
fn pong(name: &str) -> Result<(), Box<dyn Error>> {
    let mut pings = Consumer::attach(&format!("{name}-there"))?;
    let mut pongs = Producer::attach(&format!("{name}-back"))?;
    for ping in pings.iter() {
        pongs.send(&ping?)?;
    }
    pongs.finish()?;
    Ok(())
}
