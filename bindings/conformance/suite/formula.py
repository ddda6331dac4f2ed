"""Messages by formula: a receiver checks each byte, and knows which message it is. All agents have the same formula."""

import struct
import zlib

PATTERN = 8191
"""Length of the pattern in bytes, a prime number."""
HEAD = struct.Struct("<IIQ")
"""The head of a message: the producer's number, the message's length, and its sequence number."""


def _pattern() -> bytes:
    state, pattern = 1, bytearray()
    for _ in range(PATTERN):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        pattern.append((state >> 16) & 0xFF)
    return bytes(pattern)


_BYTES = _pattern()


class Lengths:
    """The lengths of a producer's messages: ``fixed:LEN``, ``cycle:LOW:HIGH`` or ``mix:LOW:HIGH``."""

    def __init__(self, text: str) -> None:
        self.kind, *numbers = text.split(":")
        self.low, self.high = int(numbers[0]), int(numbers[-1])
        if self.kind not in ("fixed", "cycle", "mix"):
            raise ValueError(f"no lengths: {text}")

    def of(self, who: int, sequence: int) -> int:
        span = self.high - self.low + 1
        if self.kind == "fixed":
            return self.low
        if self.kind == "cycle":
            return self.low + sequence % span
        mixed = (sequence * 2654435761 + who * 40503) & 0xFFFFFFFF
        return self.low + (mixed >> 7) % span


def message(who: int, sequence: int, length: int) -> bytes:
    """Message ``sequence`` of producer ``who``, with ``length`` bytes."""
    head = HEAD.pack(who, length, sequence)
    if length <= HEAD.size:
        return head[:length]
    global _BYTES
    at, body = (sequence * 61 + who * 17) % PATTERN, length - HEAD.size
    while len(_BYTES) < at + body:
        _BYTES += _BYTES[:PATTERN] * (len(_BYTES) // PATTERN)
    return head + _BYTES[at : at + body]


def digest(messages: "list[bytes]", before: int = 0) -> int:
    """The digest of messages in this order, with their lengths."""
    for data in messages:
        before = zlib.crc32(data, zlib.crc32(struct.pack("<I", len(data)), before))
    return before


def stream(who: int, first: int, count: int, lengths: str) -> list[bytes]:
    """The messages of one producer."""
    spec = Lengths(lengths)
    return [message(who, sequence, spec.of(who, sequence)) for sequence in range(first, first + count)]
