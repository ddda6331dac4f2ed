//! Arbitrary bytes as a whole segment file, with an attached handle. Attaching gives `Ok` or a typed error, and an
//! attached handle can be used.
#![no_main]

use ackcast::layer::Deadline;
use ackcast::layers::{Futex, LivenessLocks, RawSync};
use ackcast::protocol::{Consumer, Geometry, Producer};
use ackcast::segment::{Handle, Layout, Name};
use ackcast::{Channel, Backend};
use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use std::fs::{File, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::sync::OnceLock;

const SLOTS_AT: usize = 40;
const HEADER: usize = 256;

#[derive(Debug, Arbitrary)]
enum Input<'a> {
    /// The whole file is these bytes.
    Raw(&'a [u8]),
    /// A good header of this layer, patched. Then `rest`, again and again.
    Patched { raw_sync: bool, patches: Vec<(u8, u32)>, size: Size, rest: &'a [u8] },
}

#[derive(Debug, Arbitrary)]
enum Size {
    /// The size that the header's geometry needs, in the file and in the header.
    Right,
    /// The same size, but in the file alone.
    Contradicted,
    Any(u16),
}

unsafe extern "C" {
    safe fn atexit(call: extern "C" fn()) -> i32;
}

/// Removes the file at exit, because the fuzzer ends without dropping anything.
extern "C" fn remove_file() {
    let _ = std::fs::remove_file(format!("/dev/shm/ackcast.fuzz-header-{}", std::process::id()));
}

struct Stage {
    name: Name,
    file: File,
    /// An attached handle: without one, every segment counts as dead.
    _locks: LivenessLocks,
    good: [Vec<u8>; 2],
}

impl Stage {
    fn new() -> Self {
        atexit(remove_file);
        let good = [Backend::Futex, Backend::RawSync].map(|backend| {
            let name = format!("fuzz-good-{}", std::process::id());
            let _channel = Channel::create(&name).backend(backend).build().unwrap();
            let bytes = std::fs::read(format!("/dev/shm/ackcast.{name}")).unwrap();
            bytes[..HEADER].to_vec()
        });
        let name = Name::new(&format!("fuzz-header-{}", std::process::id())).unwrap();
        let path = format!("/dev/shm/ackcast.{name}");
        std::fs::write(&path, []).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let open = || File::options().read(true).write(true).open(&path).unwrap();
        let locks = LivenessLocks::open(|| Ok(open())).unwrap();
        assert_eq!(locks.enter(), Ok(true));
        Self { name, file: open(), _locks: locks, good }
    }

    /// Writes the input to the file. False if the input is not worth a run.
    fn set(&self, input: &Input<'_>) -> bool {
        self.file.set_len(0).unwrap();
        let size = match input {
            Input::Raw(bytes) => {
                if bytes.len() < HEADER {
                    return false;
                }
                self.file.write_all_at(bytes, 0).unwrap();
                bytes.len() as u64
            }
            Input::Patched { raw_sync, patches, size, rest } => {
                let mut header = self.good[usize::from(*raw_sync)].clone();
                for &(at, value) in patches {
                    let at = usize::from(at) % (HEADER / 4) * 4;
                    header[at..at + 4].copy_from_slice(&value.to_ne_bytes());
                }
                let size = match *size {
                    Size::Any(size) => HEADER as u64 + u64::from(size),
                    Size::Right => {
                        let Some(size) = needed(&header, *raw_sync) else { return false };
                        header[32..40].copy_from_slice(&size.to_ne_bytes());
                        size
                    }
                    Size::Contradicted => needed(&header, *raw_sync).unwrap_or(4096),
                };
                if size > 64 << 20 {
                    return false; // `tests/bad_input` has the large ones
                }
                let mut bytes = header;
                if !rest.is_empty() {
                    bytes.extend(rest.iter().cycle().take((size as usize).min(1 << 16) - HEADER));
                }
                self.file.write_all_at(&bytes, 0).unwrap();
                size
            }
        };
        self.file.set_len(size).unwrap();
        true
    }
}

/// The size that the geometry in `header` needs.
fn needed(header: &[u8], raw_sync: bool) -> Option<u64> {
    let number = |i: usize| u32::from_ne_bytes(header[SLOTS_AT + 4 * i..][..4].try_into().unwrap());
    let geometry = Geometry {
        slots: number(0),
        slot_size: number(1),
        consumers: number(2),
        producers: number(3),
        start_with: number(4),
        end_after: number(5),
        retain: number(6),
    };
    let layout = if raw_sync { Layout::new::<RawSync>(&geometry) } else { Layout::new::<Futex>(&geometry) };
    Some(layout.ok()?.size as u64)
}

fn attach(name: &Name) {
    let handle = match Handle::open(name) {
        Ok(handle) => handle,
        Err(error) => return drop(error.to_string()),
    };
    if handle.backend() == Backend::RawSync {
        // Attaching only: the bytes of pthread's own objects must not be arbitrary.
        handle.channel::<RawSync>().unwrap();
        return assert!(handle.channel::<Futex>().is_err());
    }
    let mut consumer = Consumer::join(handle.channel::<Futex>().unwrap());
    let other = Handle::open(name).unwrap();
    let slot_size = handle.geometry().slot_size as usize;
    if let Ok(mut producer) = Producer::join(other.channel::<Futex>().unwrap()) {
        let _ = producer.send(b"x", Deadline::Now).map_err(|error| error.to_string());
    }
    if let Ok(consumer) = &mut consumer {
        match consumer.receive(Deadline::Now) {
            Ok(message) => assert!(message.len() <= slot_size && message.iter().fold(0, |sum, b| sum ^ b) <= u8::MAX),
            Err(error) => drop(error.to_string()),
        }
    }
}

fuzz_target!(|input: Input<'_>| -> libfuzzer_sys::Corpus {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    let stage = STAGE.get_or_init(Stage::new);
    if !stage.set(&input) {
        return libfuzzer_sys::Corpus::Reject;
    }
    attach(&stage.name);
    libfuzzer_sys::Corpus::Keep
});
