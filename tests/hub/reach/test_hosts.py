"""Names under which a hub is served, and those under which it is not."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.errors import UsageError
from pushlab.hub.reach.hosts import Hosts

LOOPBACK = ("localhost", "LOCALHOST:80", "a.b.localhost:9", "127.0.0.1", "127.255.0.9:1", "[::1]")
STRANGE = ("evil.example", "localhost.evil.example", "evillocalhost", "127.0.0.1.evil.example")
NONE = (
    "",
    " ",
    "a b",
    "a;b",
    "[::1",
    "::1",
    "http://a",
    "a:99999",
    "a:0",
    "a:b",
    "u@a",
    "a/b",
    "é",
)


@pytest.mark.parametrize(
    "host", [*LOOPBACK, "[::ffff:127.0.0.1]:8000", "localhost.", " localhost "]
)
def test_the_loopback_is_always_known(host):
    for bound in ("127.0.0.1", "10.0.0.5", "::", "push.example"):
        assert Hosts(bound).know(host.encode()), bound


@pytest.mark.parametrize("host", [*STRANGE, *NONE])
def test_strange_names_and_what_is_no_host_are_not(host):
    for bound in ("127.0.0.1", "10.0.0.5", "0.0.0.0"):
        hosts = Hosts(bound, ["push.example"])
        for _ in range(2):  # the answer that is remembered is the same
            assert not hosts.know(host.encode("latin-1")), bound


def test_the_bound_address_is_known_and_others_are_not():
    hosts = Hosts("10.0.0.5")
    assert hosts.know(b"10.0.0.5:8000")
    assert not hosts.know(b"10.0.0.6:8000")
    assert Hosts("2001:DB8::5").know(b"[2001:db8:0::5]")
    assert Hosts("Push.Example").know(b"push.example.:8000")


@pytest.mark.parametrize("bound", ["0.0.0.0", "::", ""])
def test_bound_to_every_address_a_literal_one_is_known_since_none_can_be_rebound(bound):
    hosts = Hosts(bound)
    assert hosts.know(b"203.0.113.9:8000")
    assert hosts.know(b"[2001:db8::1]")
    own = socket.gethostname()
    assert hosts.know(f"{own.upper()}:8000".encode())
    assert hosts.know(f"{own.partition('.')[0]}.local".encode())
    assert not hosts.know(b"evil.local")
    assert not hosts.know(b"0.0.0.0:8000")
    assert not hosts.know(b"[::]")


def test_what_is_allowed_is_known():
    hosts = Hosts("127.0.0.1", ["Push.example", "*.shop.example", "203.0.113.9", "[2001:db8::1]"])
    for host in (b"push.example:8443", b"a.shop.example", b"203.0.113.9", b"[2001:db8::1]:80"):
        assert hosts.know(host), host
    for host in (b"shop.example", b"ashop.example", b"x.push.example", b"203.0.113.8"):
        assert not hosts.know(host), host
    assert Hosts("127.0.0.1", ["*"]).know(b"evil.example")
    assert not Hosts("127.0.0.1", ["*"]).know(b"no host")


@pytest.mark.parametrize(
    "name", ["", "http://a", "a:80", "a/b", "a b", "[::1]:80", "*a", "a*", "é"]
)
def test_what_can_be_no_host_is_said_at_once(name):
    with pytest.raises(UsageError, match="--allow-host"):
        Hosts("127.0.0.1", [name])


def test_a_client_that_tries_names_without_end_costs_no_memory():
    hosts = Hosts()
    for number in range(5_000):
        hosts.know(b"%d.example" % number)
    assert len(hosts._memo) <= 1_000
    assert hosts.know(b"localhost")


@given(st.binary(max_size=30))
def test_whatever_is_sent_is_known_or_not(host):
    assert Hosts("0.0.0.0").know(host) in (True, False)
