"""What several cases do."""

from suite import formula
from suite.agent import Agent
from suite.stage import Stage
from suite.wire import Line

SHORT = 0.05
"""The timeout of a call that is to time out, in seconds."""
LONG = 20
"""The timeout of a call that is not, in seconds."""
STREAM = ("drop", "double", "swap", "tear")
"""The lies about messages that a stream by formula has to notice."""


def checked(stage: Stage, answer: Line, messages: list[bytes], end: str = "limit") -> None:
    """A stream arrived: as many messages as were sent, the bytes of each, and in this order."""
    check = stage.check
    check.ok(answer, end=end)
    check.equal(answer.number("n"), len(messages), "the number of messages")
    check.equal(answer["faults"], "0", f"messages that are not the formula's ({answer['first']})")
    check.equal(answer["digest"], f"{formula.digest(messages):08x}", "the digest of the messages")


def faultless(stage: Stage, answer: Line, counts: dict[int, int], end: str) -> str:
    """A stream of several producers arrived: all messages of each, once, whole, in order. Returns its digest."""
    check = stage.check
    check.ok(answer, end=end)
    check.equal(answer["faults"], "0", f"messages that are not the formula's ({answer['first']})")
    check.equal(producers(answer), {who: (0, n) for who, n in counts.items()}, "the producers' messages")
    check.equal(answer.number("n"), sum(counts.values()), "the number of messages")
    return answer["digest"]


def producers(answer: Line) -> dict[int, tuple[int, int]]:
    """The producers whose messages were received: the number of the first, and the one after the last."""
    parts = [part.split(":") for part in answer["producers"].split(",") if part]
    return {int(who): (int(first), int(behind)) for who, first, behind in parts}


def send(agent: Agent, data: bytes, **fields: object) -> Line:
    return agent.call("send", **{"id": "producer", "data": data.hex(), "timeout": LONG, **fields})


def recv(agent: Agent, **fields: object) -> Line:
    return agent.call("recv", **{"id": "consumer", "timeout": LONG, **fields})
