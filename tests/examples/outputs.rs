//! What each example has to print. Lines of several processes come in any order.

/// The lines, as they are expected, in any order.
fn any_order(lines: &[String], expected: &[String]) -> Result<(), String> {
    let sorted = |lines: &[String]| {
        let mut lines = lines.to_vec();
        lines.sort_unstable();
        lines
    };
    let (lines, expected) = (sorted(lines), sorted(expected));
    if lines == expected { Ok(()) } else { Err(format!("{lines:?} in place of {expected:?}")) }
}

pub fn ping_pong(lines: &[String]) -> Result<(), String> {
    let [trips, time] = lines else { return Err("two lines are expected".to_owned()) };
    if trips != "10000 round trips, each pong was its ping" {
        return Err(format!("{trips:?} does not count the trips"));
    }
    let average = time.strip_prefix("a round trip took ").and_then(|rest| rest.strip_suffix(" µs on average"));
    match average.map(str::parse::<f64>) {
        Some(Ok(_)) => Ok(()),
        _ => Err(format!("{time:?} tells no time")),
    }
}

pub fn array(lines: &[String]) -> Result<(), String> {
    let last = "[20, 21, 22, 23, 24, 15, 16, 17, 18, 19]";
    let consumer = |number| format!("consumer {number}: 25 updates, one element each: {last}");
    any_order(lines, &[1, 2].map(consumer))
}

pub fn frames(lines: &[String]) -> Result<(), String> {
    let participants = ["camera", "viewer 1", "viewer 2", "viewer 3"];
    // 60 frames of 480 rows, of which a row has the brightness (row + frame) mod 256.
    let sum: u32 = (0..60).flat_map(|frame| (0..480).map(move |row| (row + frame) % 256)).sum();
    let brightness = f64::from(sum) / (60.0 * 480.0);
    let line = |who| format!("{who}: 60 frames of 640 × 480 bytes, brightness {brightness:.2}");
    any_order(lines, &participants.map(line))
}

pub fn monitor(lines: &[String]) -> Result<(), String> {
    let (first, rest) = lines.split_first().ok_or("no line")?;
    let number = first.strip_prefix("monitor: the producers wait for consumer 0, process ");
    let number = number.and_then(|rest| rest.strip_suffix(", which is 4 messages behind"));
    if number.is_none_or(|number| number.parse::<u32>().is_err()) {
        return Err(format!("{first:?} names no process"));
    }
    let expected = [
        "monitor: in the ring: reading 0, reading 1, reading 2, reading 3",
        "monitor: the reader goes on",
        "reader: 10 readings",
        "monitor: 11 messages with END, and no consumer is behind",
    ];
    if rest == expected { Ok(()) } else { Err(format!("{rest:?} in place of {expected:?}")) }
}

pub fn supervisor(lines: &[String]) -> Result<(), String> {
    let died = |number| format!("supervisor: producer {number} died (signal: 6 (SIGABRT)), starting another one");
    let mut expected = vec![died(1), died(2), "supervisor: producer 3 has finished".to_owned()];
    expected.extend([1, 2].map(|number| format!("consumer {number}: got numbers 0 to 29")));
    // A consumer that does not wait while no producer lives does not see that one has died.
    let is_notice = |line: &&String| line.ends_with(" numbers, waiting for a successor");
    let (notices, rest): (Vec<_>, Vec<_>) = lines.iter().partition(is_notice);
    for notice in notices {
        let after = notice.split_once(": no producer lives after ").map(|(_, after)| after);
        if !after.is_some_and(|after| after.starts_with("10 ") || after.starts_with("20 ")) {
            return Err(format!("{notice:?} is not after a crash"));
        }
    }
    // Whether there is a core depends on the machine.
    let rest: Vec<_> = rest.iter().map(|line| line.replace(" (core dumped)", "")).collect();
    any_order(&rest, &expected)
}

