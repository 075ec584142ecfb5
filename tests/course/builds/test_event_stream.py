"""The solution of chapter 4 reads what pushlab's own parser reads, however it is cut."""

from random import Random

from pushlab.course.builds.attempts import cell
from pushlab.course.builds.event_stream import BUILDS
from pushlab.wire.event_stream import EventStream

_LINES = (
    *("", "", "data: a", "data:b", "data", "data:  c ", "event: goal", "event", "id: 7", "id"),
    *(": hello", "retry: 10", "colour: red", "data: grün 😀", "data: 1:0", "id:8", "nothing"),
)
_ENDS = ("\n", "\r\n", "\r")


def test_both_make_the_same_events_of_random_streams():
    rng, solution = Random(4), cell(BUILDS[0].code, BUILDS[0].name)
    for _ in range(200):
        # Not an empty line behind a lone CR: CR LF is one end.
        end = rng.choice(_ENDS)
        raw = "".join(f"{rng.choice(_LINES)}{end}" for _ in range(30)).encode()
        theirs = EventStream()
        said = [theirs.read(block) for block in theirs.blocks(raw + b": end")]
        wanted = [(each.kind, each.data, each.id) for each in said if each.data is not None]
        mine, came, at = solution(), [], 0
        while at < len(raw):
            size = rng.randint(1, 9)
            came += mine.receive(raw[at : at + size])
            at += size
        assert came == wanted
