"""What the neutral reader makes of a stream of bytes, however it is cut."""

import pytest

from benchmarks.hub.work import MARK, MESSAGE, Work
from pushlab.wire import mqtt311


def read_in_pieces(work, stream, size):
    count, rest, answers = 0, b"", b""
    for start in range(0, len(stream), size):
        found, rest, answer = work.read(rest + stream[start : start + size])
        count += found
        answers += answer
    return count, answers


@pytest.mark.parametrize("size", [1, 2, 7, 50, 10_000])
def test_each_mark_counts_once(size):
    work = Work(port=1, pids=[], requests=[])
    stream = b"<b" + (MESSAGE + b"<benc " + MARK[:-1]) * 3 + MESSAGE
    assert read_in_pieces(work, stream, size) == (4, b"")


@pytest.mark.parametrize("size", [1, 3, 64, 10_000])
def test_mqtt_messages_are_counted_and_acknowledged(size):
    work = Work(port=1, pids=[], requests=[], acknowledge=True)
    packets = [mqtt311.publish("t", b"4f-1 " + MESSAGE * 2, qos=1, packet_id=n) for n in (1, 515)]
    count, answers = read_in_pieces(work, b"".join(packets) + b"\xd0\x00", size)
    assert count == 4  # two marks in each
    assert answers == mqtt311.acknowledge(mqtt311.PUBACK, 1) + mqtt311.acknowledge(
        mqtt311.PUBACK, 515
    )


def test_work_survives_json():
    work = Work(port=1, pids=[2], requests=[b"\x00\xff"], welcome=b"\x90", publish_request=b"\xfe")
    again = Work.from_json(work.to_json())
    assert again.requests == [b"\x00\xff"]
    assert (again.welcome, again.publish_request) == (b"\x90", b"\xfe")
    assert list(again.publish_hellos) == [b""] * 4
