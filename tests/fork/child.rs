//! The roles of re-executed processes: they fork.

use crate::filter::refuse;
use crate::forked::{Side, end, fork, wait, wait_for_success};
use crate::reexec::{go, role, say};
use crate::{FORKS, everything};
use ackcast::segment::Name;
use ackcast::{Backend, Channel, Consumer, Producer};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use std::{ptr, thread};

/// Entry point of a child. In the parent, this test does nothing.
#[test]
fn entry() {
    let Some((role, channel)) = role() else { return };
    match role.as_str() {
        "producer, child idles" => {
            let _producer = Producer::attach(&channel).unwrap();
            idle_in_a_child();
        }
        "producer, child execs" => {
            let _producer = Producer::attach(&channel).unwrap();
            idle_in_another_program();
        }
        "consumer, child idles" => {
            let _consumer = Consumer::attach(&channel).unwrap();
            idle_in_a_child();
        }
        "child exits" | "child drops its handles" | "child is another program" => work_on(&role, &channel),
        "forks while threads work" => fork_while_threads_work(&channel),
        "child tries everything" => everything::try_in_a_child(&channel),
        "child attaches" => attach_in_a_child(&channel),
        "child attaches and forks" => attach_and_fork_in_a_child(&channel),
        "child writes into a loan" => write_into_a_loan_in_a_child(Producer::attach(&channel).unwrap()),
        "child drops a message" => drop_a_message_in_a_child(Consumer::attach(&channel).unwrap()),
        "child drops a message, without /proc" => {
            let consumer = Consumer::attach(&channel).unwrap();
            refuse(&[(libc::SYS_openat, None)], libc::ENOENT).unwrap();
            drop_a_message_in_a_child(consumer);
        }
        "child touches a message, without memory" => {
            let consumer = Consumer::attach(&channel).unwrap();
            refuse(&[(libc::SYS_openat, None), (libc::SYS_mremap, None)], libc::ENOMEM).unwrap();
            touch_a_message_in_a_child(consumer);
        }
        "child that may map nothing" => {
            let producer = Producer::attach(&channel).unwrap();
            refuse(&[(libc::SYS_openat, None), (libc::SYS_mmap, None)], libc::ENOMEM).unwrap();
            fork_without_mappings(producer);
        }
        "child drops a batch" => drop_a_batch_in_a_child(Consumer::attach(&channel).unwrap()),
        other => panic!("no role {other:?}"),
    }
    std::process::exit(0);
}

/// Sleeps for ever.
fn pause() -> ! {
    loop {
        thread::park();
    }
}

fn idle_in_a_child() {
    match fork() {
        Side::Child => end(|| {
            say("child lives");
            go();
            say("child lived on");
        }),
        Side::Parent(_) => pause(),
    }
}

fn idle_in_another_program() {
    let script = c"echo child lives >&2; read x; echo child lived on >&2";
    let arguments = [c"sh".as_ptr(), c"-c".as_ptr(), script.as_ptr(), ptr::null()];
    match fork() {
        Side::Child => {
            // SAFETY: strings that end, and a list of them that ends.
            unsafe { libc::execv(c"/bin/sh".as_ptr(), arguments.as_ptr()) };
            end(|| panic!("no /bin/sh"));
        }
        Side::Parent(_) => pause(),
    }
}

/// A producer and a consumer in this process, on a channel that no other process has.
fn work_on(role: &str, channel: &str) {
    let backend = if channel.contains("RawSync") { Backend::RawSync } else { Backend::Futex };
    let handles = Channel::create(channel).backend(backend).slots(4).places(4).build().unwrap();
    let (mut producer, mut consumer) = (Producer::attach(channel).unwrap(), Consumer::attach(channel).unwrap());
    match role {
        "child is another program" => assert!(std::process::Command::new("true").status().unwrap().success()),
        _ => match fork() {
            Side::Child if role == "child exits" => std::process::exit(0),
            Side::Child => end(move || drop((producer, handles, consumer))),
            Side::Parent(child) => wait_for_success(child),
        },
    }
    say("child ended");
    for number in 0_u64.. {
        if !go() {
            break;
        }
        producer.send_value(&number).unwrap();
        assert_eq!(consumer.recv_value::<u64>().unwrap(), number);
    }
}

