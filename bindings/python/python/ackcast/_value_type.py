"""The types of typed channels."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy
    import numpy.typing


class ValueType:
    """The type of a typed channel's values: a name, a version, and how a value lies in memory.

    The channel keeps the name, the version, the size and the alignment. A producer or a consumer of another type does
    not attach. A Rust type of the same four is the same type: `ValueType("Position", "dd", version=1)` is Rust's
    `#[repr(C)] struct Position { x: f64, y: f64 }` with `Typed::VERSION` 1. The fields themselves are not compared:
    change the version when they change.

    The layout is a `struct` format, whose values are tuples, or anything that `numpy.dtype` takes, whose values are
    NumPy's scalars and arrays. A format without a prefix is laid out as by C, padding at the end included. NumPy's
    structured types are so with `align=True`. NumPy is imported only if a dtype is given.

    >>> position = ValueType("Position", "dd", version=1)
    >>> position.size, position.align
    (16, 8)
    >>> ValueType("Mixed", "di").size  # as C's struct { double; int; }
    16

    With `slices`, a message is any number of values, and a value of Python is a list of tuples, or an array.

    Raises ValueTypeError if no channel can have such values.
    """

    __slots__ = ("_base", "_packer", "_shape", "align", "format", "name", "size", "slices", "version")

    name: str
    """Its name: 1 to 64 bytes."""
    version: int
    """Its version."""
    size: int
    """Its size in bytes."""
    align: int
    """Its alignment in bytes, at most 64."""
    slices: bool
    """Whether a message holds any number of values, in place of one."""
    format: str | numpy.dtype[Any] | None
    """The `struct` format or the dtype. None for the type of a channel that was opened by its name."""

    def __init__(self, name: str, format: str | numpy.typing.DTypeLike, version: int = 0, slices: bool = False) -> None:
        if not isinstance(name, str):
            raise TypeError(f"the name of a type is a str, not {type(name).__name__}")
        self.name, self.version, self.slices = name, version, bool(slices)
        self._packer: struct.Struct | None = None
        self._base: Any = None
        self._shape: tuple[int, ...] = ()
        packer = _packer(format) if isinstance(format, str) else None
        if packer is not None:
            self.format = str(format)
            self._packer, self.align = packer
            self.size = self._packer.size
        else:
            import numpy

            dtype = numpy.dtype(format)
            if dtype.hasobject:
                raise TypeError(f"values of {dtype} hold references to objects, which other processes do not have")
            self.format, self.size, self.align = dtype, dtype.itemsize, dtype.alignment
            self._base, self._shape = dtype.subdtype or (dtype, ())
        self._check()

    def _check(self) -> None:
        """Raises ValueTypeError if no channel can have such values."""
        from ._ackcast import _check_type

        _check_type(self)

    @classmethod
    def _found(cls, name: str, version: int, size: int, align: int, slices: bool) -> ValueType:
        """The type of a channel that was opened by its name: how a value lies in memory is not known."""
        self = cls.__new__(cls)
        self.name, self.version, self.size, self.align, self.slices = name, version, size, align, slices
        self.format = self._packer = self._base = None
        self._shape = ()
        return self

    def _facts(self) -> tuple[str, int, int, int, bool]:
        return self.name, self.version, self.size, self.align, self.slices

    def __eq__(self, other: object) -> bool:
        """Whether a channel of one type is a channel of the other: what the channel keeps is the same."""
        return self._facts() == other._facts() if isinstance(other, ValueType) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._facts())

    def __reduce__(self) -> tuple[Any, ...]:
        if self.format is None:
            return ValueType._found, self._facts()
        return ValueType, (self.name, self.format, self.version, self.slices)

    def __repr__(self) -> str:
        slices = ", slices=True" if self.slices else ""
        layout = f"{self.size} bytes, alignment {self.align}" if self.format is None else repr(self.format)
        return f"ValueType({self.name!r}, {layout}, version={self.version}{slices})"

    def _encode(self, value: Any) -> Any:
        """The bytes of a message."""
        if self._packer is not None:
            if not self.slices:
                return self._packer.pack(*value)
            return b"".join([self._packer.pack(*each) for each in value])
        self._known()
        import numpy

        if isinstance(value, numpy.ndarray | numpy.generic):
            array = numpy.asarray(value).astype(self._base, order="C", casting="same_kind", copy=False)
        else:
            array = numpy.asarray(value, dtype=self._base, order="C")
        shape = array.shape[1:] if self.slices else array.shape
        if shape != self._shape or (self.slices and array.ndim != len(self._shape) + 1):
            wanted = "any number" if self.slices else "one"
            raise ValueError(
                f"an array of shape {array.shape} is not {wanted} of {self!r}, whose shape is {self._shape}"
            )
        return array.reshape(-1).view(numpy.uint8) if array.size else b""

    def _decode(self, message: bytes) -> Any:
        """The value of a message, whose length was checked."""
        if self._packer is not None:
            return list(self._packer.iter_unpack(message)) if self.slices else self._packer.unpack(message)
        array = self._view(memoryview(message))
        return array if self.slices or self._shape else array[()]

    def _view(self, view: memoryview) -> Any:
        """The values in memory: an array without a copy, or the memory itself for a `struct` format."""
        if self._packer is not None:
            return view
        self._known()
        import numpy

        shape = (len(view) // self.size, *self._shape) if self.slices else self._shape
        return numpy.ndarray(shape, self._base, view)

    def _known(self) -> None:
        if self.format is None:
            raise TypeError(f"how a value of {self!r} lies in memory is not known; give a ValueType with a format")


def _packer(format: str) -> tuple[struct.Struct, int] | None:
    """What packs a `struct` format as C does, and the alignment. None: the format is none."""
    try:
        plain = struct.Struct(format)
    except struct.error:
        return None
    if format[:1] in "=<>!" and format:
        return plain, 1
    aligned = {
        code: struct.calcsize(f"b{code}") - struct.calcsize(code) for code in format if code.isalpha() or code == "?"
    }
    code = max(aligned, key=lambda code: aligned[code], default="b")
    return struct.Struct(f"{format}0{code}"), aligned.get(code, 1)  # C pads the end, so that arrays are aligned


ValueType.__module__ = "ackcast"
