"""Deaths by SIGKILL, and stops."""

import os
import random
import signal
import time

from suite import formula
from suite.languages import LANGUAGES, missing
from suite.registry import ONE, PAIRS, case
from suite.stage import Stage

from .common import LONG, SHORT, checked, faultless, producers, recv, send


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


def _victim(stage: Stage, round_: int, chance: random.Random) -> int | None:
    """Starts a process of the victims' language, and kills it at a random moment. Returns its number as a producer."""
    victim, who = stage.agent(stage.columns[0]), None
    stage.check.ok(victim.call("hello"))
    kind = round_ if round_ < 2 else chance.randrange(6)
    if kind == 0:
        stage.attach("consumer", victim, timeout=LONG)
        victim.ask("borrow", id="consumer", timeout=LONG)
    elif kind == 1:
        stage.attach("producer", victim, timeout=LONG)
        stage.check.ok(victim.call("loan", id="producer", size=50, timeout=LONG))
        stage.check.ok(victim.call("write", id="producer", at=0, data="ff" * 30))
    elif kind < 4:
        victim.ask("consumer", id="consumer", name=stage.name)
        fields = {
            "who": "any",
            "from": "any",
            "lengths": "mix:16:200",
            "how": chance.choice(("recv", "borrow", "batch")),
        }
        victim.ask("consume", id="consumer", **fields)
    else:
        who = 1000 + round_
        victim.ask("producer", id="producer", name=stage.name)
        fields = {"who": who, "n": 1 << 40, "lengths": "mix:16:200", "how": chance.choice(("send", "loan", "batch"))}
        victim.ask("produce", id="producer", **fields)
    time.sleep(chance.random() ** 2 * 0.02)
    victim.kill()
    return who


@case(ONE, backends=("futex",))
def random_kills_harm_nobody(stage: Stage) -> None:
    """Kills at random moments, by the hundred in the long mode: the others get every message, whole and in order"""
    rounds = int(os.environ.get("ACKCAST_KILL_ROUNDS", "12"))
    seed = int(os.environ.get("ACKCAST_KILL_SEED", time.time_ns() % 1_000_000))
    print(f"{rounds} kills of {stage.columns[0]} with ACKCAST_KILL_SEED={seed}")
    chance, present = random.Random(seed), [language for language in LANGUAGES if not missing(language)]
    others = [language for language in present if language != stage.columns[0]] or present
    keeper, sender = stage.agent(others[0]), stage.agent(others[-1])
    receivers = [stage.agent(language) for language in present]
    stage.channel(keeper, slots=8, slot_size=200, places=16, consumers=len(receivers))
    for at, receiver in enumerate(receivers):
        stage.attach("consumer", receiver)
        how = ("recv", "borrow", "batch")[at % 3]
        receiver.ask("consume", id="consumer", who="any", lengths="mix:16:200", how=how, **{"from": 0})
    stage.attach("producer", sender)
    sent, killed = 0, set()
    for round_ in range(rounds):
        fields = {"who": 0, "n": 60, "lengths": "mix:16:200", "how": "send", "from": sent, "pace_us": 100}
        sender.ask("produce", id="producer", **fields)
        killed.add(_victim(stage, round_, chance))
        stage.check.ok(sender.answer())
        sent += 60
    stage.check.that(int(stage.stats("evicted")) > 0, "a victim was evicted")
    stage.check.that(int(stage.stats("takeovers")) > 0, "a lock was taken over")
    stage.check.ok(sender.call("finish", id="producer"), ended=1)
    answers = [receiver.answer() for receiver in receivers]
    counts = {who: behind for who, (_, behind) in producers(answers[0]).items()}
    stage.check.equal(counts.get(0), sent, "the messages of the producer that lives")
    stage.check.that(set(counts) <= killed | {0}, "nobody else has sent")
    digests = {faultless(stage, answer, counts, "Ended") for answer in answers}
    stage.check.equal(len(digests), 1, "the number of orders in which the consumers got the messages")
