"""Rules that are the same, whatever they are called."""

import random

from pushlab.course.polling_kit import PollingTransport
from pushlab.course.same_rule import same_rules, waits_of


def ruled(wait, name="mine"):
    rule = {"next_wait_s": lambda self, last, found, usual: wait(last, found, usual)}
    return type(name, (PollingTransport,), {"name": name, **rule})


UNTOUCHED = ruled(lambda last, found, usual: usual)
SLOWER = ruled(lambda last, found, usual: 3 * usual)
ADAPTIVE = ruled(lambda last, found, usual: usual / 2 if found else min(2 * usual, last * 1.5))
LOTS = ruled(lambda last, found, usual: usual * random.random())
BROKEN = ruled(lambda last, found, usual: usual / 0)


def test_who_asks_by_the_clock_is_the_clocks_twin_at_any_interval():
    kinds = {"a": UNTOUCHED, "b": SLOWER, "c": ADAPTIVE, "short-polling": "short-polling"}
    assert same_rules(kinds) == {"a": "short-polling", "b": "short-polling"}
    assert same_rules({"skeleton": PollingTransport, "a": UNTOUCHED}) == {"a": "skeleton"}


def test_a_copy_of_a_rule_is_its_twin():
    copy = ruled(lambda last, found, usual: min(last * 1.5, usual * 2) if not found else usual / 2)
    assert same_rules({"mine": ADAPTIVE, "copy": copy}) == {"copy": "mine"}


def test_what_is_no_rule_alone_has_no_twin():
    more = type("More", (UNTOUCHED,), {"subscriber": lambda self, *a, **k: None})
    for kind in (LOTS, BROKEN, more, "sse", int):
        assert waits_of(kind) is None
