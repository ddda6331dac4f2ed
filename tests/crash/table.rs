//! The table of crash points in `docs/crash.md`: what the others see when a process dies just
//! before a step, and how it heals. Every step that a test dies at must be in it, and its lines
//! must be the source's: `ACKCAST_BLESS=1 cargo test --test crash table` writes it anew.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Who takes a step.
#[derive(Clone, Copy, Debug)]
enum Who {
    Producer,
    Consumer,
    Both,
}

/// A step at which a process can die: the source line, and what death just before it means.
struct Point {
    file: &'static str,
    /// Part of the line, which no other line of the file has.
    line: &'static str,
    who: Who,
    seen: &'static str,
    heals: &'static str,
}

/// Nothing was written since the last step that others can see.
const NOTHING: &str = "nothing new";
/// How a dead owner of the write lock is replaced.
const TAKEOVER: &str = "the lock names a dead owner: the next producer takes it over and wakes all consumers";
const EVICT: &str =
    "the entry is ACTIVE and its number free: who waits for its acknowledgement evicts it, or a newcomer takes it over";
const LOST: &str = "the producer's entry is ACTIVE and its number free: consumers drain, then get `ProducersLost`, or a successor comes";

use Who::{Both, Consumer, Producer};
const POINTS: &[Point] = &[
    // Joining.
    p(
        "registry.rs",
        "generation: entry.generation.load_owned() }.next()",
        Consumer,
        "a number that was taken for a moment",
        "the kernel gave it back",
    ),
    p("registry.rs", "entry.generation.store(", Consumer, NOTHING, "the kernel gave the number back"),
    p(
        "registry.rs",
        "let bound = Published",
        Consumer,
        "a generation that no occupant has had",
        "the next occupant takes the one after it",
    ),
    p("registry.rs", "joining: true }.word(), Release)", Consumer, NOTHING, "the kernel gave the number back"),
    p(
        "registry.rs",
        "entry.state.store(state.word(), Release); // E9",
        Consumer,
        "a raised acknowledgement of the predecessor, who is dead",
        "it counts for nobody; the next occupant raises it again",
    ),
    p("registry.rs", "fence(SeqCst); // J", Consumer, "a consumer that has acknowledged too little", EVICT),
    p("registry.rs", "let start = Published", Consumer, "a consumer that has acknowledged too little", EVICT),
    p(
        "registry.rs",
        "entry.acked.0.store(settled.word(), Release)",
        Consumer,
        "a consumer that has acknowledged too little",
        EVICT,
    ),
    p(
        "registry.rs",
        "EntryState::from_word(entry.state.load_owned()).next(); // ours alone",
        Producer,
        "a number that was taken for a moment",
        "the kernel gave it back",
    ),
    p("registry.rs", "entry.state.store(state.word(), Relaxed);", Producer, NOTHING, "the kernel gave the number back"),
    p(
        "lock.rs",
        "let seen = self.word.load(Relaxed); // ours, if it is our number",
        Producer,
        "a producer that has sent nothing; perhaps the lock of its dead predecessor",
        LOST,
    ),
    p("lock.rs", "held_by(me) | CONTENDED, AcqRel", Producer, "the lock of its dead predecessor", TAKEOVER),
    p(
        "mod.rs",
        "Published::from_word(self.control().published.0.load(Acquire)) // E2",
        Producer,
        "a producer that has sent nothing",
        LOST,
    ),
    // The write lock.
    p("lock.rs", "if self.take_free(mine) {", Producer, NOTHING, LOST),
    p("lock.rs", "if self.word.load(Relaxed) == FREE && self.take_free(mine)", Producer, NOTHING, LOST),
    p("lock.rs", "let seen = self.word.load(Acquire);", Producer, NOTHING, LOST),
    p(
        "lock.rs",
        "mine | CONTENDED, AcqRel, Relaxed); // E7\n",
        Producer,
        "a free lock, though others sleep",
        "they look again at the next patrol",
    ),
    p("lock.rs", "if check && !layer.is_alive(other)", Producer, "the lock still names the dead owner", TAKEOVER),
    p(
        "lock.rs",
        "mine | CONTENDED, AcqRel, Relaxed); // E7, from its death",
        Producer,
        "the lock still names the dead owner",
        TAKEOVER,
    ),
    p("lock.rs", "if seen != waited &&", Producer, NOTHING, LOST),
    p(
        "lock.rs",
        "let parked = layer.park(&self.word",
        Producer,
        "a lock that says somebody sleeps",
        "its owner wakes nobody, once",
    ),
    p(
        "lock.rs",
        "let was = self.word.swap(FREE",
        Producer,
        "everything it published, and a lock that is not given back",
        TAKEOVER,
    ),
    p(
        "lock.rs",
        "layer.wake(&self.word)",
        Producer,
        "a free lock, though others sleep",
        "they look again at the next patrol",
    ),
    p(
        "producer.rs",
        "takeovers.store(takeovers.load_owned()",
        Producer,
        "a lock taken over, and consumers not woken",
        TAKEOVER,
    ),
    // Waiting for room.
    p(
        "producer.rs",
        "Published::from_word(self.channel.control().published.0.load_owned())",
        Producer,
        "a lock that is not given back",
        TAKEOVER,
    ),
    p(
        "producer/await_room.rs",
        "entry.state.load(Acquire)); // E6",
        Producer,
        "a lock that is not given back",
        TAKEOVER,
    ),
    p(
        "producer/await_room.rs",
        "entry.acked.0.load(Acquire)); // E4",
        Producer,
        "a lock that is not given back",
        TAKEOVER,
    ),
    p(
        "producer/await_room.rs",
        "if (awaited || binding && look",
        Producer,
        "a lock that is not given back, perhaps a dead consumer not yet evicted",
        "the lock is taken over, and the new owner evicts it",
    ),
    p(
        "registry.rs",
        "entry.state.compare_exchange(dead.word()",
        Producer,
        "a lock that is not given back and a dead consumer",
        "the new owner evicts it",
    ),
    p(
        "registry.rs",
        "let evicted = self.control().evicted.load",
        Producer,
        "a dead consumer evicted, but not counted",
        TAKEOVER,
    ),
    p("registry.rs", "self.control().evicted.store", Producer, "a dead consumer evicted, but not counted", TAKEOVER),
    // Publishing. Between the slot's bytes and the store, a half-written slot is nobody's message.
    p(
        "producer/free_slot.rs",
        "word.store(position.published.word(), Release); // E1",
        Producer,
        "slots half or wholly written, which nobody reads",
        TAKEOVER,
    ),
    p(
        "signal.rs",
        "layer.light_fence(SeqCst); // F2",
        Both,
        "what it stored last, but nobody is woken",
        "sleepers look again at the next patrol; a new owner of the lock wakes the consumers",
    ),
    p(
        "producer.rs",
        "let here = |entry: &&ConsumerEntry<L>|",
        Producer,
        "the message, but nobody is woken",
        "sleepers look again at the next patrol; a new owner of the lock wakes the consumers",
    ),
    p(
        "signal.rs",
        "let seen = signal.state.load(Relaxed);",
        Both,
        "what it stored last, but not all are woken",
        "sleepers look again at the next patrol; a new owner of the lock wakes the consumers",
    ),
    p(
        "signal.rs",
        "match self.state.compare_exchange(seen, NOTIFIED, Release, Relaxed)",
        Both,
        "what it stored last, but not all are woken",
        "sleepers look again at the next patrol",
    ),
    p(
        "signal.rs",
        "return layer.wake(&self.state)",
        Both,
        "a signal that says NOTIFIED though its waiter sleeps",
        "it looks again at the next patrol",
    ),
    // Finishing.
    p(
        "producer.rs",
        "let finished = channel.control().finished.load",
        Producer,
        "a lock that is not given back",
        TAKEOVER,
    ),
    p(
        "registry.rs",
        "number != me.number && self.layer.is_alive(number)",
        Producer,
        "a lock that is not given back",
        TAKEOVER,
    ),
    p(
        "registry.rs",
        "entries.filter(|(_, entry)|",
        Both,
        "of a producer: a lock that is not given back; of a consumer: nothing new",
        "the lock is taken over; the consumer is evicted",
    ),
    p(
        "producer.rs",
        "control().finished.store(finished",
        Producer,
        "END, if it was the last; else a producer that did not finish",
        LOST,
    ),
    p(
        "registry.rs",
        "entry.state.store(vacant.word(), Release); // E10",
        Producer,
        "a producer that has finished, but whose entry says that it has not",
        "after END nobody asks; before it, `ProducersLost` unless another producer lives",
    ),
    p(
        "producer.rs",
        "self.channel.layer.release(self.me.number)",
        Producer,
        NOTHING,
        "the kernel gives the number back",
    ),
    // Receiving.
    p("consumer.rs", "published.0.load(Acquire); // E2, from E1", Consumer, NOTHING, EVICT),
    p("signal.rs", "if self.state.swap(PARKED, Acquire) == EMPTY", Both, NOTHING, "as any death while waiting"),
    p(
        "signal.rs",
        "layer.heavy_fence(SeqCst); // F1",
        Both,
        "a signal that says PARKED, and perhaps no fence since",
        "a successor makes it EMPTY before it waits",
    ),
    p(
        "signal.rs",
        "if self.state.load(Relaxed) != EMPTY",
        Both,
        "a signal that does not say EMPTY",
        "a successor makes it EMPTY before it waits; it costs notifiers an exchange until then",
    ),
    p(
        "signal.rs",
        "self.state.store(EMPTY, Relaxed); // a hint",
        Both,
        "a signal that does not say EMPTY",
        "a successor makes it EMPTY before it waits; it costs notifiers an exchange until then",
    ),
    p("signal.rs", "self.state.store(EMPTY, Relaxed);\n", Consumer, NOTHING, "its successor does the same"),
    p(
        "signal.rs",
        "let parked = layer.park(&self.state, PARKED",
        Both,
        "a signal that does not say EMPTY",
        "a successor makes it EMPTY before it waits; it costs the next notifier a wake",
    ),
    p("registry.rs", "if self.layer.is_alive(number)?", Consumer, NOTHING, EVICT),
    p("registry.rs", "if EntryState::from_word(entry.state.load(Relaxed)).active", Consumer, NOTHING, EVICT),
    p(
        "consumer.rs",
        "entry.acked.0.store(self.next, Release); // E3",
        Consumer,
        "a message that it may or may not have used, not acknowledged",
        EVICT,
    ),
    // Leaving.
    p("registry.rs", "entry.state.store(vacant.word(), Release); // E5", Consumer, NOTHING, EVICT),
    p("registry.rs", "self.layer.release(me.number)", Consumer, "a vacant entry", "the kernel gives the number back"),
];

