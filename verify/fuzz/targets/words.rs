//! Arbitrary control words and slots in a live segment, before and while a short script of operations runs. Each
//! operation returns in time. Nothing outside the words and slots is accessed (AddressSanitizer poisons the gaps).
#![no_main]

use ackcast::{Channel, Start};
use ackcast::layer::{Clock, Deadline};
use ackcast::layers::Futex;
use ackcast::protocol::Storage;
use ackcast::protocol::{self, Geometry};
use ackcast::segment::{Handle, Layout, Name, Segment};
use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const GEOMETRY: Geometry =
    Geometry { slots: 3, slot_size: 40, consumers: 2, producers: 2, start_with: 1, end_after: 1, retain: 1 };
/// Two cache lines, which hold a control word of their own.
const LINES: usize = 128;

type Consumer = protocol::Consumer<Futex, Segment<Futex>>;
type Producer = protocol::Producer<Futex, Segment<Futex>>;

#[derive(Debug, Arbitrary)]
struct Script {
    /// A participant attaches before the values are written. It has sent this many messages (modulo 4), which no
    /// consumer has received.
    early: Option<u8>,
    /// The values, in a segment that is zero but for those messages.
    image: Vec<Poke>,
    steps: Vec<Step>,
}

#[derive(Debug, Arbitrary)]
struct Poke {
    place: Place,
    value: Value,
}

#[derive(Debug, Arbitrary)]
enum Place {
    Lock,
    Published,
    Space,
    Finished,
    Evicted,
    Takeovers,
    Acked(u8),
    Data(u8),
    ConsumerState(u8),
    Generation(u8),
    ProducerState(u8),
    SlotHeader(u8),
    Payload(u8),
    /// Anywhere behind the header.
    Anywhere(u16),
}

#[derive(Debug, Arbitrary)]
enum Value {
    Any(u64),
    Small(u8),
    /// 2^63 minus this.
    High(u8),
    /// A lock word: the owner's number plus one, the waiter bit, the generation.
    Lock(u8, bool, u8),
    /// A slot's header: length, kind.
    Slot(u32, u8),
}

impl Value {
    fn number(&self) -> u64 {
        match *self {
            Self::Any(any) => any,
            Self::Small(small) => small.into(),
            Self::High(high) => (1 << 63) - u64::from(high),
            Self::Lock(owner, contended, generation) => {
                u64::from(owner) | u64::from(contended) << 8 | u64::from(generation) << 9
            }
            Self::Slot(len, kind) => u64::from(len) | u64::from(kind % 4) << 32,
        }
    }
}

#[derive(Debug, Arbitrary)]
enum Step {
    Poke(Poke),
    JoinConsumer(bool),
    JoinProducer(bool),
    LeaveConsumer(bool),
    LeaveProducer(bool),
    Receive(bool, Wait),
    Keep(bool),
    Send(bool, u8, Wait),
    Loan(bool, u8, Wait),
    /// A loan, poked while it is held.
    PokedLoan(bool, Poke),
    Finish(bool, Wait),
    Poll,
}

#[derive(Debug, Arbitrary)]
enum Wait {
    Now,
    /// Hundredths of a millisecond, at most 15.
    For(u8),
}

impl Wait {
    fn deadline(&self, channel: &protocol::Channel<Futex, Segment<Futex>>) -> Deadline {
        // SAFETY: the layer tells the time, and claims and releases nothing.
        let now = || unsafe { channel.layer() }.now();
        match *self {
            Self::Now => Deadline::Now,
            Self::For(hundredths) => Deadline::At(now() + Duration::from_micros(u64::from(hundredths % 16) * 10)),
        }
    }
}

unsafe extern "C" {
    fn __asan_poison_memory_region(address: *const u8, size: usize);
    fn __asan_unpoison_memory_region(address: *const u8, size: usize);
    safe fn atexit(call: extern "C" fn()) -> i32;
}

/// Removes the segment at exit, because the fuzzer ends without dropping anything.
extern "C" fn remove_file() {
    let _ = std::fs::remove_file(format!("/dev/shm/ackcast.fuzz-words-{}", std::process::id()));
}

struct Stage {
    name: Name,
    file: File,
    layout: Layout,
    zeros: Vec<u8>,
    /// Keeps the segment alive, and reads it.
    channel: Channel,
}

