//! Tests `ackcast demo` as a user runs it: the real binary, real processes, and a limit on every wait.

mod command;
mod ends;
mod progress;

use command::{Demo, Ended};
use std::collections::HashSet;

fn finished(ended: &Ended) -> &[String] {
    assert!(ended.status.success(), "{ended:?}");
    let (last, steps) = ended.lines.split_last().expect("some output");
    assert_eq!(last, "All processes finished.", "{ended:?}");
    steps
}

/// The rest of each line that starts with `beginning`, in order.
fn texts<'a>(steps: &'a [String], beginning: &str) -> Vec<&'a str> {
    steps.iter().filter_map(|line| line.strip_prefix(beginning)).collect()
}

/// Checks all lines of `demo strings`. Every line is whole. Every consumer read exactly the written messages, in their
/// order. The line of a write stands before the lines of its reads.
fn assert_complete(steps: &[String], producers: u32, consumers: u32, messages: usize) {
    let writer = |line: &str| {
        let name = |p| if producers == 1 { "Producer".to_owned() } else { format!("Producer {p}") };
        (1..=producers).find_map(|p| Some(line.strip_prefix(&format!("{} wrote: ", name(p)))?.to_owned()))
    };
    let (mut wrote, mut read) = (Vec::new(), vec![0; consumers as usize]);
    for line in steps {
        if let Some(text) = writer(line) {
            wrote.push(text);
            continue;
        }
        let (consumer, text) = line.strip_prefix("Consumer ").unwrap().split_once(" read: ").unwrap();
        let next = &mut read[consumer.parse::<usize>().unwrap() - 1];
        assert_eq!(wrote.get(*next).map(String::as_str), Some(text), "consumer {consumer}");
        *next += 1;
    }
    assert_eq!(wrote.len(), messages);
    assert!(read.iter().all(|&read| read == messages), "{read:?}");
}

#[test]
fn demo_sends_strings_by_default() {
    for args in [&[][..], &["strings"]] {
        let ended = Demo::new(args).run();
        let steps = finished(&ended);
        assert_complete(steps, 1, 2, 10);
        let wrote = texts(steps, "Producer wrote: ");
        assert_eq!(wrote[..5], ["Hello", "from", "shared", "memory!", ""]);
        assert!(wrote[5].ends_with("… (1024 bytes)"), "{}", wrote[5]);
        assert_eq!(wrote.iter().collect::<HashSet<_>>().len(), 10);
        assert_eq!(ended.stderr, "");
    }
}

#[test]
fn lines_alternate_with_a_single_slot() {
    let ended = Demo::new(&["--consumers", "1"]).run();
    let turns: Vec<_> = finished(&ended).chunks(2).map(|pair| (&pair[0][..9], &pair[1][..11])).collect();
    assert_eq!(turns, [("Producer ", "Consumer 1 "); 10]);
}

#[test]
fn consumers_read_every_state_of_the_array() {
    for backend in ["futex", "raw-sync"] {
        let ended = Demo::new(&["array", "--messages", "25", "--slots", "3", "--backend", backend]).run();
        let steps = finished(&ended);
        let wrote = texts(steps, "Producer wrote: ");
        let mut array = [0; 10];
        let states: Vec<String> = (0..)
            .zip(&wrote)
            .map(|(number, text)| {
                let (value, index) = text.split_once(" at index ").unwrap();
                assert_eq!(index.parse(), Ok(number % 10));
                array[number % 10] = value.parse().unwrap();
                assert!((1..=100).contains(&array[number % 10]));
                format!("{array:?}")
            })
            .collect();
        assert_eq!(states.len(), 25);
        for consumer in ["Consumer 1", "Consumer 2"] {
            assert_eq!(texts(steps, &format!("{consumer} read: ")), states);
            let exiting = format!("{consumer} exiting.");
            assert_eq!(steps.iter().rfind(|line| line.starts_with(consumer)), Some(&exiting));
        }
    }
}

