"""Forks."""

from suite.registry import PAIRS, case
from suite.stage import Stage

from .common import LONG, recv, send


@case(PAIRS, lies=("tear",))
def inherited_producer_is_an_error(stage: Stage) -> None:
    """The child of a fork uses the producer it has inherited: `Inherited`; then it attaches one of its own"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=8, places=2)
    stage.attach("consumer", receiver)
    stage.attach("producer", sender)
    stage.check.ok(send(sender, b"before"))
    child = stage.check.ok(sender.call("fork", id="producer", name=stage.name))
    expected = {"inherited": "Inherited", "closed": "ok", "attached": "ok", "anew": "ok", "status": "0"}
    stage.check.equal({key: child.get(key) for key in expected}, expected, "what the child reports")
    stage.check.ok(send(sender, b"after"))
    for data in (b"before", b"child", b"after"):
        stage.check.data(recv(receiver), data)
    stage.check.ok(sender.call("finish", id="producer", timeout=LONG), ended=1)
    stage.check.error(recv(receiver), "Ended")


@case(PAIRS, lies=("tear",))
def inherited_consumer_is_an_error(stage: Stage) -> None:
    """The same of a consumer, whose place, acknowledgements and messages stay the parent's"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=4, retain=2)
    stage.attach("consumer", receiver)
    stage.attach("producer", sender)
    stage.check.ok(send(sender, b"one"))
    child = stage.check.ok(receiver.call("fork", id="consumer", name=stage.name))
    expected = {"inherited": "Inherited", "closed": "ok", "attached": "ok", "anew": "ok", "status": "0"}
    stage.check.equal({key: child.get(key) for key in expected}, expected, "what the child reports")
    stage.check.ok(sender.call("stats", id="channel"), acknowledged="0:0")
    for data in (b"two", b"three"):
        stage.check.ok(send(sender, data))
    for data in (b"one", b"two", b"three"):
        stage.check.data(recv(receiver), data)
    stage.check.ok(receiver.call("try_recv", id="consumer"), empty=1)
