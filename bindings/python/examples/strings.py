"""A producer sends strings, and one to five consumers print each: `strings.py [CONSUMERS] [spawn|forkserver|fork]`."""

import multiprocessing
import os
import sys
from contextlib import suppress

import ackcast

WORDS = ["Hello", "from", "shared", "memory!", "Every", "consumer", "reads", "every", "word", "once"]


def produce(channel):
    with ackcast.Producer(channel) as producer:
        for word in WORDS:
            data = word.encode()
            with producer.loan(len(data), timeout=30) as slot:  # waits until every consumer has read the last word
                slot[:] = data
                print(f"Producer wrote: {word}\n", end="", flush=True)


def consume(channel, name):
    with ackcast.Consumer(channel) as consumer, suppress(ackcast.Ended):
        while True:
            with consumer.borrow() as slot:  # acknowledged at the end of `with`
                print(f"{name} read: {str(slot, 'utf-8')}\n", end="", flush=True)


def main(consumers=1, method="spawn"):
    process, channel = multiprocessing.get_context(method).Process, f"strings-{os.getpid()}"
    names = ["Consumer"] if consumers == 1 else [f"Consumer {number}" for number in range(1, consumers + 1)]
    with ackcast.Channel.create(channel, consumers=consumers):
        jobs = [process(target=produce, args=(channel,))]
        jobs += [process(target=consume, args=(channel, name)) for name in names]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
    if any(job.exitcode for job in jobs):
        sys.exit("a process failed")
    print("All processes finished.")


if __name__ == "__main__":
    main(*[int(argument) for argument in sys.argv[1:2]], *sys.argv[2:3])
