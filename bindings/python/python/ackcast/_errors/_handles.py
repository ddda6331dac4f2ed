"""What a handle, a loan or a borrowed message refuses."""

from __future__ import annotations

from ._base import (
    HandleError,
)

# Handles.


class Closed(HandleError, ValueError):
    """The handle, the loan or the borrowed message was closed or released before."""


class Lent(HandleError):
    """The handle has a loan or a borrowed message outstanding, and can do nothing else until that ends."""


class StillExported(HandleError, BufferError):
    """An array or a memoryview still uses a loan or a borrowed message that is to end."""


class WrongThread(HandleError, RuntimeError):
    """A loan on the backend raw_sync belongs to the thread that made it, as its lock does."""
