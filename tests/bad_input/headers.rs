//! Arbitrary bytes as a file with a channel's name, with an attached handle and without one.

use crate::stage::{BOUND, Reached, Scratch, config, within};
use ackcast::layers::{Fences, Futex, LivenessLocks, RawSync};
use ackcast::protocol::Geometry;
use ackcast::segment::{Layout, Name, VERSION, remove_if_dead};
use ackcast::{Backend, Channel, Consumer, CreateError, Producer};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::cell::RefCell;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::sync::LazyLock;

const HEADER: usize = 256;
/// The offset of each number of the header, and its width.
const MAGIC: (usize, usize) = (0, 8);
const NONCE: (usize, usize) = (8, 8);
const VERSION_: (usize, usize) = (16, 4);
const LAYER: (usize, usize) = (20, 4);
const HASH: (usize, usize) = (24, 8);
const SIZE: (usize, usize) = (32, 8);
const GEOMETRY: [(usize, usize); 7] = [(40, 4), (44, 4), (48, 4), (52, 4), (56, 4), (60, 4), (64, 4)];
const FENCES: (usize, usize) = (68, 4);
/// The mark of the creator's PID namespace and C library, in a raw_sync segment.
const MARK: std::ops::Range<usize> = 72..112;
/// The type of the values: zeros in a channel of bytes.
const VALUE_TYPE: std::ops::Range<usize> = 112..192;
/// The largest segment that is opened here.
const LARGEST: u64 = 16 << 20;

#[derive(Clone, Debug)]
struct Case {
    backend: Backend,
    patches: Vec<((usize, usize), u64)>,
    size: FileSize,
    /// The bytes behind the header of a futex segment. A raw_sync segment has pthread's objects there.
    rest: Vec<u8>,
}

#[derive(Clone, Debug)]
enum FileSize {
    /// The size that the geometry needs. The header says the same.
    Right,
    /// The size that the geometry needs. The header may say another size.
    Contradicted,
    /// The size that the geometry needs, plus or minus this many bytes.
    Near(i64),
    Any(u64),
}

fn case() -> impl Strategy<Value = Case> {
    let number = prop_oneof![
        3 => any::<u64>(),
        3 => 0..70_u64,
        1 => (0..33_u32).prop_map(|shift| (1 << shift) - 1),
        1 => (0..33_u32).prop_map(|shift| 1 << shift),
    ];
    let field = prop_oneof![
        8 => prop::sample::select(GEOMETRY.to_vec()),
        1 => prop::sample::select(vec![MAGIC, NONCE, VERSION_, LAYER, HASH, SIZE, FENCES]),
        1 => (0..HEADER / 8).prop_map(|i| (i * 8, 8)),
    ];
    let size = prop_oneof![
        4 => Just(FileSize::Right),
        1 => Just(FileSize::Contradicted),
        1 => prop::sample::select(vec![-4096, -1, 1, 4096]).prop_map(FileSize::Near),
        1 => (HEADER as u64..100_000).prop_map(FileSize::Any),
        1 => (12..63_u32).prop_map(|shift| FileSize::Any(1 << shift)),
    ];
    let backend = prop::sample::select(vec![Backend::Futex, Backend::RawSync]);
    let patches = prop::collection::vec((field, number), 0..4);
    (backend, patches, size, prop::collection::vec(any::<u8>(), 0..2048))
        .prop_map(|(backend, patches, size, rest)| Case { backend, patches, size, rest })
}

/// The header of a fresh segment.
fn good(backend: Backend) -> Vec<u8> {
    let scratch = Scratch::new(&format!("good-{backend:?}-{:?}", std::thread::current().id()).replace(['(', ')'], ""));
    let _channel = Channel::create(&scratch.0).backend(backend).build().unwrap();
    std::fs::read(scratch.path()).unwrap()[..HEADER].to_vec()
}

