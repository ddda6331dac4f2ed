"""cloudtoid-interprocess: a queue of bytes in shared memory for each consumer."""

import os

import numpy
from cloudtoid_interprocess import Publisher, Subscriber
from plan import FRAME

from .base import Peer, Receiver, Sender, words


class InterprocessSender(Sender):
    def __init__(self, peer):
        self.queues = [Publisher(name, peer.capacity) for name in peer.names]
        self.batched = peer.plan.batched
        self.frame = numpy.empty(0, numpy.uint64)

    def send(self, message):
        for queue in self.queues:
            if self.batched:
                sent = queue.try_send_batch(message)
                while sent < len(message):
                    os.sched_yield()
                    sent += queue.try_send_batch(message[sent:])
            else:
                while not queue.try_send(message):
                    os.sched_yield()

    def send_frame(self, fill):
        if not len(self.frame):
            self.frame = numpy.empty(FRAME // 8, numpy.uint64)
        fill(self.frame)
        for queue in self.queues:
            while not queue.try_send(self.frame):
                os.sched_yield()

    def finish(self):
        for queue in self.queues:
            while not queue.try_send(b"end"):
                os.sched_yield()


class InterprocessReceiver(Receiver):
    keeps_batches = False

    def __init__(self, peer, number):
        self.queue, self.batched = Subscriber(peer.names[number], peer.capacity), peer.plan.batched

    def messages(self):
        """It has no call that receives several."""
        found = iter(self.queue.receive, b"end")
        return ([message] for message in found) if self.batched else found

    def frames(self):
        while len(frame := self.queue.receive()) == FRAME:
            yield words(frame)
            del frame


class Interprocess(Peer):
    row = "cloudtoid-interprocess"
    package = "cloudtoid-interprocess"
    how = "`try_send` or `try_send_batch` with `sched_yield` where it is full, `receive`; a queue for each consumer"

    def __init__(self, plan):
        super().__init__(plan)
        self.capacity = (plan.size + 64) * plan.slots
        self.names = [f"{plan.token}-{number}" for number in range(plan.consumers)]
        self.kept = [Subscriber(name, self.capacity) for name in self.names]

    def sender(self):
        return InterprocessSender(self)

    def receiver(self, number):
        return InterprocessReceiver(self, number)

    def close(self):
        for queue in self.kept:
            queue.close()
