//! `ackcast inspect`: which participant waits for which.

use crate::process::{LIMIT, Scratch, eventually};
use crate::setting::{channel, json, run};
use ackcast::{Backend, Channel, Consumer, Producer};
use std::thread;

#[test]
fn inspect_names_participants_and_their_processes() {
    let scratch = Scratch::new("inspect");
    let (_channel, mut producer, mut consumer) = channel(&scratch, |new| new.producers(2));
    producer.send_batch(&["one", "two"]).unwrap();
    consumer.recv().unwrap();
    let report = json(&["inspect", &scratch.name, "--interval", "0s"]);
    assert_eq!((&report["slots"], &report["slot_size"], &report["published"]), (&4.into(), &64.into(), &2.into()));
    assert_eq!((&report["rate"], &report["state"]), (&serde_json::Value::Null, &"active".into()));
    let pid = std::process::id();
    let people = report["participants"].as_array().unwrap();
    let ours = |role, number: u32| people.iter().find(|one| one["role"] == role && one["number"] == number).unwrap();
    let (reads, writes) = (ours("consumer", 0), ours("producer", 0));
    assert_eq!((&reads["acknowledged"], &reads["lag"], &reads["pid"]), (&1.into(), &1.into(), &pid.into()));
    assert_eq!((&writes["pid"], &writes["state"], people.len()), (&pid.into(), &"alive".into(), 2));
    let command = std::env::args().next().unwrap();
    assert!(reads["command"].as_str().unwrap().starts_with(&command), "{reads}");
    assert_eq!((&report["observers"][0]["pid"], &report["observers"][0]["handles"]), (&pid.into(), &1.into()));
    assert!(report["age_seconds"].as_f64().is_some_and(|age| age < 600.0), "{report}");
}

#[test]
fn inspect_says_who_holds_everybody_up_and_how_long() {
    for backend in [Backend::Futex, Backend::RawSync] {
        let scratch = Scratch::new(&format!("held-{backend:?}"));
        let (_channel, mut producer, consumer) = channel(&scratch, |new| new.backend(backend));
        let mut other = Consumer::attach(&scratch.name).unwrap();
        thread::scope(|scope| {
            let sender = scope.spawn(|| (0..5).try_for_each(|_| producer.send_timeout(b"m", LIMIT)));
            (0..4).for_each(|_| drop(other.recv().unwrap()));
            let mut report = serde_json::Value::Null;
            eventually("the producer does not wait", || {
                report = json(&["inspect", &scratch.name, "--interval", "60ms"]);
                // The words do not say what a producer of raw_sync waits for.
                report["held_up_by"]["seconds"].as_f64().is_some_and(|time| time >= 0.05)
                    && (backend == Backend::RawSync || report["participants"][2]["waits_for"].is_string())
            });
            let held = &report["held_up_by"];
            assert_eq!((&held["consumer"], &held["message"]), (&0.into(), &0.into()), "{report}");
            assert_eq!(report["participants"][1]["waits_for"], "a message");
            if backend == Backend::Futex {
                assert_eq!(report["participants"][2]["waits_for"], "consumer 0, message 0");
                assert_eq!(report["lock_owner"], 0);
            }
            let (said, _) = run(&["inspect", &scratch.name, "--interval", "60ms"], 0);
            let pid = std::process::id();
            let line =
                format!("held up by   consumer 0 (pid {pid}), which has not acknowledged message 0; for at least ");
            assert!(said.contains(&line), "{said}");
            drop(consumer); // lets the producer go on
            sender.join().unwrap().unwrap();
        });
    }
}

#[test]
fn inspect_counts_consumers_that_first_message_waits_for() {
    let scratch = Scratch::new("start");
    let (_channel, _producer, _consumer) = channel(&scratch, |new| new.consumers(3));
    let report = json(&["inspect", &scratch.name, "--interval", "0s"]);
    assert_eq!((&report["held_up_by"]["missing_consumers"], &report["start_with"]), (&2.into(), &3.into()));
    let (said, _) = run(&["inspect", &scratch.name, "--interval", "0s"], 0);
    assert!(said.contains("held up by   the first consumers: 1 of 3 have joined\n"), "{said}");
}

#[test]
fn inspect_shows_128_participants() {
    let scratch = Scratch::new("many");
    let _channel = Channel::create(&scratch.name).slots(4).places(64).consumers(0).build().unwrap();
    let consumers: Vec<_> = (0..64).map(|_| Consumer::attach(&scratch.name).unwrap()).collect();
    let producers: Vec<_> = (0..64).map(|_| Producer::attach(&scratch.name).unwrap()).collect();
    let report = json(&["inspect", &scratch.name, "--interval", "0s"]);
    let people = report["participants"].as_array().unwrap();
    assert_eq!(people.len(), 128);
    assert!(people.iter().all(|one| one["pid"] == std::process::id() && one["state"] == "alive"), "{report}");
    drop((consumers, producers));
}

#[test]
fn commands_exit_with_1_when_channel_is_missing() {
    let scratch = Scratch::new("missing");
    for command in ["inspect", "tap"] {
        let (said, stderr) = run(&[command, &scratch.name], 1);
        assert_eq!(said, "");
        assert_eq!(stderr, format!("ackcast: there is no channel {:?}; create it first\n", scratch.name));
    }
    run(&["inspect", "a/b"], 2);
    run(&["tap", &scratch.name, "--json", "--hex"], 2);
    run(&["top", "--once", "-n", "2"], 2);
}
