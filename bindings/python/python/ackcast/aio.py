"""Sending and receiving in asyncio.

No call blocks the event loop: a handle has a descriptor that the loop polls, and a thread that sleeps in its place.

>>> import asyncio, os
>>> import ackcast
>>> async def main(name):
...     async with ackcast.aio.Consumer(name) as consumer:
...         async with ackcast.aio.Producer(name) as producer:
...             await producer.send(b"Hello")
...             await producer.send(b"world")
...         return [message async for message in consumer]
>>> with ackcast.Channel.create(f"aio-doc-{os.getpid()}", slots=4) as channel:
...     asyncio.run(main(channel.name))
[b'Hello', b'world']

Every call is safe to cancel: a call that is cancelled has received or sent nothing. `asyncio.timeout` bounds a call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from ._ackcast import _EventConsumer, _EventProducer
from ._errors import Closed, RecvEnded, WaitForTimedOut
from ._value_type import ValueType

__all__ = ["Consumer", "Producer"]

_FIRST_PAUSE = 0.001
_LAST_PAUSE = 0.025
# Calls in a row that do not wait before other tasks run.
_BUDGET = 64

_Inner = TypeVar("_Inner", _EventConsumer, _EventProducer)


class _Handle(Generic[_Inner]):
    """What both handles have in common."""

    def __init__(self, name: str, timeout: float | None) -> None:
        self._name = name
        self._timeout = timeout
        self._inner: _Inner | None = None
        self._closed = False
        self._turn = asyncio.Lock()
        self._waiter: asyncio.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._calls = 0

    def _attach(self, timeout: float) -> _Inner:
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The channel's name."""
        return self._name

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    async def _open(self) -> Self:
        """Attaches, and waits for a channel to attach to if there is a timeout."""
        if self._closed:
            raise Closed(f"this handle of channel {self._name!r} is closed", name=self._name)
        if self._inner is None:
            if self._timeout == 0:
                self._inner = self._attach(0)
            else:
                self._inner = await self._wait_for()
        return self

    async def _wait_for(self) -> _Inner:
        loop = asyncio.get_running_loop()
        end = None if self._timeout is None else loop.time() + self._timeout
        pause = _FIRST_PAUSE
        while True:
            try:
                return self._attach(1e-9)  # polls once
            except WaitForTimedOut:
                left = pause if end is None else end - loop.time()
                if left <= 0:
                    raise
            await asyncio.sleep(min(pause, left))
            pause = min(2 * pause, _LAST_PAUSE)

    def _get(self) -> _Inner:
        if self._inner is None:
            state = "closed" if self._closed else "not attached yet; use `async with`, or `await` it"
            raise Closed(f"this handle of channel {self._name!r} is {state}", name=self._name)
        return self._inner

    async def _yield(self) -> None:
        """Lets other tasks run now and then, if no call has to wait."""
        self._calls += 1
        if self._calls >= _BUDGET:
            self._calls = 0
            await asyncio.sleep(0)

    async def _readable(self, inner: _Inner) -> None:
        """Waits until the descriptor is readable, or the handle is closed."""
        self._calls = 0
        self._loop = asyncio.get_running_loop()
        waiter = self._waiter = self._loop.create_future()
        self._loop.add_reader(inner.fileno(), self._wake)
        try:
            await waiter
        finally:
            self._forget(inner)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _forget(self, inner: _Inner) -> None:
        if self._waiter is not None and self._loop is not None:
            self._waiter = None
            self._loop.remove_reader(inner.fileno())

    def close(self) -> None:
        """Leaves the channel. A task that waits in a call gets `Closed`."""
        self._closed = True
        inner, self._inner = self._inner, None
        if inner is not None:
            self._wake()
            self._forget(inner)
            inner.close()

    def __await__(self) -> Generator[Any, Any, Self]:
        return self._open().__await__()

    async def __aenter__(self) -> Self:
        return await self._open()


class Consumer(_Handle[_EventConsumer]):
    """A consumer for asyncio: `async with` attaches it, and so does `await`.

    The arguments are those of `ackcast.Consumer`.
    """

    def __init__(
        self,
        name: str,
        *,
        start: int | str | None = None,
        timeout: float | None = 0,
        type: ValueType | None = None,
    ) -> None:
        super().__init__(name, timeout)
        self._start, self._type = start, type

    def _attach(self, timeout: float) -> _EventConsumer:
        return _EventConsumer(self._name, self._start, timeout, self._type)

    @property
    def number(self) -> int:
        """The consumer's number, from 0."""
        return self._get().number

    async def recv(self) -> Any:
        """Waits for the next message, copies it out, and acknowledges it.

        Raises `Ended` after the last message; otherwise as `ackcast.Consumer.recv`.
        """
        await self._yield()
        async with self._turn:
            while (message := (inner := self._get()).try_recv()) is None:
                await self._readable(inner)
        return message

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self.recv()
        except RecvEnded:
            raise StopAsyncIteration from None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class Producer(_Handle[_EventProducer]):
    """A producer for asyncio: `async with` attaches it, and so does `await`.

    The arguments are those of `ackcast.Producer`. At the end of the `async with` it finishes, unless an exception ends
    it. Channels on the backend raw_sync are refused with `LockOfThread`.
    """

    def __init__(self, name: str, *, timeout: float | None = 0, type: ValueType | None = None) -> None:
        super().__init__(name, timeout)
        self._type = type
        self._finished = False

    def _attach(self, timeout: float) -> _EventProducer:
        return _EventProducer(self._name, timeout, self._type)

    async def send(self, message: Any) -> None:
        """Sends one message. Waits until there is a free slot. A call that is cancelled has sent nothing.

        Raises as `ackcast.Producer.send`.
        """
        await self._yield()
        async with self._turn:
            encoded = self._get().encode(message)
            while not (inner := self._get()).try_send(encoded):
                await self._free(inner)

    async def finish(self) -> bool:
        """Finishes: this producer sends nothing more. True if END is published. Waits for a free slot for END."""
        async with self._turn:
            while (ended := (inner := self._get()).try_finish()) is None:
                await self._free(inner)
            self._finished = True
            return ended

    async def _free(self, inner: _EventProducer) -> None:
        try:
            await self._readable(inner)
        except BaseException:
            if not inner.closed:
                inner.give_up()  # other producers can publish
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None and not self._finished and not self._closed:
                await self.finish()
        finally:
            self.close()
