"""END, and producers that are lost."""

from suite import formula
from suite.registry import PAIRS, TRIPLES, case
from suite.stage import Stage

from .common import LONG, checked, recv, send


@case(PAIRS, lies=("error",))
def end_comes_after_every_message(stage: Stage) -> None:
    """`Ended` after the last message, again and again; no producer sends or joins after it"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=4, places=2)
    stage.attach("consumer", receiver)
    stage.attach("producer", sender)
    stage.check.ok(send(sender, b"last"))
    stage.check.ok(sender.call("finish", id="producer"), ended=1)
    stage.check.data(recv(receiver), b"last")
    for verb in ("recv", "try_recv", "borrow", "recv_batch", "recv"):
        stage.check.error(receiver.call(verb, id="consumer"), "Ended", says="the channel has ended")
    stage.check.error(send(sender, b"more"), "Ended", says="nothing can follow END")
    stage.check.error(sender.call("loan", id="producer", size=1), "Ended")
    stage.check.error(sender.call("finish", id="producer"), "Ended")
    stage.check.error(receiver.call("producer", id="late", name=stage.name), "Ended", says="create a new one")
    stage.check.ok(sender.call("stats", id="channel"), published=2, ended=1, over=1, producers_lost=0)


@case(TRIPLES)
def end_waits_for_every_producer(stage: Stage) -> None:
    """END comes when as many producers as were asked for have finished, and none before"""
    first, second, receiver = stage.agents()
    stage.channel(first, slots=4, producers=2)
    stage.attach("consumer", receiver)
    for agent in (first, second):
        stage.attach("producer", agent)
    stage.check.ok(send(first, b"a"))
    stage.check.ok(first.call("finish", id="producer"), ended=0)
    stage.check.data(recv(receiver), b"a")
    stage.check.ok(receiver.call("try_recv", id="consumer"), empty=1)
    stage.check.ok(send(second, b"b"))
    stage.check.ok(second.call("finish", id="producer"), ended=1)
    stage.check.data(recv(receiver), b"b")
    stage.check.error(recv(receiver), "Ended")


@case(PAIRS, lies=("error",))
def producer_that_leaves_unfinished_is_lost(stage: Stage) -> None:
    """`ProducersLost`, with its number, after all that it sent; its successor's messages are received"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=4)
    stage.attach("consumer", receiver)
    stage.attach("producer", sender)
    stage.check.ok(send(sender, b"before"))
    stage.check.ok(sender.call("close", id="producer"))
    stage.check.data(recv(receiver), b"before")
    lost = {"says": "every producer died without finishing (number 0)", "producers": "0"}
    for verb in ("recv", "borrow", "recv_batch"):
        stage.check.error(receiver.call(verb, id="consumer", timeout=LONG), "ProducersLost", **lost)
    stage.check.ok(sender.call("stats", id="channel"), producers_lost=1, over=1)
    receiver.ask("consume", id="consumer", who=0, lengths="cycle:0:30", how="recv", timeout=LONG, **{"from": 0})
    checked(stage, receiver.answer(), [], "ProducersLost")
    stage.attach("producer", sender, id="successor")
    stage.check.ok(send(sender, b"after", id="successor"))
    stage.check.data(recv(receiver), b"after")
    stage.check.ok(sender.call("finish", id="successor"), ended=1)
    stage.check.error(recv(receiver), "Ended")


@case(PAIRS)
def iteration_goes_to_end(stage: Stage) -> None:
    """Iterating gives each message, and stops at END; lost producers are an error of it"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=3, slot_size=40)
    for end in ("ProducersLost", "Ended"):
        stage.attach("consumer", receiver, id=end)
        receiver.ask("consume", id=end, who=2, lengths="cycle:0:40", how="iterate", **{"from": 0})
        stage.attach("producer", sender, id=end)
        stage.check.ok(sender.call("produce", id=end, who=2, n=100, lengths="cycle:0:40", how="send"))
        stage.check.ok(sender.call("finish" if end == "Ended" else "close", id=end))
        checked(stage, receiver.answer(), formula.stream(2, 0, 100, "cycle:0:40"), end)
        stage.check.ok(receiver.call("close", id=end))
