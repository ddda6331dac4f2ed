"""Processes that meet, and wait for each other."""

from suite.registry import FANS, PAIRS, case
from suite.stage import Stage

from .common import LONG, SHORT, recv, send


@case(FANS)
def creators_at_once_share_one_channel(stage: Stage) -> None:
    """Four processes open or create the channel at the same moment, again and again, and all have the same one"""
    agents = stage.agents()
    settings = {"name": stage.name, "backend": stage.backend, "slots": 8, "consumers": 3}
    for round_ in range(5):
        for agent in agents:
            agent.ask("open_or_create", id="shared", **settings)
        for agent in agents:
            stage.check.ok(agent.answer())
        for receiver in agents[1:]:
            stage.attach("consumer", receiver)
        stage.attach("producer", agents[0])
        stage.check.ok(send(agents[0], b"round %d" % round_))
        for receiver in agents[1:]:
            stage.check.data(recv(receiver), b"round %d" % round_)
        for agent in agents:
            agent.ask("reset")  # all leave at once, too
        for agent in agents:
            stage.check.ok(agent.answer())
        stage.check.that(not stage.path.exists(), "the last handle removes the name")


@case(PAIRS, lies=("error",))
def draining_waits_for_every_consumer(stage: Stage) -> None:
    """A producer that waits until all was acknowledged: `TimedOut` names who is behind; a dead consumer is gone"""
    sender, receiver = stage.agents()
    victim = stage.agent(receiver.language)
    stage.channel(sender, slots=4, consumers=2)
    for agent in (receiver, victim):
        stage.attach("consumer", agent)
    stage.attach("producer", sender)
    for data in (b"a", b"b"):
        stage.check.ok(send(sender, data))
    for data in (b"a", b"b"):
        stage.check.data(recv(victim), data)
    behind = {"says": "consumer 0, which has acknowledged 0 of 2 messages", "consumer": 0, "behind": 1}
    stage.check.error(sender.call("drain", id="producer", timeout=SHORT), "TimedOut", **behind)
    stage.check.data(recv(receiver), b"a")
    sender.ask("drain", id="producer", timeout=LONG)
    stage.check.data(recv(receiver), b"b")
    stage.check.ok(sender.answer(), received=2, gone=0)
    stage.check.ok(send(sender, b"c"))
    victim.kill()
    stage.check.data(recv(receiver), b"c")
    stage.check.ok(sender.call("drain", id="producer", timeout=LONG), received=1, gone=1)
