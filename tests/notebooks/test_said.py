"""What chapters say in numbers is what their recordings and formulas say, sentence by sentence.

A sentence that changes is to be changed here, with the number that it claims.
"""

import re
from functools import cache
from math import exp

import pytest

from pushlab.contract.registry import profile_of
from pushlab.course.agreement import disagreements
from pushlab.course.measured import Measurement
from pushlab.course.paper import on_paper
from tests.notebooks.recorded import FOLDER, recorded, source_of

CHAPTERS = [path.stem for path in sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))]
PAPER = on_paper(clients=10_000_000, message_every_s=60, interval_s=5)


def near(value, expected, share=0.15):
    return abs(value - expected) <= share * expected


def wire(shown, start):
    """The one conversation of a chapter that begins so."""
    (found,) = [told for name, told in shown.items() if name.startswith(f"show_wire('{start}'")]
    return found


def poll_in_vain_bytes(shown):
    steps = wire(shown, "short-polling").steps
    answered = [step.size for step in steps if step.text.startswith("HTTP/1.1 204")]
    asked = [step.size for step in steps if step.text.startswith("GET")]
    return max(answered) + max(asked)


#: A chapter, what it says, and what must be so in its recordings (by the names of its cells).
SAID = [
    (
        "00_start_here",
        "half a second with one way, a few thousandths of a second with the other",
        lambda its: (
            near(its["run"]["short-polling"].waiting_s, 0.5)
            and 0.0003 < its["run"]["websocket"].waiting_s < 0.01
        ),
    ),
    (
        "01_short_polling",
        "Dots lie **everywhere** between nothing and one second",
        lambda its: (
            min(its["run"].rows[0].samples_s) < 0.15
            and 0.85 < max(its["run"].rows[0].samples_s) < 1.1
        ),
    ),
    (
        "01_short_polling",
        "average wait = interval / 2",
        lambda its: all(
            near(row.figures.waiting_s, row.options["interval_s"] / 2) for row in its["three"].rows
        ),
    ),
    (
        "02_what_a_poll_costs",
        "More than half of the work was for nothing. And why is it not exactly half?",
        lambda its: 0.5 < its["run"].wasted < 0.7 and near(its["run"].wasted, exp(-0.5)),
    ),
    (
        "02_what_a_poll_costs",
        "A question without news costs nearly 300 bytes both ways. The message itself has 14",
        lambda its: 270 <= poll_in_vain_bytes(its) < 300 and len("hello number 1") == 14,
    ),
    (
        "02_what_a_poll_costs",
        "requests per second = clients / interval",
        lambda its: all(
            near(row.figures.requests_per_s, 60 / row.options["interval_s"], 0.05)
            for row in its["two"].rows
        ),
    ),
    (
        "03_long_polling",
        "The wait is gone; what is left is the way",
        lambda its: its["quiet"]["long-polling"].waiting_s < 0.02,
    ),
    (
        "03_long_polling",
        "100 clients make 100 requests a second, as always. And long polling?",
        lambda its: (
            near(its["loud"]["short-polling"].requests_per_s, 100)
            and near(its["loud"]["long-polling"].requests_per_s, 500)
        ),
    ),
    (
        "04_sse",
        "None at all. The messages arrive, as many as before",
        lambda its: (
            its["loud"]["sse"].requests_per_s == 0
            and its["loud"]["sse"].deliveries == its["loud"]["long-polling"].deliveries
        ),
    ),
    (
        "04_sse",
        "On this wire an SSE message takes its 150 ms",
        lambda its: near(its["far"]["sse"].waiting_s, 0.15),
    ),
    (
        "04_sse",
        "long polling: one way at best, three ways at worst",
        lambda its: (
            0.2 < its["far"]["long-polling"].waiting_s < 0.4
            and its["far"].rows[0].samples_s[0] > 0.149
        ),
    ),
    (
        "05_websocket",
        "needs almost 500 bytes in all",
        lambda its: 460 < its["run"]["long-polling"].bytes_per_message < 500,
    ),
    (
        "05_websocket",
        "13 bytes of wrapping",
        lambda its: round(its["run"]["websocket"].bytes_per_message) == 113,
    ),
    (
        "06_mqtt_bridge",
        "As many as with long polling, but look at the size: a receipt is **4 bytes**",
        lambda its: (
            near(its["registered"]["mqtt"].requests_per_message, 1)
            and profile_of("mqtt").wire.ack_bytes == 4
        ),
    ),
    ("06_mqtt_bridge", "Not one packet.", lambda its: its["postcards"].requests_per_message == 0),
    (
        "09_scale",
        "Two million questions a second, and 92 of 100 are answered with *nothing new*",
        lambda its: (
            PAPER.requests_per_s("short-polling") == 2e6 and round(100 * exp(-5 / 60)) == 92
        ),
    ),
    (
        "09_scale",
        "hundreds and not tens",
        lambda its: 100 < PAPER.servers("sse") < PAPER.servers("short-polling") < 1000,
    ),
    (
        "09_scale",
        "Up to ten thousand clients one server is enough, whatever you choose.",
        lambda its: all(
            PAPER.servers(name, 10_000) == 1
            for name in ("short-polling", "long-polling", "sse", "websocket", "mqtt")
        ),
    ),
    (
        "09_scale",
        "thirty times what rented servers cost. WebSocket is the cheap one there. Long polling and"
        " SSE are the dear ones",
        lambda its: (
            near(usd("short-polling", True) / usd("short-polling", False), 33)
            and usd("websocket", True) < usd("short-polling", True) < usd("sse", True)
            and usd("short-polling", True) < usd("long-polling", True)
        ),
    ),
    (
        "09_scale",
        "SSE's come every 15 seconds, MQTT's every 30",
        lambda its: (
            (
                profile_of("sse").timers.keep_alive_s,
                profile_of("mqtt").timers.keep_alive_s,
            )
            == (15, 30)
        ),
    ),
    (
        "09_scale",
        "If your messages may wait a minute, poll, and be happy",
        lambda its: PAPER.break_even_s("sse", by_request=False) < 120,
    ),
    (
        "09_scale",
        "A thousandth of a second or two: nobody sees it",
        lambda its: 0 < its["hubs"].across_s - its["hubs"].here_s < 0.0025,
    ),
]


def usd(transport, by_request):
    return PAPER.usd(transport, by_request=by_request)


@pytest.fixture(scope="module")
def shown():
    """By chapter, what its cells show; each is read once."""
    with pytest.MonkeyPatch.context() as patch:
        yield cache(lambda chapter: recorded(chapter, patch))


@pytest.mark.parametrize(("chapter", "words", "so"), SAID, ids=[each[1][:30] for each in SAID])
def test_a_sentence_is_true_of_its_recordings(shown, chapter, words, so):
    assert words in re.sub(r"\s+", " ", source_of(chapter)), "hold its new form in this test"
    assert so(shown(chapter))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_recording_agrees_with_its_formulas_and_says_its_day(shown, chapter):
    for name, measured in shown(chapter).items():
        if isinstance(measured, Measurement):
            assert disagreements(measured) == [], f"{name}: run make record on a calm machine"
            assert re.fullmatch(r"20\d\d-\d\d-\d\d", measured.work.recorded), name
            if measured.work.trials >= 3:  # chapter 7 shows what one trial says
                assert all(row.intervals for row in measured.rows), name
