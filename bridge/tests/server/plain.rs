//! Bridges that nobody kills.

use crate::support::{Bridge, PATIENCE, Server, message, read, read_on, read_some, source, unique, wait_until};
use ackcast::{Channel, Consumer, Name, Producer, RecvError, ValueType};
use std::thread;

const MESSAGES: u64 = 5000;

#[test]
fn every_receiver_gets_every_message_and_end() {
    let Some(server) = Server::start("every_receiver_gets_every_message_and_end", "") else { return };
    let (from, to, stream) = (unique("from"), [unique("to"), unique("to")], unique("stream"));
    let (channel, mut producer) = source(&from, 64, 0);
    let mut out = Bridge::out(&from, &server, &stream);
    let mut into = to.each_ref().map(|to| Bridge::into(to, &server, &stream));
    let readers = to.each_ref().map(|to| read(to));
    for number in 0..MESSAGES {
        producer.send(&message(number)).unwrap();
    }
    producer.finish().unwrap();
    for reader in readers {
        assert_eq!(reader.join().unwrap(), ((0..MESSAGES).collect(), RecvError::Ended));
    }
    out.ends_with(0);
    into.iter_mut().for_each(|into| into.ends_with(0));
    assert_eq!(channel.acknowledged(), []); // the bridge has left
}

#[test]
fn lost_producers_are_carried_and_a_successor_goes_on() {
    let Some(server) = Server::start("lost_producers_are_carried_and_a_successor_goes_on", "") else { return };
    let (from, to, stream) = (unique("from"), unique("to"), unique("stream"));
    let (_channel, mut producer) = source(&from, 64, 32);
    let (mut out, mut into) = (Bridge::out(&from, &server, &stream), Bridge::into(&to, &server, &stream));
    let reader = thread::spawn({
        let to = to.clone();
        move || {
            let (mut consumer, mut numbers) = (Consumer::wait_for(&to, PATIENCE).unwrap(), Vec::new());
            let error = read_some(&mut consumer, &mut numbers, PATIENCE);
            (consumer, numbers, error)
        }
    });
    (0..100).for_each(|number| producer.send(&message(number)).unwrap());
    drop(producer); // without finishing
    let (mut consumer, received, error) = reader.join().unwrap();
    assert_eq!(received, (0..100).collect::<Vec<_>>());
    assert!(matches!(error, RecvError::ProducersLost(_)), "{error:?}");
    out.ends_with(3);
    into.ends_with(3);

    // The next `out` finds what the first one has told. A third one goes on when a producer has come.
    Bridge::out(&from, &server, &stream).ends_with(3);
    let mut producer = Producer::attach(&from).unwrap();
    let (mut out, mut into) = (Bridge::out(&from, &server, &stream), Bridge::into(&to, &server, &stream));
    producer.send(&message(100)).unwrap();
    producer.finish().unwrap();
    assert_eq!(read_on(&mut consumer, PATIENCE), (vec![100], RecvError::Ended));
    out.ends_with(0);
    into.ends_with(0);
}

#[test]
fn geometry_and_type_travel_and_mismatches_are_refused() {
    let Some(server) = Server::start("geometry_and_type_travel_and_mismatches_are_refused", "") else { return };
    let (from, to, stream) = (unique("from"), unique("to"), unique("stream"));
    let kind = ValueType::new("pose", 3, 24, 8).unwrap().slices();
    let channel = Channel::create(&from).slots(32).value_type(kind.clone(), 4).build().unwrap();
    let mut producer = Producer::attach(&from).unwrap();
    let (mut out, mut into) = (Bridge::out(&from, &server, &stream), Bridge::into(&to, &server, &stream));
    producer.send(&[7; 48]).unwrap();
    let mut consumer = Consumer::wait_for(&to, PATIENCE).unwrap();
    assert_eq!(consumer.value_type(), Some(&kind));
    assert_eq!((consumer.geometry().slots, consumer.geometry().slot_size), (32, channel.geometry().slot_size));
    assert_eq!(consumer.recv().unwrap(), [7; 48]);
    producer.finish().unwrap();
    assert_eq!(consumer.recv(), Err(RecvError::Ended));
    drop(consumer);
    out.ends_with(0);
    into.ends_with(0);

    let other = unique("other");
    let _channel = Channel::create(&other).slots(32).slot_size(96).build().unwrap();
    let mut out = Bridge::out(&other, &server, &stream);
    out.ends_with(1);
    let wanted = "type is slices of \"pose\" (24 bytes, alignment 8, version 3), not any bytes";
    assert!(out.log().contains("other settings") && out.log().contains(wanted), "{}", out.log());
    let mut into = Bridge::into(&other, &server, &stream);
    into.ends_with(1);
    assert!(into.log().contains("other settings than stream"), "{}", into.log());
}

#[test]
fn back_pressure_of_a_full_stream_reaches_the_producer() {
    let Some(server) = Server::start("back_pressure_of_a_full_stream_reaches_the_producer", "") else { return };
    let (from, stream) = (unique("from"), unique("stream"));
    let (_channel, mut producer) = source(&from, 16, 0);
    let arguments = ["out", &from, "--to", &server.url(), "--stream", &stream, "--max-bytes", "20000"];
    let _out = Bridge::start(None, &arguments);
    let mut sent = 0;
    // Nobody deletes from the stream, so the producer is stopped for good.
    while producer.send_timeout(&message(sent), std::time::Duration::from_secs(3)).is_ok() {
        sent += 1;
        assert!(sent < 1000, "the stream holds some 100 messages");
    }
    assert!(sent > 16, "{sent}");
}

