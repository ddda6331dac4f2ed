//! Handles in tokio's runtime: with many tasks, cancelled futures, and deaths of other processes.
#![cfg(target_os = "linux")]

#[path = "../reexec/mod.rs"]
mod reexec;

use ackcast::{AsyncConsumer, AsyncProducer, AsyncRecvError, AsyncSendError};
use ackcast::{Backend, Channel, Consumer, EventError, Finished, Producer, RecvError, SendError};
use futures_core::Stream;
use reexec::{HANG, Named, Process, go, role};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::timeout;

const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];

fn name(test: &str, backend: Backend) -> Named {
    Named(format!("tokio-{test}-{backend:?}-{}", std::process::id()))
}

fn start(role: &str, channel: &str) -> Process {
    Process::start("entry", role, channel)
}

/// Entry point of a child. In the parent, this test does nothing.
#[test]
fn entry() {
    let Some((role, channel)) = role() else { return };
    match role.as_str() {
        "producer" => {
            let mut producer = Producer::attach(&channel).unwrap();
            eprintln!("ready");
            while go() {
                producer.send(b"message").unwrap();
                eprintln!("sent");
            }
        }
        "consumer" => current().block_on(async {
            let mut consumer = AsyncConsumer::new(Consumer::attach(&channel).unwrap()).unwrap();
            eprintln!("ready");
            let received = consumer.recv().await;
            panic!("it is killed before: {received:?}");
        }),
        other => panic!("no role {other:?}"),
    }
    std::process::exit(0);
}

fn current() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A hang is a failure.
async fn bounded<T>(work: impl Future<Output = T>) -> T {
    timeout(HANG, work).await.expect("it hangs")
}

fn consumer(name: &str) -> AsyncConsumer {
    AsyncConsumer::new(Consumer::attach(name).unwrap()).unwrap()
}

fn producer(name: &str) -> AsyncProducer {
    AsyncProducer::new(Producer::attach(name).unwrap()).unwrap()
}

async fn next(stream: &mut AsyncConsumer) -> Option<Result<Vec<u8>, AsyncRecvError>> {
    poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await
}

/// Three tasks send, two receive by either way, on a runtime of two threads.
#[test]
fn tasks_send_and_receive_every_message_in_order() {
    const MESSAGES: u32 = 5_000;
    let name = name("tasks", Backend::Futex);
    let _channel = Channel::create(&name).slots(4).slot_size(8).consumers(2).producers(3).build().unwrap();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let orders = runtime.block_on(bounded(async {
        let mut consumers = JoinSet::new();
        let (mut first, mut second) = (consumer(&name), consumer(&name));
        consumers.spawn(async move {
            let mut seen = Vec::new();
            loop {
                match first.recv_ref().await {
                    Ok(message) => {
                        seen.push(message.to_vec());
                        tokio::task::yield_now().await; // the message is lent across an await
                    }
                    Err(AsyncRecvError::Recv(RecvError::Ended)) => return seen,
                    Err(error) => panic!("{error}"),
                }
            }
        });
        consumers.spawn(async move {
            let mut seen = Vec::new();
            while let Some(message) = next(&mut second).await {
                seen.push(message.unwrap());
            }
            seen
        });
        let mut producers = JoinSet::new();
        for which in 0..3_u32 {
            let mut producer = producer(&name);
            producers.spawn(async move {
                for number in 0..MESSAGES {
                    let message = [which.to_ne_bytes(), number.to_ne_bytes()].concat();
                    producer.send(&message).await.unwrap();
                }
                producer.finish().await.unwrap()
            });
        }
        let finished = producers.join_all().await;
        assert_eq!(finished.iter().filter(|&&finished| finished == Finished::Ended).count(), 1);
        consumers.join_all().await
    }));
    assert_eq!(orders[0], orders[1]);
    for which in 0..3_u32 {
        let of_one = orders[0].iter().filter(|message| message[..4] == which.to_ne_bytes());
        assert!(of_one.map(|message| &message[4..]).eq((0..MESSAGES).map(u32::to_ne_bytes).collect::<Vec<_>>()));
    }
}

#[test]
fn cancelled_receive_loses_no_message() {
    for backend in LAYERS {
        let name = name("cancel", backend);
        let channel = Channel::create(&name).slots(4).backend(backend).build().unwrap();
        let mut sends = Producer::attach(&name).unwrap();
        current().block_on(bounded(async {
            let mut consumer = consumer(&name);
            for number in 0..200_u32 {
                // Cancelled before the message, or while it comes, or not at all.
                for _ in 0..number % 3 {
                    let nothing = timeout(Duration::from_micros(u64::from(number) * 10), consumer.recv_ref()).await;
                    assert!(nothing.is_err());
                }
                sends.send(&number.to_ne_bytes()).unwrap();
                if let Ok(message) = timeout(Duration::ZERO, consumer.recv_ref()).await {
                    message.unwrap().keep(); // seen, and not acknowledged
                }
                assert_eq!(channel.acknowledged(), [(0, u64::from(number))]);
                assert_eq!(consumer.recv().await.unwrap(), number.to_ne_bytes());
            }
        }));
    }
}

