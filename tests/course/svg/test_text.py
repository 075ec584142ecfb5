"""Widths and lines of text."""

import pytest

from pushlab.course.svg.text import wide, wrapped


@pytest.mark.parametrize(
    ("text", "bold", "thousandths"),
    [("", False, 0), ("iii", False, 666), ("WWW", False, 2832), ("1.5 ms", True, 3113)],
)
def test_widths_are_helveticas(text, bold, thousandths):
    assert wide(text, 1000, bold=bold) == thousandths


def test_widths_are_those_of_the_font_in_every_pdf():
    metrics = pytest.importorskip("reportlab.pdfbase.pdfmetrics")
    for bold, font in ((False, "Helvetica"), (True, "Helvetica-Bold")):
        for letter in map(chr, range(32, 127)):
            assert wide(letter, 1000, bold=bold) == pytest.approx(
                metrics.stringWidth(letter, font, 1000)
            )


def test_lines_are_no_wider_than_asked_and_even():
    text = "How long a message waits, on average: 1 ms with SSE; 503 ms with short polling"
    lines = wrapped(text, 20, 420, bold=True, even=True)
    assert " ".join(lines).replace("\u00a0", " ") == text
    widths = [wide(line, 20, bold=True) for line in lines]
    assert max(widths) <= 420
    assert min(widths) > 0.6 * max(widths)


def test_a_number_keeps_its_unit():
    for width in range(60, 300, 7):
        assert not any(
            line.endswith(("1", "503")) for line in wrapped("in 1 ms or 503 ms", 20, width)
        )


def test_a_word_that_is_too_wide_stands_alone():
    assert list(wrapped("a Donaudampfschifffahrt b", 20, 50)) == ["a", "Donaudampfschifffahrt", "b"]
