//! A raw_sync segment is refused in another PID namespace, or with other pthread objects. The headers here are each
//! wrong in one number.

use crate::child::name;
use ackcast::layers::MarkFault;
use ackcast::segment::{HeaderFault, OpenError};
use ackcast::{AttachError, Backend, Channel, Consumer, Producer};
use std::fs::File;
use std::os::unix::fs::FileExt;

/// The offset of each number of the mark in a header, and its width.
const DEVICE: (u64, usize) = (72, 8);
const INODE: (u64, usize) = (80, 8);
const LIBRARY: (u64, usize) = (88, 4);
const VERSION: (u64, usize) = (92, 4);
const BUILD: (u64, usize) = (96, 8);
const SIZES: [(u64, usize); 4] = [(104, 2), (106, 2), (108, 2), (110, 2)];

/// A channel whose header can be changed by a bit at a time.
struct Changed {
    channel: Channel,
    file: File,
}

impl Changed {
    fn new(test: &str, backend: Backend) -> Self {
        let channel = Channel::create(&name(test)).backend(backend).build().unwrap();
        let path = format!("/dev/shm/ackcast.{}", channel.name());
        Self { channel, file: File::options().read(true).write(true).open(path).unwrap() }
    }

    /// The results of attaching a producer and a consumer while the number at this place is wrong.
    fn attach(&self, (at, width): (u64, usize)) -> [Result<(), AttachError>; 2] {
        let mut right = vec![0; width];
        self.file.read_exact_at(&mut right, at).unwrap();
        let mut wrong = right.clone();
        wrong[0] ^= 1;
        self.file.write_all_at(&wrong, at).unwrap();
        let name = &self.channel.name().to_string();
        let results = [Producer::attach(name).map(drop), Consumer::attach(name).map(drop)];
        self.file.write_all_at(&right, at).unwrap();
        results
    }

    fn faults(&self, field: (u64, usize)) -> [MarkFault; 2] {
        self.attach(field).map(|result| match result.unwrap_err() {
            AttachError::Open(OpenError::Unusable { fault: HeaderFault::Mark(fault), .. }) => fault,
            other => panic!("{other}"),
        })
    }
}

#[test]
fn raw_sync_names_what_differs_from_its_creator() {
    let changed = Changed::new("marks", Backend::RawSync);
    for field in [DEVICE, INODE] {
        for fault in changed.faults(field) {
            assert!(matches!(fault, MarkFault::PidNamespace { .. }), "{fault}");
            assert!(fault.to_string().contains("futex layer"), "the text does not name the right layer: {fault}");
        }
    }
    for field in [LIBRARY, VERSION, BUILD].into_iter().chain(SIZES) {
        for fault in changed.faults(field) {
            assert!(matches!(fault, MarkFault::CLibrary { .. }), "{fault}");
            assert!(fault.to_string().contains("futex layer"), "the text does not name the right layer: {fault}");
        }
    }
    Producer::attach(&changed.channel.name().to_string()).expect("restored");
}

#[test]
fn futex_segment_needs_nothing_of_its_creator() {
    let changed = Changed::new("no-marks", Backend::Futex);
    for field in [DEVICE, INODE, LIBRARY, VERSION, BUILD].into_iter().chain(SIZES) {
        assert!(changed.attach(field).iter().all(Result::is_ok), "{field:?}");
    }
}
