"""ZeroMQ over its ipc transport (Unix sockets): PUSH and PULL, or XPUB and SUB that drop nothing (XPUB_NODROP)."""

import numpy
import zmq
from plan import FRAME

from .base import Peer, UnitReceiver, UnitSender, remove, words
from .standard import FORK

COPIED = 65536
"""Bytes below which a copy is cheaper than a message without a copy."""


class ZmqSender(UnitSender):
    def __init__(self, peer):
        super().__init__(peer.plan)
        self.peer, self.context = peer, zmq.Context()
        self.sockets = [self.socket(peer, path) for path in peer.paths]
        peer.bound.set()
        self.copies = peer.plan.size < COPIED
        if peer.publishes:
            for _ in range(peer.plan.consumers):
                self.sockets[0].recv()  # a subscription

    def socket(self, peer, path):
        socket = self.context.socket(zmq.XPUB if peer.publishes else zmq.PUSH)
        if peer.publishes:
            socket.setsockopt(zmq.XPUB_NODROP, 1)
            socket.setsockopt(zmq.XPUB_VERBOSE, 1)  # tells of each subscription
        socket.setsockopt(zmq.SNDHWM, peer.plan.units)
        socket.bind("ipc://" + path)
        return socket

    def put(self, data):
        for socket in self.sockets:
            socket.send(data, copy=self.copies)

    def send_frame(self, fill):
        frame = numpy.empty(FRAME // 8, numpy.uint64)  # a new one: the last may not have been written to the socket
        fill(frame)
        for socket in self.sockets:
            socket.send(frame, copy=False)

    def finish(self):
        """Stays until the messages are there: what a receiver has not read from its socket is lost with the sender."""
        for socket in self.sockets:
            socket.send(b"")
        for _ in range(self.peer.plan.consumers):
            self.peer.ended.acquire(timeout=8)
        self.context.destroy(linger=0)


class ZmqReceiver(UnitReceiver):
    def __init__(self, peer, number):
        super().__init__(peer.plan)
        self.peer, self.context = peer, zmq.Context()
        self.socket = self.context.socket(zmq.SUB if peer.publishes else zmq.PULL)
        self.socket.setsockopt(zmq.RCVHWM, peer.plan.units)
        if peer.publishes:
            self.socket.setsockopt(zmq.SUBSCRIBE, b"")
        peer.bound.wait(8)  # a connection that has to be tried again took 0.1 s, and some hung
        self.socket.connect("ipc://" + peer.paths[number % len(peer.paths)])

    def units(self):
        yield from iter(self.socket.recv, b"")
        self.peer.ended.release()

    def frames(self):
        while len(frame := self.socket.recv(copy=False).buffer):
            yield words(frame)
            del frame
        self.peer.ended.release()


class PushPull(Peer):
    row = "ZeroMQ, PUSH and PULL"
    package = "pyzmq"
    how = "`send`, `recv`; small batches are joined; a Unix socket for each consumer"
    publishes = False

    def __init__(self, plan):
        super().__init__(plan)
        self.bound, self.ended = FORK.Event(), FORK.Semaphore(0)
        self.paths = [f"/tmp/{plan.token}-{number}" for number in range(1 if self.publishes else plan.consumers)]

    def sender(self):
        return ZmqSender(self)

    def receiver(self, number):
        return ZmqReceiver(self, number)

    def close(self):
        remove(*self.paths)


class PubSub(PushPull):
    row = "ZeroMQ, XPUB and SUB"
    how = "the same with `XPUB_NODROP`, so that it waits and drops nothing"
    publishes = True
