"""Typed channels."""

import pickle
import struct

import ackcast
import numpy
import pytest
from ackcast import ValueType

POSITION = ValueType("Position", "dd", version=1)
FRAME = ValueType("Frame", (numpy.uint8, (3, 4)))
POINTS = ValueType("Point", numpy.dtype([("x", "f4"), ("n", "u4")], align=True), slices=True)


@pytest.mark.parametrize(
    ("format", "size", "align"),
    [("dd", 16, 8), ("di", 16, 8), ("ib", 8, 4), ("b", 1, 1), ("4s", 4, 1), ("<di", 12, 1), ("bxh", 4, 2),
     ("?d", 16, 8), (numpy.float64, 8, 8), ("f4", 4, 4), ((numpy.uint8, (3, 4)), 12, 1), (numpy.dtype("u1, f8"), 9, 1),
     (numpy.dtype("u1, f8", align=True), 16, 8)],
)  # fmt: skip
def test_layout_is_that_of_c(format, size, align):
    found = ValueType("T", format)
    assert (found.size, found.align) == (size, align)


def test_impossible_type_is_refused():
    for name in ["", "n" * 65, "a\0b"]:
        with pytest.raises(ackcast.ValueTypeError):
            ValueType(name, "d")
    for version in [-1, 1 << 32]:
        with pytest.raises(ackcast.ValueTypeError):
            ValueType("T", "d", version=version)
    with pytest.raises(ackcast.ValueTypeError):
        ValueType("T", "")  # no bytes
    with pytest.raises(TypeError):
        ValueType("T", object)
    with pytest.raises(TypeError):
        ValueType("T", "no such type")
    with pytest.raises(TypeError):
        ValueType(b"T", "d")
    assert issubclass(ackcast.ValueTypeError, ValueError)


def test_type_survives_pickle():
    for one in (POSITION, FRAME, POINTS):
        copy = pickle.loads(pickle.dumps(one))
        assert copy == one and hash(copy) == hash(one) and copy.format == one.format
    assert ValueType("Position", "dd") != POSITION and POSITION != "Position"


def test_tuples_of_a_struct_format_arrive(name):
    with ackcast.Channel.create(name, slots=8, type=POSITION) as channel:
        assert channel.type is POSITION and channel.slot_size == 16
        found = ackcast.Channel.open(name).type
        assert found == POSITION and found.format is None and "16 bytes" in repr(found)
        consumer = ackcast.Consumer(name, type=POSITION)
        with ackcast.Producer(name, type=POSITION) as producer:
            producer.send((1.5, -2.5))
            producer.send_batch([(1, 2), (3, 4)])
            with producer.loan() as view:
                struct.pack_into("dd", view, 0, 5, 6)
            with pytest.raises(struct.error):
                producer.send((1.5,))
        assert consumer.recv() == (1.5, -2.5)
        assert consumer.recv_batch() == [(1, 2), (3, 4), (5, 6)]
        assert list(consumer) == []


def test_arrays_of_a_dtype_arrive(name):
    frame = numpy.arange(12, dtype=numpy.uint8).reshape(3, 4)
    with ackcast.Channel.create(name, slots=8, type=FRAME):
        consumer, producer = ackcast.Consumer(name, type=FRAME), ackcast.Producer(name, type=FRAME)
        producer.send(frame)
        producer.send(frame.T.copy().T)  # in another order
        producer.send(frame.tolist())
        with producer.loan() as array:
            assert array.shape == (3, 4)
            array[:] = frame
            del array
        for _ in range(3):
            assert (consumer.recv() == frame).all()
        with consumer.borrow() as array:
            assert (array == frame).all() and array.dtype == numpy.uint8 and not array.flags.writeable
            del array
        for wrong in (frame.T, frame[:2], 5):
            with pytest.raises(ValueError):
                producer.send(wrong)
        with pytest.raises(TypeError):
            producer.send(frame.astype(float))
        assert consumer.try_recv() is None


def test_slices_of_records_arrive(name):
    records = numpy.array([(1.5, 1), (2.5, 2)], POINTS.format)
    with ackcast.Channel.create(name, slots=8, type=POINTS, max_values=3) as channel:
        assert channel.slot_size == 24
        consumer, producer = ackcast.Consumer(name, type=POINTS), ackcast.Producer(name, type=POINTS)
        producer.send(records)
        producer.send(records[:0])
        producer.send([(1, 2)])
        with producer.loan(2) as array:
            array[:] = records
            del array
        with pytest.raises(ackcast.TooLong):
            producer.send(numpy.zeros(4, POINTS.format))
        with pytest.raises(ackcast.TooLong):
            producer.loan(4)
        assert (consumer.recv() == records).all()
        assert len(consumer.recv()) == 0
        assert consumer.recv()["n"].tolist() == [2]
        assert (consumer.recv() == records).all()


def test_scalars_of_a_dtype_arrive(name):
    count = ValueType("u64", "u8")
    with ackcast.Channel.create(name, slots=4, type=count):
        consumer, producer = ackcast.Consumer(name, type=count), ackcast.Producer(name, type=count)
        producer.send(7)
        producer.send(numpy.uint64(8))
        assert consumer.recv() == 7 and isinstance(consumer.recv(), numpy.uint64)


def test_other_type_does_not_attach(name):
    with ackcast.Channel.create(name, type=POSITION):
        for other in (ValueType("Position", "dd", version=2), ValueType("Position", "d", 1), FRAME):
            for attach in (ackcast.Consumer, ackcast.Producer):
                with pytest.raises(ackcast.TypeMismatch) as info:
                    attach(name, type=other, timeout=1)
                assert info.value.found == '"Position" (16 bytes, alignment 8, version 1)'
                assert isinstance(info.value, TypeError) and isinstance(info.value, ackcast.AttachError)
        with pytest.raises(TypeError):
            ackcast.Consumer(name, type="dd")
    with ackcast.Channel.create(name), pytest.raises(ackcast.TypeMismatch) as info:
        ackcast.Consumer(name, type=POSITION)
    assert info.value.found is None


def test_message_of_another_length_is_kept(name):
    with ackcast.Channel.create(name, slots=4, type=POSITION):
        consumer, other, producer = (
            ackcast.Consumer(name, type=POSITION),
            ackcast.Consumer(name),
            ackcast.Producer(name),
        )
        producer.send(bytes(16))
        producer.send(b"short")
        assert consumer.recv() == (0, 0)
        for call in (consumer.recv, consumer.try_recv, consumer.borrow, consumer.recv_batch, consumer.__next__):
            with pytest.raises(ackcast.NotAValue) as info:
                call()
            assert (info.value.found, info.value.expected) == (5, 16)
        assert other.recv_batch() == [bytes(16), b"short"]


def test_settings_of_a_type_are_checked(name):
    with pytest.raises(ackcast.LayoutError):
        ackcast.Channel.create(name, type=POSITION, slot_size=17)
    with pytest.raises(ValueError):
        ackcast.Channel.create(name, max_values=2)
    with pytest.raises(ackcast.LayoutError):
        ackcast.Channel.create(name, type=POINTS, max_values=-1)
    with ackcast.Channel.open_or_create(name, type=POSITION):
        with pytest.raises(ackcast.Differs) as info:
            ackcast.Channel.open_or_create(name, type=FRAME)
    assert info.value.differences[-1][0] == "value_type"
