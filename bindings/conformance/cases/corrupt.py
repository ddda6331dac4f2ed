"""Segments that were overwritten."""

import os
import random

from suite.registry import ONE, case
from suite.segment import HEADER, Segment, offsets
from suite.stage import Stage

from .common import LONG, SHORT, recv, send

GEOMETRY = {"slots": 4, "slot_size": 64, "consumers": 8, "producers": 8}
SETTINGS = {"slots": 4, "slot_size": 64, "places": 8}
FAULTS = {
    "magic": (0x1122334455667788, "Foreign", "it is not a segment of ackcast"),
    "version": (999, "Version", "it has version 999"),
    "backend": (77, "Layer", "it is built on layer 77"),
    "layout_hash": (1, "LayoutHash", "its layout has hash 0x0000000000000001"),
    "size": (4096, "Size", "it has 4096 bytes"),
    "slots": (0, "Geometry", "its geometry is impossible: slots is 0"),
    "slot_size": (0xFFFFFFFF, "Geometry", "the slot size is 4294967295"),
    "consumers": (65, "Geometry", "the number of places for consumers is 65"),
    "producers": (0, "Geometry", "the number of places for producers is 0"),
    "start_with": (9, "Geometry", "the number of consumers to wait for is 9"),
    "end_after": (0, "Geometry", "the number of producers to end after is 0"),
    "retain": (4, "Geometry", "the number of messages to retain is 4"),
    "fences": (7, "Fences", "its fences are of kind 7"),
}


@case(ONE, lies=("error",))
def overwritten_header_is_refused(stage: Stage) -> None:
    """Each fact of the header in turn: `Unusable`, with the fault"""
    (agent,) = stage.agents()
    stage.channel(agent, **SETTINGS)
    segment = Segment(stage)
    facts = segment.facts()
    expected = {"slots": 4, "slot_size": 64, "consumers": 8, "producers": 8, "start_with": 1, "end_after": 1}
    stage.check.equal({key: facts[key] for key in expected}, expected, "the facts, read where the suite looks")
    stage.check.equal(facts["size"], stage.path.stat().st_size, "the size")
    for name, (value, fault, text) in FAULTS.items():
        at, size = HEADER[name]
        segment.word(at, value, size)
        for verb in ("open", "producer", "consumer"):
            answer = agent.call(verb, id="x", name=stage.name)
            stage.check.error(answer, "Unusable", says=text, fault=fault)
        segment.word(at, facts[name], size)
    stage.attach("consumer", agent)
    stage.attach("producer", agent)
    stage.check.ok(send(agent, b"whole again"))
    stage.check.data(recv(agent), b"whole again")


@case(ONE, lies=("error",))
def overwritten_type_is_refused(stage: Stage) -> None:
    """Each fact of the header's type of values in turn: `Unusable`, with the fault"""
    (agent,) = stage.agents()
    stage.channel(agent, slots=4, type="Conformance:1:16:8")
    segment, name = Segment(stage), b"Conformance"
    at = stage.path.read_bytes().index(name)  # the name comes after four numbers
    facts = [segment.read(at - 16 + 4 * fact, 4) for fact in range(4)]
    stage.check.equal(facts, [1, 1, 16, 8], "one value, its version, size and alignment, read where they are")
    text = "its type of values is impossible"
    wrong = [(-16, 0), (-16, 3), (-8, 0), (-8, 12), (-4, 0), (-4, 3), (-4, 128), (0, 0), (0, 0xFF)]
    for offset, value in wrong:
        before = segment.read(at + offset, 4)
        segment.word(at + offset, value, 4)
        for verb in ("open", "producer", "consumer"):
            answer = agent.call(verb, id="x", name=stage.name)
            stage.check.error(answer, "Unusable", says=text, fault="ValueType")
        segment.word(at + offset, before, 4)
    stage.attach("consumer", agent, type="Conformance:1:16:8")


@case(ONE, lies=("error",))
def file_of_another_size_is_refused(stage: Stage) -> None:
    """A file that became too short, too long or empty while it was not in use, or has another mode"""
    (agent,) = stage.agents()
    stage.channel(agent, **SETTINGS)
    content = stage.path.read_bytes()
    short, text = "it is not a segment of ackcast", "it has {} bytes"
    for size, says in ((len(content) + 4096, text), (len(content) - 4096, text), (100, text), (0, short)):
        os.truncate(stage.path, size)
        for verb in ("open", "producer", "consumer"):
            stage.check.error(agent.call(verb, id="x", name=stage.name), "Unusable", says=says.format(size))
    Segment(stage).write(0, content)
    stage.check.ok(agent.call("open", id="whole", name=stage.name))
    stage.path.chmod(0o644)
    stage.check.error(agent.call("open", id="x", name=stage.name), "NotOurs", says="mode 644")
    stage.path.chmod(0o600)


