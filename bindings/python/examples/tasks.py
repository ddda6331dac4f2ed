"""One event loop reads from two channels at a time, while other tasks go on: `ackcast.aio`."""

import asyncio
import multiprocessing
import os
import sys

import ackcast
import ackcast.aio


def sensor(channel, values):
    with ackcast.Producer(channel) as producer:
        for value in values:
            producer.send(str(value).encode(), timeout=30)


async def follow(channel, say):
    async with ackcast.aio.Consumer(channel) as consumer:
        async for message in consumer:
            say(f"{channel.split('-')[0]}: {message.decode()}")
    say(f"{channel.split('-')[0]}: the end")


async def read(channels):
    await asyncio.gather(*[follow(channel, print) for channel in channels])


def main(method="spawn"):
    process = multiprocessing.get_context(method).Process
    channels = {f"heat-{os.getpid()}": range(20, 25), f"light-{os.getpid()}": range(700, 705)}
    kept = [ackcast.Channel.create(channel, slots=4) for channel in channels]
    jobs = [process(target=sensor, args=(channel, values)) for channel, values in channels.items()]
    for job in jobs:
        job.start()
    asyncio.run(read(channels))
    for job in jobs:
        job.join()
    for channel in kept:
        channel.close()
    if any(job.exitcode for job in jobs):
        sys.exit("a process failed")


if __name__ == "__main__":
    main(*sys.argv[1:2])
