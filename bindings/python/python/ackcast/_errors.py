"""The exceptions, a class for each of the library's error enums, and below it one for each variant.

An enum that wraps another one is a base of that one's class: each `OpenError` can come out of an attempt to attach, so
it is an `AttachError`, too. What several operations have in common has a base of its own: `TimedOut`, `Ended`,
`Inherited`, `Corrupt`, `LivenessUnknown`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Error(Exception):
    """The root of the exceptions of this package. The fields of the library's error are attributes."""

    def __init__(self, message: str = "", /, **fields: Any) -> None:
        super().__init__(message)
        self._fields = fields
        for name, value in fields.items():
            setattr(self, name, value)

    def __reduce__(self) -> tuple[Callable[..., Error], tuple[type[Error], str, dict[str, Any]]]:
        return _rebuild, (type(self), str(self), self._fields)


def _rebuild(kind: type[Error], message: str, fields: dict[str, Any]) -> Error:
    return kind(message, **fields)


# What several operations have in common.


class TimedOut(Error, TimeoutError):
    """The time was up. Nothing was sent, received or acknowledged."""


class Ended(Error, EOFError):
    """The channel has ended: END was received, or nothing can follow it."""


class Inherited(Error):
    """The handle was made before a fork, by the parent process. Make another one in this process."""


class Corrupt(Error):
    """The segment holds a value that no participant can have written."""

    kind: str
    """Which value: "Acknowledgement", "Published", "Count", "Slot", "Lock" or "Internal"."""


class LivenessUnknown(Error, OSError):
    """The system does not say whether a participant lives. `errno` has its error number."""


# One class for each operation.


class WaitForError(Error):
    """No channel was joined by a call that waits for one."""


class OpenOrCreateError(Error):
    """A channel was neither created nor opened."""


class EventError(Error):
    """A handle cannot be one for an event loop."""


class AttachError(WaitForError):
    """A producer or a consumer could not attach."""


class CreateError(OpenOrCreateError):
    """A channel could not be created."""


class OpenError(AttachError, OpenOrCreateError, EventError):
    """A channel could not be opened."""


class JoinError(AttachError):
    """A channel was opened, and the participant could not join it."""


class SendError(Error):
    """A message was not sent. No consumer sees any of it."""


class BatchError(Error):
    """A batch was not sent to its end."""

    sent: int
    """How many messages were sent, from the first one on."""
    error: SendError
    """Why the message after them was not sent. Also the `__cause__`."""


class RecvError(Error):
    """No message was received."""


class DrainError(Error):
    """A call gave up waiting until everything was acknowledged."""


class HandleError(Error):
    """A handle, a loan or a borrowed message was used in a way that this package refuses."""


# Names, settings and types.


class NameError_(CreateError, AttachError, ValueError):
    """The name is no channel's."""

    name: str
    fault: str


class LayoutError(CreateError, ValueError):
    """A setting is out of its range, or the settings do not fit each other."""


class ValueTypeError(Error, ValueError):
    """No channel can have values of this type."""


class TypeMismatch(AttachError, TypeError):
    """The channel has messages of another type than the one asked for."""

    name: str
    found: str | None
    """The channel's type. None: its messages are any bytes."""
    asked: str | None
    """The type asked for. None: the caller asked for bytes."""


# Creating.


class AlreadyExists(CreateError, FileExistsError):
    """The channel exists, and a living process uses it."""

    name: str
    participants: tuple[int, ...]
    """The numbers of the living participants. A `Channel` uses the channel and has no number."""


class InTheWay(CreateError):
    """A file has the channel's name, and may not be removed."""

    error: OpenError
    """What is wrong with the file. Also the `__cause__`."""


class MarkError(CreateError):
    """The channel cannot be built on pthread's locks in this process."""

    name: str


class NoSpace(CreateError, OSError):
    """/dev/shm has no room for the channel."""

    name: str
    bytes: int
    """The segment's size in bytes."""


# Opening.


class NotFound(OpenError, FileNotFoundError):
    """There is no channel of this name."""

    name: str


class Abandoned(OpenError, FileNotFoundError):
    """No living process uses the channel."""

    name: str


class Unusable(OpenError):
    """The channel's file is no segment that this process can use."""

    name: str
    fault: str
    """What is wrong with the file: the name of the library's variant, such as "Version"."""


class OpenLivenessUnknown(OpenError, LivenessUnknown):
    """The system does not say whether any process uses the channel."""

    name: str


class OpenInherited(OpenError, Inherited):
    """The handle was opened by the process that forked this one."""

    name: str


class NotOurs(OpenError, PermissionError):
    """The channel's file belongs to another user, or other users may open it."""

    name: str
    owner: int
    mode: int
    user: int


class LimitReached(OpenError, CreateError, OSError):
    """A limit of the process or of the system was reached."""

    name: str
    limit: str
    """Which limit: the name of the library's variant, such as "Descriptors"."""


class SystemRefused(OpenError, CreateError, OSError):
    """The operating system refused a call. `errno` has its error number."""

    name: str
    action: str


# Joining and meeting.


