"""Estimators that people write."""

from pushlab.course.builds.attempts import Attempt, but
from pushlab.course.builds.percentiles import BUILDS

_CODE = BUILDS[0].code
_MERGE = (
    "for step, count in other.counts.items():\n"
    "            self.counts[step] = self.counts.get(step, 0) + count"
)
_ALL = """
class Estimator:
    def __init__(self):
        self.waits = []

    def add(self, wait_s):
        self.waits.append(wait_s)

    def percentile(self, p):
        if not self.waits:
            return None
        ordered = sorted(self.waits)
        rank = -(-len(ordered) * p // 100)
        return ordered[rank - 1]

    def merge(self, other):
        self.waits += other.waits
"""

ATTEMPTS = (
    Attempt(
        name="gives the mean",
        code=but(_ALL, ("return ordered[rank - 1]", "return sum(ordered) / len(ordered)")),
        mistake="the mean",
        says="nobody waited 209 ms",
    ),
    Attempt(
        name="keeps all waits",
        code=_ALL,
        mistake="keeps them all",
        says="Do not keep waits, count them",
    ),
    Attempt(
        name="divides the range",
        code=but(
            _ALL,
            (
                "return ordered[rank - 1]",
                "return ordered[0] + (ordered[-1] - ordered[0]) * p / 100",
            ),
        ),
        mistake="a part of the range",
        says="counts people",
    ),
    Attempt(
        name="does not sort",
        code=but(_ALL, ("sorted(self.waits)", "self.waits")),
        mistake="as they came",
        says="`sorted`",
    ),
    Attempt(
        name="rounds the rank down",
        code=but(_ALL, ("-(-len(ordered) * p // 100)", "max(1, len(ordered) * p // 100)")),
        mistake="rounded down",
        says="at least as many",
    ),
    Attempt(
        name="goes one too far",
        code=but(_CODE, ("if seen >= total", "if seen > total")),
        mistake="one too far",
        says="`>=`",
    ),
    Attempt(
        name="does not expect a wait of 0",
        code=but(_CODE, ("max(wait_s, 1e-6)", "wait_s")),
        mistake="raises",
        says="0 has no logarithm",
    ),
    Attempt(
        name="counts a step once",
        code=but(
            _CODE,
            ("seen += self.counts[step]", "seen += 1"),
            ("sum(self.counts.values())", "len(self.counts)"),
            (">= total", "> total"),
        ),
        mistake="each step once",
        says="add up these counts",
    ),
    Attempt(
        name="gives the step back",
        code=but(_CODE, ("return 1.05 ** (step + 0.5)", "return step")),
        mistake="the step, not the wait",
        says="leads back",
    ),
    Attempt(
        name="wide steps",
        code=but(_CODE, ("1e-6), 1.05)", "1e-6), 1.5)"), ("1.05 ** (step", "1.5 ** (step")),
        mistake="steps too coarse",
        says="a factor of 1.05",
    ),
    Attempt(
        name="merge does nothing",
        code=but(_CODE, (_MERGE, "pass")),
        mistake="forgets the other",
        says="Add its counts",
    ),
    Attempt(
        name="merge takes the other's place",
        code=but(_CODE, (_MERGE, "self.counts = dict(other.counts)")),
        mistake="forgets its own",
        says="only the other one's",
    ),
    Attempt(
        name="merge keeps the other's count where both have one",
        code=but(_CODE, (_MERGE, "self.counts.update(other.counts)")),
        mistake="forgets its own",
        says="in the steps that both",
    ),
    Attempt(
        name="merge keeps the other's count where both have one, and adds up how many there are",
        code=but(
            _CODE,
            (_MERGE, "self.total = 1010\n        self.counts.update(other.counts)"),
            (
                "total = sum(self.counts.values())",
                "total = getattr(self, 'total', sum(self.counts.values()))",
            ),
        ),
        mistake="overwrites",
        says="`update` of a dict",
    ),
    Attempt(
        name="0 where nothing was added",
        code=but(_CODE, ("        return None", "        return 0")),
        mistake="nought for nothing",
        says="give None",
    ),
    Attempt(
        name="never ends",
        code=but(
            _CODE,
            (
                "        seen = 0\n",
                "        seen = 0\n        while True:\n            seen += 0\n",
            ),
        ),
        mistake="endless loop",
        says="was stopped",
    ),
    Attempt(
        name="a slip of the pen",
        code=but(_CODE, ("total = sum(self.counts.values())", "total = sum(self.count.values())")),
        mistake="raises",
        says="has no attribute 'count'",
    ),
)
