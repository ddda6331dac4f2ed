"""Python's own: `multiprocessing.Queue`, `SimpleQueue` and `Pipe`, one for each consumer."""

import multiprocessing

import numpy
from plan import FRAME

from .base import Peer, Receiver, Sender, UnitReceiver, UnitSender, words

FORK = multiprocessing.get_context("fork")


class QueueSender(Sender):
    def __init__(self, queues, plan):
        self.queues = queues
        if plan.batched and not plan.joins:
            self.send = self.send_each

    def send(self, message):
        for queue in self.queues:
            queue.put(message)

    def send_each(self, messages):
        for message in messages:
            for queue in self.queues:
                queue.put(message)

    def send_frame(self, fill):
        frame = numpy.empty(FRAME // 8, numpy.uint64)  # a new one: the feeder thread may not have pickled the last
        fill(frame)
        self.send(frame)

    def finish(self):
        for queue in self.queues:
            queue.put(None)
            queue.close()
            if hasattr(queue, "join_thread"):
                queue.join_thread()


class QueueReceiver(Receiver):
    def __init__(self, queue, plan):
        self.queue, self.each = queue, plan.batched and not plan.joins
        self.keeps_batches = plan.joins

    def messages(self):
        found = iter(self.queue.get, None)
        return ([message] for message in found) if self.each else found

    def frames(self):
        while (frame := self.queue.get()) is not None:
            yield frame
            del frame


class Queue(Peer):
    row = "multiprocessing.Queue"
    how = "`put` of a message or of a list of small ones, `get`; a queue for each consumer"

    def __init__(self, plan):
        super().__init__(plan)
        self.queues = [self.make() for _ in range(plan.consumers)]

    def make(self):
        return FORK.Queue(self.plan.units)

    def sender(self):
        return QueueSender(self.queues, self.plan)

    def receiver(self, number):
        return QueueReceiver(self.queues[number], self.plan)

    def close(self):
        for queue in self.queues:
            queue.close()


class SimpleQueue(Queue):
    row = "multiprocessing.SimpleQueue"
    how = "the same, without a thread that feeds"

    def make(self):
        return FORK.SimpleQueue()


class PipeSender(UnitSender):
    def __init__(self, writers, plan):
        super().__init__(plan)
        self.writers, self.lists = writers, plan.joins
        self.frame = numpy.empty(0, numpy.uint64)
        if len(writers) == 1 and not plan.batched:
            self.send = writers[0].send_bytes

    def put(self, data):
        for writer in self.writers:
            writer.send_bytes(data)

    def send_joined(self, message):
        for writer in self.writers:
            writer.send(message)

    def send_frame(self, fill):
        if not len(self.frame):
            self.frame = numpy.empty(FRAME // 8, numpy.uint64)
        fill(self.frame)
        data = self.frame.view(numpy.uint8).data
        for writer in self.writers:
            writer.send_bytes(data)

    def finish(self):
        for writer in self.writers:
            writer.send(None) if self.lists else writer.send_bytes(b"")


class PipeReceiver(UnitReceiver):
    def __init__(self, reader, plan):
        super().__init__(plan)
        self.reader = reader

    def units(self):
        return iter(self.reader.recv_bytes, b"")

    def messages(self):
        return iter(self.reader.recv, None) if self.plan.joins else super().messages()

    def frames(self):
        buffer = bytearray(FRAME)
        frame = words(buffer)
        while self.reader.recv_bytes_into(buffer):
            yield frame


class Pipe(Peer):
    row = "multiprocessing.Pipe"
    how = "`send_bytes`, `recv_bytes`; lists of small ones by `send`, `recv`; a pipe for each consumer"

    def __init__(self, plan):
        super().__init__(plan)
        self.pipes = [FORK.Pipe(duplex=False) for _ in range(plan.consumers)]

    def sender(self):
        return PipeSender([writer for _, writer in self.pipes], self.plan)

    def receiver(self, number):
        return PipeReceiver(self.pipes[number][0], self.plan)

    def close(self):
        for pipe in self.pipes:
            for end in pipe:
                end.close()
