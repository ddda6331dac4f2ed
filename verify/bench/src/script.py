"""multiprocessing, under the same workloads as the other participants.

Mode "slot": a slot of shared memory, a Lock, and for each consumer an Event "there is a
message" and an Event "I have read it". Mode "pipe": a Pipe for each consumer.
"""

import json
import multiprocessing as mp
import os
import random
import sys
import time
from multiprocessing.connection import wait
from multiprocessing.sharedctypes import RawArray

mode, workload = sys.argv[1:3]
size, consumers, warm_up, run, pinned = map(int, sys.argv[3:8])
END = 1 << 63
WRONG = 3
now = time.monotonic_ns
cpu = time.process_time_ns


def message(tag):
    return tag.to_bytes(8, "little") + ((tag * 0x9E3779B97F4A7C15) & (2**64 - 1)).to_bytes(8, "little") * (size // 8 - 1)


class Slot:
    def __init__(self, consumers):
        self.slot, self.lock = memoryview(RawArray("B", size)).cast("B"), mp.Lock()
        self.events = [(mp.Event(), mp.Event()) for _ in range(consumers)]

    def send(self, tag):
        with self.lock:
            self.slot[:] = message(tag)
        for there, _ in self.events:
            there.set()
        for _, read in self.events:
            read.wait()
            read.clear()

    def receive(self, consumer):
        there, read = self.events[consumer]
        there.wait()
        there.clear()
        with self.lock:
            got = bytes(self.slot)
        read.set()
        return got


class Pipes:
    def __init__(self, consumers):
        self.pipes = [mp.Pipe(duplex=False) for _ in range(consumers)]

    def send(self, tag):
        for _, writer in self.pipes:
            writer.send_bytes(message(tag))

    def receive(self, consumer):
        return self.pipes[consumer][0].recv_bytes()


class Check:
    def __init__(self):
        self.next, self.ended = 0, False

    def see(self, got):
        if got == message(self.next):
            self.next += 1
        elif got == message(self.next | END):
            self.ended = True
        else:
            sys.exit(WRONG)


def outcome(began, used, **more):
    return {"messages": 0, "total": 0, "began": began, "ended": now(), "cpu": cpu() - used, "moments": []} | more


def stream(link):
    sent = 0
    start, used = now(), cpu()
    while now() < start + warm_up:
        link.send(sent)
        sent += 1
    before, began = sent, now()
    while now() < began + run:
        link.send(sent)
        sent += 1
    link.send(sent | END)
    return outcome(began, used, messages=sent - before, total=sent)


def drain(link, consumer, moments=False):
    check, times, began, used = Check(), [], now(), cpu()
    while not check.ended:
        got = link.receive(consumer)
        times += [now()] if moments else []
        check.see(got)
    return outcome(began, used, total=check.next, moments=times[: check.next])


def ping(there, back):
    check, trips, tag, began, used = Check(), [], 0, now(), cpu()
    while now() < began + warm_up + run:
        start = now()
        there.send(tag)
        check.see(back.receive(0))
        if start > began + warm_up:
            trips.append((now() - start) // 2)
        tag += 1
    there.send(tag | END)
    check.see(back.receive(0))
    trips.sort()
    return outcome(began, used, total=tag, moments=[trips[len(trips) // 2], trips[len(trips) * 99 // 100]])


def pong(there, back):
    check, tag = Check(), 0
    while not check.ended:
        check.see(there.receive(0))
        back.send(tag | (END if check.ended else 0))
        tag += 1
    return outcome(now(), cpu(), total=check.next)


def pace(link):
    chance = random.Random(1)
    began, used, moments = now(), cpu(), []
    moment = began
    for tag in range(run // 1_000_000):
        moment += int(chance.expovariate(1e-6)) if workload == "sporadic" else 1_000_000
        time.sleep(max(0, moment - now()) / 1e9)
        moments.append(now())
        link.send(tag)
    made = outcome(began, used, total=len(moments), moments=moments)
    link.send(len(moments) | END)
    return made


def process(core, work, arguments, start, say):
    if pinned:
        os.sched_setaffinity(0, {core})
    start.wait()
    say.send(work(*arguments))


Link = {"slot": Slot, "pipe": Pipes}[mode]
link = Link(consumers)
if workload == "ping-pong":
    back = Link(1)
    jobs = [(ping, (link, back)), (pong, (link, back))]
elif workload in ("paced", "sporadic"):
    jobs = [(pace, (link,)), (drain, (link, 0, True))]
else:
    jobs = [(stream, (link,))] + [(drain, (link, consumer)) for consumer in range(consumers)]

start, ends, children = mp.Barrier(len(jobs)), [], []
cores = sorted(os.sched_getaffinity(0))
for number, (work, arguments) in enumerate(jobs):
    core = cores[number % len(cores)]
    hear, say = mp.Pipe(duplex=False)
    children.append(mp.Process(target=process, args=(core, work, arguments, start, say), daemon=True))
    children[-1].start()
    say.close()
    ends.append(hear)
outcomes = {}
while len(outcomes) < len(ends):
    for end in wait([end for end in ends if end not in outcomes]):
        try:
            outcomes[end] = end.recv()
        except EOFError:
            child = children[ends.index(end)]
            child.join()
            print("@wrong data" if child.exitcode == WRONG else "@a process died", flush=True)
            sys.exit(1)
print("@" + json.dumps([outcomes[end] for end in ends]), flush=True)
