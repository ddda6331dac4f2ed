"""Odd input, and errors with their fields."""

import array
import errno
import math
import os
import pickle
import resource
import subprocess
import sys

import ackcast
import pytest


@pytest.fixture
def pair(name):
    with ackcast.Channel.create(name, slots=4, slot_size=16) as channel:
        yield channel, ackcast.Producer(name), ackcast.Consumer(name)


BAD_TIMEOUTS = [
    (-1, ValueError), (-0.001, ValueError), (math.nan, ValueError), (-math.inf, ValueError), (-(10**400), ValueError),
    ("1", TypeError), (b"1", TypeError), ([], TypeError), (1j, TypeError),
]  # fmt: skip


@pytest.mark.parametrize(("timeout", "error"), BAD_TIMEOUTS)
def test_bad_timeout_is_refused(pair, timeout, error):
    channel, producer, consumer = pair
    producer.send(b"x")
    for call in (
        lambda: producer.send(b"x", timeout=timeout),
        lambda: producer.send_batch([b"x"], timeout=timeout),
        lambda: producer.loan(timeout=timeout),
        lambda: producer.finish(timeout=timeout),
        lambda: producer.wait_until_drained(timeout=timeout),
        lambda: consumer.recv(timeout=timeout),
        lambda: consumer.recv_into(bytearray(4), timeout=timeout),
        lambda: consumer.recv_batch(timeout=timeout),
        lambda: consumer.borrow(timeout=timeout),
        lambda: ackcast.Producer(channel.name, timeout=timeout),
        lambda: ackcast.Consumer(channel.name, timeout=timeout),
        lambda: ackcast.Channel.wait_for(channel.name, timeout=timeout),
        lambda: channel.wait_until_drained(timeout=timeout),
    ):
        with pytest.raises(error):
            call()
    assert channel.published.count == 1 and channel.acknowledged() == {0: 0}


@pytest.mark.parametrize("timeout", [math.inf, 1e300, 10**400, 1e18, 5, True])
def test_large_timeout_waits(pair, timeout):
    _, producer, consumer = pair
    producer.send(b"x", timeout=timeout)
    assert consumer.recv(timeout=timeout) == b"x"


@pytest.mark.parametrize("message", ["text", 5, None, [1, 2], object(), 1.5])
def test_message_that_is_no_bytes_is_refused(pair, message):
    channel, producer, _ = pair
    for call in (producer.send, producer.try_send, lambda message: producer.send_batch([b"x", message])):
        with pytest.raises(TypeError):
            call(message)
    for batch in ("text", 5, None):
        with pytest.raises(TypeError):
            producer.send_batch(batch)
    assert channel.published.count == 0


@pytest.mark.parametrize(
    ("message", "sent"),
    [(b"abc", b"abc"), (bytearray(b"abc"), b"abc"), (memoryview(b"abcdef")[1:4], b"bcd"), (memoryview(b""), b""),
     (array.array("H", [1, 2]), b"\1\0\2\0"), (memoryview(bytes(range(6))).cast("B", (2, 3)), bytes(range(6)))],
)  # fmt: skip
def test_contiguous_memory_is_sent(pair, message, sent):
    _, producer, consumer = pair
    producer.send(message)
    producer.send_batch(iter([message]))
    assert (consumer.recv(), consumer.recv()) == (sent, sent)


def test_memory_that_is_not_contiguous_is_refused(pair):
    channel, producer, consumer = pair
    view = memoryview(bytearray(b"abcdef"))[::2]
    with pytest.raises(BufferError, match="contiguous"):
        producer.send(view)
    producer.send(b"abc")
    with pytest.raises(BufferError, match="contiguous"):
        consumer.recv_into(view)
    for readonly in (b"abc", memoryview(b"abc")):
        with pytest.raises(BufferError, match="read-only"):
            consumer.recv_into(readonly)
    for wrong in ("abc", 5, None):
        with pytest.raises(TypeError):
            consumer.recv_into(wrong)
    with pytest.raises(ackcast.BufferTooSmall) as info:
        consumer.recv_into(bytearray(2))
    assert (info.value.len, info.value.capacity) == (3, 2)
    assert consumer.recv_into(array.array("I", [0])) == 3 and channel.published.count == 1


def test_source_stays_in_place_during_the_call(pair):
    _, producer, _ = pair
    source = bytearray(b"abc")
    producer.send(source)
    source += b"d"  # the buffer was released
    with pytest.raises(ackcast.TooLong):
        producer.send(bytes(17))
    with pytest.raises(ackcast.BatchError) as info:
        producer.send_batch([b"x", bytes(17), b"y"])
    assert info.value.sent == 1
    assert isinstance(info.value.__cause__, ackcast.TooLong) and info.value.__cause__ is info.value.error
    assert (info.value.error.len, info.value.error.slot_size) == (17, 16)


