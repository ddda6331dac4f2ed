"""Streams."""

from suite import formula
from suite.registry import FANS, PAIRS, TRIPLES, case
from suite.stage import Stage
from suite.wire import batch

from .common import LONG, STREAM, checked, faultless, recv, send

SENDS = ("send", "try", "batch", "loan")
RECEIVES = ("recv", "into", "try", "borrow", "batch")


@case(PAIRS, lies=STREAM)
def every_way_to_send_meets_every_way_to_receive(stage: Stage) -> None:
    """Each way to send, with each way to receive, over a ring that wraps around 30 times"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=4, slot_size=200)
    stage.attach("consumer", receiver)
    stage.attach("producer", sender)
    sent, lengths = 0, "mix:0:200"
    for how in SENDS:
        for taken in RECEIVES:
            messages = formula.stream(1, sent, 120, lengths)
            sender.ask("produce", id="producer", who=1, n=120, lengths=lengths, how=how, **{"from": sent})
            answer = receiver.call(
                "consume", id="consumer", who=1, n=120, lengths=lengths, how=taken, **{"from": sent}, timeout="none"
            )
            checked(stage, answer, messages)
            stage.check.ok(sender.answer())
            sent += 120


@case(PAIRS, lies=STREAM)
def message_of_every_length_arrives(stage: Stage) -> None:
    """Messages of 0 bytes, 1 byte and so on, to the whole slot, and to END"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=3, slot_size=257)
    stage.attach("consumer", receiver)
    stage.attach("producer", sender)
    receiver.ask("consume", id="consumer", who=0, lengths="cycle:0:257", how="iterate", **{"from": 0})
    stage.check.ok(sender.call("produce", id="producer", who=0, n=516, lengths="cycle:0:257", how="send"))
    stage.check.ok(sender.call("finish", id="producer"), ended=1)
    checked(stage, receiver.answer(), formula.stream(0, 0, 516, "cycle:0:257"), "Ended")


@case(PAIRS, lies=STREAM)
def large_message_arrives_whole(stage: Stage) -> None:
    """Messages of a megabyte and more"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=2, slot_size=1_200_000)
    stage.attach("consumer", receiver)
    stage.attach("producer", sender)
    for how, taken in (("send", "recv"), ("loan", "borrow")):
        count, at = 6, 0 if how == "send" else 6
        receiver.ask("consume", id="consumer", who=0, n=count, lengths="mix:1000000:1200000", how=taken, **{"from": at})
        fields = {"who": 0, "n": count, "lengths": "mix:1000000:1200000", "how": how, "from": at}
        stage.check.ok(sender.call("produce", id="producer", **fields))
        checked(stage, receiver.answer(), formula.stream(0, at, count, "mix:1000000:1200000"))


@case(PAIRS, lies=("drop", "double"))
def empty_message_is_a_message(stage: Stage) -> None:
    """An empty message is received as one, and is not the end"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=8, slot_size=1)
    stage.attach("consumer", receiver)
    stage.attach("producer", sender)
    stage.check.ok(send(sender, b""))
    stage.check.ok(sender.call("send_batch", id="producer", **batch([b"", b"a", b""])))
    stage.check.ok(sender.call("loan", id="producer", size=0))
    stage.check.ok(sender.call("publish", id="producer"))
    for data in (b"", b"", b"a", b"", b""):
        stage.check.data(recv(receiver), data)
    stage.check.ok(sender.call("finish", id="producer"))
    stage.check.error(recv(receiver), "Ended")


