//! The typed API on real segments. Threads stand for processes: each handle is a participant of its own.

mod guards;
mod order;
mod places;

use ackcast::Backend;

const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];

fn name(test: &str, backend: Backend) -> String {
    format!("test-{test}-{backend:?}-{}", std::process::id())
}
