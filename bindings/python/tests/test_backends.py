"""Both backends, and copies of large messages."""

import subprocess
import sys
import threading
import time

import ackcast
import pytest


@pytest.mark.parametrize("backend", ["futex", "raw_sync"])
@pytest.mark.parametrize("symmetric", [False, True])
def test_every_way_to_send_and_receive_works(name, backend, symmetric):
    with ackcast.Channel.create(name, slots=16, backend=backend, symmetric_fences=symmetric) as channel:
        assert (channel.backend, channel.symmetric_fences or not symmetric) == (backend, True)
        assert (channel.consumers, channel.producers, channel.consumer_places, channel.producer_places) == (1, 1, 8, 1)
        consumer, producer = ackcast.Consumer(name), ackcast.Producer(name)
        producer.send(b"send")
        assert producer.try_send(b"try_send")
        producer.send_batch([b"batch", b"of two"])
        with producer.loan(4) as view:
            view[:] = b"loan"
        assert producer.next_sequence == channel.next_sequence == 5
        assert consumer.recv() == b"send"
        assert consumer.try_recv() == b"try_send"
        assert consumer.recv_batch(max=1) == [b"batch"]
        buffer = bytearray(6)
        assert consumer.recv_into(buffer) == 6 and buffer == b"of two"
        with consumer.borrow() as view:
            assert bytes(view) == b"loan"
        assert producer.wait_until_drained(timeout=10) == ackcast.Drained(received=1, gone=0)
        assert channel.wait_until_drained() == (1, 0)
        producer.send(b"last")
        with pytest.raises(ackcast.DrainTimedOut) as info:
            channel.wait_until_drained(timeout=0)
        assert (info.value.consumer, info.value.acknowledged, info.value.published) == (0, 5, 6)
        stats = channel.stats()
        assert stats.consumers[0][:3] == (0, 5, 1) and stats.producers == ((0, False, True),)
        assert stats.published == (6, False) and not channel.is_over() and not channel.producers_lost()
        assert producer.finish() and list(consumer) == [b"last"]
        assert channel.is_over() and channel.published.ended


SIZE = 64 << 20


@pytest.mark.parametrize("way", ["send", "recv", "recv_into", "send_batch", "next"])
def test_large_copy_does_not_keep_the_gil(name, way):
    """A thread that counts goes on during the copy of a large message."""
    with ackcast.Channel.create(name, slots=1, slot_size=SIZE):
        consumer, producer = ackcast.Consumer(name), ackcast.Producer(name)
        message, buffer = bytes(SIZE), bytearray(SIZE)
        count, counts, stop = 0, [], threading.Event()

        def work():
            nonlocal count
            while not stop.is_set():
                count += 1
                time.sleep(0.0002)

        thread = threading.Thread(target=work)
        thread.start()

        def measured(call):
            before = count
            call()
            counts.append(count - before)

        for _ in range(10):
            ways = {"send": lambda: producer.send(message), "send_batch": lambda: producer.send_batch([message])}
            (measured if way in ways else lambda call: call())(ways.get(way, ways["send"]))
            ways = {
                "recv": consumer.recv,
                "recv_into": lambda: consumer.recv_into(buffer),
                "next": consumer.__next__,
            }
            (measured if way in ways else lambda call: call())(ways.get(way, ways["recv_into"]))
        stop.set()
        thread.join()
        # With the GIL, one call of 64 MiB would let the thread count once at most.
        assert sum(counts) > 20, counts


def test_message_that_finds_no_memory_is_received_again(name):
    """A message that finds no memory is received again."""
    code = f"""
import ackcast, resource
channel = ackcast.Channel.create({name!r}, slots=2, slot_size=1 << 28)
consumer, producer = ackcast.Consumer({name!r}), ackcast.Producer({name!r})
with producer.loan() as view:
    view[-1] = 7
limit = 3 * (1 << 28) + (1 << 29)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 27), used + (1 << 27)))
for call in (consumer.recv,) * 2:
    try:
        call()
    except MemoryError:
        pass
    else:
        raise SystemExit("there was memory")
with consumer.borrow() as view:
    assert view[-1] == 7 and len(view) == 1 << 28
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.seconds(90)
@pytest.mark.parametrize("take", ["consumer.recv_batch()", "[next(consumer)]"])
def test_batch_without_memory_for_its_end_loses_nothing(take, name):
    """A message that there is no memory for is put back, and those before it are returned."""
    code = f"""
import resource, ackcast
with ackcast.Channel.create({name!r}, slots=4, slot_size=1 << 28):
    consumer, producer = ackcast.Consumer({name!r}), ackcast.Producer({name!r})
    producer.send(b"small")
    with producer.loan() as view:
        view[-1] = 7
    producer.send(b"after")
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 27), hard))
    assert {take} == [b"small"]
    try:
        {take}
    except MemoryError:
        pass
    else:
        raise SystemExit("there was memory")
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    large = consumer.recv()
    assert len(large) == 1 << 28 and large[-1] == 7
    assert consumer.recv() == b"after"
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