const fn p(file: &'static str, line: &'static str, who: Who, seen: &'static str, heals: &'static str) -> Point {
    Point { file, line, who, seen, heals }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Point {
    fn path(&self) -> PathBuf {
        match self.file {
            "lock.rs" | "signal.rs" => PathBuf::from("src").join(self.file),
            _ => PathBuf::from("src/protocol").join(self.file),
        }
    }

    /// The line's number, from 1, and the line.
    fn place(&self) -> (usize, String) {
        let path = self.path();
        let text = std::fs::read_to_string(root().join(&path)).unwrap();
        let mut found = text.match_indices(self.line).map(|(at, _)| at);
        let at = found
            .next()
            .unwrap_or_else(|| panic!("{path:?} has no line with {:?}: mend tests/crash/table.rs", self.line));
        assert!(found.next().is_none(), "{path:?} has several lines with {:?}: mend tests/crash/table.rs", self.line);
        let number = text[..at].lines().count() + usize::from(text[..at].ends_with('\n'));
        (number, text.lines().nth(number - 1).unwrap().trim().to_owned())
    }
}

/// Whether the table has this site, as `file:line operation`.
pub fn is_known(site: &str) -> bool {
    let place = site.split(' ').next().unwrap();
    let known = |point: &Point| place == format!("{}:{}", point.path().display(), point.place().0);
    site.contains("tests/crash/") || POINTS.iter().any(known)
}

fn table() -> String {
    let mut table =
        String::from("| died just before | who | what the others see | how it heals |\n| --- | --- | --- | --- |\n");
    for point in POINTS {
        let (number, line) = point.place();
        let code = line.split(" //").next().unwrap().trim_end_matches([';', '{', ' ']).replace('|', "\\|");
        let who = format!("{:?}", point.who).to_lowercase();
        let (path, seen, heals) = (point.path(), point.seen, point.heals);
        writeln!(table, "| `{code}` [{0}:{number}](../{0}#L{number}) | {who} | {seen} | {heals} |", path.display())
            .unwrap();
    }
    table
}

#[test]
fn table_is_that_of_the_code() {
    let path = root().join("docs/crash.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("<!-- table -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end of table -->\n").unwrap();
    let fresh = format!("{before}<!-- table -->\n{}<!-- end of table -->\n{after}", table());
    if std::env::var_os("ACKCAST_BLESS").is_some() {
        std::fs::write(&path, fresh).unwrap();
    } else {
        assert!(text == fresh, "docs/crash.md is stale: ACKCAST_BLESS=1 cargo test --test crash table");
    }
}
