"""Messages on loan, in their slots."""

import gc
import sys
import threading

import ackcast
import numpy
import pytest


@pytest.fixture
def pair(name):
    with ackcast.Channel.create(name, slots=4, slot_size=64) as channel:
        yield channel, ackcast.Producer(name), ackcast.Consumer(name)


def test_borrow_acknowledges_at_the_end_of_with(pair):
    channel, producer, consumer = pair
    producer.send(b"Hello")
    borrow = consumer.borrow()
    with borrow as view:
        assert (bytes(view), view.readonly, view.format, borrow.sequence) == (b"Hello", True, "B", 0)
        assert channel.acknowledged() == {0: 0}
        assert not borrow.released
    assert borrow.released
    assert channel.acknowledged() == {0: 1}
    for use in (lambda: view[0], lambda: bytes(view), lambda: memoryview(view)):
        with pytest.raises(ValueError, match="released"):
            use()
    with pytest.raises(ackcast.Closed):
        borrow.__enter__()
    borrow.release()  # again: nothing happens


def test_borrowed_memory_cannot_be_written(pair):
    _, producer, consumer = pair
    producer.send(b"Hello")
    with consumer.borrow() as view:
        with pytest.raises(TypeError):
            view[0] = 1
        array = numpy.frombuffer(view, numpy.uint8)
        with pytest.raises(ValueError):
            array[0] = 1
        with pytest.raises(BufferError):
            consumer.recv_into(view)
        del array


def test_other_calls_are_refused_while_lent(pair):
    channel, producer, consumer = pair
    producer.send_batch([b"one", b"two"])
    with consumer.borrow():
        for call in (
            consumer.recv,
            consumer.try_recv,
            consumer.borrow,
            consumer.recv_batch,
            consumer.__next__,
            lambda: consumer.recv_into(bytearray(8)),
            lambda: consumer.recv(timeout=0),
        ):
            with pytest.raises(ackcast.Lent):
                call()
    assert consumer.recv() == b"two"
    with producer.loan(3):
        for call in (
            lambda: producer.send(b"x"),
            lambda: producer.try_send(b"x"),
            producer.loan,
            producer.finish,
            lambda: producer.send_batch([b"x"]),
            lambda: producer.wait_until_drained(0),
        ):
            with pytest.raises(ackcast.Lent):
                call()
    assert channel.published.count == 3


def test_array_that_is_left_keeps_the_message(pair):
    channel, producer, consumer = pair
    producer.send_batch([b"Hello", b"next"])
    borrow = consumer.borrow()
    with pytest.raises(ackcast.StillExported, match="Delete it"):
        with borrow as view:
            array = numpy.frombuffer(view, numpy.uint8)
    assert isinstance(ackcast.StillExported("x"), BufferError)
    assert channel.acknowledged() == {0: 0} and bytes(array) == b"Hello"
    with pytest.raises(ackcast.Lent):
        consumer.recv()
    with pytest.raises(ackcast.StillExported):
        borrow.release()
    del array
    borrow.release()
    assert channel.acknowledged() == {0: 1}
    assert consumer.recv() == b"next"


def test_slice_that_is_left_keeps_the_message(pair):
    channel, producer, consumer = pair
    producer.send(b"Hello")
    borrow = consumer.borrow()
    with pytest.raises(ackcast.StillExported):
        with borrow as view:
            part = view[1:]
    assert bytes(part) == b"ello"
    part.release()
    consumer.release()
    assert channel.acknowledged() == {0: 1}


def test_message_is_received_again_if_nobody_released_it(pair):
    channel, producer, consumer = pair
    producer.send(b"Hello")
    view = consumer.borrow().__enter__()
    with pytest.raises(ackcast.Lent):
        consumer.recv()
    assert bytes(view) == b"Hello"
    del view
    assert channel.acknowledged() == {0: 0}
    assert consumer.recv() == b"Hello"


def test_kept_message_is_received_again(pair):
    _, producer, consumer = pair
    producer.send(b"Hello")
    borrow = consumer.borrow()
    with borrow:
        borrow.keep()
    assert consumer.recv() == b"Hello"


def test_exception_acknowledges_and_keeps_its_own_type(pair):
    channel, producer, consumer = pair
    producer.send_batch([b"one", b"two"])
    with pytest.raises(ZeroDivisionError):
        with consumer.borrow():
            raise ZeroDivisionError
    assert channel.acknowledged() == {0: 1}
    with pytest.raises(ZeroDivisionError) as info:
        with consumer.borrow() as view:
            array = numpy.frombuffer(view, numpy.uint8)
            raise ZeroDivisionError
    assert "not acknowledged" in info.value.__notes__[0]
    del array, view, info
    gc.collect()
    assert consumer.recv() == b"two"


def test_messages_ahead_can_be_borrowed(pair):
    channel, producer, consumer = pair
    producer.send_batch([b"one", b"two", b"three"])
    assert next(consumer) == b"one"
    assert channel.acknowledged() == {0: 3}  # iteration takes messages ahead
    borrow = consumer.borrow()
    with borrow as view:
        assert (bytes(view), borrow.sequence) == (b"two", 1)
        borrow.keep()
    assert consumer.recv() == b"two"
    buffer = bytearray(2)
    with pytest.raises(ackcast.BufferTooSmall) as info:
        consumer.recv_into(buffer)
    assert (info.value.len, info.value.capacity) == (5, 2)
    assert consumer.recv_batch() == [b"three"]


