"""Sending and receiving."""

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
