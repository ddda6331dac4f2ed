"""Sending and receiving."""

import threading

import ackcast
import pytest


def test_messages_arrive_in_order_up_to_end(name: str) -> None:
    with ackcast.Channel.create(name, slots=8):
        consumer = ackcast.Consumer(name)
        with ackcast.Producer(name) as producer:
            producer.send(b"Hello")
            producer.send(b"")
            producer.send_batch([bytearray(b"world"), memoryview(b"!")])
        assert list(consumer) == [b"Hello", b"", b"world", b"!"]
        with pytest.raises(ackcast.Ended):
            consumer.recv()
        with pytest.raises(EOFError):
            consumer.try_recv()


def test_full_ring_refuses_until_acknowledged(name: str) -> None:
    with ackcast.Channel.create(name, slots=2):
        consumer, producer = ackcast.Consumer(name), ackcast.Producer(name)
        assert [producer.try_send(b"x") for _ in range(3)] == [True, True, False]
        with pytest.raises(ackcast.SendTimedOut) as info:
            producer.send(b"x", timeout=0.01)
        assert (info.value.blocked_on, info.value.consumer, info.value.message) == ("acknowledgement", 0, 0)
        with pytest.raises(ackcast.BatchError) as batch:
            producer.send_batch([b"x", b"x"], timeout=0)
        assert batch.value.sent == 0 and isinstance(batch.value.error, ackcast.SendTimedOut)
        assert consumer.recv() == b"x"
        assert producer.try_send(b"y")
        assert consumer.recv_batch() + consumer.recv_batch() == [b"x", b"y"]
        assert consumer.try_recv() is None
        with pytest.raises(ackcast.RecvTimedOut) as late:
            consumer.recv(timeout=0)
        assert late.value.next == 3


def test_producer_that_fails_is_lost_to_consumers(name: str) -> None:
    with ackcast.Channel.create(name, slots=2):
        consumer = ackcast.Consumer(name)
        with pytest.raises(ZeroDivisionError):
            with ackcast.Producer(name) as producer:
                producer.send(b"last")
                raise ZeroDivisionError
        assert consumer.recv() == b"last"
        with pytest.raises(ackcast.ProducersLost) as info:
            consumer.recv(timeout=10)
        assert info.value.producers == (0,)
        with ackcast.Producer(name) as successor:
            successor.send(b"more")
        assert list(consumer) == [b"more"]


def test_batch_is_not_interrupted_by_another_producer(name: str) -> None:
    with ackcast.Channel.create(name, slots=4, producers=2, places=4):
        consumer = ackcast.Consumer(name)
        producers = [ackcast.Producer(name), ackcast.Producer(name)]

        def send(number: int) -> None:
            for _ in range(100):
                producers[number].send_batch([b"%d" % number] * 9)
            producers[number].finish()

        threads = [threading.Thread(target=send, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        received = list(consumer)
        for thread in threads:
            thread.join()
    assert len(received) == 1800
    # A batch that waits for more than 50 ms may be interrupted: on a busy machine, a few are.
    changes = sum(received[at] != received[at - 1] for at in range(1, 1800) if at % 9)
    assert changes <= 10