impl Stage {
    fn new() -> Self {
        atexit(remove_file);
        let name = format!("fuzz-words-{}", std::process::id());
        let channel = Channel::create(&name)
            .slots(GEOMETRY.slots)
            .slot_size(GEOMETRY.slot_size)
            .consumers(GEOMETRY.start_with)
            .producers(GEOMETRY.end_after)
            .retain(GEOMETRY.retain)
            .places(GEOMETRY.consumers)
            .build()
            .unwrap();
        assert_eq!(channel.geometry(), GEOMETRY);
        let file = File::options().write(true).open(format!("/dev/shm/ackcast.{name}")).unwrap();
        let layout = Layout::new::<Futex>(&GEOMETRY).unwrap();
        let zeros = vec![0; layout.size - layout.control];
        Self { name: Name::new(&name).unwrap(), file, layout, zeros, channel }
    }

    fn at(&self, place: &Place) -> usize {
        let Layout { control, consumers, producers, slots, stride, size, .. } = self.layout;
        let nth = |n: u8, count: u32| usize::from(n) % count as usize;
        match *place {
            Place::Lock => control,
            Place::Published => control + LINES,
            Place::Space => control + 2 * LINES,
            Place::Finished => control + 3 * LINES,
            Place::Evicted => control + 3 * LINES + 4,
            Place::Takeovers => control + 3 * LINES + 8,
            Place::Acked(n) => consumers + nth(n, GEOMETRY.consumers) * 2 * LINES,
            Place::Data(n) => consumers + nth(n, GEOMETRY.consumers) * 2 * LINES + LINES,
            Place::ConsumerState(n) => consumers + nth(n, GEOMETRY.consumers) * 2 * LINES + LINES + 4,
            Place::Generation(n) => consumers + nth(n, GEOMETRY.consumers) * 2 * LINES + LINES + 8,
            Place::ProducerState(n) => producers + nth(n, GEOMETRY.producers) * LINES,
            Place::SlotHeader(n) => self.layout.header(nth(n, GEOMETRY.slots)),
            Place::Payload(n) => slots + nth(n, GEOMETRY.slots) * stride,
            Place::Anywhere(n) => control + usize::from(n) % (size - control - 7),
        }
    }

    fn poke(&self, poke: &Poke) {
        let bytes = poke.value.number().to_ne_bytes();
        let width = match poke.place {
            Place::Published | Place::Acked(_) | Place::SlotHeader(_) | Place::Payload(_) | Place::Anywhere(_) => 8,
            _ => 4,
        };
        self.file.write_all_at(&bytes[..width], self.at(&poke.place) as u64).unwrap();
    }

    /// A participant's handle. The gaps of its mapping are poisoned.
    fn open(&self) -> (protocol::Channel<Futex, Segment<Futex>>, Guarded) {
        let handle = Handle::open(&self.name).expect("the header is good");
        let channel = handle.channel::<Futex>().unwrap();
        let Layout { control, slots, stride, size, .. } = self.layout;
        // SAFETY: only the address is taken.
        let storage = unsafe { channel.storage() };
        let base = std::ptr::from_ref(storage.control()).cast::<u8>().wrapping_sub(control);
        let poison = |from: usize, to: usize| {
            // SAFETY: marks bytes of our own mapping, until `Guarded` is dropped.
            unsafe { __asan_poison_memory_region(base.wrapping_add(from), to - from) };
        };
        poison(0, control);
        for slot in 0..GEOMETRY.slots as usize {
            let payload = slots + slot * stride;
            poison(payload + GEOMETRY.slot_size as usize, payload + stride);
        }
        poison(self.layout.header(GEOMETRY.slots as usize), slots);
        poison(slots + GEOMETRY.slots as usize * stride, size);
        (channel, Guarded { base, size, _handle: handle })
    }
}

/// Lifts the poison before the memory is unmapped.
struct Guarded {
    base: *const u8,
    size: usize,
    _handle: Handle,
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: our own mapping, still there.
        unsafe { __asan_unpoison_memory_region(self.base, self.size) };
    }
}

/// The participants, each with its handle, which must be dropped last.
#[derive(Default)]
struct Cast {
    consumers: [Option<(Consumer, Guarded)>; 2],
    producers: [Option<(Producer, Guarded)>; 2],
}