pub fn late_reader(lines: &[String]) -> Result<(), String> {
    let expected = [
        "service: sent events 0 to 99, and no monitor was there",
        "monitor: events 92 to 95, as many as it wanted",
        "monitor: events 96 to 102, and the end",
        "monitor: message 0 is not retained: a consumer can start at messages 95 to 104 now",
    ];
    if lines == expected { Ok(()) } else { Err(format!("{lines:?} in place of {expected:?}")) }
}

pub fn log_fan_out(lines: &[String]) -> Result<(), String> {
    let digest = |line: &String| Some(line.split_once("digest ")?.1.get(..16)?.to_owned());
    let Some(digest) = lines.first().and_then(digest) else { return Err("there is no digest".to_owned()) };
    let line = |(reader, found)| format!("{reader}: 300 lines, digest {digest}{found}");
    any_order(lines, &[("archive", ""), ("alerts", ", 30 of them errors"), ("dashboard", "")].map(line))
}

pub fn event_loop(lines: &[String]) -> Result<(), String> {
    let expected =
        ["display: 200 readings, those of each sensor in order", "loop: forwarded 200 readings of 2 sensors"];
    any_order(lines, &expected.map(str::to_owned))
}

pub fn async_tasks(lines: &[String]) -> Result<(), String> {
    let expected = ["got 100 messages of each producer, in order", "gave up in time, and lost nothing"];
    any_order(lines, &expected.map(str::to_owned))
}

pub fn meeting(lines: &[String]) -> Result<(), String> {
    let planner = ["planner: 2 workers have done 10 jobs", "planner: every worker knows that it was the last job"];
    let worker = |number| format!("worker {number}: done 10 jobs");
    let expected: Vec<_> = planner.map(str::to_owned).into_iter().chain([1, 2].map(worker)).collect();
    any_order(lines, &expected)
}

pub fn typed(lines: &[String]) -> Result<(), String> {
    let rest = ["display: 100 readings, 20.0 °C to 29.9 °C", "station: 1 display has received everything"];
    let (refused, others): (Vec<_>, Vec<_>) = lines.iter().cloned().partition(|line| line.starts_with("old display: "));
    let ends = "has messages of type \"Reading\" (16 bytes, alignment 8, version 2), not \"Reading\" (16 bytes, alignment 8, \
                version 1); ask for the type of the channel";
    match &refused[..] {
        [refused] if refused.ends_with(ends) => any_order(&others, &rest.map(str::to_owned)),
        _ => Err(format!("{refused:?} does not name the two versions")),
    }
}

#[cfg(feature = "tracing")]
pub fn tracing(lines: &[String]) -> Result<(), String> {
    let events = [
        ("INFO", "created a channel", "slots=2 slot_size=1024"),
        ("INFO", "a consumer has joined", "consumer=0 next=0"),
        ("INFO", "a consumer has joined", "consumer=1 next=0"),
        ("INFO", "a producer has joined", "producer=0"),
        ("WARN", "a consumer is dead, and was evicted", "consumer=1"),
        ("WARN", "every producer is dead", "producers=number 0 next=3"),
        ("INFO", "a consumer has left", "consumer=0 next=3"),
    ];
    for (line, (level, message, fields)) in lines.iter().zip(events) {
        let starts = format!(" {level} ackcast: {message} channel=\"tracing-");
        if !line.starts_with(&starts) || !line.ends_with(&format!("\" {fields}")) {
            return Err(format!("{line:?} in place of {message:?} with {fields:?}"));
        }
    }
    if lines.len() == events.len() { Ok(()) } else { Err(format!("{} events", lines.len())) }
}

/// An example's check, and lines that it accepts.
type Sample = (fn(&[String]) -> Result<(), String>, &'static [&'static str]);

