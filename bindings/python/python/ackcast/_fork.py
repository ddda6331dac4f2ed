"""What a forked child does with the views that its parent has lent."""

import os
from weakref import WeakSet

from ._ackcast import Consumer, Producer

_handles: "WeakSet[Consumer | Producer]" = WeakSet()

# The extension module calls this for each handle that lends something for the first time.
register = _handles.add


def _release_views() -> None:
    """Releases the views of loans and borrowed messages.

    The child has a private copy of the memory, of which the parent's next messages may show through. So a use of a view
    is an exception there, as after the end of its `with`. An array that was made of a view before the fork cannot be
    released: it shows what the parent's memory holds, or held when the child first wrote there.
    """
    for handle in list(_handles):
        handle._release_view()


os.register_at_fork(after_in_child=_release_views)