fn run(stage: &Stage, cast: &mut Cast, step: &Step) {
    match step {
        Step::Poke(poke) => stage.poke(poke),
        Step::JoinConsumer(i) => {
            let (channel, guarded) = stage.open();
            cast.consumers[usize::from(*i)] = Consumer::join_at(channel, Start::Oldest).ok().map(|consumer| (consumer, guarded));
        }
        Step::JoinProducer(i) => {
            let (channel, guarded) = stage.open();
            cast.producers[usize::from(*i)] = Producer::join(channel).ok().map(|producer| (producer, guarded));
        }
        Step::LeaveConsumer(i) => cast.consumers[usize::from(*i)] = None,
        Step::LeaveProducer(i) => cast.producers[usize::from(*i)] = None,
        Step::Receive(i, wait) => {
            let Some((consumer, _)) = &mut cast.consumers[usize::from(*i)] else { return };
            match consumer.receive(wait.deadline(consumer.channel())) {
                Ok(message) => check(&message),
                Err(error) => drop(error.to_string()),
            }
        }
        Step::Keep(i) => {
            let Some((consumer, _)) = &mut cast.consumers[usize::from(*i)] else { return };
            if let Ok(message) = consumer.receive(Deadline::Now) {
                check(&message);
                message.keep();
            }
        }
        Step::Send(i, len, wait) => {
            let Some((producer, _)) = &mut cast.producers[usize::from(*i)] else { return };
            let deadline = wait.deadline(producer.channel());
            let len = usize::from(*len) % (GEOMETRY.slot_size as usize + 2);
            drop(producer.send(&[7; 64][..len], deadline).map_err(|error| error.to_string()));
        }
        Step::Loan(i, len, wait) => {
            let Some((producer, _)) = &mut cast.producers[usize::from(*i)] else { return };
            let deadline = wait.deadline(producer.channel());
            let Ok(mut room) = producer.reserve(deadline) else { return };
            assert!(room.copy_previous().is_none_or(|len| len <= GEOMETRY.slot_size as usize));
            check(room.bytes());
            room.bytes_mut().fill(*len);
            drop(room.publish((*len).into()).map_err(|error| error.to_string()));
        }
        Step::PokedLoan(i, poke) => {
            let Some((producer, _)) = &mut cast.producers[usize::from(*i)] else { return };
            let Ok(room) = producer.reserve(Deadline::Now) else { return };
            stage.poke(poke);
            drop(room.copy(b"poked").map(|prepared| prepared.publish()).map_err(|error| error.to_string()));
        }
        Step::Finish(i, wait) => {
            let Some((producer, _)) = &mut cast.producers[usize::from(*i)] else { return };
            let deadline = wait.deadline(producer.channel());
            drop(producer.finish(deadline).map_err(|error| error.to_string()));
        }
        Step::Poll => {
            let channel = &stage.channel;
            drop((channel.published(), channel.evicted(), channel.takeovers(), channel.acknowledged()));
        }
    }
}

/// Checks that a message fits a slot, and that every byte of it can be read.
fn check(bytes: &[u8]) {
    assert!(bytes.len() <= GEOMETRY.slot_size as usize);
    std::hint::black_box(bytes.iter().fold(0, |sum, byte| sum ^ byte));
}

fuzz_target!(|script: Script| {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    let stage = STAGE.get_or_init(Stage::new);
    stage.file.write_all_at(&stage.zeros, stage.layout.control as u64).unwrap();
    let mut cast = Cast::default();
    if let Some(messages) = script.early {
        run(stage, &mut cast, &Step::JoinConsumer(false));
        run(stage, &mut cast, &Step::JoinProducer(false));
        for _ in 0..messages % 4 {
            run(stage, &mut cast, &Step::Send(false, 5, Wait::Now));
        }
    }
    script.image.iter().for_each(|poke| stage.poke(poke));
    for step in script.steps.iter().take(32) {
        let start = Instant::now();
        run(stage, &mut cast, step);
        // No wait asks for more than 150 µs. The scheduler may add the rest. (A hang: `-timeout`.)
        assert!(start.elapsed() < Duration::from_secs(2), "{step:?} took {:?}", start.elapsed());
    }
});
