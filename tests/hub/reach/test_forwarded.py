"""What proxies say is believed of those that are trusted, and as far as they vouch for it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.errors import UsageError
from pushlab.hub.reach.forwarded import Forwarded, Forwarders, parse_forwarded

PROXY = "10.0.0.1"
TRUSTING = Forwarders(["10.0.0.0/8", "::1"])


def read(peer=PROXY, forwarders=TRUSTING, **headers):
    lines = [
        (name.replace("_", "-").encode(), each.encode("latin-1"))
        for name, value in headers.items()
        for each in (value if isinstance(value, list) else [value])
    ]
    return forwarders.read(lines, peer)


# ---- RFC 7239 ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        # Its own examples, section 4.
        ('for="_gazonk"', [{"for": "_gazonk"}]),
        ('For="[2001:db8:cafe::17]:4711"', [{"for": "[2001:db8:cafe::17]:4711"}]),
        (
            "for=192.0.2.60;proto=http;by=203.0.113.43",
            [{"for": "192.0.2.60", "proto": "http", "by": "203.0.113.43"}],
        ),
        ("for=192.0.2.43, for=198.51.100.17", [{"for": "192.0.2.43"}, {"for": "198.51.100.17"}]),
        ('for=_hidden, for="a\\"b,;=\\\\"', [{"for": "_hidden"}, {"for": 'a"b,;=\\'}]),
        (" for=a ; proto=b ,, ,for=c;", [{"for": "a", "proto": "b"}, {"for": "c"}]),
        ("for=192.0.2.1:80", [{"for": "192.0.2.1:80"}]),  # without its quotes, as many send it
        ("", []),
        ("for", None),
        ("for=", None),
        ("=a", None),
        ("for=a;for=b", None),
        ('for="a', None),
        ("for=a b", None),
        ('for="a"b', None),
        ("for=a\n", None),
    ],
)
def test_the_header_is_read_as_its_standard_has_it(text, elements):
    assert parse_forwarded(text) == elements


_TOKENS = st.text("abcXYZ019-._~!#$%&'*+^`|", min_size=1, max_size=8)
_QUOTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=0, max_size=12)


@given(
    st.lists(
        st.dictionaries(_TOKENS.map(str.lower), _TOKENS | _QUOTABLE, min_size=1, max_size=4),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([",", ", ", " ,\t"]),
    st.booleans(),
)
def test_what_is_written_is_read(elements, comma, shouts):
    def quoted(value):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    text = comma.join(
        ";".join(f"{n.upper() if shouts else n}={quoted(v)}" for n, v in element.items())
        for element in elements
    )
    assert parse_forwarded(text) == elements


@given(st.text(st.characters(max_codepoint=255), max_size=80), st.text(max_size=30))
def test_whatever_is_sent_is_no_exception(standard, usual):
    names = ("for", "proto", "host", "port", "prefix")
    told = {f"x_forwarded_{name}": standard for name in names}
    assert read(forwarded=standard, **told).client
    usual = usual.encode("utf-8", "replace").decode("latin-1")
    assert read(**{f"x_forwarded_{name}": usual for name in names}).client


# ---- whom to believe --------------------------------------------------------------------------

FULL = {
    "x_forwarded_for": "203.0.113.7",
    "x_forwarded_proto": "https",
    "x_forwarded_host": "Push.Example",
    "x_forwarded_port": "8443",
    "x_forwarded_prefix": "/hub/",
}


def test_a_trusted_proxy_is_believed():
    told = Forwarded("203.0.113.7", "https", "push.example", 8443, "/hub")
    assert read(**FULL) == told
    assert read("::1", **FULL) == told
    assert read("::ffff:10.9.9.9", **FULL) == told  # IPv4 at a socket that takes both
    standard = "for=203.0.113.7;proto=https;host=push.example:8443"
    assert read(forwarded=standard) == Forwarded("203.0.113.7", "https", "push.example:8443")


@pytest.mark.parametrize("peer", ["203.0.113.1", "11.0.0.1", "::2", "", "nonsense"])
def test_nobody_else_is(peer):
    assert read(peer, **FULL, forwarded="for=1.2.3.4;host=a") == Forwarded(peer)
    assert read(peer, Forwarders(), **FULL) == Forwarded(peer)


def test_of_a_chain_the_trusted_end_counts():
    """The client writes what it likes to the left of what the first trusted proxy adds."""
    chain = "127.0.0.1, 10.0.0.9, 203.0.113.7, 10.0.0.2"
    assert read(x_forwarded_for=chain).client == "203.0.113.7"
    assert read(x_forwarded_for=["127.0.0.1", "203.0.113.7, 10.0.0.2"]).client == "203.0.113.7"
    lists = {"x_forwarded_proto": "http, https, http", "x_forwarded_host": "evil, push, inner"}
    told = read(x_forwarded_for=chain, **lists)
    assert (told.scheme, told.host) == ("https", "push")
    standard = "for=a;host=evil, for=203.0.113.7;host=push;proto=https, for=10.0.0.2;host=inner"
    assert read(forwarded=standard) == Forwarded("203.0.113.7", "https", "push")
    assert read(x_forwarded_for="10.0.0.3, 10.0.0.2").client == "10.0.0.3"  # all within


@pytest.mark.parametrize("node", ["unknown", "_hidden", "garbage", "999.1.1.1", "[::1"])
def test_where_the_chain_is_broken_all_that_is_known_is_who_said_so(node):
    assert read(x_forwarded_for=f"203.0.113.7, {node}, 10.0.0.2").client == "10.0.0.2"
    assert read(forwarded=f'for="{node}", for=10.0.0.2').client == "10.0.0.2"


@pytest.mark.parametrize(
    ("node", "address"),
    [
        ("203.0.113.7:1234", "203.0.113.7"),
        ("[2001:DB8::7]:80", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
    ],
)
def test_an_address_is_read_in_each_of_its_forms(node, address):
    assert read(x_forwarded_for=node).client == address
    assert read(forwarded=f'for="{node}"').client == address


def test_two_families_that_contradict_each_other_are_not_believed():
    """One of them came from outside, through a proxy that writes the other."""
    usual = {name: FULL[f"x_forwarded_{name}"] for name in ("for", "proto", "host")}
    usual = {f"x_forwarded_{name}": value for name, value in usual.items()}
    forged = "for=127.0.0.1;host=evil.example;proto=http"
    assert read(**usual, forwarded=forged) == Forwarded(PROXY)
    same = "for=203.0.113.7;host=push.example;proto=https"
    assert read(**usual, forwarded=same) == Forwarded("203.0.113.7", "https", "push.example")
    assert read(**usual, forwarded="not one") == read(**usual)


@pytest.mark.parametrize(
    "prefix", ["hub", "//evil.example", "/a/../b", "/a b", "/a?b", "https://a"]
)
def test_a_prefix_that_is_no_plain_path_is_none(prefix):
    assert read(x_forwarded_prefix=prefix).prefix == ""


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "²", "9" * 5_000])
def test_a_port_that_is_none_is_not_told(port):
    assert read(x_forwarded_port=port).port is None


@pytest.mark.parametrize("text", ["", "proxy", "10.0.0.0/33", "10.0.0.1:80", "*"])
def test_what_is_no_address_of_a_proxy_is_said_at_once(text):
    with pytest.raises(UsageError, match="--trust-forwarded"):
        Forwarders([text])


@pytest.mark.parametrize("text", ["for=a;" + " " * 15_000 + "x", "for=a" + "\t" * 15_000 + "x"])
def test_a_header_of_blanks_is_read_in_one_pass(text):
    begin_s = time.process_time()
    assert parse_forwarded(text) is None
    assert time.process_time() - begin_s < 1  # it was three seconds
