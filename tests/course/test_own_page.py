"""A student's page: what is seen to be missing, and what a stand-in tells it."""

import pytest

from pushlab.course.own_page import WHOLE, framed, slips, with_stand_in

_BEGUN = WHOLE.replace(WHOLE[WHOLE.index("  document") : WHOLE.index("};")], "  // event.data\n")


def test_a_whole_page_of_twelve_lines_has_no_slip():
    assert slips(WHOLE) == []
    assert len(WHOLE.replace("</script>", "").strip().split("\n")) == 12


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("<h1>Hello</h1>", "has no new EventSource"),
        (_BEGUN, "The text of a message is event.data"),
        (WHOLE.replace("new EventSource", "EventSource"), "has no new EventSource"),
        (WHOLE.replace('"EVENTS"', "EVENTS"), "in quotes"),
        (WHOLE.replace("line.onmessage =", "const show ="), "Nothing is done with what comes"),
        (WHOLE.replace("textContent", "innerHTML"), "textContent shows it as text"),
        ("// " + WHOLE.replace("\n", "\n// "), "has no new EventSource"),
    ],
)
def test_what_is_missing_is_told(page, told):
    assert any(told in each for each in slips(page))


def test_listeners_may_be_added_in_other_ways():
    other = WHOLE.replace(
        "line.onmessage = (event) =>", 'line.addEventListener("message", (event) =>'
    )
    assert slips(other) == []
    assert slips(WHOLE.replace("(event)", "({ data })").replace("event.data", "data")) == []


def test_a_stand_in_stands_behind_the_doctype_and_no_text_ends_it():
    page = with_stand_in(WHOLE, ["old", "</script><b>"], new=1)
    assert page.startswith("<!doctype html><script>")
    assert page.count("</script>") == 2
    assert '["old", "stand-in-1", 0]' in page
    assert "EVENTS" not in page
    assert with_stand_in("<p>", [], new=0).endswith("<p>")


def test_a_page_in_a_frame_reaches_nothing_of_the_notebook():
    html = framed(text=WHOLE, below=["<one>"])
    assert 'sandbox="allow-scripts"' in html
    assert "&lt;one&gt;" in html
    assert "<script>" not in html
    assert 'href="http://127.0.0.1:1/page"' in framed(url="http://127.0.0.1:1/page")
