"""Consumers that come late."""

from suite.registry import PAIRS, case
from suite.stage import Stage

from .common import LONG, SHORT, recv, send


@case(PAIRS, lies=("error", "tear"))
def late_consumer_gets_what_is_retained(stage: Stage) -> None:
    """Starting at the oldest message, at a number, and at the next one; `NotRetained` says the range"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=8, retain=3, consumers=0)
    stage.attach("producer", sender)
    for at in range(6):
        stage.check.ok(send(sender, b"%d" % at))
    for start, first in (("oldest", 3), (3, 3), (4, 4), (5, 5), (6, 6), ("next", 6)):
        stage.attach("consumer", receiver, id=f"at-{start}", start=start)
        for at in range(first, 6):
            stage.check.data(recv(receiver, id=f"at-{start}"), b"%d" % at)
        timed_out = {"says": "message 6", "next": 6}
        stage.check.error(recv(receiver, id=f"at-{start}", timeout=SHORT), "TimedOut", **timed_out)
    for start in (0, 2, 7, 2**63):
        answer = receiver.call("consumer", id="x", name=stage.name, start=start)
        range_ = {"says": "can start at messages 3 to 6 now", "asked": start, "oldest": 3, "newest": 6}
        stage.check.error(answer, "NotRetained", **range_)
    stage.check.ok(send(sender, b"6"))
    for start in ("oldest", 3, 4, 5, 6, "next"):
        stage.check.data(recv(receiver, id=f"at-{start}"), b"6")


@case(PAIRS)
def late_consumer_of_an_ended_channel_gets_the_rest(stage: Stage) -> None:
    """After END: the retained messages and END, or END alone"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=4, retain=2, consumers=0)
    stage.attach("producer", sender)
    for at in range(5):
        stage.check.ok(send(sender, b"%d" % at))
    stage.check.ok(sender.call("finish", id="producer"), ended=1)
    stage.attach("consumer", receiver, id="oldest", start="oldest")
    stage.attach("consumer", receiver, id="next", start="next")
    for data in (b"3", b"4"):
        stage.check.data(recv(receiver, id="oldest"), data)
    stage.check.error(recv(receiver, id="oldest"), "Ended")
    stage.check.error(recv(receiver, id="next"), "Ended")


@case(PAIRS)
def late_consumer_joins_a_stream(stage: Stage) -> None:
    """Consumers that join while messages flow get each message from their start on"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=16, slot_size=64, retain=8, consumers=0)
    stage.attach("producer", sender)
    sender.ask("produce", id="producer", who=4, n=3000, lengths="mix:16:64", how="send")
    for at, start in enumerate(("next", "oldest") * 3):
        stage.attach("consumer", receiver, id=f"late-{at}", start=start)
        fields = {"who": "any", "from": "any", "lengths": "mix:16:64", "how": "recv", "n": 3, "timeout": 0}
        answer = receiver.call("consume", id=f"late-{at}", **fields)
        stage.check.equal(answer["faults"], "0", f"messages that are not the formula's ({answer['first']})")
        stage.check.that(answer["end"] in ("limit", "TimedOut"), "the stream goes on")
        stage.check.ok(receiver.call("close", id=f"late-{at}"))
    stage.check.ok(sender.answer())
    stage.attach("consumer", receiver, start="oldest")
    stage.check.ok(sender.call("finish", id="producer", timeout=LONG))
    fields = {"who": 4, "from": 2992, "lengths": "mix:16:64", "how": "batch"}
    stage.check.ok(receiver.call("consume", id="consumer", **fields), n=8, faults=0, end="Ended")