const SAMPLES: &[Sample] = &[
    (ping_pong, &["10000 round trips, each pong was its ping", "a round trip took 1.2 µs on average"]),
    (
        array,
        &[
            "consumer 2: 25 updates, one element each: [20, 21, 22, 23, 24, 15, 16, 17, 18, 19]",
            "consumer 1: 25 updates, one element each: [20, 21, 22, 23, 24, 15, 16, 17, 18, 19]",
        ],
    ),
    (
        frames,
        &[
            "camera: 60 frames of 640 × 480 bytes, brightness 130.44",
            "viewer 3: 60 frames of 640 × 480 bytes, brightness 130.44",
            "viewer 1: 60 frames of 640 × 480 bytes, brightness 130.44",
            "viewer 2: 60 frames of 640 × 480 bytes, brightness 130.44",
        ],
    ),
    (
        supervisor,
        &[
            "supervisor: producer 1 died (signal: 6 (SIGABRT)), starting another one",
            "supervisor: producer 2 died (signal: 6 (SIGABRT)), starting another one",
            "consumer 1: got numbers 0 to 29",
            "consumer 2: got numbers 0 to 29",
            "supervisor: producer 3 has finished",
        ],
    ),
    (
        late_reader,
        &[
            "service: sent events 0 to 99, and no monitor was there",
            "monitor: events 92 to 95, as many as it wanted",
            "monitor: events 96 to 102, and the end",
            "monitor: message 0 is not retained: a consumer can start at messages 95 to 104 now",
        ],
    ),
    (
        log_fan_out,
        &[
            "archive: 300 lines, digest 8f0e5a3c1d2b4a69",
            "alerts: 300 lines, digest 8f0e5a3c1d2b4a69, 30 of them errors",
            "dashboard: 300 lines, digest 8f0e5a3c1d2b4a69",
        ],
    ),
    (
        event_loop,
        &["loop: forwarded 200 readings of 2 sensors", "display: 200 readings, those of each sensor in order"],
    ),
    (async_tasks, &["got 100 messages of each producer, in order", "gave up in time, and lost nothing"]),
    (
        monitor,
        &[
            "monitor: the producers wait for consumer 0, process 4711, which is 4 messages behind",
            "monitor: in the ring: reading 0, reading 1, reading 2, reading 3",
            "monitor: the reader goes on",
            "reader: 10 readings",
            "monitor: 11 messages with END, and no consumer is behind",
        ],
    ),
    (
        typed,
        &[
            "old display: channel \"typed-1\" has messages of type \"Reading\" (16 bytes, alignment 8, version 2), not \
             \"Reading\" (16 bytes, alignment 8, version 1); ask for the type of the channel",
            "display: 100 readings, 20.0 °C to 29.9 °C",
            "station: 1 display has received everything",
        ],
    ),
    (
        meeting,
        &[
            "planner: 2 workers have done 10 jobs",
            "worker 2: done 10 jobs",
            "worker 1: done 10 jobs",
            "planner: every worker knows that it was the last job",
        ],
    ),
];

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|&line| line.to_owned()).collect()
}

#[test]
fn check_accepts_its_sample() {
    for &(check, lines) in SAMPLES {
        assert_eq!(check(&owned(lines)), Ok(()));
    }
}

#[test]
fn check_notices_a_missing_doubled_or_changed_line() {
    for &(check, sample) in SAMPLES {
        for at in 0..sample.len() {
            let mut missing = owned(sample);
            missing.remove(at);
            check(&missing).unwrap_err();
            let mut doubled = owned(sample);
            doubled.push(sample[at].to_owned());
            check(&doubled).unwrap_err();
            // The last digit of a line: a number, a count, a digest or an array.
            let mut changed = owned(sample);
            let digit = sample[at].rfind(|c: char| c.is_ascii_digit());
            match digit {
                Some(digit) => changed[at].replace_range(digit..=digit, "x"),
                None => changed[at].push('!'),
            }
            check(&changed).unwrap_err();
        }
    }
}

#[test]
fn check_of_supervisor_knows_where_producers_crash() {
    let (check, sample) = SAMPLES[3];
    for (count, crashed) in [(10, true), (20, true), (11, false)] {
        let mut lines = owned(sample);
        lines.push(format!("consumer 1: no producer lives after {count} numbers, waiting for a successor"));
        assert_eq!(check(&lines).is_ok(), crashed, "{count}");
    }
}
