"""momentumx in its synchronous mode: broadcast over shared memory that waits for every consumer."""

import time
from pathlib import Path

import momentumx

from .base import Peer, UnitReceiver, UnitSender, remove, words
from .standard import FORK

MOST = 512
"""Slots that it can have."""

momentumx.set_log_level(momentumx.LogLevel.ERROR)

POLLING = 1e-5
"""Seconds between polls. The default, 10 ms, makes ping-pong a matter of 5 ms."""


class MomentumSender(UnitSender):
    def __init__(self, peer):
        super().__init__(peer.plan)
        self.length = peer.plan.unit
        slots = min(MOST, peer.plan.units)
        self.stream = momentumx.Producer(peer.plan.token, self.length, slots, sync=True, polling_interval=POLLING)
        peer.there.set()
        limit = time.monotonic() + 8
        while self.stream.subscriber_count < peer.plan.consumers and time.monotonic() < limit:
            time.sleep(0.001)

    def put(self, data):
        buffer = self.stream.next_to_send()
        with memoryview(buffer) as view:  # `write` goes byte by byte: 6 messages of 1 MiB a second
            view[:] = data
        buffer.send(self.length)

    def send_frame(self, fill):
        buffer = self.stream.next_to_send()
        fill(words(buffer))
        buffer.send(self.length)

    def finish(self):
        self.stream.end()


class MomentumReceiver(UnitReceiver):
    def __init__(self, peer):
        super().__init__(peer.plan)
        peer.there.wait(8)
        self.stream = momentumx.Consumer(peer.plan.token, polling_interval=POLLING)

    def buffers(self):
        while self.stream.has_next:
            buffer = self.stream.receive()
            if buffer is not None:
                yield buffer
                buffer.release()

    def units(self):
        length = self.plan.unit
        for buffer in self.buffers():
            with memoryview(buffer) as view:
                yield bytes(view[:length])

    def frames(self):
        for buffer in self.buffers():
            yield words(buffer)


class Momentum(Peer):
    row = "momentumx, synchronous"
    package = "momentumx"
    how = "`next_to_send`, a view, `send`; `receive`, `bytes`; small batches are joined; frames in place"

    def __init__(self, plan):
        super().__init__(plan)
        self.there = FORK.Event()

    def sender(self):
        return MomentumSender(self)

    def receiver(self, number):
        return MomentumReceiver(self)

    def close(self):
        """Removes what a process left that was killed because it hung."""
        remove(*map(str, Path("/dev/shm").glob(f"mx.{self.plan.token}*")))
