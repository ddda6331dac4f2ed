"""posix_ipc: a message queue for each consumer; and a ring of shared memory with two semaphores for each consumer."""

import mmap

import posix_ipc
from plan import FRAME

from .base import Peer, UnitReceiver, UnitSender, words

LIMIT = 8192
"""Bytes of a message, by default (/proc/sys/fs/mqueue/msgsize_max). A queue has at most 10."""


class MessageQueueSender(UnitSender):
    def __init__(self, peer):
        super().__init__(peer.plan)
        self.queues = [posix_ipc.MessageQueue(name) for name in peer.names]

    def put(self, data):
        for queue in self.queues:
            queue.send(data)

    def finish(self):
        for queue in self.queues:
            queue.send(b"")


class MessageQueueReceiver(UnitReceiver):
    def __init__(self, peer, number):
        super().__init__(peer.plan)
        self.queue = posix_ipc.MessageQueue(peer.names[number])

    def units(self):
        receive = self.queue.receive
        while data := receive()[0]:
            yield data


class MessageQueue(Peer):
    row = "posix_ipc.MessageQueue"
    package = "posix_ipc"
    kinds = ("single", "batch", "ping-pong")
    how = "`send`, `receive`; 10 messages; batches are joined; a queue for each consumer"

    @classmethod
    def takes(cls, cell):
        return super().takes(cell) and cell.size <= LIMIT

    def __init__(self, plan):
        super().__init__(plan)
        self.names = [f"/{plan.token}-{number}" for number in range(plan.consumers)]
        for name in self.names:
            posix_ipc.MessageQueue(name, posix_ipc.O_CREX, max_messages=10, max_message_size=plan.unit).close()

    def sender(self):
        return MessageQueueSender(self)

    def receiver(self, number):
        return MessageQueueReceiver(self, number)

    def close(self):
        for name in self.names:
            posix_ipc.unlink_message_queue(name)


class RingSender(UnitSender):
    def __init__(self, peer):
        super().__init__(peer.plan)
        self.memory, self.slots, self.size = peer.memory, peer.plan.units, peer.plan.unit
        self.free = [posix_ipc.Semaphore(free) for free, _ in peer.names]
        self.full = [posix_ipc.Semaphore(full) for _, full in peer.names]
        self.next = 0

    def take(self):
        for free in self.free:
            free.acquire()
        return self.next * self.size

    def hand_over(self):
        for full in self.full:
            full.release()
        self.next = (self.next + 1) % self.slots

    def put(self, data):
        at = self.take()
        self.memory[at : at + self.size] = data
        self.hand_over()

    def send_frame(self, fill):
        at = self.take()
        fill(words(memoryview(self.memory)[at : at + FRAME]))
        self.hand_over()

    def finish(self):
        self.take()
        self.memory[self.slots * self.size :] = b"\1" + self.next.to_bytes(2, "little")
        self.hand_over()


class RingReceiver(UnitReceiver):
    def __init__(self, peer, number):
        super().__init__(peer.plan)
        free, full = peer.names[number]
        self.free, self.full = posix_ipc.Semaphore(free), posix_ipc.Semaphore(full)
        self.memory, self.slots, self.size = peer.memory, peer.plan.units, peer.plan.unit

    def places(self):
        """Where each message begins. The end names its slot, because it comes while others are on the way."""
        memory, acquire, end = self.memory, self.full.acquire, self.slots * self.size
        while True:
            for slot in range(self.slots):
                acquire()
                if memory[end] and slot == int.from_bytes(memory[end + 1 :], "little"):
                    return
                yield slot * self.size

    def units(self):
        memory, size, release = self.memory, self.size, self.free.release
        for at in self.places():
            data = memory[at : at + size]
            release()
            yield data

    def frames(self):
        view = memoryview(self.memory)
        for at in self.places():
            yield words(view[at : at + FRAME])
            self.free.release()


class SemaphoreRing(Peer):
    row = "posix_ipc shared memory + semaphores"
    package = "posix_ipc"
    how = "a ring that was written for this; `mmap` slices; small batches are joined; frames in place"

    def __init__(self, plan):
        super().__init__(plan)
        self.name = f"/{plan.token}"
        self.names = [(f"/{plan.token}-{n}-free", f"/{plan.token}-{n}-full") for n in range(plan.consumers)]
        shared = posix_ipc.SharedMemory(self.name, posix_ipc.O_CREX, size=plan.units * plan.unit + 3)
        self.memory = mmap.mmap(shared.fd, shared.size, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE)
        shared.close_fd()
        for free, full in self.names:
            posix_ipc.Semaphore(free, posix_ipc.O_CREX, initial_value=plan.units).close()
            posix_ipc.Semaphore(full, posix_ipc.O_CREX, initial_value=0).close()

    def sender(self):
        return RingSender(self)

    def receiver(self, number):
        return RingReceiver(self, number)

    def close(self):
        self.memory.close()
        posix_ipc.unlink_shared_memory(self.name)
        for names in self.names:
            for name in names:
                posix_ipc.unlink_semaphore(name)
