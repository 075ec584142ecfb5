from pushlab.hub.edge.refusals import Refusal, Refusals


class Told:
    """Refusals with a clock that the test drives, and the lines that they told."""

    def __init__(self) -> None:
        self.now = 100.0
        self.lines: list[str] = []
        self.refusals = Refusals(clock=lambda: self.now, tell=self.lines.append)

    def take(self) -> list[str]:
        lines, self.lines[:] = list(self.lines), []
        return lines


def test_the_first_is_told_at_once_and_a_flood_in_one_line_a_minute():
    told = Told()
    for _ in range(10_000):
        told.refusals.note(Refusal.HEAD_TOO_LARGE, who="192.0.2.7")
    (first,) = told.take()
    assert first.startswith("refused: head-too-large from 192.0.2.7")
    told.now += 59
    told.refusals.sweep()
    assert told.take() == []
    told.now += 1
    told.refusals.sweep()
    assert told.take() == ["refused: head-too-large, 9,999 more in 60 s, the last from 192.0.2.7"]
    assert told.refusals.counts == {Refusal.HEAD_TOO_LARGE: 10_000}


def test_kinds_are_told_apart():
    told = Told()
    told.refusals.note("token-expired")
    told.refusals.note("token-invalid")
    assert [line.split()[1] for line in told.take()] == ["token-expired", "token-invalid"]


def test_after_a_quiet_minute_the_next_is_a_first_one():
    told = Told()
    told.refusals.note(Refusal.SLOW_READER)
    told.now += 61
    told.refusals.sweep()
    told.take()
    told.refusals.note(Refusal.SLOW_READER)
    assert told.take() == ["refused: slow-reader (more of these are told once a minute)"]


def test_a_flood_that_goes_on_is_told_by_itself():
    told = Told()
    for _ in range(125):
        told.refusals.note(Refusal.DEAD_PEER)
        told.now += 1
    assert [line.split(",")[1:2] for line in told.take()] == [
        [],
        [" 60 more in 60 s"],
        [" 60 more in 60 s"],
    ]


def test_what_waits_is_told_at_the_end():
    told = Told()
    told.refusals.note(Refusal.OUT_OF_DESCRIPTORS, n=8)
    told.take()
    told.refusals.close()
    assert told.take() == ["refused: out-of-descriptors, 7 more in 0 s"]


def test_other_refusals_are_not_its():
    told = Told()
    told.refusals.note("not-found")
    assert (told.lines, told.refusals.counts) == ([], {})


def test_what_a_client_wrote_begins_no_line_of_its_own_and_has_an_end():
    told = Told()
    told.refusals.note(Refusal.UNKNOWN_HOST, who="192.0.2.7", detail="evil\nrefused: x" + "y" * 999)
    (line,) = told.take()
    assert "\n" not in line
    assert len(line) < 300
