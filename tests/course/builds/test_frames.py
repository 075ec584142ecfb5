"""The solution of chapter 5 and the library `websockets` read what the other writes."""

from random import Random

import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from pushlab.course.builds.attempts import cell
from pushlab.course.builds.frames import BUILDS

SIZES = (0, 1, 125, 126, 127, 300, 65_535, 65_536)


def parsed(raw, *, mask):
    """What the library reads of one whole frame."""
    reader = StreamReader()
    reader.feed_data(raw)
    reading = Frame.parse(reader.read_exact, mask=mask, max_size=None)
    with pytest.raises(StopIteration) as done:
        next(reading)
    reading = done.value.value
    return reading.opcode, bytes(reading.data).decode()


@pytest.mark.parametrize("size", SIZES)
def test_each_reads_what_the_other_writes(size):
    rng, mine = Random(size), cell(BUILDS[0].code, BUILDS[0].name)()
    text = "".join(rng.choice("goal! é😀") for _ in range(size))
    for key in (None, rng.randbytes(4)):
        assert parsed(mine.write(text, key), mask=key is not None) == (Opcode.TEXT, text)
    for kind, payload in ((Opcode.TEXT, text.encode()), (Opcode.PING, b"")):
        for mask in (True, False):
            raw = Frame(kind, payload).serialize(mask=mask)
            assert mine.read(raw) == (kind, payload.decode(), len(raw))
            assert mine.read(raw + b"\x89") == (kind, payload.decode(), len(raw))
            assert mine.read(raw[:-1]) is None
