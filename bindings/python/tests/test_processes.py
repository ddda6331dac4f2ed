"""Processes: every way to start them, forks with open handles, and deaths."""

import multiprocessing
import os
import pickle
import signal
import sys

import ackcast
import pytest

METHODS = ("spawn", "forkserver", "fork")


def echo(name, back):
    with ackcast.Consumer(name) as consumer, ackcast.Producer(back) as producer:
        for message in consumer:
            producer.send(message)


@pytest.mark.parametrize("method", METHODS)
def test_child_attaches_by_name(name, method):
    context = multiprocessing.get_context(method)
    back = name + "-back"
    with ackcast.Channel.create(name, slots=4), ackcast.Channel.create(back, slots=4):
        child = context.Process(target=echo, args=(name, back))
        child.start()
        with ackcast.Consumer(back) as consumer:
            with ackcast.Producer(name) as producer:
                for number in range(100):
                    producer.send(b"%d" % number)
                    assert consumer.recv(timeout=20) == b"%d" % number
            assert list(consumer) == []
        child.join(20)
        assert child.exitcode == 0


@pytest.mark.parametrize("kind", ["Channel", "Producer", "Consumer", "Borrow", "Loan"])
def test_handle_is_not_pickled(name, kind):
    with ackcast.Channel.create(name) as channel:
        producer, consumer = ackcast.Producer(name), ackcast.Consumer(name)
        things = {"Channel": channel, "Producer": producer, "Consumer": consumer}
        if kind == "Loan":
            things[kind] = producer.loan()
        if kind == "Borrow":
            producer.send(b"x")
            things[kind] = consumer.borrow()
        with pytest.raises(TypeError, match="pickle"):
            pickle.dumps(things[kind])
        if kind in ("Producer", "Consumer"):
            with pytest.raises(TypeError, match=f"ackcast.{kind}"):
                pickle.dumps(things[kind])


