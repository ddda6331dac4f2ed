"""Deaths by SIGKILL, and stops."""

import signal

from suite import formula
from suite.registry import ONE, PAIRS, case
from suite.stage import Stage

from .common import LONG, SHORT, checked, recv, send


@case(PAIRS)
def consumer_killed_in_a_borrow_is_evicted(stage: Stage) -> None:
    """Kill of a consumer that holds a borrow (columns: producer, victim): the producer goes on"""
    sender, victim = stage.agents()
    stage.channel(sender, slots=2)
    stage.attach("consumer", victim)
    stage.attach("producer", sender)
    for data in (b"a", b"b"):
        stage.check.ok(send(sender, data))
    stage.check.data(victim.call("borrow", id="consumer", timeout=LONG), b"a")
    stage.check.error(send(sender, b"c", timeout=SHORT), "TimedOut", says="consumer 0")
    sender.ask("send", id="producer", data="63", timeout=LONG)
    victim.kill()
    stage.check.ok(sender.answer())
    stage.check.ok(sender.call("stats", id="channel"), evicted=1, acknowledged="")
    stage.attach("consumer", sender)
    stage.check.ok(send(sender, b"d"))
    stage.check.data(recv(sender), b"d")


@case(PAIRS)
def consumer_killed_in_a_wait_is_evicted(stage: Stage) -> None:
    """Kill of a consumer that waits for a message (columns: producer, victim): the other consumer misses nothing"""
    sender, victim = stage.agents()
    other = stage.agent(sender.language)
    stage.channel(sender, slots=2, consumers=2)
    stage.attach("consumer", victim)
    stage.attach("consumer", other)
    stage.attach("producer", sender)
    stage.check.ok(send(sender, b"first"))
    for receiver in (victim, other):
        stage.check.data(recv(receiver), b"first")
    victim.ask("recv", id="consumer", timeout="none")
    victim.kill()
    for at in range(5):
        stage.check.ok(send(sender, b"%d" % at))
        stage.check.data(recv(other), b"%d" % at)
    stage.check.ok(sender.call("stats", id="channel"), evicted=1)


@case(PAIRS)
def producer_killed_in_a_loan_sends_nothing(stage: Stage) -> None:
    """Kill of a producer that has written half a loan (columns: victim, heir): the heir takes the lock over"""
    victim, heir = stage.agents()
    stage.channel(heir, slots=2, places=2)
    stage.attach("consumer", heir)
    stage.attach("producer", victim)
    stage.attach("producer", heir)
    stage.check.ok(send(victim, b"whole"))
    stage.check.ok(victim.call("loan", id="producer", size=6, timeout=LONG))
    stage.check.ok(victim.call("write", id="producer", at=0, data=b"hal".hex()))
    answer = send(heir, b"heir", timeout=SHORT)
    stage.check.error(answer, "TimedOut", says="for the write lock", blocked_on="Lock")
    heir.ask("send", id="producer", data=b"heir".hex(), timeout=LONG)
    victim.kill()
    stage.check.ok(heir.answer())
    stage.check.ok(heir.call("stats", id="channel"), takeovers=1, published=2)
    stage.check.data(recv(heir), b"whole")
    stage.check.data(recv(heir), b"heir")
    stage.check.ok(heir.call("finish", id="producer"), ended=1)
    stage.check.error(recv(heir), "Ended")


