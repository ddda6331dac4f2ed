"""subetha-ipc: `SpscRing`, with slots of 64 bytes, one for each consumer. Neither end can sleep: both poll and yield.

Its `BroadcastRing` carries 52 bytes a message, and takes no part.
"""

import os

import subetha

from .base import Peer, Receiver, Sender, remove

END = bytes(64)


class RingSender(Sender):
    def __init__(self, peer):
        self.rings, self.batched = (
            [subetha.SpscRing.open(path, peer.plan.slots) for path in peer.paths],
            peer.plan.batched,
        )

    def send(self, message):
        for ring in self.rings:
            if self.batched:
                sent = ring.push_many(message)
                while sent < len(message):
                    os.sched_yield()
                    sent += ring.push_many(message[sent:])
            else:
                while not ring.push(message):
                    os.sched_yield()

    def finish(self):
        self.batched = False
        self.send(END)


class RingReceiver(Receiver):
    keeps_batches = False

    def __init__(self, peer, number):
        self.ring = subetha.SpscRing.open(peer.paths[number], peer.plan.slots)
        self.batched = peer.plan.batched

    def messages(self):
        """One by one, too, they are received by `pop_many`: it takes whatever is there, and is faster."""
        while True:
            found = self.ring.pop_many(64)
            if not found:
                os.sched_yield()
                continue
            ended = found[-1] == END
            if ended:
                found.pop()
            if self.batched:
                yield found
            else:
                yield from found
            if ended:
                return


class SubethaRing(Peer):
    row = "subetha-ipc SpscRing"
    package = "subetha-ipc"
    kinds = ("single", "batch", "ping-pong")
    how = "`push` or `push_many`, `pop_many`, with `sched_yield` between polls; a ring for each consumer"

    @classmethod
    def takes(cls, cell):
        return super().takes(cell) and cell.size <= 64

    def __init__(self, plan):
        super().__init__(plan)
        self.paths = [f"/dev/shm/{plan.token}-{number}" for number in range(plan.consumers)]
        self.kept = [subetha.SpscRing(path, plan.slots) for path in self.paths]

    def sender(self):
        return RingSender(self)

    def receiver(self, number):
        return RingReceiver(self, number)

    def close(self):
        self.kept.clear()
        remove(*self.paths)
