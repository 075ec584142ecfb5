"""``python -m pushlab.course.lite [--out build/lite] [--pyodide PLACE]``: what `make lite` does."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pushlab.course.lite.pyodide import PLACE
from pushlab.course.lite.site import build_site
from pushlab.errors import PushlabError

__all__: list[str] = []


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m pushlab.course.lite",
        description="Build the course as a site that runs in a browser's tab.",
    )
    parser.add_argument("--out", type=Path, default=Path("build/lite"), help="the site's folder")
    parser.add_argument("--pyodide", default=None, metavar="PLACE", help=PLACE)
    chosen = parser.parse_args(arguments)
    try:
        first = build_site(chosen.out, place=chosen.pyodide)
    except PushlabError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{first}\nA browser wants it from a server: python -m http.server -d {chosen.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
