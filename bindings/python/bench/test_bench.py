"""The benchmark notices what it must not count: `python -m pytest bindings/python/bench`."""

import os
import subprocess
import sys
import time

import pytest
from machine import BUSY, Others, own, used
from measurement import Failed, measure
from peers.standard import Pipe, PipeReceiver
from plan import CELLS, Plan
from report import Results, comparison, table, text

KINDS = {cell.kind: cell for cell in CELLS if cell.size != 1 << 20}


def plan(kind="single"):
    return Plan(KINDS[kind], f"ackbench-test-{os.getpid()}", 0.02)


class Faulty(Pipe):
    """A pipe whose receiver changes what arrives."""

    def receiver(self, number):
        peer = self

        class FaultyReceiver(PipeReceiver):
            def messages(self):
                return peer.spoil(super().messages())

            def frames(self):
                return peer.spoil(super().frames())

        return FaultyReceiver(self.pipes[number][0], self.plan)


class Dropping(Faulty):
    def spoil(self, found):
        return (message for count, message in enumerate(found) if count != 5)


class Doubling(Faulty):
    def spoil(self, found):
        for count, message in enumerate(found):
            yield message
            if count == 5:
                yield message


class Garbling(Faulty):
    def spoil(self, found):
        for count, message in enumerate(found):
            yield message[:-1] + type(message)(message[:1]) if count == 3 else message


class Swapping(Faulty):
    def spoil(self, found):
        for first in found:
            second = next(found, None)
            yield from [first] if second is None else [second, first]


class Hanging(Faulty):
    def spoil(self, found):
        yield from found
        time.sleep(60)


class Dying(Faulty):
    def spoil(self, found):
        next(found)
        os._exit(7)
        yield


@pytest.mark.parametrize("kind", ["single", "batch", "ping-pong", "stamped"])
def test_pipe_is_measured(kind):
    reading = measure(Pipe, plan(kind))
    assert all(value > 0 for value in reading.values()), reading


@pytest.mark.parametrize("peer", [Dropping, Doubling, Garbling, Swapping], ids=lambda peer: peer.__name__)
@pytest.mark.parametrize("kind", ["single", "batch"])
def test_wrong_message_is_noticed(peer, kind):
    with pytest.raises(Failed, match="wrong"):
        measure(peer, Plan(KINDS[kind], f"ackbench-test-{os.getpid()}", 0.1))


def test_dropped_frame_is_noticed():
    with pytest.raises(Failed, match="wrong"):
        measure(Dropping, Plan(KINDS["stamped"], f"ackbench-test-{os.getpid()}", 0.5))


def test_wrong_echo_is_noticed():
    with pytest.raises(Failed, match="wrong"):
        measure(Garbling, plan("ping-pong"))


def test_hang_is_noticed(monkeypatch):
    monkeypatch.setattr("measurement.PATIENCE", 1.0)
    with pytest.raises(Failed, match="hung"):
        measure(Hanging, plan())


def test_death_is_noticed():
    with pytest.raises(Failed, match="exit code 7"):
        measure(Dying, plan())


def test_exception_is_noticed():
    class Raising(Faulty):
        def spoil(self, found):
            raise ValueError("of the participant")

    with pytest.raises(Failed, match="of the participant"):
        measure(Raising, plan())


def test_batches_of_any_length_are_compared():
    from work import check_lists

    class Link:
        def __init__(self, lists):
            self.lists = lists

        def messages(self):
            return self.lists

    pool = [bytes([number]) for number in range(8)]
    whole = pool * 5
    assert check_lists(Link([whole[:3], whole[3:20], whole[20:]]), pool) == (40, 0)
    assert check_lists(Link([whole[:3], whole[4:]]), pool) == (39, 36)
    assert check_lists(Link([whole[:9], [b"x"], whole[10:]]), pool) == (40, 1)


def test_quieter_half_of_the_rounds_counts():
    cell = KINDS["single"]
    results = Results([Pipe], [cell])
    for turn, others in enumerate([0.5, 0.0, 0.9, 0.1, 0.3]):
        results.add(turn, Pipe, cell, {"rate": float(turn)}, others)
    assert results.quiet(cell) == [1, 3, 4]
    assert results.middle(Pipe, cell, "rate") == 3.0
    assert results.spread(Pipe, cell, "rate") == (1.0, 4.0)
    assert results.disturbance() == "13% of the processors, and 30% at most"


def test_other_program_is_noticed():
    others = Others()
    program = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(0.5)
        assert others.part() > BUSY
    finally:
        program.kill()
        program.wait()


def test_own_children_are_no_other_program():
    before, all_before = own(), used()
    subprocess.run([sys.executable, "-c", "sum(range(10**7))"], check=True)
    mine = own() - before
    assert mine > 0.05
    assert used() - all_before > mine - 0.05  # /proc/stat counts in steps of 10 ms


def test_failed_row_has_no_figure():
    cell = KINDS["single"]
    results = Results([Pipe, Dropping], [cell])
    results.add(0, Pipe, cell, {"rate": 2.0})
    results.add(0, Dropping, cell, {"rate": 3.0})
    results.fail(Dropping, cell, "sent 2, received [1], 1 wrong")
    column = next(results.columns())
    assert text(results, Dropping, column, True) == "failed"
    assert results.best(cell, "rate", True, False) == (2.0, Pipe)
    assert len(table(results, [column], False)) == 4
    assert len(comparison(results)) == 5  # without a row: there is none of ours


def test_three_pipes_are_measured():
    reading = measure(Pipe, Plan(next(cell for cell in CELLS if cell.title == "64 B, 1 → 3"), "x", 0.02))
    assert reading["rate"] > 0
