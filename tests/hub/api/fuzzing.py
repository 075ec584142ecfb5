"""schemathesis at a hub: requests made of its OpenAPI document, good and bad, and all checks."""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.hub.api.openapi_reading import Document

#: Not asked: their answers have no end, or are no JSON whatever they say.
NOT_ASKED = r"/v1/events|/v1/socket|/_ah/.*"
REVOKING = "/v1/tokens"


@dataclass
class Findings:
    """What came of it.

    Attributes:
        faults: what a check did not like, and how to ask for it again.
        asked: requests by operation.
        refused: operation, status and word of the refusals that came.
    """

    faults: list[str] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    refused: set[tuple[str, int, str]] = field(default_factory=set)


def fuzz(
    url: str, *, key: str, token: str, revoking: bool, examples: int, seed: int = 1
) -> Findings:
    """Ask a hub for whatever its document allows and forbids.

    Args:
        revoking: whether to revoke tokens, or to do all else.
        examples: requests for each operation and phase, beside those that cover its schema.
    """
    import schemathesis
    from schemathesis.config import SchemathesisConfig
    from schemathesis.core.failures import Failure

    secrets = {"apiKey": {"bearer": key}, "bearerToken": {"bearer": token}}
    config = SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "base-url": url,
            "request-timeout": 60,
            "continue-on-failure": True,
            "auth": {"openapi": secrets},
            "generation": {
                "max-examples": examples,
                "with-security-parameters": False,  # beside a good one; those probe who has none
                "deterministic": True,
                "no-shrink": True,
                "database": "none",
            },
        }
    )
    whole = schemathesis.openapi.from_url(f"{url}/v1/openapi.json", config=config)
    schema = whole.exclude(path_regex=NOT_ASKED)
    schema = schema.include(path=REVOKING) if revoking else schema.exclude(path=REVOKING)

    @schema.hook
    def filter_failure(context: Any, failure: Failure, case: Any, response: Any) -> bool:
        """Drop what no schema can say: how many bytes a text has, or that a key has come before."""
        unsaid = b"bytes of UTF-8; the limit is", b'"idempotency-key-reused"'
        at_odds = any(words in response.content for words in unsaid)
        return not (at_odds and type(failure).__name__ == "RejectedPositiveData")

    findings = Findings()
    document = Document(whole.raw_schema)
    told = {
        (str(operation), refusal["status"], refusal["error"])
        for operation in document.operations()
        for refusal in operation.refusals()
    }
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    for scenario in _scenarios(schema, findings):
        findings.asked[scenario.label] += len(scenario.recorder.interactions)
        for checks in scenario.recorder.checks.values():
            for check in checks:
                if check.failure_info is not None:
                    failure, how = check.failure_info.failure, check.failure_info.code_sample
                    findings.faults.append(
                        f"{scenario.label}: {check.name}: {failure.message}\n{how}"
                    )
        for id_, exchange in scenario.recorder.interactions.items():
            case, response = scenario.recorder.cases[id_].value, exchange.response
            if response is not None and response.status_code >= 400:
                is_json = response.content[:1] == b"{"
                word = response.json()["error"] if is_json else response.content[:40].decode()
                what = (f"{case.method} {case.path}", response.status_code, word)
                findings.refused.add(what)
                if word != "bad-method" and what not in told:
                    findings.faults.append(f"{what} is not told of")
    return findings


def _scenarios(schema: Any, findings: Findings) -> Iterator[Any]:
    from schemathesis.engine import events, from_schema

    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            yield event
        elif isinstance(event, events.NonFatalError):
            findings.faults.append(f"{event.label}: {event.value}")
        elif isinstance(event, events.FatalError):
            raise event.exception
