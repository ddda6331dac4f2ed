"""Many messages by formula: sent, or received and checked."""

import time
from collections.abc import Callable

import ackcast

from suite import formula
from suite.wire import Line

from .failures import failure

BATCH = 50
"""How many messages a batch has."""


def produce(producer: ackcast.Producer, request: Line) -> Line:
    """Sends `n` messages of producer `who`, from number `from` on."""
    who, first, n, how = int(request["who"]), int(request.get("from", 0)), int(request["n"]), request["how"]
    lengths, pace = formula.Lengths(request["lengths"]), int(request.get("pace_us", 0)) / 1e6
    step = BATCH if how == "batch" else 1
    for at in range(first, first + n, step):
        count = min(step, first + n - at)
        messages = [formula.message(who, one, lengths.of(who, one)) for one in range(at, at + count)]
        _send(producer, how, messages)
        if pace:
            time.sleep(pace)
    return Line("ok", n=n)


def _send(producer: ackcast.Producer, how: str, messages: list[bytes]) -> None:
    match how:
        case "batch":
            producer.send_batch(messages)
        case "send":
            producer.send(messages[0])
        case "try":
            while not producer.try_send(messages[0]):
                time.sleep(0)
        case "loan":
            with producer.loan(len(messages[0])) as view:
                view[:] = messages[0]
        case _:
            raise ValueError(f"no way to send: {how}")


class Check:
    """What a receiver has seen."""

    def __init__(self, request: Line) -> None:
        self.only = None if request["who"] == "any" else int(request["who"])
        self.start = None if request["from"] == "any" else int(request["from"])
        self.lengths = formula.Lengths(request["lengths"])
        self.producers: dict[int, tuple[int, int]] = {}
        self.n = self.faults = self.digest = self.splits = 0
        self.last: tuple[int, int] | None = None
        self.first = ""

    def message(self, message: "bytes | memoryview") -> None:
        head = formula.HEAD.unpack_from(message) if len(message) >= formula.HEAD.size else None
        who = self.only if self.only is not None else head[0] if head else 0xFFFFFFFF
        start = self.start if self.start is not None else head[2] if head else 0
        first, expected = self.producers.get(who, (start, start))
        right = formula.message(who, expected, self.lengths.of(who, expected))
        following = expected
        if message != right:
            self.faults += 1
            self.first = self.first or f"at {self.n}: {len(message)} bytes, {head}, not {len(right)}, {who}, {expected}"
            following = head[2] if head else expected  # the check goes on behind the message that was found
        if self.last and self.last[0] != who and ((self.last[1] + 1) % BATCH or expected % BATCH):
            self.splits += 1  # another producer's message within a batch
        self.last = who, expected
        self.producers[who] = first, following + 1
        self.digest = formula.digest([message], self.digest)
        self.n += 1

    def answer(self, end: str) -> Line:
        producers = ",".join(f"{who}:{first}:{behind}" for who, (first, behind) in self.producers.items())
        fields = {"n": self.n, "end": end, "digest": f"{self.digest:08x}", "faults": self.faults, "first": self.first}
        return Line("ok", **fields, splits=self.splits, producers=producers)


def consume(consumer: ackcast.Consumer, request: Line, timeout: float | None) -> Line:
    """Receives `n` messages, or all up to an error, and checks them. The error's name is `end`."""
    check, limit = Check(request), int(request["n"]) if "n" in request else None
    try:
        if request["how"] == "iterate":
            for message in consumer:
                check.message(message)
            return check.answer("Ended")
        take = _taking(consumer, request["how"], timeout, check)
        while limit is None or check.n < limit:
            take(None if limit is None else limit - check.n)
    except ackcast.Error as error:
        return check.answer(failure(error)["name"])
    return check.answer("limit")


def _taking(consumer: ackcast.Consumer, how: str, timeout: float | None, check: Check) -> Callable[[int | None], None]:
    """What receives at least one message."""

    def borrow(_: int | None) -> None:
        with consumer.borrow(timeout=timeout) as view:
            check.message(view)

    def batch(most: int | None) -> None:
        for message in consumer.recv_batch(most, timeout):
            check.message(message)

    buffer = bytearray(64)

    def into(_: int | None) -> None:
        nonlocal buffer
        try:
            length = consumer.recv_into(buffer, timeout)
        except ackcast.BufferTooSmall as error:
            buffer = bytearray(error.len)
            length = consumer.recv_into(buffer, timeout)
        check.message(bytes(buffer[:length]))

    def poll(_: int | None) -> None:
        message = consumer.try_recv()
        if message is None:
            time.sleep(0)
        else:
            check.message(message)

    ways = {"borrow": borrow, "batch": batch, "into": into, "try": poll}
    return ways.get(how, lambda _: check.message(consumer.recv(timeout)))
