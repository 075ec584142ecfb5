from collections.abc import Sequence

import pytest

from pushlab.errors import UsageError
from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.hub import HubSystem
from pushlab.systems.manners import check_environment, check_may_load, masked
from pushlab.systems.spec import Publish, Speech, SystemSpec
from pushlab.systems.system import System


def at(url: str) -> System:
    return DeclaredSystem.of(SystemSpec(url=url, speaks={"sse": Speech()}))


def saying(text: str) -> System:
    publish = Publish(headers={"authorization": text})
    return DeclaredSystem.of(SystemSpec(start="x {port}", publish=publish))


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8000", "http://127.9.9.9", "http://localhost:80", "http://[::1]:8000"],
)
def test_this_machine_may_be_loaded(url: str) -> None:
    check_may_load([HubSystem(), at(url), saying("x")], [])


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://staging.example", "staging.example"),
        ("http://Staging.Example:8000", "staging.example"),
        ("http://10.0.0.1", "10.0.0.1"),
        ("http://localhost.example", "localhost.example"),
        ("http://[2001:db8::1]:8000", "2001:db8::1"),
        ("http://0.0.0.0:8000", "0.0.0.0"),
    ],
)
def test_another_machine_is_loaded_only_if_its_host_is_named(url: str, host: str) -> None:
    for named in ([], ["other.example"]):
        with pytest.raises(UsageError, match=rf"another machine .*add: --i-may-load {host}$"):
            check_may_load([at(url)], named)
    for written in (host, host.upper(), f"[{host}]"):
        check_may_load([at(url)], ["other.example", written])


@pytest.mark.parametrize(
    ("variables", "text", "told"),
    [
        ({}, "Bearer {env.KEY}", r"mine: publish.headers.authorization names \{env.KEY\}, and the"),
        ({"KEY": "a\n"}, "Bearer {env.KEY}", r"names \{env.KEY\}, whose value holds a line break"),
        ({"PUSHLAB_K": "a"}, "{env.PUSHLAB_K}", r"begins with PUSHLAB_ is kept from servers"),
    ],
)
def test_a_variable_that_cannot_be_used_is_told_by_its_name_alone(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], text: str, told: str
) -> None:
    monkeypatch.delenv("KEY", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=told):
        check_environment([saying(text)])


def test_variables_that_are_there_are_not_looked_at_further(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KEY", "swordfish")
    check_environment([saying("Bearer {env.KEY} {NOT.KEY} {channel}")])


@pytest.mark.parametrize(
    ("secret", "said", "told"),
    [
        ("swordfish", "401: no swordfish, swordfish!", "401: no {env.KEY}, {env.KEY}!"),
        ('sword"fish', r'{"key": "sword\"fish"}', '{"key": "{env.KEY}"}'),
        ("sword/fish ", "/x?key=sword%2Ffish%20", "/x?key={env.KEY}"),
        ("1", "401", "401"),
    ],
)
def test_what_a_server_repeats_of_a_secret_is_taken_out(
    monkeypatch: pytest.MonkeyPatch, secret: str, said: str, told: str
) -> None:
    monkeypatch.setenv("KEY", secret)
    assert masked(said, saying("Bearer {env.KEY}")) == told
    assert masked(said, HubSystem()) == said


def names_of(systems: Sequence[System]) -> list[str]:
    return [key for system in systems for key, _ in system.texts()]


def test_all_texts_of_a_declaration_are_known_by_their_keys() -> None:
    found = names_of([saying("x")])
    assert {"start", "publish.body", "publish.headers.authorization"} <= set(found)
    assert "sse.path" in names_of([at("http://127.0.0.1")])
