"""The advice in one page: what to do, what it costs, saves and needs, and what would change it.

A page of sentences, each with the figures on which it rests, and what tables need beside them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pushlab.analysis.advice import answering, doubting
from pushlab.analysis.advice.asked import Asked
from pushlab.analysis.advice.choice import Choice, Elsewhere, choose, elsewhere
from pushlab.analysis.advice.logged import logged
from pushlab.analysis.advice.needs import needs
from pushlab.analysis.advice.ranges import Range
from pushlab.analysis.advice.saving import Saving, savings
from pushlab.analysis.advice.sentence import Sentence
from pushlab.analysis.advice.turning import near_crossovers, probes, turned_by
from pushlab.analysis.cost.month import Costs
from pushlab.analysis.log.findings import LogFindings
from pushlab.errors import UsageError

__all__ = ["Advice", "Part", "advise"]


@dataclass(frozen=True, slots=True)
class Part:
    """Sentences below a heading; `key` names it for programs."""

    key: str
    title: str
    sentences: Sequence[Sentence]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The answer to one question.

    Attributes:
        title: the answer in a sentence.
        parts: the rest of them, in the order in which one asks.
        choice: within the architecture that was chosen; `others`: the cheapest in each.
        savings: of each push transport there.
        warnings: what to know before one trusts it, where no figure is.
    """

    asked: Asked
    costs: Costs
    choice: Choice
    others: Sequence[Elsewhere]
    savings: Sequence[Saving]
    title: Sentence
    parts: Sequence[Part]
    warnings: Sequence[str]

    @property
    def sentences(self) -> list[Sentence]:
        """All of them."""
        return [self.title, *(one for part in self.parts for one in part.sentences)]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "advice": self.title.to_json(),
            "parts": [
                {
                    "key": part.key,
                    "title": part.title,
                    "sentences": [one.to_json() for one in part.sentences],
                }
                for part in self.parts
            ],
            "savings": [saving.to_json() for saving in self.savings],
            "costs": self.costs.to_json(),
            "today": self.asked.today and self.asked.today.to_json(),
            "warnings": list(self.warnings),
        }


def advise(asked: Asked, costs: Costs, findings: LogFindings | None = None) -> Advice:
    """The advice on what was priced.

    Args:
        findings: of the log that asks.

    Raises:
        UsageError: the architecture carries nothing that delivers at once, or the book lacks a
            price.
    """
    choice = choose(asked, costs)
    if choice is None:
        raise UsageError(
            f"{costs.chosen.title} carries nothing that delivers at once; choose another"
            " --architecture"
        )
    others, saved = elsewhere(asked, costs), savings(asked, costs)
    pick = choice.picks[0].cell
    even = next((Range(*one.interval_s) for one in costs.evens if one.cell == pick), None)
    log = logged(asked, findings, costs, choice) if findings is not None else []
    parts = [
        Part("log", "What the log says", log),
        Part("answer", "The answer", answering.answer(asked, choice, others)),
        Part("saves", "What it saves", answering.saves(asked, choice, saved)),
        Part("needs", "What it needs", needs(choice.picks[0])),
        Part(
            "turns",
            "What would change the answer",
            doubting.turns(
                asked, choice, even, probes(asked, costs, choice), turned_by(choice),
                near_crossovers(asked),
            ),
        ),
        Part("polling", "Where polling is the right choice", doubting.polling(asked, choice, even)),
        Part("rests", "What this rests on", doubting.rests(asked, choice, costs)),
    ]  # fmt: skip
    return Advice(
        asked=asked,
        costs=costs,
        choice=choice,
        others=others,
        savings=saved,
        title=answering.title(asked, choice),
        parts=[part for part in parts if part.sentences],
        warnings=costs.book.warnings(),
    )
