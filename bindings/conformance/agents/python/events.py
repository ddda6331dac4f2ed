"""Streams by handles for asyncio."""

import asyncio

import ackcast

from suite import formula
from suite.wire import Line

from .failures import failure
from .streams import Check

BOUND = 20
"""In seconds. A wait for longer than that hangs."""


async def _consume(request: Line, check: Check) -> None:
    async with asyncio.timeout(BOUND), ackcast.aio.Consumer(request["name"]) as consumer:
        async for message in consumer:
            check.message(message)


def consume(request: Line) -> Line:
    """Attaches, receives all up to END or an error, and leaves."""
    check = Check(request)
    try:
        asyncio.run(_consume(request, check))
    except ackcast.RecvError as error:
        return check.answer(failure(error)["name"])
    return check.answer("Ended")


async def _produce(request: Line) -> None:
    who, lengths = int(request["who"]), formula.Lengths(request["lengths"])
    # The end of `async with` finishes.
    async with asyncio.timeout(BOUND), ackcast.aio.Producer(request["name"]) as producer:
        for sequence in range(int(request["n"])):
            await producer.send(formula.message(who, sequence, lengths.of(who, sequence)))


def produce(request: Line) -> Line:
    """Attaches, sends `n` messages, finishes, and leaves."""
    asyncio.run(_produce(request))
    return Line("ok", n=request["n"])
