"""What a run measured of servers, as the sizes that architectures are priced with.

`python -m pushlab.analysis.forecast.sizes` derives those of the reference run that come with the
package: whoever has no run of their own is told a price by them, and that it is by them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pushlab.analysis.cost.sizes import Row, Sizes
from pushlab.analysis.forecast.calibration import Calibration, calibrate
from pushlab.runs import Run

__all__ = ["reference_of", "sizes_of", "write_reference"]

_HERE = Path(__file__)
_RUN = _HERE.parents[3] / "results/reference"
_FILE = _HERE.parents[1] / "cost/reference.json"
_WIDE = 2.0  # to either side, where trials are too few for an interval


def sizes_of(known: Calibration, source: str) -> Sizes | None:
    """The sizes that a calibration tells; None where it does not know the memory."""
    base, each = known.base_bytes, known.bytes_per_connection
    if base is None or each is None:
        return None
    best, corners, missed = known.costs.best, known.costs.corners(), 1.0
    if known.costs.known:
        missed += known.costs.missed
    else:
        missed, source = _WIDE, f"{source}, too few trials for an interval: half to twice as much"
    reach = each / 2 if known.bytes_reach is None else min(each, known.bytes_reach)
    return Sizes(
        transport=known.transport,
        least=_scaled(_extreme(corners, least=True), 1 / missed),
        best=best,
        most=_scaled(_extreme(corners, least=False), missed),
        base_bytes=round(base),
        each_bytes=(round(each - reach), round(each), round(each + reach)),
        connections=known.clients.high,
        source=source,
    )


def _extreme(corners: Sequence[Row], *, least: bool) -> list[Row]:
    """Those that no other one is below in everything, or above."""

    def beyond(one: Row, other: Row) -> bool:
        pairs = list(zip(one, other, strict=True))
        return one != other and all(a <= b if least else a >= b for a, b in pairs)

    return [one for one in corners if not any(beyond(other, one) for other in corners)]


def _scaled(rows: Iterable[Row], factor: float) -> list[Row]:
    return [tuple(float(f"{each * factor:.4g}") for each in row) for row in rows]


def reference_of(folder: Path = _RUN) -> Mapping[str, Any]:
    """What ``reference.json`` holds, from the run.

    Raises:
        RunError: there is no such run, or it is damaged.
    """
    run = Run.load(folder)
    found = {name: sizes_of(known, "") for name, known in calibrate(folder).items()}
    clients = run.scenario["clients"]
    day = run.created_utc[:10]
    return {
        "words": f"{clients:,} clients on one machine, {day}",
        "transports": {name: one.to_json() for name, one in found.items() if one is not None},
    }


def write_reference(file: Path = _FILE) -> None:
    """Write the file anew."""
    told = reference_of()
    lines = [f" {json.dumps(name)}: {json.dumps(one)}" for name, one in told["transports"].items()]
    text = f'{{"words": {json.dumps(told["words"])}, "transports": {{\n{",".join(lines)}\n}}}}\n'
    file.write_text(text.replace("},", "},\n"), encoding="utf-8")


if __name__ == "__main__":
    write_reference()
