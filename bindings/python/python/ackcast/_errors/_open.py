"""Why a channel was not created, opened or joined."""

from __future__ import annotations

from ._base import (
    AttachError,
    CreateError,
    Ended,
    Error,
    EventError,
    Inherited,
    JoinError,
    LivenessUnknown,
    OpenError,
    OpenOrCreateError,
    TimedOut,
    WaitForError,
)

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
