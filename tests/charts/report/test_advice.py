"""The page of an advice: all that it says, and nothing that it fetches."""

import re

import pytest

from pushlab.analysis.advice.asked import asked_of_load
from pushlab.analysis.advice.page import advise
from pushlab.analysis.cost.architectures import DEFAULT
from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.month import price_all
from pushlab.analysis.forecast.sizing import Workload
from pushlab.charts.report.advice import write_advice
from pushlab.contract.registry import comparable_profiles
from pushlab.errors import NotWritten
from pushlab.tables.advice import tables_of

LOAD = Workload(clients=5_000, rate_per_s=0.1, interval_s=5, payload_bytes=300)


@pytest.fixture(scope="module")
def advice():
    asked = asked_of_load(LOAD, comparable_profiles(), {})
    costs = price_all(asked.traffic, [DEFAULT], load_book(), sizes=asked.sizes)
    return advise(asked, costs)


@pytest.fixture(scope="module")
def page(advice, tmp_path_factory):
    return write_advice(advice, tmp_path_factory.mktemp("page") / "advice.html").read_text()


def test_it_says_every_sentence(advice, page):
    plain = re.sub(r"\s+", " ", re.sub(r"</?code>", "`", page))
    for one in advice.sentences:
        assert one.text.replace("'", "&#39;") in plain
    assert page.count("<table") == sum(map(len, tables_of(advice).values()))


def test_it_needs_nothing_else(page):
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert "<script" not in page


def test_a_place_that_cannot_be_written_is_told(advice, tmp_path):
    with pytest.raises(NotWritten, match="cannot be written"):
        write_advice(advice, tmp_path)
