"""The suite's vocabulary of errors: the name of the innermost Rust variant, its fields, and the text."""

import ackcast

from suite.wire import Line

NAMES = {
    "NameError_": "Name",
    "LayoutError": "Layout",
    "ValueTypeError": "ValueType",
    "TypeMismatch": "Type",
    "MarkError": "Mark",
    "LimitReached": "Limit",
    "SystemRefused": "System",
    "LivenessUnknown": "Liveness",
    **{name: name for name in ("TimedOut", "Ended", "Inherited", "Corrupt")},
}
"""Classes whose names are not the variants'. A class that is derived from one of them has its name."""


def failure(error: ackcast.Error) -> Line:
    """What an exception says."""
    fields: dict[str, object] = {}
    text = str(error)
    if isinstance(error, ackcast.BatchError):
        fields["sent"], error = error.sent, error.error
    known = [NAMES[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in NAMES]
    line = Line("error", name=known[0] if known else type(error).__name__, text=text)
    for key, value in {**fields, **getattr(error, "_fields", {})}.items():
        if value is None or key in line:
            continue
        key, value = _field(key, value)
        line[key] = str(value)
    return line


def _field(key: str, value: object) -> tuple[str, object]:
    if isinstance(value, tuple):
        return key, ",".join(map(str, value))
    if key == "kind":
        return "corruption", value
    if key == "blocked_on":
        return key, str(value).capitalize()
    return key, value
