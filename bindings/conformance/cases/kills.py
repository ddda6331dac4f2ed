"""Kills at random moments."""

import os
import random
import time

from suite.languages import LANGUAGES, missing
from suite.registry import ONE, case
from suite.stage import Stage

from .common import LONG, faultless, producers


def _victim(stage: Stage, round_: int, chance: random.Random) -> int | None:
    """Starts a process of the victims' language, and kills it at a random moment. Returns its number as a producer."""
    victim, who = stage.agent(stage.columns[0]), None
    stage.check.ok(victim.call("hello"))
    kind = round_ if round_ < 2 else chance.randrange(7)
    if kind == 0:
        stage.attach("consumer", victim, timeout=LONG)
        victim.ask("borrow", id="consumer", timeout=LONG)
    elif kind == 1:
        stage.attach("producer", victim, timeout=LONG)
        stage.check.ok(victim.call("loan", id="producer", size=50, timeout=LONG))
        stage.check.ok(victim.call("write", id="producer", at=0, data="ff" * 30))
    elif kind == 2:
        for at in range(30):  # joins and leaves
            role = chance.choice(("consumer", "producer"))
            victim.ask(role, id=f"{role}{at}", name=stage.name, timeout=LONG)
            victim.ask("close", id=f"{role}{at}")
    elif kind < 5:
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
    evicted, takeovers = int(stage.stats("evicted")), int(stage.stats("takeovers"))
    stage.check.that(evicted > 0, "a victim was evicted")
    stage.check.that(takeovers > 0, "a lock was taken over")
    stage.check.ok(sender.call("finish", id="producer"), ended=1)
    answers = [receiver.answer() for receiver in receivers]
    counts = {who: behind for who, (_, behind) in producers(answers[0]).items()}
    stage.check.equal(counts.get(0), sent, "the messages of the producer that lives")
    theirs = f"{evicted} evicted, {takeovers} locks taken over, {sum(counts.values()) - sent} messages of theirs"
    stage.notes.append(f"{rounds} kills of {stage.columns[0]}: {theirs} and {sent} others to {len(answers)} consumers")
    stage.check.that(set(counts) <= killed | {0}, "no other producer has sent")
    digests = {faultless(stage, answer, counts, "Ended") for answer in answers}
    stage.check.equal(len(digests), 1, "the number of orders in which the consumers got the messages")
