"""iceoryx2: a publisher that waits for room, loans, no overflow, no history. Waits by events, or by polling."""

import ctypes
import os

import iceoryx2
import numpy
from plan import FRAME

from .base import Peer, UnitReceiver, UnitSender

iceoryx2.set_log_level(iceoryx2.LogLevel.Fatal)
Bytes = iceoryx2.Slice[ctypes.c_uint8]


class Ports:
    """The service and its node, in one process."""

    def __init__(self, peer):
        plan = peer.plan
        self.node = iceoryx2.NodeBuilder.new().create(iceoryx2.ServiceType.Ipc)
        builder = self.node.service_builder(iceoryx2.ServiceName.new(plan.token)).publish_subscribe(Bytes)
        builder = builder.enable_safe_overflow(False).max_publishers(1).max_subscribers(plan.consumers)
        builder = builder.history_size(0).subscriber_max_buffer_size(peer.plan.units).subscriber_max_borrowed_samples(2)
        self.service = builder.payload_alignment(iceoryx2.Alignment.new(64)).open_or_create()
        name = iceoryx2.ServiceName.new(plan.token + "-event")
        self.events = self.node.service_builder(name).event().open_or_create()


class IceoryxSender(UnitSender):
    def __init__(self, peer):
        super().__init__(peer.plan)
        self.ports = Ports(peer)
        self.length = peer.plan.unit
        builder = self.ports.service.publisher_builder().initial_max_slice_len(self.length).max_loaned_samples(1)
        builder = builder.backpressure_strategy(iceoryx2.BackpressureStrategy.RetryUntilDelivered)
        self.publisher = builder.create()
        self.notify = self.ports.events.notifier_builder().create().notify if peer.blocking else None

    def put(self, data):
        sample = self.publisher.loan_slice_uninit(self.length)
        ctypes.memmove(sample.payload_ptr, data, self.length)
        sample.assume_init().send()
        if self.notify:
            self.notify()

    def send_frame(self, fill):
        sample = self.publisher.loan_slice_uninit(FRAME)
        fill(frame(sample))
        sample.assume_init().send()
        if self.notify:
            self.notify()

    def finish(self):
        self.publisher.loan_slice_uninit(1).assume_init().send()
        if self.notify:
            self.notify()


class IceoryxReceiver(UnitReceiver):
    def __init__(self, peer):
        super().__init__(peer.plan)
        self.ports = Ports(peer)
        self.subscriber = self.ports.service.subscriber_builder().buffer_size(peer.plan.units).create()
        self.listener = self.ports.events.listener_builder().create() if peer.blocking else None

    def connect(self):
        """Without it, the publisher drops what does not fit, because this subscriber has not seen it yet."""
        assert self.subscriber.receive() is None

    def samples(self):
        receive, length = self.subscriber.receive, self.plan.unit
        wait = self.listener.blocking_wait if self.listener else os.sched_yield
        while True:
            sample = receive()
            if sample is None:
                wait()
            elif sample.payload().len() != length:
                sample.delete()
                return
            else:
                yield sample
                sample.delete()

    def units(self):
        length = self.plan.unit
        for sample in self.samples():
            yield ctypes.string_at(sample.payload_ptr, length)

    def frames(self):
        for sample in self.samples():
            yield frame(sample)


def frame(sample) -> numpy.ndarray:
    """A frame's words in place. By ctypes, as iceoryx2's own `as_memory_view`, but of words."""
    return numpy.frombuffer((ctypes.c_uint64 * (FRAME // 8)).from_address(sample.payload_ptr), numpy.uint64)


class Iceoryx(Peer):
    row = "iceoryx2, events"
    package = "iceoryx2"
    how = "loan, `memmove`, `send`, `notify`; `blocking_wait`, `receive`; small batches are joined; frames in place"
    blocking = True

    def sender(self):
        return IceoryxSender(self)

    def receiver(self, number):
        return IceoryxReceiver(self)


class IceoryxPolling(Iceoryx):
    row = "iceoryx2, polling"
    how = "the same, with `sched_yield` between polls, and no events"
    blocking = False