@case(PAIRS, lies=STREAM)
def batch_equals_single_messages(stage: Stage) -> None:
    """The same messages one by one and in batches, received one by one, in batches of each size, and borrowed"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=8, slot_size=64)
    stage.attach("consumer", receiver)
    stage.attach("producer", sender)
    messages = formula.stream(5, 0, 6, "cycle:1:64")
    for size in (None, 1, 2, 3, 6, 8):
        if size is None:
            for message in messages:
                stage.check.ok(send(sender, message))
        else:
            stage.check.ok(sender.call("send_batch", id="producer", **batch(messages)))
        received: list[bytes] = []
        while len(received) < len(messages):
            if size is None:
                received.append(stage.check.ok(receiver.call("borrow", id="consumer", timeout=LONG)).data())
                stage.check.ok(receiver.call("release", id="consumer"))
                continue
            answer = stage.check.ok(receiver.call("recv_batch", id="consumer", max=size, timeout=LONG))
            stage.check.that(1 <= answer.number("n") <= size, f"a batch of at most {size}: {answer['n']}")
            received += answer.messages()
        stage.check.equal(received, messages, "the messages")
    stage.check.ok(sender.call("send_batch", id="producer", n=0, data=""))
    stage.check.ok(receiver.call("try_recv", id="consumer"), empty=1)


@case(PAIRS, lies=("tear",))
def borrow_equals_copy(stage: Stage) -> None:
    """A borrowed message has the bytes of a received one, until it is released, whatever is sent meanwhile"""
    sender, receiver = stage.agents()
    stage.channel(sender, slots=3, slot_size=100)
    stage.attach("consumer", receiver)
    stage.attach("producer", sender)
    messages = formula.stream(3, 0, 12, "mix:17:100")
    for at in range(0, 12, 2):
        stage.check.ok(send(sender, messages[at]))
        stage.check.data(receiver.call("borrow", id="consumer", timeout=LONG), messages[at])
        stage.check.ok(send(sender, messages[at + 1]))
        stage.check.ok(send(sender, b"next"))
        stage.check.ok(sender.call("try_send", id="producer", data="00"), sent=0)
        stage.check.data(receiver.call("look", id="consumer"), messages[at])
        stage.check.ok(receiver.call("release", id="consumer"))
        stage.check.data(recv(receiver), messages[at + 1])
        stage.check.data(recv(receiver), b"next")


@case(FANS, lies=STREAM)
def three_consumers_get_the_same(stage: Stage) -> None:
    """One producer, and a consumer of each language, each in its own way"""
    sender, *receivers = stage.agents()
    stage.channel(sender, slots=4, slot_size=300, consumers=3)
    for at, receiver in enumerate(receivers):
        stage.attach("consumer", receiver)
        fields = {"who": 9, "from": 0, "lengths": "mix:0:300", "how": RECEIVES[(at * 2 + len(sender.language)) % 5]}
        receiver.ask("consume", id="consumer", **fields)
    stage.attach("producer", sender)
    stage.check.ok(sender.call("produce", id="producer", who=9, n=600, lengths="mix:0:300", how="send"))
    stage.check.ok(
        sender.call("produce", id="producer", who=9, n=600, lengths="mix:0:300", how="batch", **{"from": 600})
    )
    stage.check.ok(sender.call("finish", id="producer"), ended=1)
    for receiver in receivers:
        checked(stage, receiver.answer(), formula.stream(9, 0, 1200, "mix:0:300"), "Ended")


@case(TRIPLES, lies=STREAM)
def two_producers_reach_every_consumer(stage: Stage) -> None:
    """Two producers of two languages: three consumers get all messages of both, in one and the same order"""
    *senders, receiver = stage.agents()
    receivers = [receiver, stage.agent(senders[0].language), stage.agent(senders[1].language)]
    stage.channel(senders[0], slots=5, slot_size=128, consumers=3, producers=2)
    for at, agent in enumerate(receivers):
        stage.attach("consumer", agent, id="consumer")
        agent.ask("consume", id="consumer", who="any", lengths="mix:16:128", how=RECEIVES[at * 2], **{"from": 0})
    for sender in senders:
        stage.attach("producer", sender)
    for who, sender in enumerate(senders):
        sender.ask("produce", id="producer", who=who, n=500, lengths="mix:16:128", how=("send", "loan")[who])
    for sender in senders:
        stage.check.ok(sender.answer())
    stage.check.ok(senders[0].call("finish", id="producer"), ended=0)
    stage.check.ok(senders[1].call("finish", id="producer"), ended=1)
    digests = {faultless(stage, agent.answer(), {0: 500, 1: 500}, "Ended") for agent in receivers}
    stage.check.equal(len(digests), 1, "the number of orders in which the consumers got the messages")


@case(TRIPLES, lies=("drop", "tear"))
def batch_is_not_interrupted(stage: Stage) -> None:
    """Two producers send batches that are longer than the ring: no message of one is within a batch of the other"""
    *senders, receiver = stage.agents()
    stage.channel(senders[0], slots=16, slot_size=32, producers=2)
    stage.attach("consumer", receiver)
    receiver.ask("consume", id="consumer", who="any", lengths="mix:16:32", how="recv", **{"from": 0})
    for sender in senders:
        stage.attach("producer", sender)
    for who, sender in enumerate(senders):
        sender.ask("produce", id="producer", who=who, n=4000, lengths="mix:16:32", how="batch")
    for sender in senders:
        stage.check.ok(sender.answer())
        stage.check.ok(sender.call("finish", id="producer"))
    answer = receiver.answer()
    faultless(stage, answer, {0: 4000, 1: 4000}, "Ended")
    stage.check.equal(answer["splits"], "0", "how often a batch was interrupted")
