//! Opening channels of another version or layout, foreign or abandoned ones; creating beside and over other channels.

use ackcast::layers::{Futex, RawSync};
use ackcast::protocol;
use ackcast::segment::{Handle, HeaderFault, Name, OpenError, list, participants, remove_if_dead};
use ackcast::{AttachError, Backend, Channel, Consumer, CreateError, Producer};
use std::fs::{File, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::PathBuf;

/// A channel name of this test, whose file is removed also on failure.
struct Scratch(String);

impl Scratch {
    fn new(test: &str) -> Self {
        Self(format!("segment-{test}-{}", std::process::id()))
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(format!("/dev/shm/ackcast.{}", self.0))
    }

    fn leave(&self, bytes: &[u8]) {
        std::fs::write(self.path(), bytes).unwrap();
        std::fs::set_permissions(self.path(), Permissions::from_mode(0o600)).unwrap();
    }

    fn open_fault(&self) -> HeaderFault {
        match Consumer::attach(&self.0).unwrap_err() {
            AttachError::Open(OpenError::Unusable { fault, .. }) => fault,
            other => panic!("not unusable: {other}"),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.path());
    }
}

#[test]
fn missing_channel_differs_from_bad_name() {
    let absent = Scratch::new("absent");
    assert!(matches!(Producer::attach(&absent.0), Err(AttachError::Open(OpenError::NotFound { .. }))));
    assert!(matches!(Producer::attach("a/b"), Err(AttachError::Name(_))));
    assert!(matches!(Channel::create("").build(), Err(CreateError::Name(_))));
}

#[test]
fn channel_of_another_layer_is_refused() {
    for (backend, other) in [(Backend::Futex, Backend::RawSync), (Backend::RawSync, Backend::Futex)] {
        let scratch = Scratch::new(&format!("other-{backend:?}"));
        let _channel = Channel::create(&scratch.0).backend(backend).build().unwrap();
        let handle = Handle::open(&Name::new(&scratch.0).unwrap()).unwrap();
        let [futex, raw_sync] = [handle.channel::<Futex>().map(drop), handle.channel::<RawSync>().map(drop)];
        let (right, wrong) = if backend == Backend::Futex { (futex, raw_sync) } else { (raw_sync, futex) };
        right.unwrap();
        let OpenError::Unusable { fault, .. } = wrong.unwrap_err() else { panic!("not unusable") };
        assert_eq!(fault, HeaderFault::OtherLayer { found: backend, asked: other });
    }
}

#[test]
fn wrong_header_is_named() {
    let scratch = Scratch::new("faults");
    let channel = Channel::create(&scratch.0).build().unwrap();
    let file = File::options().write(true).open(scratch.path()).unwrap();
    let mut original = vec![0; 128];
    File::open(scratch.path()).unwrap().read_exact_at(&mut original, 0).unwrap();
    let with = |offset: usize, byte: u8| {
        let mut header = original.clone();
        header[offset] ^= byte;
        file.write_all_at(&header, 0).unwrap();
        let fault = scratch.open_fault();
        file.write_all_at(&original, 0).unwrap();
        fault
    };
    assert!(matches!(with(0, 1), HeaderFault::Foreign { .. }));
    assert!(matches!(with(16, 0xf0), HeaderFault::Version { .. }));
    assert!(matches!(with(20, 0xf0), HeaderFault::Layer { .. }));
    assert!(matches!(with(24, 1), HeaderFault::LayoutHash { .. }));
    assert!(matches!(with(41, 1), HeaderFault::Size { .. })); // more slots than the file has room for
    assert!(matches!(with(47, 0x80), HeaderFault::Geometry(_))); // slots of more than 1 GiB
    assert!(matches!(with(64, 0xf0), HeaderFault::Geometry(_))); // more messages retained than slots
    assert!(matches!(with(68, 0xf0), HeaderFault::Fences { .. }));
    Consumer::attach(&scratch.0).expect("restored");
    drop(channel);
}

#[test]
fn file_that_other_users_may_open_is_refused() {
    let scratch = Scratch::new("mode");
    let _channel = Channel::create(&scratch.0).build().unwrap();
    std::fs::set_permissions(scratch.path(), Permissions::from_mode(0o644)).unwrap();
    let error = Consumer::attach(&scratch.0).unwrap_err();
    assert!(error.to_string().contains("with mode 644; it must belong to user"), "{error}");
}

#[test]
fn creator_names_living_users_and_replaces_abandoned_channel() {
    for backend in [Backend::Futex, Backend::RawSync] {
        let scratch = Scratch::new(&format!("living-{backend:?}"));
        let channel = Channel::create(&scratch.0).backend(backend).build().unwrap();
        let consumer = Consumer::attach(&scratch.0).unwrap();
        drop(channel);
        match Channel::create(&scratch.0).build().unwrap_err() {
            CreateError::AlreadyExists { participants, .. } => assert_eq!(participants, [0]),
            other => panic!("{other}"),
        }
        assert!(!remove_if_dead(&Name::new(&scratch.0).unwrap()).unwrap());
        assert_eq!(participants(&Name::new(&scratch.0).unwrap()).unwrap(), Some(vec![0]));
        // A killed process leaves this: the file without locks.
        let bytes = std::fs::read(scratch.path()).unwrap();
        drop(consumer);
        assert!(!scratch.path().exists(), "the last handle removes the name");
        scratch.leave(&bytes);
        assert!(matches!(Consumer::attach(&scratch.0), Err(AttachError::Open(OpenError::Abandoned { .. }))));
        let name = Name::new(&scratch.0).unwrap();
        assert!(list().unwrap().contains(&name));
        let _fresh = Channel::create(&scratch.0).backend(backend).build().expect("the dead segment is replaced");
        let mut consumer = Consumer::attach(&scratch.0).unwrap();
        assert!(
            matches!(consumer.try_recv(), Err(ackcast::RecvError::TimedOut { next: 0 })),
            "the new channel starts empty"
        );
    }
}

#[test]
fn abandoned_segment_is_removed() {
    let scratch = Scratch::new("clean");
    let channel = Channel::create(&scratch.0).build().unwrap();
    let bytes = std::fs::read(scratch.path()).unwrap();
    drop(channel);
    scratch.leave(&bytes);
    assert_eq!(participants(&Name::new(&scratch.0).unwrap()).unwrap(), None);
    assert!(scratch.path().exists(), "`participants` removes nothing");
    assert!(remove_if_dead(&Name::new(&scratch.0).unwrap()).unwrap());
    assert!(!scratch.path().exists());
}

#[test]
fn channels_of_a_handle_are_separate_participants() {
    let scratch = Scratch::new("handle");
    let name = Name::new(&scratch.0).unwrap();
    let _channel = Channel::create(&scratch.0).consumers(0).producers(2).build().unwrap();
    let handle = Handle::open(&name).unwrap();
    let join = || protocol::Producer::join(handle.channel::<Futex>().unwrap()).unwrap();
    let producers = [join(), join()];
    assert_eq!(participants(&name).unwrap(), Some(vec![8, 9]), "8 consumer numbers come first");
    drop(producers);
    assert_eq!(participants(&name).unwrap(), Some(vec![]));
    std::fs::remove_file(scratch.path()).unwrap(); // as a user does by hand
    assert!(matches!(handle.channel::<Futex>(), Err(OpenError::NotFound { .. })));
}

#[test]
fn producers_are_lost_when_the_last_leaves_unfinished() {
    let scratch = Scratch::new("lost");
    let channel = Channel::create(&scratch.0).consumers(0).places(2).build().unwrap();
    assert!(!channel.producers_lost().unwrap(), "no producer has attached yet");
    let [first, mut second] = [(); 2].map(|()| Producer::attach(&scratch.0).unwrap());
    drop(first);
    assert!(!channel.producers_lost().unwrap());
    drop(second);
    assert!(channel.producers_lost().unwrap());
    second = Producer::attach(&scratch.0).unwrap();
    assert!(!channel.producers_lost().unwrap(), "a successor lives");
    second.finish().unwrap();
    drop(second);
}

#[test]
fn old_handle_leaves_a_new_segment_its_name() {
    let scratch = Scratch::new("successor");
    let old = Channel::create(&scratch.0).build().unwrap();
    std::fs::remove_file(scratch.path()).unwrap(); // as a user does by hand
    let _new = Channel::create(&scratch.0).build().unwrap();
    drop(old);
    assert!(scratch.path().exists());
}

#[test]
fn full_file_system_is_an_error_of_create() {
    let scratch = Scratch::new("full");
    // More than any machine's /dev/shm: refused before a page of the ring is allocated.
    let before = faults();
    let error = Channel::create(&scratch.0).slots(1 << 19).slot_size(1 << 20).build().unwrap_err();
    assert!(matches!(error, CreateError::NoSpace { bytes, .. } if bytes > 1 << 39), "{error}");
    let found = faults() - before;
    assert!(found < 64, "{found} page faults");
    assert!(!scratch.path().exists());
}

#[test]
fn setting_out_of_range_is_refused_with_the_range() {
    let scratch = Scratch::new("limits");
    let error = Channel::create(&scratch.0).slots(0).build().unwrap_err();
    assert_eq!(error.to_string(), "slots is 0; it must be 1 to 1048576");
    let error = Channel::create(&scratch.0).consumers(65).build().unwrap_err();
    assert_eq!(error.to_string(), "the number of places for consumers is 65; it must be 1 to 64");
    let places = Channel::create(&scratch.0).places(1).build().unwrap();
    let _first = Consumer::attach(&scratch.0).unwrap();
    let error = Consumer::attach(&scratch.0).unwrap_err();
    assert!(error.to_string().contains("all 1 consumer places are in use"), "{error}");
    drop(places);
}

/// Whether this kernel can enter pages into the page table before they are used: Linux 5.14 and later.
fn can_populate() -> bool {
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};
    let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
    // SAFETY: a new mapping, at an address that the kernel chooses.
    let page = unsafe { mmap_anonymous(std::ptr::null_mut(), 4096, protection, flags) }.unwrap();
    // SAFETY: it is ours.
    let can = unsafe { madvise(page, 4096, Advice::LinuxPopulateWrite) }.is_ok();
    // SAFETY: it is ours, and no longer used.
    unsafe { munmap(page, 4096) }.unwrap();
    can
}

