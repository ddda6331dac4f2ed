"""Handles for event loops: descriptors in Rust and C, asyncio in Python."""

from suite import formula
from suite.registry import ONE, PAIRS, case
from suite.stage import Stage

from .common import checked


@case(PAIRS, backends=("futex",))
def event_handles_meet(stage: Stage) -> None:
    """A producer and a consumer that never wait in a call, from the first message to END"""
    sender, receiver = stage.agents()
    stage.channel(slots=4, slot_size=200)
    fields = {"name": stage.name, "who": 8, "lengths": "cycle:0:200"}
    receiver.ask("event_consume", **fields, **{"from": 0})
    stage.check.ok(sender.call("event_produce", n=500, **fields), n=500)
    checked(stage, receiver.answer(), formula.stream(8, 0, 500, "cycle:0:200"), "Ended")


@case(PAIRS)
def event_consumer_meets_a_plain_producer(stage: Stage) -> None:
    """An event consumer sleeps outside of the library while a producer sends now and then, and is told of its death"""
    sender, receiver = stage.agents()
    stage.channel(slots=4, slot_size=200)
    fields = {"name": stage.name, "who": 8, "lengths": "mix:0:200"}
    receiver.ask("event_consume", **fields, **{"from": 0})
    stage.attach("producer", sender)
    for at in range(20):
        fields = {"who": 8, "n": 10, "lengths": "mix:0:200", "from": 10 * at, "how": "send"}
        stage.check.ok(sender.call("produce", id="producer", **fields))
    sender.kill()
    checked(stage, receiver.answer(), formula.stream(8, 0, 200, "mix:0:200"), "ProducersLost")


@case(ONE, backends=("raw_sync",), lies=("error",))
def event_producer_of_raw_sync_is_refused(stage: Stage) -> None:
    """The lock of raw_sync belongs to a thread, so no other thread can wait for it: `LockOfThread`"""
    (agent,) = stage.agents()
    stage.channel(agent)
    answer = agent.call("event_produce", name=stage.name, who=0, n=1, lengths="fixed:3")
    stage.check.error(answer, "LockOfThread", says="belongs to a thread")