@case(PAIRS)
def loan_that_is_abandoned_sends_nothing(stage: Stage) -> None:
    """A loan that ends without a publication (columns: producer, consumer)"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=2)
    stage.attach("consumer", receiver)
    stage.attach("producer", sender)
    for at in range(4):
        stage.check.ok(sender.call("loan", id="producer", size=3, timeout=LONG))
        stage.check.ok(sender.call("write", id="producer", at=0, data="ffffff"))
        stage.check.ok(sender.call("abandon", id="producer"))
        stage.check.ok(receiver.call("try_recv", id="consumer"), empty=1)
        stage.check.ok(send(sender, b"%d" % at))
        stage.check.data(recv(receiver), b"%d" % at)
    stage.check.ok(sender.call("stats", id="channel"), takeovers=0, published=4)


@case(PAIRS)
def everything_that_a_killed_producer_sent_arrives(stage: Stage) -> None:
    """Kill of the only producer (columns: victim, consumer): all that it sent, then `ProducersLost`"""
    victim, receiver = stage.agents()
    stage.channel(receiver, slots=64, slot_size=64)
    stage.attach("consumer", receiver)
    stage.attach("producer", victim)
    stage.check.ok(victim.call("produce", id="producer", who=6, n=60, lengths="mix:16:64", how="batch"))
    receiver.ask("consume", id="consumer", who=6, lengths="mix:16:64", how="recv", timeout=LONG, **{"from": 0})
    victim.kill()
    checked(stage, receiver.answer(), formula.stream(6, 0, 60, "mix:16:64"), "ProducersLost")
    stage.attach("producer", receiver)
    stage.check.ok(receiver.call("finish", id="producer"), ended=1)
    stage.check.error(recv(receiver), "Ended")


@case(PAIRS)
def stopped_consumer_is_waited_for(stage: Stage) -> None:
    """A consumer that is stopped, not dead (columns: producer, consumer): it is not evicted, and loses nothing"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=1)
    stage.attach("consumer", receiver)
    stage.attach("producer", sender)
    stage.check.ok(send(sender, b"a"))
    receiver.signal(signal.SIGSTOP)
    stage.check.error(send(sender, b"b", timeout=SHORT), "TimedOut", says="consumer 0")
    stage.check.ok(sender.call("stats", id="channel"), evicted=0)
    receiver.signal(signal.SIGCONT)
    stage.check.data(recv(receiver), b"a")
    stage.check.ok(send(sender, b"b"))
    stage.check.data(recv(receiver), b"b")


@case(PAIRS)
def producer_stopped_in_a_loan_keeps_the_lock(stage: Stage) -> None:
    """A producer that is stopped in a loan, not dead (columns: it, another): no takeover, and the loan is published"""
    stopped, other = stage.agents()
    stage.channel(other, slots=4, places=2)
    stage.attach("consumer", other)
    for agent in (stopped, other):
        stage.attach("producer", agent)
    stage.check.ok(stopped.call("loan", id="producer", size=4, timeout=LONG))
    stopped.signal(signal.SIGSTOP)
    answer = send(other, b"second", timeout=SHORT)
    stage.check.error(answer, "TimedOut", says="for the write lock", blocked_on="Lock")
    stage.check.ok(other.call("stats", id="channel"), takeovers=0)
    stopped.signal(signal.SIGCONT)
    stage.check.ok(stopped.call("write", id="producer", at=0, data=b"late".hex()))
    stage.check.ok(stopped.call("publish", id="producer"))
    stage.check.ok(send(other, b"second"))
    for data in (b"late", b"second"):
        stage.check.data(recv(other), data)


@case(PAIRS)
def creator_that_is_killed_harms_nobody(stage: Stage) -> None:
    """Kill of the channel's creator (columns: victim, the others): the others go on, and remove the name at last"""
    victim, other = stage.agents()
    stage.channel(victim, slots=2)
    stage.attach("consumer", other)
    stage.attach("producer", other)
    stage.check.ok(send(other, b"before"))
    victim.kill()
    stage.check.ok(send(other, b"after"))
    stage.check.ok(other.call("open", id="watching", name=stage.name))
    for data in (b"before", b"after"):
        stage.check.data(recv(other), data)
    for handle in ("producer", "consumer", "watching"):
        stage.check.that(stage.path.exists(), "the name is there while a process uses it")
        stage.check.ok(other.call("close", id=handle))
    stage.check.that(not stage.path.exists(), "the last handle removes the name")


@case(ONE, lies=("error",), leaves_files=True)
def channel_of_the_dead_is_abandoned(stage: Stage) -> None:
    """Kill of the only user: `Abandoned`, and the name can be used again"""
    victim = stage.agent(stage.columns[0])
    other = stage.agent(stage.columns[0])
    stage.channel(victim)
    stage.attach("consumer", victim)
    victim.kill()
    for verb in ("open", "producer", "consumer"):
        stage.check.error(other.call(verb, id="x", name=stage.name), "Abandoned", says="no living process uses it")
    stage.channel(other)
    stage.attach("consumer", other)
    stage.attach("producer", other)
    stage.check.ok(send(other, b"anew"))
    stage.check.data(recv(other), b"anew")
    stage.check.ok(other.call("reset"))
    stage.check.that(not stage.path.exists(), "the last handle removes the name")