#[test]
fn replay_begins_a_new_channel_with_the_oldest_message() {
    let Some(server) = Server::start("replay_begins_a_new_channel_with_the_oldest_message", "") else { return };
    let (from, to, stream) = (unique("from"), unique("to"), unique("stream"));
    let (_channel, mut producer) = source(&from, 64, 0);
    let mut out = Bridge::out(&from, &server, &stream);
    (0..50).for_each(|number| producer.send(&message(number)).unwrap());
    producer.finish().unwrap();
    out.ends_with(0);
    for replay in ["next", "oldest", "11"] {
        let arguments = ["in", &to, "--from", &server.url(), "--stream", &stream, "--replay", replay];
        let mut into = Bridge::start(None, &arguments);
        let first = if replay == "11" { 10 } else { 0 };
        let received = read(&to).join().unwrap();
        assert_eq!(received, ((first..50).collect(), RecvError::Ended), "{replay}");
        into.ends_with(0);
        wait_until("the channel is gone", || Channel::open(&Name::new(&to).unwrap()).is_err());
    }
}

#[test]
fn source_that_retains_too_little_is_a_typed_error() {
    let Some(server) = Server::start("source_that_retains_too_little_is_a_typed_error", "") else { return };
    let (from, stream) = (unique("from"), unique("stream"));
    let (channel, mut producer) = source(&from, 16, 4);
    let mut out = Bridge::out(&from, &server, &stream);
    producer.send(&message(0)).unwrap();
    wait_until("message 0 is stored", || channel.acknowledged().first().is_some_and(|acked| acked.1 == 1));
    out.kill();
    (1..20).for_each(|number| producer.send(&message(number)).unwrap()); // nobody waits for the dead bridge
    let mut out = Bridge::out(&from, &server, &stream);
    out.ends_with(1);
    assert!(out.log().contains("messages 1 to 15 of channel"), "{}", out.log());
}

#[test]
fn purge_makes_room_for_more_than_the_stream_holds() {
    let Some(server) = Server::start("purge_makes_room_for_more_than_the_stream_holds", "") else { return };
    let (from, to, stream) = (unique("from"), unique("to"), unique("stream"));
    let (_channel, mut producer) = source(&from, 64, 0);
    let url = server.url();
    let arguments = ["out", &from, "--to", &url, "--stream", &stream, "--max-bytes", "60000", "--purge"];
    let (mut out, mut into) = (Bridge::start(None, &arguments), Bridge::into(&to, &server, &stream));
    let reader = read(&to);
    for number in 0..1000 {
        producer.send_timeout(&message(number), PATIENCE).unwrap(); // some 200 bytes in the stream
    }
    producer.finish().unwrap();
    assert_eq!(reader.join().unwrap(), ((0..1000).collect(), RecvError::Ended));
    out.ends_with(0);
    into.ends_with(0);
    assert!(out.log().contains("purged the stream"), "{}", out.log());
}

#[test]
fn mirror_is_read_as_its_origin() {
    use async_nats::jetstream::stream::{Config, Source};
    let Some(server) = Server::start("mirror_is_read_as_its_origin", "") else { return };
    let (from, to, stream) = (unique("from"), unique("to"), unique("stream"));
    let (_channel, mut producer) = source(&from, 64, 0);
    let mut out = Bridge::out(&from, &server, &stream);
    producer.send(&message(0)).unwrap(); // the stream is there once the bridge has attached
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mirror = format!("{stream}-mirror");
    runtime.block_on(async {
        let context = async_nats::jetstream::new(async_nats::connect(server.url()).await.unwrap());
        let metadata = context.get_stream(&stream).await.unwrap().cached_info().config.metadata.clone();
        let origin = Source { name: stream.clone(), ..Source::default() };
        let config = Config { name: mirror.clone(), mirror: Some(origin), metadata, ..Config::default() };
        context.create_stream(config).await.unwrap();
    });
    let mut into = Bridge::into(&to, &server, &mirror);
    let reader = read(&to);
    (1..500).for_each(|number| producer.send(&message(number)).unwrap());
    producer.finish().unwrap();
    assert_eq!(reader.join().unwrap(), ((0..500).collect(), RecvError::Ended));
    out.ends_with(0);
    into.ends_with(0);
    let mut out = Bridge::out(&from, &server, &mirror);
    out.ends_with(1);
    assert!(out.log().contains("a mirror is only read from"), "{}", out.log());
}

#[test]
fn password_is_needed_and_taken() {
    let settings = "authorization { user: carrier, password: secret }";
    let Some(server) = Server::start("password_is_needed_and_taken", settings) else { return };
    let (from, to, stream) = (unique("from"), unique("to"), unique("stream"));
    let (_channel, mut producer) = source(&from, 64, 0);
    let mut refused = Bridge::out(&from, &server, &stream);
    refused.ends_with(1);
    assert!(refused.log().contains("authorization violation"), "{}", refused.log());
    let file = std::env::temp_dir().join(unique("password"));
    std::fs::write(&file, "secret\n").unwrap();
    let (url, file) = (server.url(), file.to_str().unwrap());
    let user = ["--stream", &stream, "--user", "carrier", "--password-file", file];
    let mut out = Bridge::start(None, &[&["out", &from, "--to", &url][..], &user].concat());
    let mut into = Bridge::start(None, &[&["in", &to, "--from", &url][..], &user].concat());
    producer.send(&message(0)).unwrap();
    producer.finish().unwrap();
    assert_eq!(read(&to).join().unwrap(), (vec![0], RecvError::Ended));
    out.ends_with(0);
    into.ends_with(0);
    std::fs::remove_file(file).unwrap();
}
