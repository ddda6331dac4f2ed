"""Calls and their errors."""

from suite.registry import ONE, PAIRS, case
from suite.stage import Stage
from suite.wire import batch

from .common import LONG, SHORT, recv, send

NO_NAMES = {
    "": "it is empty",
    ".hidden": "it starts with '.'",
    "a/b": "it has a character that is not allowed",
    "a b": "it has a character that is not allowed",
    "ä": "it has a character that is not allowed",
    "x" * 201: "it is too long",
}
OUT_OF_RANGE = [
    ({"slots": 0}, "slots is 0; it must be 1 to 1048576"),
    ({"slots": (1 << 20) + 1}, "slots is 1048577"),
    ({"slot_size": 0}, "the slot size is 0; it must be 1 to 1073741824"),
    ({"slot_size": (1 << 30) + 1}, "the slot size is 1073741825"),
    ({"slots": 1 << 20, "slot_size": 1 << 30}, "do not fit a segment"),
    ({"slots": 4, "retain": 4}, "the number of messages to retain is 4; it must be 0 to 3"),
    ({"places": 65}, "the number of places for consumers is 65; it must be 1 to 64"),
    ({"consumers": 65, "places": 64}, "the number of consumers to wait for is 65"),
    ({"producers": 0}, "the number of producers to end after is 0"),
]


@case(ONE, lies=("error",))
def missing_channel_is_named(stage: Stage) -> None:
    """Opening and attaching where there is no channel: `NotFound`"""
    (agent,) = stage.agents()
    for verb in ("open", "producer", "consumer"):
        stage.check.error(agent.call(verb, id="x", name=stage.name), "NotFound", says=stage.name)
    answer = agent.call("list")
    stage.check.that(stage.name not in stage.check.ok(answer)["names"].split(","), "no such channel is listed")


@case(ONE, lies=("error",))
def name_that_is_none_is_refused(stage: Stage) -> None:
    """Names that no channel can have: `Name`, with the rule"""
    (agent,) = stage.agents()
    for name, fault in NO_NAMES.items():
        for verb in ("create", "open", "producer", "consumer"):
            stage.check.error(agent.call(verb, id="x", name=name), "Name", says=fault)


@case(ONE, lies=("error",))
def channel_in_use_is_not_created_again(stage: Stage) -> None:
    """`AlreadyExists` while a process uses the channel, and a new one after the last handle"""
    (agent,) = stage.agents()
    stage.channel(agent, slots=2)
    again = {"id": "again", "name": stage.name, "backend": stage.backend, "slots": 3}
    stage.check.error(agent.call("create", **again), "AlreadyExists", says="is in use by its creator")
    stage.attach("consumer", agent)
    stage.check.error(agent.call("create", **again), "AlreadyExists", says="participant 0")
    stage.check.ok(agent.call("close", id="channel"))
    stage.check.error(agent.call("create", **again), "AlreadyExists")
    stage.check.that(stage.name in agent.call("list")["names"].split(","), "the channel is listed")
    stage.check.ok(agent.call("close", id="consumer"))
    stage.check.that(not stage.path.exists(), "the last handle removes the name")
    stage.check.ok(agent.call("create", **again))
    stage.check.ok(agent.call("stats", id="again"), slots=3)


@case(ONE, lies=("error",))
def setting_out_of_range_is_refused(stage: Stage) -> None:
    """Settings that no channel can have: `Layout`, with the range"""
    (agent,) = stage.agents()
    for settings, text in OUT_OF_RANGE:
        answer = agent.call("create", id="x", name=stage.name, backend=stage.backend, **settings)
        stage.check.error(answer, "Layout", says=text)
        stage.check.that(not stage.path.exists(), "nothing was created")


@case(PAIRS)
def settings_are_those_of_the_creator(stage: Stage) -> None:
    """What one language creates, another opens, with all settings"""
    creator, other = stage.agents()
    settings = {"slots": 5, "slot_size": 77, "retain": 3}
    stage.channel(creator, consumers=2, producers=3, **settings)
    stage.check.ok(other.call("open", id="opened", name=stage.name))
    for agent, handle in ((creator, "channel"), (other, "opened")):
        facts = {"published": 0, "ended": 0, "evicted": 0, "takeovers": 0, "acknowledged": "", **settings}
        stage.check.ok(agent.call("stats", id=handle), **facts)
    asked = {"name": stage.name, "backend": stage.backend, "consumers": 2, "producers": 3, **settings}
    stage.check.ok(other.call("open_or_create", id="same", **asked))
    asked["slots"] = 6
    stage.check.error(other.call("open_or_create", id="differs", **asked), "Differs", says="slots is 5, not 6")