fn fork_while_threads_work(channel: &str) {
    let name = Name::new(channel).unwrap();
    let (mut producer, over) = (Producer::attach(channel).unwrap(), AtomicBool::new(false));
    let idle = format!("{channel}-idle");
    let _idle = Channel::create(&idle).places(4).build().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0_u64.. {
                if over.load(Relaxed) {
                    break;
                }
                producer.send_value(&number).unwrap();
            }
            producer.finish().unwrap();
        });
        scope.spawn(|| {
            while !over.load(Relaxed) {
                drop(Channel::open(&name).unwrap());
            }
        });
        scope.spawn(|| {
            while !over.load(Relaxed) {
                let mut consumer = Consumer::attach(&idle).unwrap();
                // It sleeps so long that it subscribes to deaths.
                (0..3).for_each(|_| assert!(consumer.recv_timeout(Duration::from_millis(10)).is_err()));
            }
        });
        for _ in 0..FORKS {
            match fork() {
                Side::Child => end(|| {
                    let mut consumer = Consumer::attach(channel).unwrap();
                    let _ = consumer.recv().unwrap();
                    drop(Channel::open(&name).unwrap());
                }),
                Side::Parent(child) => wait_for_success(child),
            }
        }
        over.store(true, Relaxed);
    });
}

fn attach_in_a_child(channel: &str) {
    let child = fork();
    let mut consumer = Consumer::attach(channel).unwrap();
    for number in 0..100_u64 {
        assert_eq!(consumer.recv_value::<u64>().unwrap(), number);
    }
    say("received 100");
    match child {
        Side::Child => end(move || {
            go();
            drop(consumer);
        }),
        Side::Parent(child) => wait_for_success(child),
    }
    say("child left");
    pause();
}

fn attach_and_fork_in_a_child(channel: &str) {
    let first = Producer::attach(channel).unwrap();
    match fork() {
        Side::Child => end(move || {
            let second = Producer::attach(channel).unwrap();
            match fork() {
                Side::Child => end(move || {
                    drop((first, second));
                    say("grandchild dropped its handles");
                    go();
                    say("grandchild lived on");
                }),
                Side::Parent(_) => {
                    say(&format!("child {}", std::process::id()));
                    pause();
                }
            }
        }),
        Side::Parent(child) => assert_eq!(libc::WTERMSIG(wait(child)), libc::SIGKILL),
    }
    say("child was killed");
    pause();
}

fn write_into_a_loan_in_a_child(mut producer: Producer) {
    let mut loan = producer.loan().unwrap();
    loan[..6].copy_from_slice(b"parent");
    match fork() {
        Side::Child => end(move || {
            loan[..6].copy_from_slice(b"child!");
            assert_eq!(loan.publish(6), Err(ackcast::SendError::Inherited));
        }),
        Side::Parent(child) => wait_for_success(child),
    }
    say("child was told that it is inherited");
    go();
    loan.publish(6).unwrap();
    producer.send(b"and on").unwrap();
    go();
}

fn drop_a_message_in_a_child(mut consumer: Consumer) {
    let message = consumer.recv_ref().unwrap();
    match fork() {
        Side::Child => end(move || {
            assert_eq!(&*message, b"one");
            drop(message);
        }),
        Side::Parent(child) => wait_for_success(child),
    }
    say("child dropped it");
    go();
    assert_eq!(&*message, b"one");
    drop(message);
    assert_eq!(consumer.recv().unwrap(), b"two");
    say("received two");
}

fn touch_a_message_in_a_child(mut consumer: Consumer) {
    let message = consumer.recv_ref().unwrap();
    match fork() {
        Side::Child => end(move || drop(message)),
        Side::Parent(child) => assert_eq!(libc::WTERMSIG(wait(child)), libc::SIGSEGV),
    }
    say("child died of it");
    drop(message);
    assert_eq!(consumer.recv().unwrap(), b"two");
    say("received two");
}

fn fork_without_mappings(mut producer: Producer) {
    match fork() {
        Side::Child => end(|| ()),
        Side::Parent(child) => assert_eq!(libc::WTERMSIG(wait(child)), libc::SIGABRT),
    }
    say("child was aborted");
    producer.send(b"of the parent").unwrap();
    go();
}

fn drop_a_batch_in_a_child(mut consumer: Consumer) {
    let mut batch = consumer.recv_batch().unwrap();
    match fork() {
        Side::Child => end(move || {
            assert_eq!(batch.take(), Ok(Some(&b"one"[..])));
            assert_eq!(batch.take(), Ok(None));
            drop(batch);
        }),
        Side::Parent(child) => wait_for_success(child),
    }
    say("child dropped it");
    go();
    assert_eq!(batch.take(), Ok(Some(&b"one"[..])), "the child's take does not count");
    drop(batch);
    assert_eq!(consumer.recv().unwrap(), b"two");
    say("received two");
}
