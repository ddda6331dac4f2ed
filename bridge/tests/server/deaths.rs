//! kill -9 of each bridge and of the server, at random moments.

use crate::support::{Bridge, PATIENCE, Server, message, read_on, source, unique, wait_until};
use ackcast::{Consumer, RecvError};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::thread;
use std::time::Duration;

const ROUNDS: u64 = 100;
const MESSAGES: u64 = 1500;
/// The producer pauses after so many messages, so that a round lasts as long as its kills.
const PACE: u64 = 25;

/// What was found wrong.
#[derive(Debug, Default, PartialEq, Eq)]
struct Faults {
    lost: usize,
    doubled: usize,
    out_of_order: usize,
}

impl Faults {
    fn of(received: &[u64]) -> Self {
        let mut sorted = received.to_vec();
        sorted.sort_unstable();
        let doubled = sorted.windows(2).filter(|pair| pair[0] == pair[1]).count();
        sorted.dedup();
        let out_of_order = received.windows(2).filter(|pair| pair[0] >= pair[1]).count();
        Self { lost: MESSAGES as usize - sorted.len(), doubled, out_of_order }
    }
}

#[test]
fn faults_are_counted() {
    let whole: Vec<u64> = (0..MESSAGES).collect();
    assert_eq!(Faults::of(&whole), Faults::default());
    let mut bad = whole;
    bad[3] = 2; // 3 is lost, and 2 comes twice
    assert_eq!(Faults::of(&bad), Faults { lost: 1, doubled: 1, out_of_order: 1 });
}

#[test]
fn kills_lose_double_and_reorder_nothing() {
    let Some(mut server) = Server::start("kills_lose_double_and_reorder_nothing", "") else { return };
    let seed = std::env::var("ACKCAST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20);
    let rounds = std::env::var("ACKCAST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let mut random = SmallRng::seed_from_u64(seed);
    let (mut kills, mut faults) = ([0; 3], Faults::default());
    for round in 0..rounds {
        let found = one_round(&mut server, &mut random, &mut kills);
        assert_eq!(found, Faults::default(), "round {round} of seed {seed}");
        faults = Faults {
            lost: faults.lost + found.lost,
            doubled: faults.doubled + found.doubled,
            out_of_order: faults.out_of_order + found.out_of_order,
        };
    }
    let [out, into, servers] = kills;
    let Faults { lost, doubled, out_of_order } = faults;
    println!(
        "{rounds} rounds of {MESSAGES} messages, {out} kills of out, {into} of in, {servers} of the server: {lost} lost, \
         {doubled} doubled, {out_of_order} out of order"
    );
    assert!(kills.iter().all(|&kills| kills > 0 || rounds < ROUNDS), "{kills:?}");
}

fn one_round(server: &mut Server, random: &mut SmallRng, kills: &mut [u32; 3]) -> Faults {
    let (from, to, stream) = (unique("from"), unique("to"), unique("stream"));
    // A message that is not stored is retained, for as long as the round lasts.
    let (channel, mut producer) = source(&from, 2048, 2047);
    let arguments = ["out", &from, "--to", &server.url(), "--stream", &stream, "--max-bytes", "1000000"];
    let mut out = Bridge::start(None, &arguments);
    let mut into = Bridge::into(&to, server, &stream);
    let reader = thread::spawn({
        let to = to.clone();
        move || {
            let mut consumer = Consumer::wait_for(&to, PATIENCE).unwrap();
            (read_on(&mut consumer, PATIENCE), consumer) // held, so that each successor finds the channel
        }
    });
    let sender = thread::spawn(move || {
        for number in 0..MESSAGES {
            producer.send_timeout(&message(number), PATIENCE).unwrap();
            if number % PACE == 0 {
                thread::sleep(Duration::from_millis(1));
            }
        }
        producer.finish().unwrap();
        producer
    });
    for _ in 0..random.random_range(1..=4) {
        thread::sleep(Duration::from_millis(random.random_range(0..80)));
        match random.random_range(0..5) {
            0 | 1 => kills[0] += u32::from(out.kill_and_restart()),
            2 | 3 => kills[1] += u32::from(into.kill_and_restart()),
            _ => {
                server.kill_and_restart();
                kills[2] += 1;
            }
        }
    }
    let _producer = sender.join().unwrap();
    let ((received, error), _consumer) = reader.join().unwrap();
    assert_eq!(error, RecvError::Ended);
    out.ends_with(0);
    // A bridge that was killed after the last acknowledgement has a successor that waits for the next channel.
    let beyond_end = format!("start_sequence: {} }}", MESSAGES + 2);
    wait_until("the bridge ends, or waits", || into.has_ended() || into.log().contains(&beyond_end));
    if into.has_ended() {
        into.ends_with(0);
    }
    drop(channel);
    Faults::of(&received)
}

/// Two `out` of one channel store each message once. So a death loses nothing, also where the source retains nothing.
#[test]
fn second_out_covers_for_a_dead_one() {
    let Some(server) = Server::start("second_out_covers_for_a_dead_one", "") else { return };
    let (from, to, stream) = (unique("from"), unique("to"), unique("stream"));
    let channel = ackcast::Channel::create(&from).slots(64).slot_size(64).consumers(2).build().unwrap();
    let mut producer = ackcast::Producer::attach(&from).unwrap();
    let mut outs = [(); 2].map(|()| Bridge::out(&from, &server, &stream));
    let mut into = Bridge::into(&to, &server, &stream);
    let reader = crate::support::read(&to);
    for number in 0..MESSAGES {
        producer.send_timeout(&message(number), PATIENCE).unwrap();
        if number == MESSAGES / 2 {
            outs[0].kill();
        }
    }
    producer.finish().unwrap();
    assert_eq!(reader.join().unwrap(), ((0..MESSAGES).collect(), RecvError::Ended));
    outs[1].ends_with(0);
    into.ends_with(0);
    assert_eq!(channel.acknowledged(), []);
}
