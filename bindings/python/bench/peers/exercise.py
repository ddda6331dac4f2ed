"""The exercise done right: one slot of `shared_memory`, a Lock, and for each consumer two Events.

One Event says that a message is there, the other that it has been read, so that nothing is lost or read twice.
"""

import multiprocessing
from multiprocessing.shared_memory import SharedMemory

from plan import FRAME

from .base import Peer, UnitReceiver, UnitSender, words

FORK = multiprocessing.get_context("fork")
END = 8


class SlotSender(UnitSender):
    def __init__(self, peer):
        super().__init__(peer.plan)
        self.slot, self.lock, self.events = peer.memory.buf, peer.lock, peer.events
        self.size = peer.plan.unit

    def put(self, data):
        with self.lock:
            self.slot[END : END + self.size] = data
        self.hand_over()

    def send_frame(self, fill):
        with self.lock:
            fill(words(self.slot[END : END + FRAME]))
        self.hand_over()

    def finish(self):
        with self.lock:
            self.slot[0] = 1
        self.hand_over()

    def hand_over(self):
        for there, _ in self.events:
            there.set()
        for _, read in self.events:
            read.wait()
            read.clear()


class SlotReceiver(UnitReceiver):
    def __init__(self, peer, number):
        super().__init__(peer.plan)
        self.slot, self.lock = peer.memory.buf, peer.lock
        self.there, self.read = peer.events[number]
        self.size = peer.plan.unit

    def units(self):
        while True:
            self.there.wait()
            self.there.clear()
            with self.lock:
                ended, data = self.slot[0], bytes(self.slot[END : END + self.size])
            self.read.set()
            if ended:
                return
            yield data

    def frames(self):
        while True:
            self.there.wait()
            self.there.clear()
            if self.slot[0]:
                self.read.set()
                return
            yield words(self.slot[END : END + FRAME])  # in place, without the lock: the producer waits for `read`
            self.read.set()


class SharedMemorySlot(Peer):
    row = "shared_memory + Lock + Event"
    how = "the exercise, with an acknowledgement; small batches are joined; frames in place"

    def __init__(self, plan):
        super().__init__(plan)
        self.memory = SharedMemory(plan.token, create=True, size=END + plan.unit)
        self.memory.buf[:] = bytes(len(self.memory.buf))
        self.lock = FORK.Lock()
        self.events = [(FORK.Event(), FORK.Event()) for _ in range(plan.consumers)]

    def sender(self):
        return SlotSender(self)

    def receiver(self, number):
        return SlotReceiver(self, number)

    def close(self):
        self.memory.close()
        self.memory.unlink()
