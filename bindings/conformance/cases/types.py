"""Types of values."""

import struct

from suite.registry import ONE, PAIRS, case
from suite.stage import Stage

from .common import recv, send

POINT = "Point:1:16:8"
OTHERS = {
    "Vector:1:16:8": '"Vector" (16 bytes, alignment 8, version 1)',
    "Point:2:16:8": '"Point" (16 bytes, alignment 8, version 2)',
    "Point:1:24:8": '"Point" (24 bytes, alignment 8, version 1)',
    "Point:1:8:8": '"Point" (8 bytes, alignment 8, version 1)',
    "Point:1:16:4": '"Point" (16 bytes, alignment 4, version 1)',
}


def value(x: float, y: float) -> bytes:
    return struct.pack("<dd", x, y)


@case(ONE, lies=("error",))
def wrong_type_is_refused(stage: Stage) -> None:
    """Another name, version, size, alignment, slices or none: `Type`, with both types"""
    (agent,) = stage.agents()
    stage.channel(agent, slots=2, type=POINT)
    found = '"Point" (16 bytes, alignment 8, version 1)'
    for other, text in OTHERS.items():
        for role in ("producer", "consumer"):
            answer = agent.call(role, id="x", name=stage.name, type=other)
            stage.check.error(answer, "Type", says=found)
            stage.check.that(text in answer["text"], f"the text says {text}: {answer['text']}")
    for role in ("producer", "consumer"):
        stage.check.error(agent.call(role, id="x", name=stage.name, type=POINT, slices=1), "Type", says="slices of")
    stage.check.ok(agent.call("stats", id="channel"), acknowledged="", producers_lost=0)


@case(ONE, lies=("error",))
def channel_of_bytes_has_no_type(stage: Stage) -> None:
    """A typed participant does not join a channel of bytes"""
    (agent,) = stage.agents()
    stage.channel(agent, slots=2, slot_size=16)
    for role in ("producer", "consumer"):
        stage.check.error(agent.call(role, id="x", name=stage.name, type=POINT), "Type")


@case(PAIRS, lies=("tear",))
def values_meet(stage: Stage) -> None:
    """Values of the same type, sent and received one by one and borrowed"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=4, type=POINT)
    stage.check.ok(sender.call("stats", id="channel"), slot_size=16)
    stage.attach("consumer", receiver, type=POINT)
    stage.attach("producer", sender, type=POINT)
    for at in range(8):
        stage.check.ok(send(sender, value(at, -at / 3)))
        stage.check.data(recv(receiver), value(at, -at / 3))
    stage.check.ok(send(sender, value(1e300, -0.0)))
    stage.check.data(receiver.call("borrow", id="consumer"), value(1e300, -0.0))
    stage.check.ok(receiver.call("release", id="consumer"))


@case(PAIRS)
def slices_of_values_meet(stage: Stage) -> None:
    """Messages of any number of values, from none to the most"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=4, type=POINT, slices=1, max=5)
    stage.check.ok(sender.call("stats", id="channel"), slot_size=80)
    stage.attach("consumer", receiver, type=POINT, slices=1)
    stage.attach("producer", sender, type=POINT, slices=1)
    for count in (1, 5, 0, 3):
        data = b"".join(value(at, count) for at in range(count))
        stage.check.ok(send(sender, data))
        stage.check.data(recv(receiver), data)
    stage.check.error(send(sender, b"".join([value(0, 0)] * 6)), "TooLong", says="96 bytes, a slot holds 80")


@case(ONE, lies=("tear",))
def type_meets_a_type_of_rust(stage: Stage) -> None:
    """The type as this language states it, and the same type as Rust declares it, each way; and another one"""
    agent, rust = stage.agent(stage.columns[0]), stage.agent("rust")
    stage.channel(rust, slots=4, static=1)
    stage.attach("consumer", agent, type=POINT)
    stage.attach("consumer", rust, static=1)
    stage.attach("producer", rust, static=1)
    stage.check.ok(send(rust, value(0.5, 2)))
    stage.check.data(recv(agent), value(0.5, 2))
    stage.check.data(recv(rust), value(0.5, 2))
    stage.check.ok(rust.call("close", id="producer"))
    stage.attach("producer", agent, type=POINT)
    for at in range(3):
        stage.check.ok(send(agent, value(at, 7)))
        stage.check.data(recv(rust), value(at, 7))
        stage.check.data(recv(agent), value(at, 7))
    stage.check.error(agent.call("consumer", id="x", name=stage.name, type="Point:2:16:8"), "Type", says="version 2")


@case(ONE, lies=("error",))
def static_type_of_rust_is_refused_elsewhere(stage: Stage) -> None:
    """A Rust program with its declared type does not join this language's channel of another type"""
    agent, rust = stage.agent(stage.columns[0]), stage.agent("rust")
    stage.channel(agent, slots=4, type="Point:2:16:8")
    for role in ("producer", "consumer"):
        stage.check.error(rust.call(role, id="x", name=stage.name, static=1), "Type", says="version 2")
