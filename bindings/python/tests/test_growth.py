"""Nothing grows: memory, descriptors, threads, and names in /dev/shm."""

import asyncio
import contextlib
import gc
import os
import subprocess
import sys
import threading

import ackcast
import pytest


def resources():
    """Resident bytes, descriptors, threads and mappings of this process."""
    gc.collect()
    with open("/proc/self/statm") as file:
        resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    with open("/proc/self/maps") as file:
        mappings = sum("ackcast" in line for line in file)
    return resident, len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task")), mappings


def grows(work, rounds):
    """Calls `work` some times before the first measurement, and returns by how much the resources have grown."""
    for _ in range(max(1, rounds // 10)):
        work()
    before = resources()
    for _ in range(rounds):
        work()
    return [after - first for after, first in zip(resources(), before, strict=True)]


def check(growth, allowed=1 << 20):
    assert growth[0] < allowed and growth[1:] == [0, 0, 0], growth


def test_check_finds_a_leak():
    kept = []
    with pytest.raises(AssertionError):
        check(grows(lambda: kept.append(bytes(100_000)), 100))
    with pytest.raises(AssertionError):
        check(grows(lambda: kept.append(open(os.devnull)), 1))  # noqa: SIM115
    for file in kept[100:]:
        if hasattr(file, "close"):
            file.close()


@pytest.mark.seconds(120)
def test_million_messages_do_not_grow(name):
    with ackcast.Channel.create(name, slots=64, slot_size=64):
        producer, consumer = ackcast.Producer(name), ackcast.Consumer(name)
        batch, buffer = [b"x" * 64] * 50, bytearray(64)

        def work():
            producer.send_batch(batch)
            for _ in range(8):
                producer.send(b"y")
            with producer.loan(3) as view:
                view[:] = b"abc"
            assert producer.try_send(bytearray(5))
            producer.loan().abandon()
            received = [*consumer.recv_batch(20), consumer.recv(), next(consumer)]
            consumer.recv_into(buffer)
            with consumer.borrow() as view:
                received.append(bytes(view))
            while (message := consumer.try_recv()) is not None:
                received.append(message)
            assert len(received) == 59

        check(grows(work, 1_000_000 // 60))


@pytest.mark.seconds(120)
def test_ten_thousand_attaches_do_not_grow(name):
    with ackcast.Channel.create(name, slots=4, consumers=0, places=8):

        def work():
            with ackcast.Consumer(name) as consumer:
                producer = ackcast.Producer(name)
                producer.send(b"Hello")
                with consumer.borrow() as view:
                    assert view[0] == ord("H")
                producer.close()

        check(grows(work, 5000))  # a consumer and a producer each
    assert name not in ackcast.Channel.list()


def test_channels_and_errors_do_not_grow(name):
    def work():
        with ackcast.Channel.create(name):
            for call in (
                lambda: ackcast.Channel.create(name),
                lambda: ackcast.Producer(name, timeout=-1),
                lambda: ackcast.Consumer(name + "-none"),
                lambda: ackcast.Consumer(name, start=9),
            ):
                with contextlib.suppress(ackcast.Error, ValueError):
                    call()

    check(grows(work, 500))


def test_views_that_are_left_do_not_grow(name):
    numpy = pytest.importorskip("numpy")
    with ackcast.Channel.create(name, slots=4):
        producer, consumer = ackcast.Producer(name), ackcast.Consumer(name)
        producer.send(b"Hello")

        def work():
            try:
                with consumer.borrow() as view:
                    numpy.frombuffer(view, numpy.uint8).cumsum()
                    array = numpy.frombuffer(view, numpy.uint8)
            except ackcast.StillExported:
                pass
            assert bytes(array) == b"Hello"

        check(grows(work, 2000))
        assert consumer.recv() == b"Hello"


def test_event_handles_do_not_grow(name):
    with ackcast.Channel.create(name, slots=4, consumers=0, places=8):

        async def once():
            async with ackcast.aio.Consumer(name) as consumer:
                producer = await ackcast.aio.Producer(name)
                task = asyncio.create_task(consumer.recv())
                await asyncio.sleep(0)
                await producer.send(b"Hello")
                assert await task == b"Hello"
                producer.close()

        loop = asyncio.new_event_loop()
        check(grows(lambda: loop.run_until_complete(once()), 100))
        loop.close()
    assert threading.active_count() == 1


QUIET = """
import ackcast, asyncio, sys
name = sys.argv[1]
with ackcast.Channel.create(name, slots=4):
    async def main():
        async with ackcast.aio.Consumer(name) as consumer, ackcast.aio.Producer(name) as producer:
            await producer.send(b"Hello")
            print(await consumer.recv())
    asyncio.run(main())
"""


def test_development_mode_has_no_warning(name):
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", QUIET, name], capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"b'Hello'\n", b"")
