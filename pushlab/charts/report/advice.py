"""An advice as one HTML page that needs nothing else, in the report's look."""

import re
from pathlib import Path

from markupsafe import Markup, escape

import pushlab
from pushlab.analysis.advice.page import Advice
from pushlab.charts.report.html import template, written
from pushlab.tables.advice import BASES_EXPLAINED, rests_on, tables_of

__all__ = ["write_advice"]


def write_advice(advice: Advice, out: Path) -> Path:
    """Write the page to the file `out` and return its path.

    Raises:
        NotWritten: the file cannot be written.
    """
    return written(
        out,
        lambda: template("advice.html.j2").render(
            title=advice.title,
            parts=advice.parts,
            tables=tables_of(advice),
            rests=rests_on,
            explained=BASES_EXPLAINED,
            warnings=advice.warnings,
            version=pushlab.__version__,
            coded=_coded,
        ),
    )  # fmt: skip


def _coded(text: str) -> Markup:
    """With what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))
