"""Plain data that calls return."""

from __future__ import annotations

from typing import NamedTuple


class Published(NamedTuple):
    """How many messages are published, END included, and whether END is."""

    count: int  # type: ignore[assignment]  # it hides tuple.count, as the API has it
    ended: bool


class Drained(NamedTuple):
    """Which consumers had acknowledged everything when `wait_until_drained` returned."""

    received: int
    """How many consumers have acknowledged everything."""
    gone: int
    """How many consumers have left or died, and are not known to have acknowledged everything."""


class ConsumerStats(NamedTuple):
    """An attached consumer. A dead consumer counts until a producer evicts it."""

    number: int
    acknowledged: int
    """How many messages it has acknowledged, counted from the channel's first one."""
    lag: int
    """How many published messages it has not acknowledged, END included."""
    joining: bool
    """It has not decided yet where it starts."""
    alive: bool
    """Its process lives."""
    parked: bool | None
    """Whether it sleeps until a message comes. None on raw_sync."""


class ProducerStats(NamedTuple):
    """A producer that lives, or died without finishing."""

    number: int
    finished: bool
    """It has finished, and its handle is not closed yet."""
    alive: bool
    """Its process lives."""


class Stats(NamedTuple):
    """The state of a channel and of its participants. All of it is stale when the call returns."""

    created: float | None
    """The time at which the channel was made, in seconds since the epoch. None where the kernel does not tell."""
    removed: bool
    """Whether the channel's name was removed."""
    published: Published
    finished: int
    """How many producers have finished."""
    producers_lost: bool
    """Whether a producer died, or was closed, without finishing, and no other producer lives."""
    consumers: tuple[ConsumerStats, ...]
    producers: tuple[ProducerStats, ...]
    lock_owner: int | None
    """The producer that has the write lock. None if the lock is free, and on raw_sync."""
    writer_parked: bool | None
    """Whether that producer sleeps until a slot is free. None on raw_sync."""
    evicted: int
    """How many dead consumers were evicted."""
    takeovers: int
    """How often the write lock was taken over from a dead owner."""


for _type in (Published, Drained, ConsumerStats, ProducerStats, Stats):
    _type.__module__ = "ackcast"
