"""Types of values. A producer states them by a `struct` format, a consumer by a `numpy.dtype`."""

import struct

import ackcast

from suite.wire import Line

KINDS = {1: "B", 2: "h", 4: "f", 8: "d"}
"""By alignment: what a value is made of."""


def shape(request: Line) -> tuple[str, int, str]:
    """The name, the version and the format of a value."""
    name, version, size, align = request["type"].split(":")
    return name, int(version), KINDS[int(align)] * (int(size) // int(align))


def is_numpy(request: Line) -> bool:
    return request.verb == "consumer" or request.get("slices") == "1"


def dtype(request: Line) -> object:
    import numpy

    *_, kinds = shape(request)
    return numpy.dtype([(f"field{at}", kind) for at, kind in enumerate(kinds)], align=True)


def value_type(request: Line) -> "ackcast.ValueType":
    name, version, kinds = shape(request)
    described = dtype(request) if is_numpy(request) else kinds
    return ackcast.ValueType(name, described, version=version, slices=request.get("slices") == "1")


class Typed:
    """A typed handle whose values are told as bytes."""

    def __init__(self, handle: object, request: Line) -> None:
        self.handle, self.request = handle, request

    def send(self, data: bytes, timeout: float | None) -> None:
        if not is_numpy(self.request):
            self.handle.send(struct.unpack(shape(self.request)[2], data), timeout)
            return
        import numpy

        self.handle.send(numpy.frombuffer(data, dtype(self.request)), timeout)

    def recv(self, timeout: float | None) -> bytes:
        return self.handle.recv(timeout).tobytes()

    def borrow(self, timeout: float | None) -> object:
        return self.handle.borrow(timeout=timeout)

    def close(self) -> None:
        self.handle.close()


def wrapped(handle: object, request: Line) -> object:
    return Typed(handle, request) if "type" in request else handle
