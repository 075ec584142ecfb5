from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest
from jsonschema import Draft202012Validator

from pushlab.contract.schemas import CHANNEL, CURSOR, NAMED
from pushlab.contract.typed_schema import REF, schema_of


class Leaf(TypedDict):
    """A leaf."""

    at: Annotated[str, CURSOR]


class Tree(TypedDict):
    """A tree."""

    kind: Literal["oak", "ash"]
    leaves: Annotated[list[Leaf], {"minItems": 1}]
    channel: NotRequired[Annotated[str | None, {"anyOf": [CHANNEL, {"type": "null"}]}]]
    heights: dict[str, float]
    above: NotRequired["Tree"]


class Loose(TypedDict, total=False):
    """Nothing need be there."""

    a: int
    b: bool


def validator(kind: Any, **more: Any) -> Draft202012Validator:
    named: dict[str, Any] = {}
    schema = schema_of(kind, named, **more)
    whole = {**schema, "components": {"schemas": named}}
    Draft202012Validator.check_schema(whole)
    return Draft202012Validator(whole)


TREE = {"kind": "oak", "leaves": [{"at": "4f1c9a02-17"}], "heights": {"m": 3}}


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({}, True),
        ({"kind": "elm"}, False),
        ({"leaves": []}, False),
        ({"leaves": [{"at": "17"}]}, False),
        ({"channel": None}, True),
        ({"channel": "x" * 256}, True),
        ({"channel": ""}, False),
        ({"heights": {"m": "3"}}, False),
        ({"above": TREE}, True),
        ({"above": {**TREE, "kind": "elm"}}, False),
        ({"more": 1}, True),
    ],
)
def test_a_typed_dictionary_is_held_as_it_is_declared(change, fits):
    assert validator(Tree).is_valid({**TREE, **change}) is fits


def test_what_must_be_there_is_required():
    for name in TREE:
        assert not validator(Tree).is_valid({k: v for k, v in TREE.items() if k != name})


def test_a_closed_one_has_its_own_keys_alone_and_not_none():
    closed = validator(list[Loose], closed=True)
    assert closed.is_valid([{"a": 1}, {"b": True}])
    assert not closed.is_valid([{}])
    assert not closed.is_valid([{"a": 1, "c": 2}])
    assert validator(Loose).is_valid({"c": 2})
    assert validator(Leaf | Loose, closed=True).is_valid({"at": "a-1"})


def test_what_has_a_name_is_told_by_it_however_deep():
    named: dict[str, Any] = {}
    assert schema_of({"items": [{"not": CURSOR}]}, named) == {
        "items": [{"not": {"$ref": REF + "Cursor"}}]
    }
    assert named == {"Cursor": NAMED["Cursor"]}
    assert schema_of(Tree, named) == {"$ref": REF + "Tree"}
    assert set(named) == {"Cursor", "Channel", "Leaf", "Tree"}


def test_what_has_no_schema_is_no_silent_anything():
    with pytest.raises(TypeError, match="bytes"):
        schema_of(dict[str, bytes], {})
