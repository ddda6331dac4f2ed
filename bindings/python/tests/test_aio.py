"""asyncio."""

import asyncio
import os

import ackcast
import pytest


def run(coroutine):
    async def bounded():
        async with asyncio.timeout(20):
            return await coroutine

    return asyncio.run(bounded(), debug=True)


def test_messages_arrive_in_order(name):
    async def send():
        async with ackcast.aio.Producer(name, timeout=5) as producer:
            for number in range(1000):
                await producer.send(b"%d" % number)

    async def receive():
        async with ackcast.aio.Consumer(name, timeout=5) as consumer:
            return [message async for message in consumer]

    async def both():
        tasks = [asyncio.create_task(receive()), asyncio.create_task(receive()), asyncio.create_task(send())]
        await asyncio.sleep(0)
        with ackcast.Channel.create(name, slots=4, consumers=2):
            return await asyncio.gather(*tasks)

    wanted = [b"%d" % number for number in range(1000)]
    assert run(both()) == [wanted, wanted, None]


def test_cancelled_calls_lose_nothing(name):
    async def main():
        async with ackcast.aio.Consumer(name) as consumer, ackcast.aio.Producer(name) as producer:
            for _ in range(20):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.001):
                        await consumer.recv()
            for number in range(2):
                await producer.send(b"%d" % number)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await producer.send(b"not sent")
            assert [await consumer.recv(), await consumer.recv()] == [b"0", b"1"]
            await producer.send(b"2")
            assert await consumer.recv() == b"2"
            assert await producer.finish()
            with pytest.raises(ackcast.Ended):
                await consumer.recv()

    with ackcast.Channel.create(name, slots=2):
        run(main())


def test_several_tasks_share_a_consumer(name):
    async def main():
        async with ackcast.aio.Consumer(name) as consumer:
            tasks = [asyncio.create_task(consumer.recv()) for _ in range(8)]
            await asyncio.sleep(0)
            async with ackcast.aio.Producer(name) as producer:
                for number in range(8):
                    await producer.send(b"%d" % number)
            return await asyncio.gather(*tasks)

    with ackcast.Channel.create(name, slots=2):
        assert run(main()) == [b"%d" % number for number in range(8)]


def test_close_ends_a_wait(name):
    async def main():
        consumer = await ackcast.aio.Consumer(name)
        task = asyncio.create_task(consumer.recv())
        await asyncio.sleep(0.01)
        consumer.close()
        consumer.close()
        with pytest.raises(ackcast.Closed):
            await task
        with pytest.raises(ackcast.Closed):
            await consumer.recv()
        with pytest.raises(ackcast.Closed):
            await ackcast.aio.Consumer(name).recv()

    with ackcast.Channel.create(name):
        run(main())


def test_errors_are_those_of_the_plain_handles(name):
    async def main():
        with pytest.raises(ackcast.NotFound):
            await ackcast.aio.Consumer(name)
        with pytest.raises(ackcast.WaitForTimedOut):
            await ackcast.aio.Producer(name, timeout=0.01)
        with ackcast.Channel.create(name, slot_size=4):
            async with ackcast.aio.Consumer(name) as consumer:
                producer = await ackcast.aio.Producer(name)
                with pytest.raises(ackcast.TooLong):
                    await producer.send(b"12345")
                with pytest.raises(TypeError):
                    await producer.send("text")
                producer.close()
                with pytest.raises(ackcast.ProducersLost):
                    await consumer.recv()

    run(main())


def test_exception_does_not_finish(name):
    async def main():
        async with ackcast.aio.Consumer(name) as consumer:
            with pytest.raises(ZeroDivisionError):
                async with ackcast.aio.Producer(name) as producer:
                    await producer.send(b"x")
                    raise ZeroDivisionError
            assert await consumer.recv() == b"x"
            with pytest.raises(ackcast.ProducersLost):
                await consumer.recv()

    with ackcast.Channel.create(name):
        run(main())


def test_raw_sync_refuses_a_producer(name):
    async def main():
        with pytest.raises(ackcast.LockOfThread):
            await ackcast.aio.Producer(name)
        async with ackcast.aio.Consumer(name) as consumer:
            with ackcast.Producer(name) as producer:
                producer.send(b"Hello")
            assert [message async for message in consumer] == [b"Hello"]

    with ackcast.Channel.create(name, slots=4, backend="raw_sync"):
        run(main())


def test_other_tasks_run_while_messages_come(name):
    async def main():
        ran = 0

        async def other():
            nonlocal ran
            while True:
                ran += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        async with ackcast.aio.Consumer(name) as consumer:
            with ackcast.Producer(name) as producer:
                producer.send_batch([b"x"] * 1000)
            assert len([message async for message in consumer]) == 1000
        task.cancel()
        assert ran >= 10

    with ackcast.Channel.create(name, slots=1024):
        run(main())


def test_typed_values_arrive(name):
    position = ackcast.ValueType("Position", "dd")

    async def main():
        async with ackcast.aio.Consumer(name, type=position) as consumer:
            async with ackcast.aio.Producer(name, type=position) as producer:
                await producer.send((1, 2))
            with pytest.raises(ackcast.TypeMismatch):
                await ackcast.aio.Consumer(name, type=ackcast.ValueType("Position", "ddd"))
            return [value async for value in consumer]

    with ackcast.Channel.create(name, slots=2, type=position):
        assert run(main()) == [(1, 2)]


def test_inherited_handle_is_an_error(name):
    async def main():
        async with ackcast.aio.Consumer(name) as consumer, ackcast.aio.Producer(name) as producer:
            if (child := os.fork()) == 0:
                code = 1
                try:
                    for call in (consumer._inner.try_recv, lambda: producer._inner.try_send(b"x")):
                        try:
                            call()
                        except ackcast.Inherited:
                            continue
                        break
                    else:
                        code = 0
                finally:
                    os._exit(code)
            assert os.waitpid(child, 0)[1] == 0
            await producer.send(b"Hello")
            assert await consumer.recv() == b"Hello"

    with ackcast.Channel.create(name):
        run(main())
