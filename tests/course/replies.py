"""Every exercise, what people answer to it and what they are told.

``python -m tests.course.replies`` writes teaching/replies.md, which a test holds against the
exercises as they are.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from pushlab.course.builds import MODULES
from pushlab.course.builds.attempts import replies
from pushlab.course.builds.base import Build
from pushlab.course.exercises import Choice, Exercise, Feedback, Number, Rule, all_exercises
from pushlab.course.exercises.base import _LOOKS
from pushlab.course.polling_kit import PollingTransport
from pushlab.course.units import unit_from
from pushlab.quantities import exact

FILE = Path(__file__).parents[2] / "teaching" / "replies.md"
MOST_LINES = 14  # of what is shown below a reply
HEAD = """\
# What students answer, and what they are told

Every exercise of the course: the right answer, the wrong ones that are known, other ways of writing
the right one, an untouched cell, and something broken. **The answers are in here: not for
students.** This file is made from the exercises (`python -m tests.course.replies`) and held by a
test, so it is what students see today. The numbers are the course's own; a student's variant has
others.
"""


def ways(value: float, unit: str) -> list[str]:
    """Ways of writing a number, as a student types them behind ``answer1 =``."""
    plain = f"{value:.3g}" if value < 1000 else f"{value:.0f}"
    asked = unit_from(unit)
    assert asked is not None
    found = [plain, f'"{plain} {unit}"']
    if "." in plain:
        found += [f'"{plain.replace(".", ",")}"', plain.replace(".", ", ")]
    elif value < 1000:
        found += [f'"{plain},0"', f'"{plain}.0"']
    else:
        found += [f'"{value:,.0f}"', f'"{value:,.0f}"'.replace(",", " ")]
    if asked.kind == "time":
        found.append(f'"{value * 1000:.4g} ms"' if value < 100 else f'"{value / 60:.4g} min"')
    elif asked.kind == "percent":
        found.append(f'"{plain} percent"')
    elif asked.per_s:
        per = {1.0: ("min", 60), 60.0: ("h", 60), 3600.0: ("day", 24), 86_400.0: ("h", 1 / 24)}
        name, factor = per[asked.per_s]
        found.append(f'"{value * factor:.7g}/{name}"')
    found.append(f'"{value / 1e6:g} million"' if value >= 1e5 else f'"about {plain}"')
    return found


def shown(told: Feedback) -> str:
    """A reply in a line."""
    return " ".join(f"**{_LOOKS[told.verdict][0]}** {told.text}".split())


def rows(each: Exercise) -> Iterator[tuple[str, str, Feedback]]:
    """What is answered to a question: what it is, as it is typed, and the reply."""
    if isinstance(each, Number):
        for number, typed in enumerate(ways(each.answer, each.unit)):
            what = "right" if number == 0 else "right, written otherwise"
            yield what, typed, each.check(eval(typed))
        for mistake in each.mistakes:
            made = mistake.makes(each.answer)
            yield mistake.name, exact(float(f"{made:.6g}")).replace(",", ""), each.check(made)
        far = each.answer * 1000 if each.answer * 1000 < 1e12 else each.answer / 1000
        yield "far off", exact(float(f"{far * 1.7:.3g}")).replace(",", ""), each.check(far * 1.7)
        yield "below nothing", '"-1"', each.check("-1")
        yield "two at once", "1, 500", each.check(1, 500)
        yield "no number", '"soon"', each.check("soon")
        yield "not a number", 'float("nan")', each.check(float("nan"))
    elif isinstance(each, Choice):
        yield "right", f'"{each.answer}"', each.check(each.answer)
        for typed in (f"{each.answer.upper()})", f"Option {each.answer}"):
            yield "right, written otherwise", f'"{typed}"', each.check(typed)
        for key in each.options:
            if key != each.answer:
                yield "wrong", f'"{key}"', each.check(key)
        one, other, *_ = each.options
        yield "two at once", f'"{one} and {other}"', each.check(f"{one} and {other}")
        yield "none of them", '"all"', each.check("all")
    elif isinstance(each, Rule):
        yield "right", each.shown_answer(), each.check(each.answer)
        for bad in each.mistakes:
            yield bad.name, "", each.check(bad.answer)
        broken = type("MyPolling", (), {"next_wait_s": staticmethod(_broken)})
        yield "as it was given", "usual_s", each.check(PollingTransport)
        yield "broken", "last / 2", each.check(broken)
        yield "no class", "MyPolling()", each.check(object())
    yield "untouched", "...", each.check(...)


def _broken(last_s: float, found: int, usual_s: float) -> float:
    return last / 2  # type: ignore[name-defined] # noqa: F821


def page() -> str:
    """The whole file."""
    parts = [HEAD]
    builds = {
        build.name: attempts[build.name] if isinstance(attempts, dict) else attempts
        for names in MODULES.values()
        for name in names
        for attempts in [import_module(f"tests.course.builds.attempts.{name}").ATTEMPTS]
        for build in import_module(f"pushlab.course.builds.{name}").BUILDS
    }
    for id, each in all_exercises().items():
        parts.append(f"## {id}\n\n{each.question}\n")
        if isinstance(each, Build):
            parts.extend(_built(each, builds[each.name]))
            continue
        if isinstance(each, Choice):
            parts.append("\n".join(f"- `{key}`: {said}" for key, said in each.options.items()))
        table = ["| what | typed | reply |", "|---|---|---|"]
        for what, typed, told in rows(each):
            reply = shown(told).replace("|", "\\|")
            if what == "right, written otherwise":
                reply = reply.replace(" " + " ".join(each.why.split()), "")
            table.append(f"| {what} | {f'`{typed}`' if typed else ''} | {reply} |")
        parts.append("\n".join(table) + "\n")
    return "\n".join(parts)


def _built(build: Build, attempts) -> Iterator[str]:
    for attempt, told in replies(build, attempts):
        yield f"- **{attempt.name}**: {' '.join(shown(told).split())}\n"
        if told.code:
            code = re.sub(r"your cell \d+", "your cell", told.code)  # the same in any order
            lines = [line for line in code.split("\n") if line.strip(" ^~|")]
            if len(lines) > MOST_LINES:
                lines = [*lines[: MOST_LINES - 1], "..."]
            yield "  ```text\n" + "\n".join(f"  {line}" for line in lines) + "\n  ```\n"
    yield f"The solution, {build.shown_answer()}:\n\n```text\n{build.code.strip()}\n```\n"


def plain(text: str) -> str:
    """Without what differs from one Python to the next."""
    return re.sub(r"\. Did you mean: '[^']*'\?", "", text)


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
    print(FILE)
