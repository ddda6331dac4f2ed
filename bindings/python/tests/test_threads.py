"""The GIL, Ctrl-C, and threads that share a handle."""

import _thread
import os
import signal
import threading
import time

import ackcast
import pytest


class Stopped(Exception):
    """What a signal handler raises."""


@pytest.fixture
def pair(name):
    with ackcast.Channel.create(name, slots=2) as channel:
        yield channel, ackcast.Producer(name), ackcast.Consumer(name)


def waits(pair):
    """Every call that waits, for ever, where nothing comes."""
    channel, producer, _ = pair
    producer.send_batch([b"x", b"x"])
    other = ackcast.Consumer(channel.name)  # has nothing to receive; the fixture's acknowledges nothing
    array = bytearray(8)
    return {
        "recv": other.recv,
        "recv with a timeout": lambda: other.recv(timeout=1e9),
        "recv_into": lambda: other.recv_into(array),
        "recv_batch": other.recv_batch,
        "borrow": other.borrow,
        "next": other.__next__,
        "send": lambda: producer.send(b"x"),
        "send large": lambda: producer.send(bytes(1024)),
        "send_batch": lambda: producer.send_batch([b"x"] * 3),
        "loan": producer.loan,
        "finish": producer.finish,
        "drained": producer.wait_until_drained,
        "channel drained": channel.wait_until_drained,
        "wait_for a channel": lambda: ackcast.Channel.wait_for(channel.name + "-none"),
        "wait_for a producer": lambda: ackcast.Producer(channel.name, timeout=None),
        "wait_for a consumer": lambda: ackcast.Consumer(channel.name + "-none", timeout=None),
    }


WAITS = ("recv", "recv with a timeout", "recv_into", "recv_batch", "borrow", "next", "send", "send large", "send_batch",
         "loan", "finish", "drained", "channel drained", "wait_for a channel", "wait_for a producer",
         "wait_for a consumer")  # fmt: skip


@pytest.mark.parametrize("call", WAITS)
def test_signal_handler_ends_the_wait(pair, call):
    wait = waits(pair)[call]
    at = 0.0

    def stop(_signal, _frame):
        nonlocal at
        at = time.monotonic()
        raise Stopped

    before = signal.signal(signal.SIGUSR1, stop)
    sent = 0.0

    def kill():
        nonlocal sent
        sent = time.monotonic()
        os.kill(os.getpid(), signal.SIGUSR1)

    timer = threading.Timer(0.1, kill)
    timer.start()
    try:
        with pytest.raises(Stopped):
            wait()
    finally:
        signal.signal(signal.SIGUSR1, before)
        timer.join()
    assert at - sent < 1  # about 50 ms on a quiet machine


def test_handler_that_does_not_raise_does_not_end_the_wait(pair):
    _, producer, consumer = pair
    calls = []
    before = signal.signal(signal.SIGUSR1, lambda *_: calls.append(consumer.try_recv()) or producer.send(b"x"))
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        assert consumer.recv() == b"x"  # the handler uses the very handle that is waited with
    finally:
        signal.signal(signal.SIGUSR1, before)
    timer.join()
    assert calls == [None]


def test_handler_may_close_the_handle(pair):
    consumer = pair[2]
    before = signal.signal(signal.SIGUSR1, lambda *_: consumer.close())
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        with pytest.raises(ackcast.Closed):
            consumer.recv()
    finally:
        signal.signal(signal.SIGUSR1, before)
    timer.join()


@pytest.mark.parametrize("call", WAITS)
def test_other_threads_run_during_the_wait(pair, call):
    wait = waits(pair)[call]
    ran = threading.Event()

    def other():
        for _ in range(10):
            time.sleep(0.001)
        ran.set()
        _thread.interrupt_main()

    thread = threading.Thread(target=other)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        wait()
    assert ran.is_set()
    thread.join()


@pytest.mark.parametrize("size", [8, 1 << 20])
def test_threads_share_a_consumer_and_a_producer(name, size):
    total, threads = 4000 if size < 1000 else 40, 4
    with ackcast.Channel.create(name, slots=8, slot_size=size):
        producer, consumer = ackcast.Producer(name), ackcast.Consumer(name)
        received, failures = [[] for _ in range(threads)], []

        def send(number):
            for n in range(total // threads):
                producer.send((number * total + n).to_bytes(8, "little") * (size // 8))

        def receive(number):
            calls = [
                consumer.recv,
                lambda: consumer.try_recv() or consumer.recv(),
                consumer.__next__,
                lambda: b"".join(consumer.recv_batch()),
            ]
            try:
                while True:
                    message = calls[number]()
                    received[number] += [message[at : at + size] for at in range(0, len(message), size)]
            except (ackcast.Ended, StopIteration):
                pass
            except BaseException as error:
                failures.append(error)

        receivers = [threading.Thread(target=receive, args=(n,)) for n in range(threads)]
        senders = [threading.Thread(target=send, args=(n,)) for n in range(threads)]
        for thread in receivers + senders:
            thread.start()
        for thread in senders:
            thread.join()
        producer.finish()
        for thread in receivers:
            thread.join()
    assert not failures
    numbers = [[message[:8] for message in messages] for messages in received]
    assert all(message == message[:8] * (size // 8) for messages in received for message in messages)
    assert sum(map(len, numbers)) == total
    assert len({number for some in numbers for number in some}) == total


def test_calls_wait_for_the_thread_that_uses_the_handle(pair):
    _, producer, consumer = pair
    results = []
    thread = threading.Thread(target=lambda: results.append(consumer.recv()))
    thread.start()
    while consumer.try_recv() is not None:  # the thread waits; this one is told at once that there is nothing
        pass
    with pytest.raises(ackcast.RecvTimedOut):
        consumer.recv(timeout=0.05)
    producer.send(b"one")
    thread.join()
    producer.send(b"two")
    assert [*results, consumer.recv()] == [b"one", b"two"]


def test_close_ends_the_wait_of_another_thread(pair):
    channel, producer, consumer = pair
    producer.send_batch([b"x", b"x"])
    other = ackcast.Consumer(channel.name)
    errors = []

    def wait(call, *arguments):
        try:
            call(*arguments)
        except ackcast.Closed as error:
            errors.append(error)

    threads = [threading.Thread(target=wait, args=args) for args in ((other.recv,), (producer.send, b"x"))]
    for thread in threads:
        thread.start()
    other.close()
    producer.close()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert len(errors) == 2
    assert consumer.recv_batch() == [b"x", b"x"]


def test_threads_borrow_in_turn(pair):
    _, producer, consumer = pair
    seen, total = [], 300

    def borrow():
        while True:
            try:
                with consumer.borrow() as view:
                    seen.append(int.from_bytes(view, "little"))
            except ackcast.Lent:
                continue
            except ackcast.Ended:
                return

    threads = [threading.Thread(target=borrow) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(total):
        with producer.loan(4) as view:
            view[:] = number.to_bytes(4, "little")
    producer.finish()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(total))