#[test]
fn consumers_read_all_messages_in_rings_of_all_sizes() {
    for backend in ["futex", "raw-sync"] {
        for (slots, producers, consumers) in [(1, 1, 5), (1, 3, 2), (64, 1, 2), (64, 3, 5)] {
            let [s, p, c] = [slots, producers, consumers].map(|number: u32| number.to_string());
            let args = ["--slots", &s, "--producers", &p, "--consumers", &c, "--messages", "200", "--backend", backend];
            assert_complete(finished(&Demo::new(&args).run()), producers, consumers, 200);
            let array = Demo::new(&[&["array"][..], &args].concat()).run();
            assert_eq!(texts(finished(&array), "Consumer 1 read: ").len(), 200);
        }
    }
}

#[test]
fn demo_runs_with_64_producers_and_64_consumers() {
    let args = ["--producers", "64", "--consumers", "64", "--messages", "100"];
    assert_complete(finished(&Demo::new(&args).run()), 64, 64, 100);
}

#[test]
fn slow_consumers_lose_nothing() {
    let ended = Demo::new(&["--consumer-delay", "1ms", "--messages", "100", "--slots", "1"]).run();
    assert_complete(finished(&ended), 1, 2, 100);
    let ended = Demo::new(&["--producer-delay", "1ms", "--messages", "100", "--slots", "4"]).run();
    assert_complete(finished(&ended), 1, 2, 100);
}

#[test]
fn consumers_read_all_messages_in_any_start_order() {
    for start in ["together", "consumers-first", "producers-first"] {
        assert_complete(finished(&Demo::new(&["--start", start, "--producers", "2"]).run()), 2, 2, 10);
    }
}

#[test]
fn quiet_prints_a_summary_only() {
    let ended = Demo::new(&["--quiet", "--messages", "1000", "--consumers", "3"]).run();
    let [all, each @ ..] = finished(&ended) else { panic!("{ended:?}") };
    let (counts, rest) = all.split_once(", from ").unwrap();
    assert_eq!(rest, "1 producer to 3 consumers through 1 slot of 1024 bytes (futex)");
    assert!(counts.starts_with("1000 messages, "));
    assert_eq!(each.len(), 3);
    for (number, line) in (1..).zip(each) {
        assert!(line.starts_with(&format!("Consumer {number}: {counts} in ")), "{line}");
        assert!(line.contains(" messages/s, "), "{line}");
    }
    assert_eq!(ended.stderr, "", "a bar is shown, but stderr is no terminal");
}

#[test]
fn summary_names_the_chosen_backend() {
    for option in ["--backend", "--sync"] {
        let ended = Demo::new(&["--quiet", option, "raw-sync"]).run();
        assert!(finished(&ended)[0].ends_with(" bytes (raw-sync)"), "{ended:?}");
    }
}

#[test]
fn options_may_stand_before_and_after_the_kind() {
    for args in [["--quiet", "array"], ["array", "--quiet"]] {
        assert_eq!(finished(&Demo::new(&args).run()).len(), 3);
    }
}

#[test]
fn bad_option_is_refused_with_its_range() {
    for (option, value, range) in [
        ("--consumers", "0", "1..=64"),
        ("--consumers", "65", "1..=64"),
        ("--producers", "65", "1..=64"),
        ("--messages", "9", "10..="),
        ("--slots", "0", "1..=1048576"),
        ("--slot-size", "39", "40..=1073741824"),
        ("--backend", "pthread", "futex, raw-sync"),
        ("--start", "never", "together, consumers-first, producers-first"),
        ("--consumer-delay", "soon", "invalid value 'soon'"),
    ] {
        let ended = Demo::new(&[option, value]).run();
        assert_eq!(ended.status.code(), Some(2));
        assert!(ended.stderr.contains(range) && ended.stderr.contains(option), "{}", ended.stderr);
        assert_eq!(ended.lines, [""; 0]);
    }
}

#[test]
fn create_names_the_sizes_when_slots_do_not_fit() {
    let ended = Demo::new(&["--slots", "1048576", "--slot-size", "1073741824"]).run();
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stderr.contains("1048576 slots of 1073741824 bytes do not fit"), "{}", ended.stderr);
}