def in_child(check):
    """Runs `check` in a forked child, and fails if it fails."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.alarm(20)
            check()
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0


def raises(error, *calls):
    for call in calls:
        with pytest.raises(error):
            call()


def test_inherited_handle_is_an_error(name):
    with ackcast.Channel.create(name, slots=4) as channel:
        producer, consumer = ackcast.Producer(name), ackcast.Consumer(name)
        producer.send_batch([b"one", b"two", b"three"])
        assert next(consumer) == b"one"  # two messages are taken ahead

        def check():
            raises(ackcast.SendInherited, lambda: producer.send(b"x"), lambda: producer.try_send(b"x"), producer.finish,
                   producer.loan, lambda: producer.send_batch([b"x"]), producer.wait_until_drained)  # fmt: skip
            raises(ackcast.RecvInherited, consumer.recv, consumer.try_recv, consumer.borrow, consumer.recv_batch,
                   consumer.__next__, lambda: consumer.recv_into(bytearray(4)))  # fmt: skip
            raises(ackcast.OpenInherited, channel.stats, channel.acknowledged, lambda: channel.published)
            assert channel.slots == 4 and producer.name == name
            with pytest.raises(ackcast.Inherited):
                with producer:
                    pass
            with consumer:
                pass
            channel.close()
            with ackcast.Consumer(name, start=None) as own:  # handles of its own are fine
                assert own.try_recv() is None
            with ackcast.Channel.open(name) as own:
                assert own.published.count == 3

        in_child(check)
        producer.send(b"four")
        assert [consumer.recv() for _ in range(3)] == [b"two", b"three", b"four"]
        assert channel.acknowledged() == {0: 4} and channel.evicted == 0


def test_views_are_released_in_a_child(name):
    import numpy

    with ackcast.Channel.create(name, slots=4, slot_size=64) as channel:
        producer, consumer = ackcast.Producer(name), ackcast.Consumer(name)
        producer.send(b"Hello")
        borrow, loan = consumer.borrow(), producer.loan(5)
        with borrow as view, loan as slot:
            slot[:] = b"first"

            def check():
                raises(ValueError, lambda: view[0], lambda: bytes(view), lambda: slot.__setitem__(0, 1))
                borrow.release()
                with pytest.raises(ackcast.SendInherited):
                    loan.publish()

            in_child(check)
            array = numpy.frombuffer(view, numpy.uint8)
            written = numpy.frombuffer(slot, numpy.uint8)

            def check_arrays(array=array, written=written):
                assert bytes(array) == b"Hello"  # nothing was sent meanwhile
                written[:] = 0  # the child's own copy
                raises(ackcast.StillExported, borrow.release, loan.publish)

            in_child(check_arrays)
            del check_arrays
            assert bytes(view) == b"Hello" and bytes(slot) == b"first"
            del array, written
        assert consumer.recv() == b"first"
        assert channel.acknowledged() == {0: 2}


def test_fork_while_threads_wait(name):
    """A thread that uses a handle at the fork is not in the child: the handle is an error there, and no hang."""
    import threading

    with ackcast.Channel.create(name, slots=1):
        producer, consumer = ackcast.Producer(name), ackcast.Consumer(name)
        thread = threading.Thread(target=lambda: list(consumer))
        thread.start()
        for _ in range(20):
            in_child(lambda: raises(ackcast.Inherited, consumer.recv, consumer.try_recv, lambda: producer.send(b"x")))
        producer.send(b"x")
        producer.finish()
        thread.join(20)
        assert not thread.is_alive()


def holder(name, ready, holds, how):
    """Attaches, and holds a borrowed message or a loan until it is killed."""
    handle = ackcast.Consumer(name) if how == "borrow" else ackcast.Producer(name)
    ready.set()
    lent = handle.borrow() if how == "borrow" else handle.loan()
    with lent:
        holds.set()
        signal.pause()


def test_killed_consumer_that_borrows_is_evicted(name):
    context = multiprocessing.get_context("spawn")
    ready, holds = context.Event(), context.Event()
    with ackcast.Channel.create(name, slots=2, consumers=2) as channel:
        child = context.Process(target=holder, args=(name, ready, holds, "borrow"))
        child.start()
        consumer, producer = ackcast.Consumer(name), ackcast.Producer(name)
        assert ready.wait(20)
        producer.send(b"first")
        assert holds.wait(20)
        producer.send(b"second")
        assert [consumer.recv(), consumer.recv()] == [b"first", b"second"]
        with pytest.raises(ackcast.SendTimedOut) as info:
            producer.send(b"third", timeout=0.1)
        assert info.value.consumer is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join(20)
        producer.send(b"third", timeout=20)
        assert channel.evicted == 1
        producer.finish()
        assert list(consumer)[-1] == b"third"


def test_killed_producer_that_has_a_loan_is_replaced(name):
    context = multiprocessing.get_context("spawn")
    ready, holds = context.Event(), context.Event()
    with ackcast.Channel.create(name, slots=2, producers=2, consumers=0) as channel:
        child = context.Process(target=holder, args=(name, ready, holds, "loan"))
        child.start()
        consumer, producer = ackcast.Consumer(name), ackcast.Producer(name)
        assert ready.wait(20)
        assert holds.wait(20)
        with pytest.raises(ackcast.SendTimedOut) as info:
            producer.send(b"x", timeout=0.1)
        assert info.value.blocked_on == "lock"
        os.kill(child.pid, signal.SIGKILL)
        child.join(20)
        producer.send(b"x", timeout=20)
        assert consumer.recv() == b"x" and channel.takeovers == 1


SHUTDOWN = """
import ackcast, numpy, sys, threading, time
name = sys.argv[1]
channel = ackcast.Channel.create(name, slots=4, consumers=0)
producer, consumer = ackcast.Producer(name), ackcast.Consumer(name)
producer.send(b"Hello")
borrow, loan = consumer.borrow(), producer.loan()
view, slot = borrow.__enter__(), loan.__enter__()
array = numpy.frombuffer(view, numpy.uint8)
other = ackcast.Consumer(name)
threading.Thread(target=other.recv, daemon=True).start()
class Late:
    def __del__(self):
        end = time.monotonic() + 0.15
        while time.monotonic() < end:  # the thread wakes from its wait while the interpreter ends
            time.sleep(0.001)
        assert bytes(array) == b"Hello"
late = Late()
cycle = [late, view, slot, borrow, loan, producer, consumer, channel]
cycle.append(cycle)
print("end")
"""


def test_interpreter_ends_with_everything_open(name):
    import subprocess

    for _ in range(5):
        done = subprocess.run([sys.executable, "-X", "dev", "-c", SHUTDOWN, name], capture_output=True, timeout=60)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"end\n", b"")
        assert name not in ackcast.Channel.list() or ackcast.Channel.create(name).close() is None
