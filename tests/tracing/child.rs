//! Children: the test binary in some role.

use crate::log::logged;
use crate::reexec::{end_after_a_while, go, role, say};
use ackcast::{Backend, Channel, Consumer, Producer};

/// Entry point of a child. In the parent, this test does nothing.
#[test]
fn entry() {
    let Some((role, name)) = role() else { return };
    match role.as_str() {
        "consumer" => {
            let _consumer = Consumer::attach(&name).unwrap();
            say("attached");
            go();
        }
        "producer" => {
            let mut producer = Producer::attach(&name).unwrap();
            let _loan = producer.try_loan().unwrap();
            say("holds a loan");
            go();
        }
        "forks" => forks(&name),
        role => panic!("{role}"),
    }
}

/// Forks with handles. The child drops them.
fn forks(name: &str) {
    let backend = if name.contains("RawSync") { Backend::RawSync } else { Backend::Futex };
    let channel = Channel::create(name).backend(backend).build().unwrap();
    let handles = (Consumer::attach(name).unwrap(), Producer::attach(name).unwrap(), channel);
    // SAFETY: the child runs code that is not async-signal-safe, such as an allocation; glibc and musl allow that.
    let child = unsafe { libc::fork() };
    if child == 0 {
        end_after_a_while();
        let (events, ()) = logged(name, || drop(handles));
        say(&format!("the child logged {} events", events.len()));
        // SAFETY: it has no precondition.
        unsafe { libc::_exit(0) };
    }
    let mut status = -1;
    // SAFETY: it writes the status.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    let (events, ()) = logged(name, || drop(handles));
    assert_eq!((status, events.len()), (0, 2), "{events:?}");
}
