"""``host[:port]``, read and written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.contract.authority import (
    authority_of,
    is_loopback,
    is_wildcard,
    parse_authority,
    reached_here,
)


@given(
    st.from_regex(r"[a-z0-9.-]{1,20}[a-z0-9]", fullmatch=True), st.none() | st.integers(1, 65_535)
)
def test_an_authority_is_read_as_it_is_written(name, port):
    assert parse_authority(authority_of(name, port)) == (name, port)


@given(st.ip_addresses(v=6), st.none() | st.integers(1, 65_535))
def test_so_is_one_with_an_address(address, port):
    assert parse_authority(f"[{address.exploded}]" + (f":{port}" if port else "")) == (
        str(address),
        port,
    )
    assert is_loopback(str(address)) == (
        address.is_loopback or bool(address.ipv4_mapped and address.ipv4_mapped.is_loopback)
    )


def test_a_wildcard_is_one_however_it_is_written():
    assert is_wildcard("0.0.0.0")
    assert is_wildcard("0:0::0")
    assert is_wildcard("")
    assert not is_wildcard("127.0.0.1")


@pytest.mark.parametrize(
    ("bound", "reached"),
    [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("", "127.0.0.1"), ("192.0.2.1", "192.0.2.1")],
)
def test_this_machine_reaches_a_server_on_every_address_by_the_loopback(bound, reached):
    assert reached_here(bound) == reached
