"""The roots: what several operations have in common, and a class for each operation."""

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
