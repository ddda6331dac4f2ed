"""faster-fifo: a queue for each consumer, in shared memory, with a pthread mutex and condition variables."""

import faster_fifo
import numpy
from plan import FRAME

from .base import Peer, Receiver, Sender, words

END = [b""]


class FifoSender(Sender):
    def __init__(self, queues, batched):
        self.queues, self.batched = queues, batched
        self.frame = numpy.empty(0, numpy.uint64)

    def send(self, message):
        for queue in self.queues:
            queue.put_many(message) if self.batched else queue.put(message)

    def send_frame(self, fill):
        if not len(self.frame):
            self.frame = numpy.empty(FRAME // 8, numpy.uint64)
        fill(self.frame)
        self.send(self.frame)

    def finish(self):
        for queue in self.queues:
            queue.put(b"")


class FifoReceiver(Receiver):
    keeps_batches = False

    def __init__(self, queue, batched):
        self.queue, self.batched = queue, batched

    def messages(self):
        """One by one, too, they are received by `get_many`: it takes whatever is there, and is faster."""
        while True:
            found = self.queue.get_many()
            ended = not found[-1]
            if ended:
                found.pop()
            if self.batched:
                yield found
            else:
                yield from found
            if ended:
                return

    def frames(self):
        while len(frame := self.queue.get()):
            yield words(frame)
            del frame


class FasterFifo(Peer):
    row = "faster-fifo"
    package = "faster-fifo"
    how = "`put` or `put_many`, `get_many`, without pickle; a queue for each consumer"

    def __init__(self, plan):
        super().__init__(plan)
        size = (plan.size + 8) * plan.slots
        self.queues = [faster_fifo.Queue(size, loads=bytes, dumps=bytes) for _ in range(plan.consumers)]

    def sender(self):
        return FifoSender(self.queues, self.plan.batched)

    def receiver(self, number):
        return FifoReceiver(self.queues[number], self.plan.batched)

    def close(self):
        for queue in self.queues:
            queue.close()
