//! The last handle removes the name, also when the last two leave at once.

use ackcast::{Channel, Consumer};
use std::path::Path;
use std::sync::Barrier;
use std::thread;

#[test]
fn two_last_handles_that_leave_at_once_leave_no_name() {
    for round in 0..2000 {
        let name = format!("test-leaving-{}-{round}", std::process::id());
        let channel = Channel::create(&name).build().unwrap();
        let consumer = Consumer::attach(&name).unwrap();
        let both = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                both.wait();
                drop(channel);
            });
            both.wait();
            drop(consumer);
        });
        assert!(!Path::new(&format!("/dev/shm/ackcast.{name}")).exists(), "round {round}");
    }
}
