"""What a teacher prints and marks with: two pages, ten questions twice, and a key that is right."""

import re
import shutil
import unicodedata
from pathlib import Path

import pypdf
import pytest

from pushlab.analysis.models.formulas import poll_latency_s, storm_rate_per_s, wasted_fraction
from pushlab.course.teaching.__main__ import main

TEACHING = Path(__file__).parents[3] / "teaching"


def words(pdf):
    text = "".join(page.extract_text() for page in pypdf.PdfReader(pdf).pages)
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))  # ligatures apart


def test_the_handout_is_two_pages_of_a4_without_answers():
    pages = pypdf.PdfReader(TEACHING / "handout.pdf").pages
    assert len(pages) == 2
    for page in pages:
        size = (float(page.mediabox.width), float(page.mediabox.height))
        assert size == pytest.approx((595, 842), abs=1)
    source = (TEACHING / "handout.html").read_text()
    assert not re.search(r"""(?:src|href)=|url\(""", source), "nothing is loaded"
    for heading in re.findall(r"<h[12]>([^<]*)</h[12]>", source):
        assert re.sub(r"\s+", "", heading) in words(TEACHING / "handout.pdf"), "printed anew"


@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium is installed")
def test_it_prints(tmp_path, capsys):
    pdf = tmp_path / "again.pdf"
    assert main(["print", str(TEACHING / "handout.html"), "--out", str(pdf)]) == 0
    assert words(pdf) == words(TEACHING / "handout.pdf"), "print the handout again"
    assert main(["print", str(tmp_path / "none.html")]) == 2
    assert capsys.readouterr().err.strip().endswith("there is no such page")


def form(letter):
    text = (TEACHING / "test.md").read_text().partition(f"## Form {letter}")[2].partition("## ")[0]
    return re.findall(r"^(\d+)\. (.*(?:\n {3,}.*)*)", text, re.M)


def test_ten_questions_twice_and_a_key_for_each():
    rows = re.findall(
        r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|", (TEACHING / "key.md").read_text(), re.M
    )
    assert [int(number) for number, *_ in rows] == list(range(1, 11))
    for column, letter in ((1, "A"), (2, "B")):
        asked = form(letter)
        assert [int(number) for number, _ in asked] == list(range(1, 11))
        for (_, text), row in zip(asked, rows, strict=True):
            key = row[column].strip()
            if re.fullmatch("[a-d]", key):
                assert re.findall(r"\(([a-d])\)", text) == ["a", "b", "c", "d"]
            else:
                assert "______" in text
                assert float(key) > 0


def test_the_key_is_what_the_formulas_say():
    key = {
        int(row[0]): row[1:]
        for row in re.findall(
            r"^\| (\d+) \| ([^|]+?) \| ([^|]+?) \|", (TEACHING / "key.md").read_text(), re.M
        )
    }
    for column, (every_s, phones, pause_s) in enumerate(((6, 300, 5), (10, 400, 8))):
        assert float(key[2][column]) == poll_latency_s(interval_s=every_s, delay_s=0)
        assert float(key[3][column]) == phones / pause_s
    assert [round(100 * wasted_fraction(rate_per_s=0.1, interval_s=t)) for t in (10, 5)] == [37, 61]
    assert storm_rate_per_s(interval_s=5, gap_s=0) == pytest.approx(0.2)
    assert float(key[9][0]) == pytest.approx((99 * 10 + 1000) / 100)
    assert float(key[9][1]) == pytest.approx((98 * 20 + 2 * 2000) / 100)


def test_plans_take_the_time_that_they_say():
    text = (TEACHING / "README.md").read_text()
    plan = re.findall(r"^\| (\d):(\d\d) \| (\d+) \|", text, re.M)
    at = 0
    for hours, minutes, length in plan:
        assert 60 * int(hours) + int(minutes) == at
        at += int(length)
    assert at == 90
    lessons = re.split(r"^\*\*(?:First|Second|Third)", text, flags=re.M)[1:]
    for lesson in lessons:
        body = lesson.partition("## ")[0]
        assert sum(map(int, re.findall(r"^\| (\d+) \| ", body, re.M))) == 45
    weeks = re.findall(r"^\| (\d+) \| [^|]*(?:test|\d, |project|10, )", text, re.M)
    assert [int(week) for week in weeks][-14:] == list(range(1, 15))


def test_what_the_teachers_page_names_is_there():
    text = (TEACHING / "README.md").read_text()
    for name in re.findall(r"^\| `([\w.]+)`", text, re.M):
        assert (TEACHING / name).is_file(), name
    assert {path.name for path in TEACHING.iterdir() if path.suffix in (".md", ".pdf")} == {
        *("README.md", "assignments.md", "rubric.md", "test.md", "key.md", "replies.md"),
        "handout.pdf",
    }
