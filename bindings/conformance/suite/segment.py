"""A channel's file in /dev/shm, for cases that overwrite it against the rules."""

import os
import struct

from .stage import Stage

HEADER = {
    "magic": (0, 8),
    "version": (16, 4),
    "backend": (20, 4),
    "layout_hash": (24, 8),
    "size": (32, 8),
    "slots": (40, 4),
    "slot_size": (44, 4),
    "consumers": (48, 4),
    "producers": (52, 4),
    "start_with": (56, 4),
    "end_after": (60, 4),
    "retain": (64, 4),
    "fences": (68, 4),
}
"""The facts of a header: offset and size in bytes. As `src/segment/header.rs` has them; `facts` compares."""


class Segment:
    """A segment's bytes."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def read(self, at: int, size: int) -> int:
        with self._stage.path.open("rb", buffering=0) as file:
            return int.from_bytes(os.pread(file.fileno(), size, at), "little")

    def write(self, at: int, data: bytes) -> None:
        with self._stage.path.open("r+b", buffering=0) as file:
            os.pwrite(file.fileno(), data, at)

    def word(self, at: int, value: int, size: int = 8) -> None:
        self.write(at, struct.pack("<Q", value)[:size])

    def facts(self) -> dict[str, int]:
        return {name: self.read(at, size) for name, (at, size) in HEADER.items()}


def offsets(stage: Stage, **geometry: object) -> dict[str, int]:
    """Where the words are, as the library says."""
    answer = stage.agent("rust").call("layout", backend=stage.backend, **geometry)
    return {key: int(value) for key, value in stage.check.ok(answer).items()}