class Full(JoinError):
    """All places are in use."""

    name: str
    role: str
    """"consumer" or "producer"."""
    capacity: int


class NotRetained(JoinError, ValueError):
    """The message to start at is not among those that a consumer can start at now."""

    name: str
    asked: int
    oldest: int
    newest: int


class JoinEnded(JoinError, Ended):
    """The producer came after END."""

    name: str


class JoinLivenessUnknown(JoinError, LivenessUnknown):
    """The system does not say whether a place's holder lives."""

    name: str


class WaitForTimedOut(WaitForError, TimedOut):
    """The time was up, and no channel could be joined."""

    name: str
    last: str
    """Why at last: "NotFound", "Abandoned", "Ended", "ProducersLost" or "Full"."""


class Differs(OpenOrCreateError):
    """The channel exists, and has other settings than those asked for."""

    name: str
    differences: tuple[tuple[str, str, str], ...]
    """For each setting that differs: its name, the channel's value, and the one asked for."""


class ChannelEnded(OpenOrCreateError, Ended):
    """The channel has ended, and some process still uses it."""

    name: str


class Races(OpenOrCreateError):
    """For 5 seconds, each channel of this name was being removed when it was to be opened."""

    name: str


class LockOfThread(EventError):
    """A producer's lock on the backend raw_sync belongs to a thread, so no other thread can wait for it."""

    name: str


# Sending.


class TooLong(SendError, ValueError):
    """The message is longer than a slot."""

    len: int
    slot_size: int


class SendTimedOut(SendError, TimedOut):
    """The time was up, and there was no free slot, or another producer had the write lock."""

    blocked_on: str
    """What the call waited for: "lock", "acknowledgement", "start", or "thread", another one that uses the handle."""
    owner: int | None
    """"lock": the producer that holds it, where that is known."""
    consumer: int | None
    """"acknowledgement": the consumer that has not acknowledged."""
    message: int | None
    """"acknowledgement": the message whose slot is needed."""
    joined: int | None
    """"start": how many consumers have joined."""
    wanted: int | None
    """"start": how many consumers the first message waits for."""


class SendEnded(SendError, Ended):
    """END was published: nothing can follow."""


class SendInherited(SendError, Inherited):
    """The producer was attached by the process that forked this one."""


class SendLivenessUnknown(SendError, LivenessUnknown):
    """The call waits for a participant, and the system does not say whether it lives."""


class SendCorrupt(SendError, Corrupt):
    """The segment holds a value that no participant can have written."""


# Receiving.


class RecvTimedOut(RecvError, TimedOut):
    """The time was up before the next message was published."""

    next: int | None
    """The message waited for, counted from 0. None: another thread used the handle."""


class RecvEnded(RecvError, Ended):
    """END: every message was received, and none follows."""


class ProducersLost(RecvError):
    """Every published message was received, and every attached producer died without finishing.

    If another producer joins, receiving goes on.
    """

    producers: tuple[int, ...]
    """The numbers of the dead producers."""


class RecvInherited(RecvError, Inherited):
    """The consumer was attached by the process that forked this one."""


class RecvLivenessUnknown(RecvError, LivenessUnknown):
    """The call waits for the producers, and the system does not say whether they live."""


class RecvCorrupt(RecvError, Corrupt):
    """The segment holds a value that no participant can have written."""


class BufferTooSmall(RecvError, ValueError):
    """The message does not fit the buffer of `recv_into`. It is not acknowledged, and is received again."""

    len: int
    """The message's length in bytes."""
    capacity: int
    """The buffer's size in bytes."""


class NotAValue(RecvError, ValueError):
    """The message has another length than a value of the type. It is not acknowledged, and is received again."""

    found: int
    """The message's length in bytes."""
    expected: int
    """The type's size in bytes."""


# Draining.


class DrainTimedOut(DrainError, TimedOut):
    """The time was up, and a living consumer has not acknowledged everything."""

    consumer: int | None
    """The consumer that is furthest behind. None: another thread used the handle."""
    acknowledged: int | None
    published: int | None
    behind: int | None
    """How many consumers are behind."""


class DrainInherited(DrainError, Inherited):
    """The producer was attached by the process that forked this one."""


class DrainLivenessUnknown(DrainError, LivenessUnknown):
    """The system does not say whether the consumers live."""


class DrainCorrupt(DrainError, Corrupt):
    """The segment holds a value that no participant can have written."""


# Handles.


class Closed(HandleError, ValueError):
    """The handle, the loan or the borrowed message was closed or released before."""


class Lent(HandleError):
    """The handle has a loan or a borrowed message outstanding, and can do nothing else until that ends."""


class StillExported(HandleError, BufferError):
    """An array or a memoryview still uses a loan or a borrowed message that is to end."""


class WrongThread(HandleError, RuntimeError):
    """A loan on the backend raw_sync belongs to the thread that made it, as its lock does."""


def _all() -> list[str]:
    """The names of the exceptions, which say that they are the package's."""
    names = [name for name, value in globals().items() if isinstance(value, type) and issubclass(value, Error)]
    for name in names:
        globals()[name].__module__ = "ackcast"
    return names


__all__ = _all()