@case(ONE, lies=("error",))
def overwritten_counts_are_corrupt(stage: Stage) -> None:
    """Counts that no participant can have written: `Corrupt`, with the count"""
    (agent,) = stage.agents()
    stage.channel(agent, **SETTINGS)
    stage.attach("consumer", agent)
    stage.attach("producer", agent)
    segment, at = Segment(stage), offsets(stage, **GEOMETRY)
    stage.check.equal(segment.facts()["size"], at["size"], "the size of the segment")
    for data in (b"one", b"three"):
        stage.check.ok(send(agent, data))
    variable = 1 << 62  # messages of several lengths
    stage.check.equal(segment.read(at["published"], 8), 2 | variable, "`published`, read where the suite looks")
    stage.check.equal(segment.read(at["acked"], 8), 0, "an acknowledgement, read where the suite looks")

    segment.word(at["published"], 77 | variable)
    for verb in ("recv", "borrow", "recv_batch"):
        answer = agent.call(verb, id="consumer", timeout=LONG)
        says = "77 messages published, but message 0 is not acknowledged and there are 4 slots"
        stage.check.error(answer, "Corrupt", says=says, corruption="Published")
    segment.word(at["published"], 2 | variable)

    segment.word(at["slot_header"], 65 | 9 << 32)
    for verb in ("recv", "borrow", "recv_batch"):
        answer = agent.call(verb, id="consumer", timeout=LONG)
        stage.check.error(answer, "Corrupt", says="message 0 has kind", corruption="Slot")
    segment.word(at["acked"], 50)
    for data in (b"4", b"5"):
        answer = send(agent, data, timeout=LONG)
        if not answer.ok:
            break
        stage.check.ok(send(agent, data, timeout=LONG))
    answer = send(agent, b"6", timeout=LONG)
    says = "consumer 0 has acknowledged 50 messages of"
    stage.check.error(answer, "Corrupt", says=says, corruption="Acknowledgement")
    stage.check.error(agent.call("loan", id="producer", size=1, timeout=LONG), "Corrupt", says=says)
    stage.check.error(agent.call("finish", id="producer", timeout=LONG), "Corrupt", says=says)


@case(ONE, backends=("futex",), lies=("error",))
def overwritten_lock_is_taken_over_or_waited_for(stage: Stage) -> None:
    """The lock's word: that of no participant is taken over, that of a living one is `TimedOut` with its number"""
    (agent,) = stage.agents()
    stage.channel(agent, **SETTINGS, consumers=0)
    for producer in ("producer", "other"):
        stage.attach("producer", agent, id=producer)
    segment, at = Segment(stage), offsets(stage, **GEOMETRY)
    stage.check.ok(agent.call("loan", id="other", size=1))
    held = segment.read(at["lock"], 4)
    stage.check.that(held != 0, "the word says that the lock is held")
    stage.check.ok(agent.call("abandon", id="other"))
    stage.check.equal(segment.read(at["lock"], 4), 0, "the word of a free lock")
    for takeovers, value in enumerate((0xFFFFFFFF, 0x7FFFFFFF, 0x12345678, 500, 200), 1):
        segment.word(at["lock"], value, 4)
        stage.check.ok(send(agent, b"x", timeout=LONG))
        stage.check.ok(agent.call("stats", id="channel"), takeovers=takeovers)
    segment.word(at["lock"], held, 4)
    answer = send(agent, b"x", timeout=SHORT)
    stage.check.error(answer, "TimedOut", says="for the write lock, held by producer 1", blocked_on="Lock", owner=1)
    segment.word(at["lock"], 0, 4)
    stage.check.ok(send(agent, b"free"))


KNOWN = {"TimedOut", "Ended", "ProducersLost", "Corrupt", "Full", "NotRetained", "Unusable", "Abandoned", "Liveness"}


@case(ONE, backends=("futex",))
def scribbled_segment_crashes_nobody(stage: Stage) -> None:
    """Random words all over the control part: each call returns, with a result or a typed error"""
    (agent,) = stage.agents()
    rounds = int(os.environ.get("ACKCAST_SCRIBBLE_ROUNDS", "25"))
    seed = int(os.environ.get("ACKCAST_SCRIBBLE_SEED", random.randrange(1_000_000)))
    print(f"{rounds} rounds with ACKCAST_SCRIBBLE_SEED={seed}")
    chance, at = random.Random(seed), None
    for round_ in range(rounds):
        handle = {"id": f"c{round_}", "name": f"{stage.name}.{round_}", "backend": stage.backend, **SETTINGS}
        stage.check.ok(agent.call("create", **handle))
        for role in ("consumer", "producer"):
            stage.check.ok(agent.call(role, id=f"{role}{round_}", name=handle["name"]))
        at = at or offsets(stage, **GEOMETRY)
        path = stage.path.with_name(f"ackcast.{handle['name']}")
        with path.open("r+b", buffering=0) as file:
            for _ in range(chance.randrange(1, 12)):
                where = chance.randrange(at["lock"], at["slot"], 4)
                value = chance.choice((0, 1, 2, 5, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, chance.randrange(1 << 32)))
                os.pwrite(file.fileno(), value.to_bytes(4, "little"), where)
        consumer, producer = f"consumer{round_}", f"producer{round_}"
        calls = [
            ("recv", {"id": consumer}),
            ("send", {"id": producer, "data": "00" * chance.randrange(70)}),
            ("borrow", {"id": consumer}),
            ("release", {"id": consumer}),
            ("recv_batch", {"id": consumer}),
            ("send_batch", {"id": producer, "n": 2, "data": "01,0203"}),
            ("loan", {"id": producer, "size": 3}),
            ("publish", {"id": producer}),
            ("consumer", {"id": f"late{round_}", "name": handle["name"], "start": "oldest"}),
            ("producer", {"id": f"more{round_}", "name": handle["name"]}),
            ("finish", {"id": producer}),
            ("stats", {"id": handle["id"]}),
        ]
        lent = {"borrow": "release", "loan": "publish"}
        skipped = set()
        for verb, fields in calls:
            if verb in skipped:
                continue
            if verb in ("recv", "send", "borrow", "recv_batch", "send_batch", "loan", "finish"):
                fields["timeout"] = 0.005
            answer = agent.call(verb, **fields)
            known = answer.ok or answer["name"] in KNOWN | {"TooLong"}
            stage.check.that(known, f"a result or a known error: {answer}")
            if not answer.ok and verb in lent:
                skipped.add(lent[verb])
        stage.check.ok(agent.call("reset"))
        path.unlink(missing_ok=True)
