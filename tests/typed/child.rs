//! Children: the test binary in some role.

use crate::Frame;
use crate::reexec::{HANG, go, role, say};
use ackcast::{RecvError, RecvTypedError, TypedConsumer, TypedProducer};

/// Entry point of a child. In the parent, this test does nothing.
#[test]
fn entry() {
    let Some((role, name)) = role() else { return };
    match role.as_str() {
        "consumer" => {
            let mut consumer = TypedConsumer::<Frame>::wait_for(&name, HANG).unwrap();
            say("attached");
            loop {
                match consumer.recv_timeout(HANG) {
                    Ok(frame) => say(&format!("{:?}", frame.0)),
                    Err(RecvTypedError::Recv(RecvError::Ended)) => return,
                    Err(error) => say(&error.to_string()),
                }
            }
        }
        "producer" => {
            let mut producer = TypedProducer::<Frame>::wait_for(&name, HANG).unwrap();
            producer.send_timeout(&Frame([1; 8]), HANG).unwrap();
            let mut loan = producer.loan().unwrap();
            loan.0 = [2; 8]; // written, and never published
            say("holds a loan");
            go();
        }
        role => panic!("{role}"),
    }
}
