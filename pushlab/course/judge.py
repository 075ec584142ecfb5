"""The judge's own process: some clauses of the contract for one transport, a line for each.

``python -m pushlab.course.judge '{"transport": ..., "options": ..., "clauses": [...]}'`` writes a
JSON object per clause; the last one is the judgement.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pushlab.errors import PushlabError
from pushlab.testing import ContractBroken, TransportContract
from pushlab.testing.judge import shorter_limits

__all__ = ["judge"]

_SHARE = 0.15  # of the limits, which are generous enough for any machine


def judge(transport: str, options: Mapping[str, Any], clauses: Sequence[str]) -> None:
    """Judge until the first clause that is broken, and say so on stdout."""
    settings = {"transport": transport, "options": options}
    suite_class: Any = type("Suite", (TransportContract,), settings)
    kept: list[str] = []
    suite_class.setup_class()
    try:
        for name in clauses:
            promise = str(getattr(TransportContract, name).__doc__).strip().rstrip(".")
            _say({"kept": kept, "now": promise})
            try:
                with shorter_limits(_SHARE):
                    getattr(suite_class(), name)()
            except ContractBroken as broken:
                what = str(broken).partition("What happened:")[2].partition("; it was told:")[0]
                _say({"kept": kept, "broken": promise, "what": " ".join(what.split())})
                return
            except PushlabError as error:
                _say({"kept": kept, "error": str(error)})
                return
            kept.append(promise)
        _say({"kept": kept})
    finally:
        suite_class.teardown_class()


def _say(told: Mapping[str, Any]) -> None:
    print(json.dumps(told), flush=True)


def main() -> None:
    """The command line."""
    asked = json.loads(sys.argv[1])
    judge(asked["transport"], asked["options"], asked["clauses"])


if __name__ == "__main__":
    main()
