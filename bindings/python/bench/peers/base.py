"""What a participant provides."""

import os
from contextlib import suppress

import numpy
from plan import Plan


class Sender:
    """One end of a channel, in the process that sends."""

    def connect(self) -> None:
        """Called when the other ends exist, and before the first message."""

    def send(self, message) -> None:
        """Sends a message, or a batch (a list) if the plan has batches."""
        raise NotImplementedError

    def send_frame(self, fill) -> None:
        """Sends a frame that `fill` writes. Where the participant lends memory, `fill` writes there."""
        raise NotImplementedError

    def finish(self) -> None:
        """Tells every receiver that this was all."""
        raise NotImplementedError


class Receiver:
    """The other end, in a process that receives."""

    in_place = False
    """The messages are views of shared memory, which hold until the next one is asked for."""

    keeps_batches = True
    """A batch arrives as it was sent. Without it, a list of whatever is there."""

    def connect(self) -> None:
        """Called when the other ends exist, and before the first message."""

    def messages(self):
        """The messages or batches, up to the end."""
        raise NotImplementedError

    def frames(self):
        """The frames, as NumPy arrays of 64-bit words which hold until the next one is asked for."""
        raise NotImplementedError


class UnitSender(Sender):
    """A sender of a participant without a call for batches: it only has `put`, which sends bytes."""

    def __init__(self, plan: Plan):
        if not plan.batched:
            self.send = self.put
        elif plan.joins:
            self.send = self.send_joined

    def put(self, data: bytes) -> None:
        raise NotImplementedError

    def send(self, message) -> None:
        for part in message:
            self.put(part)

    def send_joined(self, message) -> None:
        self.put(b"".join(message))


class UnitReceiver(Receiver):
    """A receiver of such a participant: it only has `units`, which are the bytes that were `put`."""

    def __init__(self, plan: Plan):
        self.plan = plan
        self.keeps_batches = plan.joins

    def units(self):
        raise NotImplementedError

    def messages(self):
        if not self.plan.batched:
            return self.units()
        if self.plan.joins:
            return (split(unit, self.plan.size) for unit in self.units())
        return ([unit] for unit in self.units())


class Peer:
    """A way to pass messages. It is made before the processes are forked."""

    row = ""
    package = ""
    """The package whose version is printed; empty for Python's own."""
    kinds = ("single", "batch", "ping-pong", "stamped", "whole")
    ours = False
    how = ""
    """How it sends and receives, for the page."""

    def __init__(self, plan: Plan):
        self.plan = plan

    @classmethod
    def takes(cls, cell) -> bool:
        return cell.kind in cls.kinds

    def sender(self) -> Sender:
        raise NotImplementedError

    def receiver(self, number: int) -> Receiver:
        raise NotImplementedError

    def close(self) -> None:
        """Removes what it created. The processes have ended."""


def words(buffer) -> numpy.ndarray:
    """A frame's words, without a copy."""
    return numpy.frombuffer(buffer, numpy.uint64)


def split(joined: bytes, size: int) -> list[bytes]:
    """The messages of a batch that was sent as one."""
    return [joined[at : at + size] for at in range(0, len(joined), size)]


def remove(*paths: str) -> None:
    for path in paths:
        with suppress(FileNotFoundError):
            os.unlink(path)