@pytest.mark.parametrize("max", [0, -1, -(1 << 62)])
def test_batch_of_nothing_is_refused(pair, max):
    with pytest.raises(ValueError):
        pair[2].recv_batch(max=max)


@pytest.mark.parametrize(
    ("start", "error"),
    [("newest", ValueError), ("", ValueError), (-1, ValueError), (1 << 64, ValueError), (1.0, TypeError),
     (True, TypeError), (b"oldest", TypeError), (1, ackcast.NotRetained)],
)  # fmt: skip
def test_bad_start_is_refused(pair, start, error):
    with pytest.raises(error):
        ackcast.Consumer(pair[0].name, start=start)


def test_late_consumer_starts_at_a_retained_message(name):
    with ackcast.Channel.create(name, slots=8, retain=3, consumers=0) as channel:
        assert channel.retain == 3
        with ackcast.Producer(name) as producer:
            producer.send_batch([b"%d" % n for n in range(5)])
            with pytest.raises(ackcast.NotRetained) as info:
                ackcast.Consumer(name, start=1)
            assert (info.value.asked, info.value.oldest, info.value.newest) == (1, 2, 5)
        assert list(ackcast.Consumer(name, start="oldest", timeout=1)) == [b"2", b"3", b"4"]
        assert list(ackcast.Consumer(name, start=4)) == [b"4"]
        assert list(ackcast.Consumer(name)) == []
        with pytest.raises(ackcast.JoinEnded):
            ackcast.Producer(name)
        with pytest.raises(ackcast.ChannelEnded):
            ackcast.Channel.open_or_create(name, slots=8, retain=3, consumers=0)


@pytest.mark.parametrize(
    ("settings", "error"),
    [({"slots": 0}, ackcast.LayoutError), ({"slots": -1}, ackcast.LayoutError),
     ({"slots": 1 << 40}, ackcast.LayoutError),
     ({"slot_size": 0}, ackcast.LayoutError), ({"slots": 1 << 20, "slot_size": 1 << 30}, ackcast.CreateError),
     ({"retain": 1}, ackcast.LayoutError), ({"places": 65}, ackcast.LayoutError),
     ({"consumers": 65}, ackcast.LayoutError),
     ({"backend": "pthread"}, ValueError), ({"backend": None}, TypeError), ({"slots": "4"}, TypeError),
     ({"slots": 1.5}, TypeError), ({"nonsense": 1}, TypeError)],
)  # fmt: skip
def test_bad_setting_is_refused(name, settings, error):
    for create in (ackcast.Channel.create, ackcast.Channel.open_or_create):
        with pytest.raises(error):
            create(name, **settings)
    assert name not in ackcast.Channel.list()


@pytest.mark.parametrize("bad", ["", ".a", "a/b", "a b", "n" * 201, "é", "a\0b"])
def test_bad_name_is_refused(bad):
    for call in (ackcast.Channel.create, ackcast.Channel.open, ackcast.Producer, ackcast.Consumer,
                 lambda name: ackcast.Channel.wait_for(name, timeout=1)):  # fmt: skip
        with pytest.raises(ackcast.NameError_) as info:
            call(bad)
        assert info.value.name == bad and info.value.fault and isinstance(info.value, ValueError)
    for wrong in (5, None, b"name"):
        with pytest.raises(TypeError):
            ackcast.Producer(wrong)


def test_open_errors_have_their_fields(name):
    for call in (ackcast.Channel.open, ackcast.Producer, ackcast.Consumer):
        with pytest.raises(ackcast.NotFound) as missing:
            call(name)
        assert missing.value.name == name and isinstance(missing.value, FileNotFoundError)
    with ackcast.Channel.create(name, places=1):
        with pytest.raises(ackcast.AlreadyExists) as exists:
            ackcast.Channel.create(name)
        assert exists.value.participants == () and isinstance(exists.value, FileExistsError)
        consumer, producer = ackcast.Consumer(name), ackcast.Producer(name)
        with pytest.raises(ackcast.AlreadyExists) as exists:
            ackcast.Channel.create(name)
        assert exists.value.participants == (0, 1)
        for attach, role in ((ackcast.Consumer, "consumer"), (ackcast.Producer, "producer")):
            with pytest.raises(ackcast.Full) as full:
                attach(name)
            assert (full.value.role, full.value.capacity) == (role, 1)
            with pytest.raises(ackcast.WaitForTimedOut) as late:
                attach(name, timeout=0.01)
            assert (late.value.name, late.value.last) == (name, "Full")
        with pytest.raises(ackcast.Differs) as differs:
            ackcast.Channel.open_or_create(name, slots=3)
        assert differs.value.differences == (("slots", "1", "3"),)
        consumer.close()
        producer.close()
    path = f"/dev/shm/ackcast.{name}"
    with open(path, "wb") as file:
        file.write(b"not a channel" * 1000)
    os.chmod(path, 0o600)
    with pytest.raises(ackcast.InTheWay) as way:
        ackcast.Channel.create(name)
    assert isinstance(way.value.error, ackcast.OpenError) and way.value.error is way.value.__cause__
    os.chmod(path, 0o644)
    with pytest.raises(ackcast.NotOurs) as ours:
        ackcast.Channel.open(name)
    assert ours.value.mode == 0o644 and isinstance(ours.value, PermissionError)


