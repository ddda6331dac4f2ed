//! What a restarted consumer receives.

use crate::child::{HANG, Process};
use ackcast::{Backend, Channel, Consumer, Producer};

/// The rule of `Consumer`: a successor does not receive a message that a dead consumer held.
#[test]
fn restarted_consumer_gets_only_what_is_sent_after_its_join() {
    for backend in [Backend::Futex, Backend::RawSync] {
        let name = format!("restart-{backend:?}-{}", std::process::id());
        let channel = Channel::create(&name).slots(4).backend(backend).build().unwrap();
        let mut predecessor = Process::start("idle consumer", &name, 0);
        predecessor.expect("ready");
        let mut producer = Producer::attach(&name).unwrap();
        producer.send_timeout(b"held", HANG).unwrap();
        predecessor.expect("received");
        producer.send_timeout(b"waiting", HANG).unwrap();
        assert_eq!(
            channel.acknowledged(),
            [(0, 0)],
            "the predecessor holds the first message, and has not seen the second"
        );
        predecessor.kill();
        let mut successor = Consumer::attach(&name).unwrap();
        assert_eq!(successor.number(), 0, "the successor has its predecessor's place");
        producer.send_timeout(b"new", HANG).unwrap();
        let message = successor.recv_ref_timeout(HANG).unwrap();
        assert_eq!((message.sequence(), &*message), (2, &b"new"[..]));
    }
}
