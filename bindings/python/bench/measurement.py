"""One measurement: its processes are started, led to the start, and ended."""

import gc
import multiprocessing
import os
import time
import traceback
from multiprocessing.connection import wait

import work
from plan import Plan

FORK = multiprocessing.get_context("fork")
"""The processes are forked: they start in milliseconds. Each handle is made after the fork."""

PATIENCE = 8.0
"""Seconds beyond the plan's, after which a participant counts as hung."""


class Failed(Exception):
    """A participant hung, died, raised an exception or delivered wrong data."""


def measure(peer_type, plan: Plan) -> dict:
    """The reading of one participant: a rate, or the latencies of ping-pong."""
    if plan.cell.kind == "ping-pong":
        return ping_pong(peer_type, plan)
    peer = peer_type(plan)
    try:
        jobs = [(work.send, lambda: (peer.sender(),))]
        jobs += [(work.receive, lambda number=number: (peer.receiver(number),)) for number in range(plan.consumers)]
        sender, *receivers = run(jobs, plan)
    finally:
        peer.close()
    wrong = sum(receiver["wrong"] for receiver in receivers)
    counts = [receiver["received"] for receiver in receivers]
    if wrong or any(count != sender["sent"] for count in counts):
        raise Failed(f"sent {sender['sent']}, received {counts}, {wrong} wrong")
    ended = max(receiver["ended"] for receiver in receivers)
    return {"rate": sender["sent"] / (ended - sender["began"])}


def ping_pong(peer_type, plan: Plan) -> dict:
    there, back = peer_type(plan), None
    try:
        back = peer_type(Plan(plan.cell, plan.token + "-back", plan.seconds))
        jobs = [
            (work.ping, lambda: (there.sender(), back.receiver(0))),
            (work.pong, lambda: (there.receiver(0), back.sender())),
        ]
        ping, _ = run(jobs, plan)
    finally:
        there.close()
        if back is not None:
            back.close()
    if ping["wrong"] or not ping["trips"]:
        raise Failed(f"{ping['trips']} round trips, {ping['wrong']} wrong")
    return {"p50": ping["p50"], "p99": ping["p99"]}


def run(jobs, plan: Plan) -> list[dict]:
    """Runs each job in a process of its own. None starts before all have their handles."""
    barrier = FORK.Barrier(len(jobs))
    ends, children = [], []
    deadline = time.monotonic() + plan.seconds + PATIENCE
    try:
        for job in jobs:
            hear, say = FORK.Pipe(duplex=False)
            child = FORK.Process(target=process, args=(job, plan, barrier, say), daemon=True)
            child.start()
            say.close()
            ends.append(hear)
            children.append(child)
        return gather(ends, children, deadline)
    finally:
        for child in children:
            child.kill()
            child.join()
        for end in ends:
            end.close()


def process(job, plan: Plan, barrier, say) -> None:
    try:
        outcome = lead(*job, plan, barrier)
        gc.collect()  # handles remove what they created
        say.send(outcome)
    except BaseException:
        say.send(traceback.format_exc())
    say.close()
    os._exit(0)  # without finalizers of what the parent made


def lead(task, make, plan: Plan, barrier) -> dict:
    """Makes the handles of a process, and does its work. The handles are gone when it returns."""
    links = make()

    def start():
        barrier.wait(PATIENCE)
        for link in links:
            link.connect()
        barrier.wait(PATIENCE)

    return task(*links, plan, start)


def gather(ends, children, deadline: float) -> list[dict]:
    found = {}
    while len(found) < len(ends):
        ready = wait([end for end in ends if end not in found], max(0.0, deadline - time.monotonic()))
        if not ready:
            left = [str(number) for number, end in enumerate(ends) if end not in found]
            raise Failed(f"hung: process {' and '.join(left)} of {len(ends)} has not ended")
        for end in ready:
            try:
                found[end] = end.recv()
            except EOFError:
                child = children[ends.index(end)]
                child.join(1)
                raise Failed(f"a process died: exit code {child.exitcode}") from None
            if isinstance(found[end], str):
                raise Failed(found[end].strip())
    return [found[end] for end in ends]
