//! What the first trial of this design taught, each by a failure. Each remedy is needed: a mutant without it fails.

use crate::support::{Bridge, PATIENCE, Received, Server, message, number, read, read_on, source, unique, wait_until};
use ackcast::{Channel, Consumer, Name, RecvError};
use std::thread;
use std::time::Duration;

const MESSAGES: u64 = 400;

fn all() -> Received {
    ((0..MESSAGES).collect(), RecvError::Ended)
}

/// How long a mutant has to do what it does not do.
const SHORT: Duration = Duration::from_secs(2);

/// Carries a channel into the stream, to END. `None` if the bridge does not read it.
fn fill(mutant: Option<&str>, server: &Server, from: &str, stream: &str) -> Option<()> {
    let (_channel, mut producer) = source(from, 512, 0);
    let mut out = Bridge::start(mutant, &["out", from, "--to", &server.url(), "--stream", stream]);
    let patience = if mutant.is_some() { SHORT } else { PATIENCE };
    for number in 0..MESSAGES {
        producer.send_timeout(&message(number), patience).ok()?;
    }
    producer.finish_timeout(patience).ok()?;
    out.ends_with(0);
    Some(())
}

/// Lesson 1: identity contains the channel's incarnation.
#[test]
fn second_channel_of_a_name_is_carried() {
    let Some(server) = Server::start("second_channel_of_a_name_is_carried", "") else { return };
    for (mutant, is_carried) in [(None, true), (Some("BareSequence"), false)] {
        let (from, to, stream) = (unique("from"), unique("to"), unique("stream"));
        for run in 0..2 {
            let filled = fill(mutant, &server, &from, &stream);
            assert_eq!(filled.is_some(), run == 0 || is_carried, "{mutant:?}, run {run}");
            if filled.is_some() {
                let mut into = Bridge::into(&to, &server, &stream);
                assert_eq!(read(&to).join().unwrap(), all(), "{mutant:?}, run {run}");
                into.ends_with(0);
            }
        }
    }
}

/// Kills an `in` whose channel is full: it has sent messages that it has not acknowledged, and was delivered others that
/// it has not sent. Then its successor goes on.
fn killed_in(mutant: Option<&str>, server: &Server) -> Received {
    let (from, to, stream) = (unique("from"), unique("to"), unique("stream"));
    fill(None, server, &from, &stream).unwrap();
    let url = server.url();
    let arguments = ["in", &to, "--from", &url, "--stream", &stream, "--slots", "4", "--window", "100"];
    let mut into = Bridge::start(mutant, &arguments);
    let mut consumer = Consumer::wait_for(&to, PATIENCE).unwrap();
    let channel = Channel::open(&Name::new(&to).unwrap()).unwrap();
    let mut received: Vec<u64> = (0..2).map(|_| number(&consumer.recv_timeout(PATIENCE).unwrap())).collect();
    wait_until("the channel is full", || channel.published().count() == 6);
    assert!(into.kill_and_restart());
    let (rest, error) = read_on(&mut consumer, if mutant.is_some() { SHORT } else { PATIENCE });
    received.extend(rest);
    (received, error)
}

/// Lesson 2: deliveries begin after the acknowledged floor, in a consumer of the bridge's own.
#[test]
fn successor_gets_unacknowledged_deliveries_in_order() {
    let Some(server) = Server::start("successor_gets_unacknowledged_deliveries_in_order", "") else { return };
    assert_eq!(killed_in(None, &server), all());
    let (received, _) = killed_in(Some("ReusedConsumer"), &server);
    assert_ne!(received, all().0);
}

/// Lesson 3: the receiving channel knows itself what it has.
#[test]
fn successor_sends_no_message_twice() {
    let Some(server) = Server::start("successor_sends_no_message_twice", "") else { return };
    assert_eq!(killed_in(None, &server), all());
    let (received, error) = killed_in(Some("TrustedFloor"), &server);
    assert_eq!((&received[..6], &received[6..], error), (&all().0[..6], &all().0[..], RecvError::Ended));
}

/// Lesson 4: the channel is kept open for its readers, and starts only when one is there.
#[test]
fn reader_that_comes_late_gets_everything() {
    let Some(server) = Server::start("reader_that_comes_late_gets_everything", "") else { return };
    for (mutant, wait, is_received) in [(None, PATIENCE, true), (Some("NoReader"), SHORT, false)] {
        let (from, to, stream) = (unique("from"), unique("to"), unique("stream"));
        fill(None, &server, &from, &stream).unwrap();
        let url = server.url();
        let mut into = Bridge::start(mutant, &["in", &to, "--from", &url, "--stream", &stream, "--slots", "512"]);
        match mutant {
            None => wait_until("the channel is there", || Channel::open(&Name::new(&to).unwrap()).is_ok()),
            Some(_) => into.ends_with(0), // with END, and without a reader
        }
        let consumer = Consumer::wait_for(&to, wait);
        assert_eq!(consumer.is_ok(), is_received, "{mutant:?}");
        if let Ok(mut consumer) = consumer {
            assert_eq!(read_on(&mut consumer, PATIENCE), all());
            drop(consumer);
            into.ends_with(0);
        }
    }
}

/// Lesson 5: a wait for the channel does not stop the client.
#[test]
fn quiet_channel_does_not_cost_the_connection() {
    let settings = "ping_interval: \"1s\"\nping_max: 1\ndebug: true";
    let Some(server) = Server::start("quiet_channel_does_not_cost_the_connection", settings) else { return };
    for (mutant, is_stale) in [(None, false), (Some("BlockedClient"), true)] {
        let (from, stream) = (unique("from"), unique("stream"));
        let (channel, mut producer) = source(&from, 16, 0);
        let _out = Bridge::start(mutant, &["out", &from, "--to", &server.url(), "--stream", &stream]);
        producer.send_timeout(&message(0), PATIENCE).unwrap();
        wait_until("message 0 is stored", || channel.acknowledged().first().is_some_and(|acked| acked.1 == 1));
        if is_stale {
            wait_until("the server gives the client up", || server.log().contains("Stale"));
        } else {
            thread::sleep(Duration::from_secs(4)); // time for three pings
            assert!(!server.log().contains("Stale"));
        }
    }
}
