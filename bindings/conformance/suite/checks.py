"""Checks that are counted."""

from .wire import Line


class CheckFailed(AssertionError):
    """A binding behaves otherwise than the table demands."""


class Checks:
    """Counts what has passed, and ends the case at the first check that fails."""

    def __init__(self) -> None:
        self.passed = 0

    def that(self, condition: object, what: str) -> None:
        if not condition:
            raise CheckFailed(what)
        self.passed += 1

    def equal(self, found: object, expected: object, what: str) -> None:
        self.that(found == expected, f"{what}: {found!r}, not {expected!r}")

    def ok(self, answer: Line, **fields: object) -> Line:
        """The call succeeds, with these results."""
        self.that(answer.ok, f"a call that has to succeed: {answer}")
        for key, value in fields.items():
            self.equal(answer.get(key), str(value), key)
        return answer

    def data(self, answer: Line, data: bytes) -> None:
        """The call returns this message."""
        self.equal(self.ok(answer).data(), data, "the message")

    def error(self, answer: Line, name: str, *, says: str = "", **fields: object) -> Line:
        """The call fails with this error, whose text says this, and which has these fields.

        C has statuses and numbers in place of fields, so an error has not all of them there.
        """
        self.equal(answer.get("name") if not answer.ok else f"ok: {answer}", name, "the error")
        if says:
            self.that(says in answer["text"], f"the text of {name} says {says!r}: {answer['text']!r}")
        for key, value in fields.items():
            if key in answer or answer.language != "c":
                self.equal(answer.get(key), str(value), f"{key} of {name}")
        return answer
