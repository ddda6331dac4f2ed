"""Random calls of many threads on the same handles: no crash, no hang, no torn message."""

import gc
import os
import random
import threading
import time

import ackcast
import pytest

SECONDS = float(os.environ.get("ACKCAST_PYTHON_STRESS", "3"))
EXPECTED = (ackcast.TimedOut, ackcast.Lent, ackcast.Closed, ackcast.StillExported, ackcast.BufferTooSmall,
            ackcast.BatchError, ackcast.WrongThread, ackcast.ProducersLost, ValueError, BufferError)  # fmt: skip


class Worker(threading.Thread):
    """Calls whatever it likes."""

    def __init__(self, name, handles, seed, end):
        super().__init__()
        self.channel, self.handles, self.random, self.end = name, handles, random.Random(seed), end
        self.kept, self.failure, self.calls = [], None, 0

    def run(self):
        try:
            while time.monotonic() < self.end:
                try:
                    self.call()
                    self.calls += 1
                except EXPECTED:
                    pass
                while len(self.kept) > self.random.randrange(4):
                    self.kept.pop(self.random.randrange(len(self.kept)))
        except BaseException as error:
            self.failure = error
        self.kept.clear()

    def call(self):
        pick = self.random.random
        timeout = self.random.choice((0, 0, 0.001, 0.01))
        role = self.random.choice(("producer", "consumer"))
        handle = self.handles[role]
        if pick() < 0.02:
            handle.close()
            kind = ackcast.Producer if role == "producer" else ackcast.Consumer
            self.handles[role] = kind(self.channel, timeout=0.05)
        elif role == "producer":
            self.produce(handle, pick, timeout)
        else:
            self.consume(handle, pick, timeout)

    def message(self):
        return bytes([self.random.randrange(256)]) * self.random.randrange(1, 4000)

    def produce(self, producer, pick, timeout):
        if pick() < 0.3:
            producer.send(self.message(), timeout=timeout)
        elif pick() < 0.4:
            producer.send_batch([self.message() for _ in range(3)], timeout=timeout)
        else:
            content = self.message()
            loan = producer.loan(len(content), timeout=timeout)
            if pick() < 0.1:
                self.kept.append(loan)
            with loan as view:
                if pick() < 0.2:
                    self.kept.append(view[: self.random.randrange(len(content) + 1)])
                view[:] = content
                if pick() < 0.2:
                    loan.abandon()

    def consume(self, consumer, pick, timeout):
        if pick() < 0.2:
            self.check(consumer.recv(timeout=timeout))
        elif pick() < 0.2:
            for message in consumer.recv_batch(self.random.choice((1, 3, None)), timeout=timeout):
                self.check(message)
        elif pick() < 0.2:
            consumer.recv_into(bytearray(self.random.choice((1, 4000))), timeout=timeout)
        elif pick() < 0.1:
            consumer.release()
        else:
            borrow = consumer.borrow(timeout=timeout)
            if pick() < 0.2:
                self.kept.append(borrow)
            with borrow as view:
                before = bytes(view)
                self.check(before)
                if pick() < 0.3:
                    time.sleep(0)
                if pick() < 0.2:
                    self.kept.append(view[self.random.randrange(len(view)) :])
                assert bytes(view) == before
                if pick() < 0.2:
                    borrow.keep()
        if pick() < 0.01:
            gc.collect()

    def check(self, message):
        assert message == message[:1] * len(message), "a message is torn"


@pytest.mark.seconds(60 + int(SECONDS))
@pytest.mark.parametrize("backend", ["futex", "raw_sync"])
def test_random_calls_harm_nothing(name, backend):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    with ackcast.Channel.create(name, slots=4, slot_size=4000, backend=backend, consumers=0, places=8):
        handles = {"producer": ackcast.Producer(name), "consumer": ackcast.Consumer(name)}
        workers = [Worker(name, handles, seed + n, time.monotonic() + SECONDS / 2) for n in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30 + SECONDS)
            assert not worker.is_alive()
        assert [worker.failure for worker in workers] == [None] * 4
        assert sum(worker.calls for worker in workers) > 50
        print(sum(worker.calls for worker in workers), "calls")
        for handle in handles.values():
            handle.close()