fn get(header: &[u8], (at, width): (usize, usize)) -> u64 {
    header[at..at + width].iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn set(header: &mut [u8], (at, width): (usize, usize), value: u64) {
    header[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
}

fn layout(header: &[u8], backend: Backend) -> Option<Layout> {
    let [slots, slot_size, consumers, producers, start_with, end_after, retain] =
        GEOMETRY.map(|field| get(header, field) as u32);
    let geometry = Geometry { slots, slot_size, consumers, producers, start_with, end_after, retain };
    match backend {
        Backend::RawSync => Layout::new::<RawSync>(&geometry).ok(),
        _ => Layout::new::<Futex>(&geometry).ok(),
    }
}

/// The mark of a raw_sync segment that this process creates.
static OUR_MARK: LazyLock<Vec<u8>> = LazyLock::new(|| good(Backend::RawSync)[MARK].to_vec());

/// Whether this header is right in every field, so that a file of this size may be accepted.
fn is_right(header: &[u8], size: u64) -> bool {
    let (backend, hash) = match get(header, LAYER) {
        0 => (Backend::Futex, Layout::hash::<Futex>()),
        1 => (Backend::RawSync, Layout::hash::<RawSync>()),
        _ => return false,
    };
    header[..8] == *b"ackcast\0"
        && get(header, VERSION_) == VERSION.into()
        && [Fences::Symmetric, Fences::Asymmetric]
            .get(get(header, FENCES) as usize)
            .is_some_and(|fences| fences.usable())
        && get(header, HASH) == hash
        && get(header, SIZE) == size
        && (backend == Backend::Futex || header[MARK] == OUR_MARK[..])
        && header[VALUE_TYPE].iter().all(|&byte| byte == 0)
        && layout(header, backend).is_some_and(|layout| layout.size as u64 == size)
}

/// Writes the case to the file, and returns its header and size. `None` if such a file cannot exist, or is too large.
fn leave(scratch: &Scratch, case: &Case, good: &[u8]) -> Option<(Vec<u8>, u64)> {
    let mut header = good.to_vec();
    case.patches.iter().for_each(|&(field, value)| set(&mut header, field, value));
    let needed = layout(&header, case.backend).map_or(4096, |layout| layout.size as u64);
    let size = match case.size {
        FileSize::Right | FileSize::Contradicted => needed,
        FileSize::Near(more) => needed.saturating_add_signed(more).max(HEADER as u64),
        FileSize::Any(size) => size,
    };
    if matches!(case.size, FileSize::Right) {
        set(&mut header, SIZE, size);
    }
    if size > LARGEST && is_right(&header, size) {
        return None; // each opening would take that memory, and seconds on a busy machine
    }
    let mut bytes = header.clone();
    if get(&header, LAYER) == 0 {
        bytes.extend(case.rest.iter().take(size as usize - HEADER));
    }
    scratch.write(0, &bytes);
    scratch.file().set_len(size).ok()?; // the file system may refuse this size
    Some((header, size))
}

fn run(case: &Case, scratch: &Scratch, good: &[u8]) -> Reached {
    let mut reached = Reached::default();
    std::fs::write(scratch.path(), []).unwrap();
    std::fs::set_permissions(scratch.path(), Permissions::from_mode(0o600)).unwrap();
    let locks = LivenessLocks::open(|| Ok(scratch.file())).unwrap();
    assert_eq!(locks.enter(), Ok(true));
    let Some((header, size)) = leave(scratch, case, good) else { return reached };

    let opened = Channel::open(&Name::new(&scratch.0).unwrap());
    assert_eq!(opened.is_ok(), is_right(&header, size), "{opened:?}");
    let bytes_of_pthread = get(&header, LAYER) != 0;
    let usable = opened.is_ok() && !bytes_of_pthread;
    reached.count("open", opened);
    if usable {
        let mut consumer = None;
        reached.call("attach consumer", || Consumer::attach(&scratch.0).map(|it| consumer = Some(it)));
        reached.call("attach producer", || Producer::attach(&scratch.0).map(|mut it| it.try_send(b"m")));
        if let Some(mut consumer) = consumer {
            reached.call("try_recv", || consumer.try_recv());
        }
    } else if !bytes_of_pthread {
        assert!(Consumer::attach(&scratch.0).is_err() && Producer::attach(&scratch.0).is_err());
    }
    let (created, removed) = (Channel::create(&scratch.0).build(), remove_if_dead(&Name::new(&scratch.0).unwrap()));
    if header[..8] == *b"ackcast\0" {
        assert!(matches!(created, Err(CreateError::AlreadyExists { .. })), "{created:?}");
        assert!(!removed.unwrap(), "a handle is present");
    } else {
        assert!(matches!(created, Err(CreateError::InTheWay(_))), "{created:?}");
        assert!(removed.is_err());
    }
    drop(locks);
    // No handle is attached any more: the segment is not revived. A segment of ackcast is replaced.
    if !bytes_of_pthread {
        reached.call("attach alone", || Consumer::attach(&scratch.0));
    }
    reached.call("create alone", || Channel::create(&scratch.0).build());
    reached
}

#[test]
fn only_headers_that_are_right_in_everything_are_accepted() {
    let reached = RefCell::new(Reached::default());
    let good = [good(Backend::Futex), good(Backend::RawSync)];
    let result = TestRunner::new(config(1000)).run(&case(), |case| {
        let scratch = Scratch::new("header");
        let (scratch_, good) = (scratch.clone(), good[usize::from(case.backend == Backend::RawSync)].clone());
        reached.borrow_mut().add(within(BOUND, move || run(&case, &scratch_, &good)));
        Ok(())
    });
    result.unwrap();
    reached.into_inner().must(&[
        "open: Ok",
        "open: Unusable",
        "open: Limit",
        "attach producer: Ok",
        "attach producer: Join",
        "try_recv: Ok",
        "try_recv: Ended",
        "attach alone: Open(Abandoned",
        "create alone: Ok",
        "create alone: InTheWay(Unusable",
    ]);
}

#[test]
fn every_fault_of_a_header_is_met_and_named() {
    let mut reached = Reached::default();
    let scratch = Scratch::new("faults");
    let _channel = Channel::create(&scratch.0).build().unwrap();
    let original = std::fs::read(scratch.path()).unwrap();
    let last = (u32::MAX, u32::MAX); // the largest numbers that there are
    let patches = [
        (MAGIC, u64::MAX),
        (VERSION_, VERSION as u64 + 1),
        (LAYER, 2),
        (LAYER, last.0.into()),
        (HASH, 0),
        (SIZE, 0),
        (SIZE, u64::MAX),
        ((VALUE_TYPE.start, 4), 1),
        ((VALUE_TYPE.start, 4), 3),
        ((VALUE_TYPE.end - 8, 8), 1),
    ];
    let absurd = GEOMETRY.map(|field| [(field, 0), (field, 1 << 20), (field, u64::from(last.1))]);
    for (field, value) in patches.into_iter().chain(absurd.into_iter().flatten()) {
        let mut header = original[..HEADER].to_vec();
        set(&mut header, field, value);
        scratch.write(0, &header);
        let error = Consumer::attach(&scratch.0).err();
        // An END after many producers is allowed. So is a start without consumers, and a channel that retains nothing.
        let right =
            (field == GEOMETRY[5] && value != 0) || (GEOMETRY[4] == field || GEOMETRY[6] == field) && value == 0;
        assert_eq!(error.is_none(), right, "{value:#x} at {}: {error:?}", field.0);
        if let Some(ackcast::AttachError::Open(ackcast::segment::OpenError::Unusable { fault, .. })) = error {
            reached.count("fault", Err::<(), _>(fault));
        }
        scratch.write(0, &original);
    }
    reached.must(&[
        "fault: Foreign",
        "fault: Version",
        "fault: Layer",
        "fault: LayoutHash",
        "fault: Geometry(OutOfRange",
        "fault: ValueType",
        "fault: Size",
    ]);
    Consumer::attach(&scratch.0).expect("the header is restored");
}

#[test]
fn short_files_are_refused() {
    let mut reached = Reached::default();
    let scratch = Scratch::new("short");
    let good = good(Backend::Futex);
    let right = get(&good, SIZE) as usize;
    for size in [0, 1, 8, 64, 68, HEADER - 1, HEADER, HEADER + 1, right - 1, right, right + 1] {
        let mut bytes = good.clone();
        bytes.resize(size, 0);
        std::fs::write(scratch.path(), &bytes).unwrap();
        std::fs::set_permissions(scratch.path(), Permissions::from_mode(0o600)).unwrap();
        reached.call("attach", || Consumer::attach(&scratch.0));
    }
    let locks = LivenessLocks::open(|| Ok(scratch.file())).unwrap();
    assert_eq!(locks.enter(), Ok(true));
    scratch.file().set_len(5).unwrap();
    reached.call("attach in locks", || Consumer::attach(&scratch.0));
    reached.must(&["attach: Open(Unusable", "attach: Open(Abandoned", "attach in locks: Open(Unusable"]);
}
