//! Children: the test binary in some role.

use crate::log::{logged, panic_everywhere};
use crate::reexec::{end_after_a_while, go, role, say};
use ackcast::{Backend, Channel, Consumer, Producer};
use rustix::event::{PollFd, PollFlags, poll};

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
        "event producer" => waits_among_panics(&name),
        "forks" => forks(&name),
        role => panic!("{role}"),
    }
}

/// Waits for room in an event loop. The eviction that makes room is told in the handle's thread, where the log panics.
fn waits_among_panics(name: &str) {
    let mut producer = Producer::attach(name).unwrap().into_event().unwrap();
    assert_eq!(producer.try_send(b"fills the ring"), Ok(true));
    std::panic::set_hook(Box::new(|_| say("panicked")));
    panic_everywhere(name);
    assert_eq!(producer.try_send(b"waits"), Ok(false));
    say("waits");
    let ready = poll(&mut [PollFd::new(&producer, PollFlags::IN)], None).unwrap();
    say(&format!("{ready} descriptor is readable: {:?}", producer.try_send(b"goes on")));
    std::process::exit(0); // a drop would be told, too
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