def test_empty_message_can_be_borrowed(pair):
    _, producer, consumer = pair
    producer.send(b"")
    with consumer.borrow() as view:
        assert len(view) == 0 and bytes(view) == b""
    with producer.loan(0) as view:
        assert len(view) == 0
    assert consumer.recv() == b""
    assert consumer.try_borrow() is None


def test_loan_publishes_at_the_end_of_with(pair):
    _, producer, consumer = pair
    with producer.loan(5) as view:
        assert not view.readonly
        view[:] = b"Hello"
        assert consumer.try_recv() is None
    assert consumer.recv() == b"Hello"
    with pytest.raises(ValueError, match="released"):
        view[0] = 0
    with producer.loan() as view:
        assert len(view) == 64
    loan = producer.loan()
    with loan as view:
        view[:2] = b"Hi"
        loan.publish(2)
    assert (len(consumer.recv()), consumer.recv(), loan.sequence) == (64, b"Hi", 2)
    with pytest.raises(ackcast.Closed):
        loan.publish()


def test_exception_publishes_nothing(pair):
    channel, producer, consumer = pair
    with pytest.raises(ZeroDivisionError):
        with producer.loan(5) as view:
            view[:] = b"Hello"
            raise ZeroDivisionError
    assert channel.published.count == 0
    producer.loan(5).__enter__()  # dropped
    loan = producer.loan(5)
    loan.abandon()
    producer.send(b"next")
    assert consumer.recv() == b"next"


def test_array_of_a_loan_publishes_nothing_yet(pair):
    channel, producer, consumer = pair
    loan = producer.loan(5)
    with pytest.raises(ackcast.StillExported, match="not sent"):
        with loan as view:
            array = numpy.frombuffer(view, numpy.uint8)
            array[:] = list(b"Hello")
    assert channel.published.count == 0
    array[0] = ord("J")
    del array
    loan.publish()
    assert consumer.recv() == b"Jello"


@pytest.mark.parametrize("size", [65, 1 << 40])
def test_loan_larger_than_a_slot_is_refused(pair, size):
    _, producer, _ = pair
    with pytest.raises(ackcast.TooLong) as info:
        producer.loan(size)
    assert (info.value.len, info.value.slot_size) == (size, 64)


@pytest.mark.parametrize("size", [-1, 1 << 70])
def test_loan_of_an_impossible_size_is_refused(pair, size):
    with pytest.raises(ValueError):
        pair[1].loan(size)
    with pytest.raises(TypeError):
        pair[1].loan("5")


def test_loan_waits_for_a_slot(pair):
    _, producer, consumer = pair
    producer.send_batch([b"x"] * 4)
    with pytest.raises(ackcast.SendTimedOut):
        producer.loan(1, timeout=0.01)
    with pytest.raises(ackcast.SendTimedOut):
        producer.loan(1, timeout=0)
    thread = threading.Thread(target=consumer.recv)
    thread.start()
    with producer.loan(1, timeout=10) as view:
        view[0] = 1
    thread.join()


@pytest.mark.parametrize("order", range(6))
def test_objects_may_go_in_any_order(name, order):
    channel = ackcast.Channel.create(name, slots=4, consumers=0)
    producer, consumer = ackcast.Producer(name), ackcast.Consumer(name)
    producer.send(b"Hello")
    borrow, loan = consumer.borrow(), producer.loan()
    things = {
        "borrow": borrow,
        "view": borrow.__enter__(),
        "array": numpy.frombuffer(borrow.__enter__(), numpy.uint8),
        "consumer": consumer,
        "loan": loan,
        "slot": loan.__enter__(),
        "producer": producer,
        "channel": channel,
    }
    del borrow, loan, consumer, producer, channel
    keys = sorted(things, key=lambda key: hash((key, order, "seed")) % 1000)
    for key in keys:
        thing = things.pop(key)
        if "array" in things:
            assert bytes(things["array"]) == b"Hello"
        if "slot" in things:
            things["slot"][0] = 1
        del thing
        gc.collect()
    assert name not in ackcast.Channel.list()


def test_close_waits_for_what_is_lent(pair):
    channel, producer, consumer = pair
    producer.send(b"Hello")
    with consumer.borrow() as view:
        with pytest.raises(ackcast.Lent):
            consumer.close()
        assert consumer.closed and bytes(view) == b"Hello"
        assert channel.acknowledged() == {0: 0}
    assert channel.acknowledged() == {}
    with pytest.raises(ackcast.Closed):
        consumer.recv()
    consumer.close()


def test_loan_on_raw_sync_belongs_to_its_thread(name):
    with ackcast.Channel.create(name, slots=4, backend="raw_sync"):
        producer, consumer = ackcast.Producer(name), ackcast.Consumer(name)
        loan = producer.loan(5)
        errors = []

        def publish():
            try:
                loan.publish()
            except ackcast.WrongThread as error:
                errors.append(error)

        thread = threading.Thread(target=publish)
        thread.start()
        thread.join()
        assert len(errors) == 1
        with loan as view:
            view[:] = b"Hello"
        assert consumer.recv() == b"Hello"


def test_references_do_not_grow(pair):
    _, producer, consumer = pair
    before = sys.getrefcount(consumer), sys.getrefcount(producer)
    for _ in range(100):
        with producer.loan(8) as view:
            view[:] = b"12345678"
        with consumer.borrow() as view:
            numpy.frombuffer(view, numpy.uint8).sum()
    assert (sys.getrefcount(consumer), sys.getrefcount(producer)) == before
