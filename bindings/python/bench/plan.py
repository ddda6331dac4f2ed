"""What is measured: the cells of the table, and the messages."""

import random
from dataclasses import dataclass

BATCH = {64: 64, 1 << 20: 4}
"""Messages a batch, by size."""

SLOTS = {64: 1024, 1 << 20: 4, 8 << 20: 2}
"""Slots of a ring, by size: for each participant that lets the user choose. More than fit the caches are slower."""

JOINED = 65536
"""Bytes from which a message is not worth being joined to others."""

FRAME = 8 << 20
"""Bytes of a NumPy frame."""


@dataclass(frozen=True)
class Cell:
    """A column of the table: one workload."""

    title: str
    kind: str
    """`single`, `batch`, `ping-pong`, `whole` (frames written and read in full) or `stamped` (a word every 64 KiB)."""
    size: int
    consumers: int
    unit: str = "messages/s"


CELLS = [
    Cell("64 B, 1 → 1", "single", 64, 1),
    Cell("64 B, 1 → 3", "single", 64, 3),
    Cell("1 MiB, 1 → 1", "single", 1 << 20, 1),
    Cell("1 MiB, 1 → 3", "single", 1 << 20, 3),
    Cell("64 B, 1 → 1, batches", "batch", 64, 1),
    Cell("64 B, 1 → 3, batches", "batch", 64, 3),
    Cell("1 MiB, 1 → 1, batches", "batch", 1 << 20, 1),
    Cell("1 MiB, 1 → 3, batches", "batch", 1 << 20, 3),
    Cell("ping-pong, 64 B", "ping-pong", 64, 1, "ns"),
    Cell("8 MiB frames, 1 → 3, a word every 64 KiB", "stamped", FRAME, 3),
    Cell("8 MiB frames, 1 → 3, written and read whole", "whole", FRAME, 3),
]


@dataclass(frozen=True)
class Plan:
    """One measurement of a participant."""

    cell: Cell
    token: str
    """The beginning of the name of each thing that the measurement creates."""
    seconds: float

    @property
    def size(self) -> int:
        return self.cell.size

    @property
    def consumers(self) -> int:
        return self.cell.consumers

    @property
    def batched(self) -> bool:
        return self.cell.kind == "batch"

    @property
    def batch(self) -> int:
        """Messages that a call sends."""
        return BATCH[self.size] if self.batched else 1

    @property
    def joins(self) -> bool:
        """A participant without a call for batches joins small messages to one. It sends large ones one by one."""
        return self.batched and self.size < JOINED

    @property
    def unit(self) -> int:
        """Bytes that such a participant passes at a time."""
        return self.size * self.batch if self.joins else self.size

    @property
    def slots(self) -> int:
        return SLOTS[self.size]

    @property
    def units(self) -> int:
        """Slots of such a participant, with room for as many messages."""
        return self.slots // self.batch if self.joins else self.slots


def messages(size: int) -> list[bytes]:
    """The messages that are sent again and again, in this order. They differ from each other in every word."""
    chance = random.Random(size)
    return [chance.randbytes(size) for _ in range(1024 if size == 64 else 4)]


def batches(size: int) -> list[list[bytes]]:
    """The same messages in batches."""
    pool, length = messages(size), BATCH[size]
    return [pool[at : at + length] for at in range(0, len(pool), length)]
