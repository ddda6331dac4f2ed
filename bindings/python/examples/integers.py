"""A producer updates an array, element by element, and consumers print it: `integers.py [CONSUMERS] [METHOD]`."""

import multiprocessing
import os
import random
import struct
import sys

import ackcast

ARRAY = struct.Struct("5i")


def produce(channel):
    array = [0] * 5
    with ackcast.Producer(channel) as producer:
        for turn in range(10):
            index = turn % len(array)
            array[index] = random.randint(1, 100)
            with producer.loan(ARRAY.size, timeout=30) as slot:
                ARRAY.pack_into(slot, 0, *array)
                print(f"Producer wrote: {array[index]} at index {index}\n", end="", flush=True)


def consume(channel, number):
    with ackcast.Consumer(channel) as consumer:
        try:
            while True:
                with consumer.borrow() as slot:
                    print(f"Consumer {number} read: {list(ARRAY.unpack(slot))}\n", end="", flush=True)
        except ackcast.Ended:
            print(f"Consumer {number} exiting.\n", end="", flush=True)


def main(consumers=2, method="spawn"):
    process, channel = multiprocessing.get_context(method).Process, f"integers-{os.getpid()}"
    with ackcast.Channel.create(channel, consumers=consumers):
        jobs = [process(target=produce, args=(channel,))]
        jobs += [process(target=consume, args=(channel, number + 1)) for number in range(consumers)]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
    if any(job.exitcode for job in jobs):
        sys.exit("a process failed")
    print("All processes finished.")


if __name__ == "__main__":
    main(*[int(argument) for argument in sys.argv[1:2]], *sys.argv[2:3])
