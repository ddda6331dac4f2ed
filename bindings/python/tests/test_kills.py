"""Python processes that are killed at random moments. The others get every message, complete and in order.

`ACKCAST_PYTHON_KILLS` sets how many are killed: 50 by default, 1,000 with `ACKCAST_PYTHON_KILLS=1000`.
"""

import multiprocessing
import os
import random
import signal
import threading
import time
import zlib

import ackcast
import pytest

ROUNDS = int(os.environ.get("ACKCAST_PYTHON_KILLS", "50"))
# The channel has one place more for a producer than there are victims that send.
SLOT_SIZE = 4096


def message(producer, number, generator):
    """A message that shows by itself whether it is complete."""
    content = generator.randbytes(generator.choice((8, 64, 1000, SLOT_SIZE - 20)))
    body = producer.to_bytes(8, "little") + number.to_bytes(8, "little") + content
    return body + zlib.crc32(body).to_bytes(4, "little")


def check(received):
    """The producer and the number of a complete message."""
    assert zlib.crc32(received[:-4]) == int.from_bytes(received[-4:], "little"), "a message is torn"
    return int.from_bytes(received[:8], "little"), int.from_bytes(received[8:16], "little")


def consume(name, seed, started):
    """A victim that receives, in every way, until it is killed."""
    generator = random.Random(seed)
    consumer = ackcast.Consumer(name, timeout=60)
    started.set()
    while True:
        way = generator.randrange(5)
        if way == 0:
            check(consumer.recv())
        elif way == 1:
            with consumer.borrow() as view:
                check(bytes(view))
        elif way == 2:
            for received in consumer.recv_batch():
                check(received)
        elif way == 3:
            check(next(consumer))
        else:
            buffer = bytearray(SLOT_SIZE)
            check(bytes(memoryview(buffer)[: consumer.recv_into(buffer)]))


def produce(name, seed, started):
    """A victim that sends, in every way, until it is killed."""
    generator = random.Random(seed)
    producer = ackcast.Producer(name, timeout=60)
    started.set()
    number = 0
    while True:
        way = generator.randrange(3)
        if way == 0:
            producer.send(message(seed, number, generator))
            number += 1
        elif way == 1:
            producer.send_batch([message(seed, number + n, generator) for n in range(5)])
            number += 5
        else:
            body = message(seed, number, generator)
            with producer.loan(len(body)) as view:
                half = len(body) // 2
                view[:half] = body[:half]
                view[half:] = body[half:]
            number += 1


def survive(name, heard, failures):
    """A consumer that lives: every producer's numbers are 0, 1, 2 and so on."""
    try:
        with ackcast.Consumer(name) as consumer:
            for received in consumer:
                producer, number = check(received)
                assert number == heard.get(producer, 0), f"{producer} sent {number} after {heard.get(producer)}"
                heard[producer] = number + 1
    except BaseException as error:
        failures.append(error)


def test_check_finds_a_torn_message():
    torn = bytearray(message(1, 2, random.Random(0)))
    assert check(bytes(torn)) == (1, 2)
    torn[-1] ^= 1
    with pytest.raises(AssertionError):
        check(bytes(torn))


@pytest.mark.seconds(60 + ROUNDS)
@pytest.mark.parametrize("role", [consume, produce])
def test_killed_process_harms_nobody(name, role):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ackcast"])
    generator = random.Random(os.getpid())
    heard, failures, sent = [{}, {}], [], 0
    with ackcast.Channel.create(name, slots=16, slot_size=SLOT_SIZE, consumers=2, producers=2, places=16) as channel:
        survivors = [threading.Thread(target=survive, args=(name, each, failures)) for each in heard]
        for thread in survivors:
            thread.start()
        producer, other = ackcast.Producer(name), ackcast.Producer(name)
        for round in range((ROUNDS + 1) // 2):
            started = context.Event()
            victim = context.Process(target=role, args=(name, 1000 + round, started), daemon=True)
            victim.start()
            end = None
            while end is None or time.monotonic() < end:
                producer.send(message(1, sent, generator), timeout=60)
                sent += 1
                if end is None and started.is_set():
                    end = time.monotonic() + generator.expovariate(1 / 0.02)
                assert not failures and victim.is_alive()
            os.kill(victim.pid, signal.SIGKILL)
            victim.join(60)
            assert victim.exitcode == -signal.SIGKILL
            victim.close()
        assert producer.finish(timeout=60) is False
        assert other.finish(timeout=60)
        for thread in survivors:
            thread.join(60)
            assert not thread.is_alive()
        assert not failures
        assert heard[0] == heard[1] and heard[0][1] == sent
        if role is consume:
            assert channel.evicted <= (ROUNDS + 1) // 2
        else:
            assert len(heard[0]) > 1  # the victims were heard, too
            assert channel.takeovers <= (ROUNDS + 1) // 2
        print(f"{role.__name__}: {sent} messages, {channel.evicted} evicted, {channel.takeovers} takeovers")
