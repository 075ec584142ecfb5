"""What a route takes and what it answers, declared beside it.

The methods that a route knows, the refusal of all others and the description of the API are made of
its operations. Schemas are JSON Schema (2020-12); in the place of one may stand a ``TypedDict``,
whose fields say what they hold by ``Annotated[str, schema]``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pushlab.contract.reasons import Reason
from pushlab.contract.schemas import Schema

__all__ = [
    "API_KEY",
    "TOKEN",
    "Answer",
    "Body",
    "Credential",
    "Operation",
    "Parameter",
    "Shape",
    "in_query",
]

#: A schema, or a type that `pushlab.contract.typed_schema` makes one of.
Shape = Schema | Any


@dataclass(frozen=True, slots=True)
class Credential:
    """One way to say who asks.

    Attributes:
        name: of the security scheme.
        scheme: as OpenAPI's Security Scheme Object has it.
    """

    name: str
    scheme: Mapping[str, str] = field(hash=False)


def in_query(name: str) -> Credential:
    """A token in a parameter of the query."""
    said = "The token, where no header can be set; addresses get into logs and histories."
    scheme = {"type": "apiKey", "in": "query", "name": name, "description": said}
    return Credential(f"{name}InQuery", scheme)


API_KEY = Credential(
    "apiKey",
    {"type": "http", "scheme": "bearer", "description": "The application's API key: a secret."},
)
_BEARER = Credential(
    "bearerToken",
    {"type": "http", "scheme": "bearer", "description": "A client's token: a secret that ends."},
)
TOKEN = (_BEARER, in_query("token"))  #: either of them


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter; `place` is OpenAPI's ``in``. A list comes with commas between its items."""

    name: str
    schema: Schema
    help: str
    place: Literal["query", "header", "path"] = "query"
    required: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body: what it holds, and examples by a word for each."""

    schema: Shape
    examples: Mapping[str, Any]
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is no refusal.

    Attributes:
        status: of HTTP, or a kind of it as OpenAPI has them: ``2XX``, ``default``.
        schema: of the body; None: it has none.
        example: of the body.
        headers: name to schema, in lower case.
    """

    status: int | str
    means: str
    schema: Shape = None
    example: Any = None
    media_type: str = "application/json"
    headers: Mapping[str, Schema] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path.

    Attributes:
        name: unique in the API, as a function would be called.
        means: one line.
        who: any one of these will do; nobody is asked, where it is empty.
        reasons: why it may refuse, beside what every request may be refused for.
        detail: what `means` leaves out.
    """

    method: str
    name: str
    means: str
    answers: Sequence[Answer]
    who: Sequence[Credential] = ()
    parameters: Sequence[Parameter] = ()
    body: Body | None = None
    reasons: Sequence[Reason] = ()
    detail: str = ""
