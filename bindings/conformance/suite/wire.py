"""The lines that runner and agents exchange: a verb, and fields ``key=value`` after it."""

import re


class Line(dict):
    """A request or an answer: its fields, and its verb."""

    def __init__(self, verb: str, /, **fields: object) -> None:
        super().__init__({key: str(value) for key, value in fields.items()})
        self.verb = verb
        self.language = ""

    @property
    def ok(self) -> bool:
        return self.verb == "ok"

    def number(self, key: str) -> int:
        return int(self[key])

    def data(self, key: str = "data") -> bytes:
        return bytes.fromhex(self[key])

    def messages(self) -> list[bytes]:
        """The messages of a batch."""
        parts = self["data"].split(",") if self.number("n") else []
        return [bytes.fromhex(part) for part in parts]

    def __str__(self) -> str:
        return " ".join([self.verb, *(f"{key}={_escape(value)}" for key, value in self.items())])


def parse(text: str) -> Line:
    """A line of an agent."""
    verb, *words = text.split(" ")
    line = Line(verb)
    for word in words:
        key, separator, value = word.partition("=")
        if not separator:
            raise ValueError(f"no field: {word!r} in {text!r}")
        line[key] = _unescape(value)
    return line


def _escape(value: str) -> str:
    return "".join(
        chr(byte) if 0x21 <= byte <= 0x7E and byte != 0x25 else f"%{byte:02x}"
        for byte in value.encode("utf-8", "surrogateescape")
    )


def _unescape(value: str) -> str:
    plain = re.sub(rb"%([0-9a-f]{2})", lambda code: bytes([int(code[1], 16)]), value.encode())
    return plain.decode("utf-8", "replace")


def batch(messages: list[bytes]) -> dict[str, object]:
    """The fields of a request that sends a batch."""
    return {"n": len(messages), "data": ",".join(message.hex() for message in messages)}
