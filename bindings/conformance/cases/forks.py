"""Forks."""

from suite.registry import PAIRS, case
from suite.stage import Stage

from .common import LONG, SHORT, recv, send


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


@case(PAIRS)
def child_of_a_lender_changes_nothing(stage: Stage) -> None:
    """A process forks while it holds a loan or a borrow; the child drops what it inherits: both stay the parent's"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=2, places=2)
    stage.attach("consumer", receiver)
    stage.attach("producer", sender)
    stage.attach("producer", receiver, id="rival")
    for at in range(3):
        stage.check.ok(sender.call("loan", id="producer", size=4, timeout=LONG))
        stage.check.ok(sender.call("write", id="producer", at=0, data=b"lo".hex()))
        child = stage.check.ok(sender.call("fork", id="producer", name=stage.name, lent=1), status=0)
        stage.check.that(child["closed"] in ("ok", "Inherited"), f"the child's end of the loan: {child}")
        answer = send(receiver, b"rival", id="rival", timeout=SHORT)
        stage.check.error(answer, "TimedOut", says="for the write lock", blocked_on="Lock")
        stage.check.ok(sender.call("write", id="producer", at=2, data=b"an".hex()))
        stage.check.ok(sender.call("publish", id="producer"))
        stage.check.data(receiver.call("borrow", id="consumer", timeout=LONG), b"loan")
        child = stage.check.ok(receiver.call("fork", id="consumer", name=stage.name, lent=1), status=0)
        stage.check.that(child["closed"] in ("ok", "Inherited"), f"the child's end of the borrow: {child}")
        stage.check.ok(sender.call("stats", id="channel"), acknowledged=f"0:{at}", evicted=0, takeovers=0)
        stage.check.data(receiver.call("look", id="consumer"), b"loan")
        stage.check.ok(receiver.call("release", id="consumer"))
