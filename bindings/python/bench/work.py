"""The work of a measurement's processes: the same code for every participant."""

import time
from itertools import chain, cycle

import numpy
from plan import FRAME, Plan, batches, messages

CHUNK = 64
"""Small messages between two looks at the clock."""

STAMPS = 65536 // 8
"""Words from one stamp of a frame to the next."""

now = time.perf_counter


def send(link, plan: Plan, start) -> dict:
    """Sends for the plan's time, and then ends the stream."""
    if plan.cell.kind in ("stamped", "whole"):
        return send_frames(link, plan, start)
    if plan.batched:
        chunks = [[batch] for batch in batches(plan.size)]
    else:
        pool = messages(plan.size)
        chunks = [pool[at : at + CHUNK] for at in range(0, len(pool), CHUNK)]
    call = link.send
    sent, turns = 0, cycle(chunks)
    start()
    began = now()
    until = began + plan.seconds
    while now() < until:
        chunk = next(turns)
        for message in chunk:
            call(message)
        sent += len(chunk)
    link.finish()
    return {"sent": sent * plan.batch, "began": began}


def receive(link, plan: Plan, start) -> dict:
    """Receives up to the end of the stream, and compares each message with what was sent."""
    if plan.cell.kind in ("stamped", "whole"):
        return receive_frames(link, plan, start)
    pool = batches(plan.size) if plan.batched else messages(plan.size)
    start()
    if not plan.batched:
        count, wrong = (check_views if link.in_place else check_messages)(link, pool)
    elif link.keeps_batches:
        count, wrong = check_messages(link, pool)
        count, wrong = count * plan.batch, wrong * plan.batch
    else:
        count, wrong = check_lists(link, list(chain(*pool)))
    return {"received": count, "wrong": wrong, "ended": now()}


def check_messages(link, pool) -> tuple[int, int]:
    wrong = count = 0
    for count, (message, wanted) in enumerate(zip(link.messages(), cycle(pool)), 1):  # noqa: B007
        if message != wanted:
            wrong += 1
    return count, wrong


def check_views(link, pool) -> tuple[int, int]:
    """`startswith` compares a buffer as memcmp(3) does. `==` of a memoryview goes element by element."""
    wrong = count = 0
    for count, (view, wanted) in enumerate(zip(link.messages(), cycle(pool)), 1):  # noqa: B007
        if len(view) != len(wanted) or not wanted.startswith(view):
            wrong += 1
    return count, wrong


def check_lists(link, pool) -> tuple[int, int]:
    """For participants that receive a list of whatever is there."""
    length = len(pool)
    wrong = count = 0
    twice = pool + pool
    for found in link.messages():
        at = count % length
        count += len(found)
        while found:
            part = twice[at : at + length][: len(found)]
            if found[: len(part)] != part:
                wrong += sum(a != b for a, b in zip(found, part, strict=False))
            found = found[len(part) :]
    return count, wrong


def send_frames(link, plan: Plan, start) -> dict:
    """Writes the number of the frame to all its words, or to one in each 64 KiB."""
    step = STAMPS if plan.cell.kind == "stamped" else 1
    sent = 0

    def fill(frame):
        frame[::step] = sent

    start()
    began = now()
    while now() < began + plan.seconds:
        link.send_frame(fill)
        sent += 1
    link.finish()
    return {"sent": sent, "began": began}


def receive_frames(link, plan: Plan, start) -> dict:
    step = STAMPS if plan.cell.kind == "stamped" else 1
    words = FRAME // 8
    wrong = count = 0
    start()
    for frame in link.frames():  # not by `enumerate`: it would keep the last frame beyond its borrow
        part = frame[::step]
        if len(frame) != words or not (part == count).all():
            wrong += 1
        count += 1
        del frame, part
    return {"received": count, "wrong": wrong, "ended": now()}


def ping(there, back, plan: Plan, start) -> dict:
    """The half of each round trip, in nanoseconds."""
    pool = messages(plan.size)
    halves, wrong = [], 0
    clock, call, replies, turns = time.perf_counter_ns, there.send, back.messages(), cycle(pool)
    in_place = back.in_place
    start()
    began = now()
    while now() < began + plan.seconds:
        message = next(turns)
        before = clock()
        call(message)
        reply = next(replies)
        halves.append((clock() - before) // 2)
        if not (message.startswith(reply) and len(reply) == len(message) if in_place else message == reply):
            wrong += 1
    there.finish()
    wrong += sum(1 for _ in replies)  # up to the end of the other side
    halves = numpy.sort(halves[len(halves) // 10 :])
    return {
        "trips": len(halves),
        "wrong": wrong,
        "p50": halves[len(halves) // 2],
        "p99": halves[len(halves) * 99 // 100],
    }


def pong(there, back, plan: Plan, start) -> dict:
    call = back.send
    start()
    for message in there.messages():
        call(message)
    back.finish()
    return {}