#[test]
fn cancelled_send_sends_nothing_and_frees_the_lock() {
    let name = name("cancel-send", Backend::Futex);
    let channel = Channel::create(&name).slots(4).places(2).build().unwrap();
    let mut receives = Consumer::attach(&name).unwrap();
    let mut other = Producer::attach(&name).unwrap();
    current().block_on(bounded(async {
        let mut producer = producer(&name);
        for round in 0..20 {
            for _ in 0..4 {
                producer.send(b"message").await.unwrap();
            }
            let before = channel.published();
            assert!(timeout(Duration::from_millis(round % 3), producer.send(b"late")).await.is_err());
            assert!(timeout(Duration::from_millis(round % 3), producer.loan()).await.is_err());
            assert_eq!(channel.published(), before);
            receives.recv().unwrap();
            other.send_timeout(b"other", HANG).unwrap();
            while receives.try_recv().is_ok() {}
        }
        let mut loan = producer.loan().await.unwrap();
        loan[0] = 7;
        loan.publish(1).unwrap();
        assert_eq!(receives.recv().unwrap(), [7]);
        let long = producer.send(&[0; 2000]).await;
        assert!(matches!(long, Err(AsyncSendError::Send(SendError::TooLong { len: 2000, .. }))));
    }));
}

#[test]
fn receive_is_told_of_killed_producer_and_of_its_successor() {
    for backend in LAYERS {
        let name = name("killed", backend);
        let _channel = Channel::create(&name).slots(4).backend(backend).build().unwrap();
        let mut process = start("producer", &name);
        process.says("ready");
        current().block_on(bounded(async {
            let mut consumer = consumer(&name);
            process.go();
            assert_eq!(consumer.recv().await.unwrap(), b"message");
            process.says("sent");
            let dies = async {
                tokio::task::yield_now().await;
                process.kill();
            };
            let (received, ()) = tokio::join!(consumer.recv(), dies);
            assert!(matches!(received, Err(AsyncRecvError::Recv(RecvError::ProducersLost(_)))), "{received:?}");
            let mut successor = Producer::attach(&name).unwrap();
            successor.send(b"successor").unwrap();
            assert_eq!(consumer.recv().await.unwrap(), b"successor");
        }));
    }
}

#[test]
fn send_goes_on_without_killed_consumer() {
    let name = name("killed-consumer", Backend::Futex);
    let channel = Channel::create(&name).slots(2).build().unwrap();
    let mut process = start("consumer", &name);
    process.says("ready");
    // The consumer is stopped, so that it reads nothing.
    let pid = rustix::process::Pid::from_child(&process.child);
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::UNTRACED).unwrap(); // until it is stopped
    current().block_on(bounded(async {
        let mut producer = producer(&name);
        producer.send(b"first").await.unwrap();
        producer.send(b"second").await.unwrap();
        assert!(timeout(Duration::from_millis(20), producer.send(b"third")).await.is_err(), "the ring is full");
        let dies = async {
            tokio::task::yield_now().await;
            process.kill();
        };
        let (sent, ()) = tokio::join!(producer.send(b"third"), dies);
        sent.unwrap();
        assert_eq!(producer.finish().await.unwrap(), Finished::Ended);
    }));
    assert_eq!(channel.evicted(), 1);
}

/// One task receives a stream that never pauses, on a runtime of one thread. Another task runs, too.
#[test]
fn dense_stream_leaves_time_for_other_tasks() {
    let name = name("dense", Backend::Futex);
    let _channel = Channel::create(&name).slots(1024).slot_size(8).build().unwrap();
    current().block_on(bounded(async {
        let mut consumer = consumer(&name);
        let mut producer = Producer::attach(&name).unwrap();
        for _ in 0..1000 {
            producer.send(b"message").unwrap();
        }
        let mut received = 0;
        let receives = async {
            for _ in 0..1000 {
                consumer.recv_ref().await.unwrap();
                received += 1;
            }
        };
        let mut others = 0;
        tokio::select! {
            biased;
            () = receives => {}
            () = async { loop { tokio::task::yield_now().await; others += 1; } } => {}
        }
        assert!(received == 1000 && others > 0, "{received} messages, and the other task ran {others} times");
    }));
}

#[test]
fn producer_of_raw_sync_is_refused() {
    let name = name("refused", Backend::RawSync);
    let _channel = Channel::create(&name).backend(Backend::RawSync).build().unwrap();
    let refused = current().block_on(async { AsyncProducer::new(Producer::attach(&name).unwrap()) });
    assert!(matches!(refused, Err(EventError::LockOfThread { .. })));
}
