"""A gate's answers for other programs: JUnit XML for a CI system, Markdown for a pull request.

*inconclusive* is an ``error`` in JUnit's sense: the test was begun and could not be ended. A system
that is told *skipped* shows a green report, which would claim what nobody knows.
"""

import re
from collections.abc import Callable, Sequence
from xml.etree import ElementTree

from pushlab.analysis.diff.gate import Gate, Gated
from pushlab.analysis.summary.catalogue import FIGURES
from pushlab.quantities import number, share, span, with_unit

__all__ = ["junit", "markdown"]

#: What XML 1.0 has no way to write.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SIGNS = {"pass": "✅ pass", "fail": "❌ fail", "inconclusive": "❔ inconclusive"}
_ELEMENTS = {"fail": "failure", "inconclusive": "error"}
#: What one figure's answer rests on, in lines.
Lines = Callable[[Gated], Sequence[str]]


def junit(found: Gate, lines_of: Lines) -> str:
    """A document of JUnit XML: one test case for each figure."""
    answers = [one.outcome for one in found.figures]
    counts = {
        "tests": len(answers),
        "failures": answers.count("fail"),
        "errors": answers.count("inconclusive"),
    }
    told = {name: str(count) for name, count in counts.items()}
    top = ElementTree.Element("testsuites", {"name": "pushlab gate", **told, "time": "0"})
    suite = ElementTree.SubElement(
        top, "testsuite", {"name": "pushlab gate", **told, "skipped": "0", "time": "0"}
    )
    for one in found.figures:
        name = f"{one.figure} is not worse by {share(one.worse)}"
        case = {"classname": f"pushlab.gate.{one.cell}", "name": name, "time": "0"}
        element = ElementTree.SubElement(suite, "testcase", {k: _clean(v) for k, v in case.items()})
        lines = list(lines_of(one))
        if one.outcome == "pass":
            ElementTree.SubElement(element, "system-out").text = _clean("\n".join(lines))
        else:
            kind = {"message": _clean(lines[-1]), "type": one.outcome}
            trouble = ElementTree.SubElement(element, _ELEMENTS[one.outcome], kind)
            trouble.text = _clean("\n".join(lines))
    ElementTree.indent(top)
    text = ElementTree.tostring(top, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


def markdown(found: Gate, lines_of: Lines) -> str:
    """A heading, a table with a row for each figure, and what is missing where it is."""
    rows = [
        "| figure | worse by at most | BASE | NEW | NEW / BASE | interval | |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for one in found.figures:
        kind = FIGURES[one.figure].kind
        values = ["-" if v is None else with_unit(v, kind) for v in (one.base, one.new)]
        ratio = "-" if one.ratio is None else number(one.ratio)
        between = span(one.interval, number) or "-"
        cells = [f"{one.cell}.{one.figure}", share(one.worse), *values, ratio, between]
        rows.append(f"| {' | '.join(map(_cell, cells))} | {_SIGNS[one.outcome]} |")
    open_ones = [one for one in found.figures if one.outcome == "inconclusive"]
    missing = [
        f"- {_cell(f'{one.cell}.{one.figure}')}: {_cell(lines_of(one)[-1])}" for one in open_ones
    ]
    parts = [f"### pushlab gate: {_SIGNS[found.outcome]}", "\n".join(rows), "\n".join(missing)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _cell(text: str) -> str:
    """Text in a table of Markdown, every sign of which means itself."""
    return re.sub(r"([\\`*_\[\]<>|~#])", r"\\\1", " ".join(text.split()))
