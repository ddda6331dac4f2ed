"""A camera's frames of 8 MiB to three readers, as NumPy arrays in shared memory, without a copy."""

import multiprocessing
import os
import sys
from contextlib import suppress

import ackcast
import numpy

SHAPE = (2048, 4096)  # 8 MiB of bytes
FRAMES, READERS = 24, 3


def camera(channel):
    with ackcast.Producer(channel) as producer:
        for number in range(FRAMES):
            with producer.loan(timeout=30) as slot:
                image = numpy.frombuffer(slot, numpy.uint8).reshape(SHAPE)  # the slot itself
                image[:] = number
                del image  # it must not outlive the loan


def look(channel, reader):
    seen = 0
    with ackcast.Consumer(channel) as consumer, suppress(ackcast.Ended):
        while True:
            with consumer.borrow() as slot:
                image = numpy.frombuffer(slot, numpy.uint8).reshape(SHAPE)
                assert not image.flags.owndata and not image.flags.writeable
                assert image.min() == image.max() == seen, "a torn frame"
                seen += 1
                del image
    print(f"Reader {reader}: {seen} frames of {SHAPE[0]} x {SHAPE[1]} bytes, none torn\n", end="", flush=True)


def main(method="spawn"):
    process, channel = multiprocessing.get_context(method).Process, f"frames-{os.getpid()}"
    size = SHAPE[0] * SHAPE[1]
    with ackcast.Channel.create(channel, slots=3, slot_size=size, consumers=READERS):
        jobs = [process(target=camera, args=(channel,))]
        jobs += [process(target=look, args=(channel, reader + 1)) for reader in range(READERS)]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
    if any(job.exitcode for job in jobs):
        sys.exit("a process failed")


if __name__ == "__main__":
    main(*sys.argv[1:2])