/// How many page faults without disk access this thread has made.
fn faults() -> i64 {
    // SAFETY: an `rusage` is plain numbers, for which zeros are valid.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: it only writes its argument.
    assert_eq!(unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) }, 0);
    usage.ru_minflt
}

#[test]
fn first_lap_makes_few_page_faults() {
    const SLOTS: u32 = 64;
    const SLOT_SIZE: u32 = 64 << 10;
    let pages = i64::from(SLOTS * SLOT_SIZE / 4096);
    let scratch = Scratch::new("lap");
    let _channel = Channel::create(&scratch.0).consumers(0).slots(SLOTS).slot_size(SLOT_SIZE).build().unwrap();
    let (mut producer, mut consumer) = (Producer::attach(&scratch.0).unwrap(), Consumer::attach(&scratch.0).unwrap());
    let message = vec![1; SLOT_SIZE as usize];
    let mut sum = 0_u64;
    let before = faults();
    for _ in 0..SLOTS {
        producer.send(&message).unwrap();
        sum += consumer.recv_ref().unwrap().iter().map(|&byte| u64::from(byte)).sum::<u64>();
    }
    let found = faults() - before;
    assert_eq!(sum, u64::from(SLOTS * SLOT_SIZE));
    assert!(found < pages / 8 || !can_populate(), "{found} faults for {pages} pages");
}

#[test]
fn opening_makes_few_page_faults() {
    const SLOTS: u32 = 1024;
    let scratch = Scratch::new("enter");
    let _channel = Channel::create(&scratch.0).slots(SLOTS).slot_size(4096).build().unwrap();
    let start = faults();
    let observer = Channel::open(&Name::new(&scratch.0).unwrap()).unwrap();
    let observed = faults();
    let consumer = Consumer::attach(&scratch.0).unwrap();
    let (of_observer, of_consumer) = (observed - start, faults() - observed);
    assert!(of_observer < 32, "an observer uses the words alone: {of_observer} faults");
    // Linux enters 16 pages for a fault, unless it is told otherwise.
    assert!(of_consumer < i64::from(SLOTS / 2), "{of_consumer} faults for {SLOTS} pages");
    drop((observer, consumer));
}