@case(PAIRS, lies=("error",))
def message_that_is_too_long_is_refused(stage: Stage) -> None:
    """`TooLong` with both lengths, from each way to send; nothing of it is delivered"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=8, slot_size=10)
    stage.attach("consumer", receiver)
    stage.attach("producer", sender)
    too_long = {"says": "the message has 11 bytes, a slot holds 10", "len": 11, "slot_size": 10}
    stage.check.error(send(sender, b"x" * 11), "TooLong", **too_long)
    stage.check.error(sender.call("try_send", id="producer", data="00" * 11), "TooLong", **too_long)
    answer = sender.call("send_batch", id="producer", **batch([b"one", b"2" * 11, b"three"]))
    stage.check.error(answer, "TooLong", **too_long, sent=1)
    answer = sender.call("loan", id="producer", size=11)
    if answer.ok:
        answer = sender.call("publish", id="producer")
    stage.check.error(answer, "TooLong", **too_long)
    stage.check.ok(send(sender, b"y" * 10))
    stage.check.data(recv(receiver), b"one")
    stage.check.data(recv(receiver), b"y" * 10)
    stage.check.ok(receiver.call("try_recv", id="consumer"), empty=1)


@case(PAIRS, lies=("error",))
def send_to_a_full_ring_names_the_consumer(stage: Stage) -> None:
    """`TimedOut` of each way to send, with the consumer and the message; then the same message is sent"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=2, slot_size=8)
    stage.attach("consumer", receiver)
    stage.attach("producer", sender)
    blocked = {"says": "for consumer 0 to acknowledge message 0", "consumer": 0, "message": 0}
    blocked |= {"blocked_on": "Acknowledgement"}
    for data in (b"a", b"b"):
        stage.check.ok(send(sender, data))
    stage.check.ok(sender.call("try_send", id="producer", data="63"), sent=0)
    stage.check.error(send(sender, b"c", timeout=SHORT), "TimedOut", **blocked)
    stage.check.error(send(sender, b"c", timeout=0), "TimedOut", **blocked)
    stage.check.error(sender.call("loan", id="producer", size=1, timeout=SHORT), "TimedOut", **blocked)
    stage.check.data(recv(receiver), b"a")
    answer = sender.call("send_batch", id="producer", timeout=SHORT, **batch([b"c", b"d"]))
    blocked |= {"says": "for consumer 0 to acknowledge message 1", "message": 1}
    stage.check.error(answer, "TimedOut", **blocked, sent=1)
    stage.check.error(sender.call("finish", id="producer", timeout=SHORT), "TimedOut", **blocked)
    for data in (b"b", b"c"):
        stage.check.data(recv(receiver), data)
    stage.check.ok(send(sender, b"d"))
    stage.check.data(recv(receiver), b"d")


@case(PAIRS, lies=("error",))
def first_message_waits_for_the_consumers(stage: Stage) -> None:
    """The first send waits for as many consumers as the channel starts with, and says how many are there"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=2, consumers=2)
    stage.attach("producer", sender)
    start = {"says": "for the first consumers: 0 of 2 have joined", "blocked_on": "Start", "joined": 0, "wanted": 2}
    stage.check.error(send(sender, b"first", timeout=SHORT), "TimedOut", **start)
    stage.attach("consumer", receiver)
    stage.check.error(send(sender, b"first", timeout=SHORT), "TimedOut", says="1 of 2", joined=1, wanted=2)
    sender.ask("send", id="producer", data=b"first".hex(), timeout="none")
    stage.attach("consumer", receiver, id="second")
    stage.check.ok(sender.answer())
    stage.check.data(recv(receiver), b"first")
    stage.check.data(recv(receiver, id="second"), b"first")


@case(PAIRS, lies=("error",))
def receiving_nothing_times_out(stage: Stage) -> None:
    """`TimedOut` of each way to receive, with the message waited for, which then comes"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=2)
    stage.attach("consumer", receiver)
    stage.attach("producer", sender)
    for at, data in enumerate((b"a", b"b")):
        waited = {"says": f"gave up waiting for message {at}", "next": at}
        stage.check.ok(receiver.call("try_recv", id="consumer"), empty=1)
        stage.check.error(recv(receiver, timeout=SHORT), "TimedOut", **waited)
        stage.check.error(recv(receiver, timeout=0), "TimedOut", **waited)
        stage.check.error(receiver.call("borrow", id="consumer", timeout=SHORT), "TimedOut", **waited)
        stage.check.error(receiver.call("recv_batch", id="consumer", timeout=SHORT), "TimedOut", **waited)
        stage.check.ok(send(sender, data))
        stage.check.data(recv(receiver), data)


@case(PAIRS)
def sleeper_is_woken(stage: Stage) -> None:
    """A consumer that waits for ever gets the message; a producer that waits for ever gets the slot"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=1)
    stage.attach("consumer", receiver)
    stage.attach("producer", sender)
    for at in range(20):
        receiver.ask("recv", id="consumer", timeout="none")
        stage.check.ok(send(sender, bytes([at])))
        stage.check.data(receiver.answer(), bytes([at]))
    stage.check.ok(send(sender, b"kept"))
    for _ in range(20):
        sender.ask("send", id="producer", data="6e657874", timeout="none")
        stage.check.that(recv(receiver).data() in (b"kept", b"next"), "a message")
        stage.check.ok(sender.answer())


@case(ONE, lies=("error",))
def places_are_limited(stage: Stage) -> None:
    """`Full` with the role and the number of places, and a place that is free again"""
    (agent,) = stage.agents()
    stage.channel(agent, slots=2, places=2)
    for role in ("producer", "consumer"):
        for number in range(2):
            stage.attach(role, agent, id=f"{role}{number}")
        full = {"says": f"all 2 {role} places are in use", "role": role, "capacity": 2}
        stage.check.error(agent.call(role, id="third", name=stage.name), "Full", **full)
        stage.check.ok(agent.call("close", id=f"{role}0"))
        stage.attach(role, agent, id=f"{role}0")


@case(PAIRS)
def either_side_may_start_first(stage: Stage) -> None:
    """Attaching waits for the channel, or times out"""
    sender, receiver = stage.agents()
    for role, agent in (("producer", sender), ("consumer", receiver)):
        answer = agent.call(role, id="x", name=stage.name, timeout=SHORT)
        stage.check.error(answer, "TimedOut", says="there is none", last="NotFound")
    receiver.ask("consumer", id="consumer", name=stage.name, timeout=LONG)
    stage.channel(sender)
    sender.ask("producer", id="producer", name=stage.name, timeout=LONG)
    stage.check.ok(sender.answer())
    stage.check.ok(receiver.answer())
    stage.check.ok(send(sender, b"met"))
    stage.check.data(recv(receiver), b"met")