def test_limits_are_errors(name):
    code = f"""
import ackcast, resource, errno
channel = ackcast.Channel.create({name!r})
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
try:
    ackcast.Channel.open({name!r})
except ackcast.LimitReached as error:
    assert error.limit == "Descriptors" and isinstance(error, OSError), error
else:
    raise SystemExit(1)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert resource and errno


def test_corrupt_segment_is_an_error(pair):
    channel, producer, consumer = pair
    for _ in range(1000):
        producer.send(b"x")
        consumer.recv()
    producer.send(b"x")
    with open(f"/dev/shm/ackcast.{channel.name}", "r+b") as file:
        words, variable_length = file.read(), 1 << 62
        at = words.index((1001 | variable_length).to_bytes(8, "little"))  # `published`
        file.seek(at)
        file.write((1 << 40 | variable_length).to_bytes(8, "little"))
    with pytest.raises(ackcast.RecvCorrupt) as info:
        consumer.recv(timeout=1)
    assert info.value.kind == "Published" and info.value.published == 1 << 40 and info.value.slots == 4
    assert isinstance(info.value, ackcast.Corrupt)


def test_errors_survive_pickle(pair):
    _, producer, consumer = pair
    errors = []
    for call in (lambda: consumer.recv(timeout=0), lambda: producer.send(bytes(17)), lambda: ackcast.Consumer("none"),
                 lambda: producer.send_batch([bytes(17)])):  # fmt: skip
        with pytest.raises(ackcast.Error) as info:
            call()
        errors.append(info.value)
    for error in errors:
        copy = pickle.loads(pickle.dumps(error))
        assert type(copy) is type(error) and str(copy) == str(error) and copy._fields.keys() == error._fields.keys()
    assert pickle.loads(pickle.dumps(ackcast.LivenessUnknown("x", errno=errno.EBADF))).errno == errno.EBADF


def test_closed_handle_is_an_error(pair):
    channel, producer, consumer = pair
    for handle in pair:
        assert not handle.closed
        handle.close()
        handle.close()
        assert handle.closed and "closed" in repr(handle)
    for call in (consumer.recv, consumer.try_recv, consumer.borrow, lambda: producer.send(b"x"), producer.loan,
                 producer.finish, channel.stats, lambda: channel.published, lambda: next(consumer)):  # fmt: skip
        with pytest.raises(ackcast.Closed):
            call()
    with producer, consumer, channel:
        pass


def test_finished_producer_is_not_finished_again(pair):
    _, producer, consumer = pair
    with producer:
        assert producer.finish()
        with pytest.raises(ackcast.SendEnded):
            producer.send(b"x")
    assert list(consumer) == []


def test_classes_are_final_and_have_no_attributes(pair):
    for thing in pair:
        with pytest.raises(AttributeError):
            thing.nonsense = 1
        with pytest.raises(TypeError):
            type("Sub", (type(thing),), {})
    for kind in (ackcast.Channel, ackcast.Borrow, ackcast.Loan):
        with pytest.raises(TypeError):
            kind()


def test_timed_out_is_common_to_all_operations():
    for error in (ackcast.SendTimedOut, ackcast.RecvTimedOut, ackcast.DrainTimedOut, ackcast.WaitForTimedOut):
        assert issubclass(error, ackcast.TimedOut) and issubclass(error, TimeoutError)
    assert issubclass(ackcast.RecvEnded, ackcast.Ended) and issubclass(ackcast.Ended, EOFError)
    for error in (ackcast.SendInherited, ackcast.RecvInherited, ackcast.DrainInherited, ackcast.OpenInherited):
        assert issubclass(error, ackcast.Inherited)
