"""Reading a request at the door: what is plain is read, everything else is left to whoever knows all of HTTP."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.portal.asked import Asked, absolute, address, host_name, read_head

PLAIN = b"GET /generate_204 HTTP/1.1\r\nHost: a.example\r\nUser-Agent: x\r\n\r\n"


def test_a_plain_request_is_read() -> None:
    head = (
        b"HEAD /a/b?c=d HTTP/1.0\r\nhost: Portal.Internal:80\r\nACCEPT-LANGUAGE:zh-CN,zh;q=0.9 \r\n"
        b"User-Agent: CaptiveNetworkSupport-480 wispr\r\nX-Other: 1\r\nX-Other: 2\r\n\r\n"
    )
    asked = read_head(head)
    assert asked == Asked(
        "HEAD",
        "Portal.Internal:80",
        "/a/b?c=d",
        "1.0",
        "CaptiveNetworkSupport-480 wispr",
        "zh-CN,zh;q=0.9",
        last=True,
    )
    assert (asked.path, asked.query) == ("/a/b", "c=d")


def test_a_connection_is_kept_unless_somebody_says_otherwise() -> None:
    kept = read_head(PLAIN)
    assert kept is not None
    assert not kept.last
    for said in (b"close", b"Close", b"te, close"):
        asked = read_head(PLAIN[:-2] + b"Connection: " + said + b"\r\n\r\n")
        assert asked is not None
        assert asked.last


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://a.example/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: b\r\nUser-Agent: c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET / HTTP/1.1\r\nHost: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\nmore",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"",
        b"\x16\x03\x01\x02\x00\x01",
    ],
)
def test_whatever_is_not_plain_is_left_to_the_server(head: bytes) -> None:
    assert read_head(head) is None


@given(st.binary(max_size=300))
def test_any_octets_at_all_are_read_or_left(octets: bytes) -> None:
    read_head(octets)
    read_head(b"GET / HTTP/1.1\r\nHost: a\r\n" + octets + b"\r\n\r\n")


@given(st.text(max_size=80))
def test_what_a_host_names_has_no_sign_that_means_something_elsewhere(text: str) -> None:
    found = host_name(text)
    if found is not None:
        assert not set(found) & set("/\\@?#%\r\n \t<>\"'")
        assert found == found.lower()


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("Portal.Internal", "portal.internal"),
        ("portal.internal.", "portal.internal"),
        ("portal.internal:80", "portal.internal"),
        ("10.77.0.1:8082", "10.77.0.1"),
        ("[FE80::1]:8082", "fe80::1"),
        ("some_name.example", "some_name.example"),
        ("", None),
        ("a..b", None),
        (".a", None),
        ("a, b", None),
        ("a/b", None),
        ("a@b", None),
        ("a:b", None),
        ("a:123456", None),
        ("[::1", None),
        ("x" * 300, None),
        ("café.example", None),
    ],
)
def test_a_host_names_a_machine_or_nobody(host: str, name: str | None) -> None:
    assert host_name(host) == name


def test_an_address_is_told_from_a_name() -> None:
    assert str(address("10.77.0.1")) == "10.77.0.1"
    assert str(address("fe80::1")) == "fe80::1"
    for name in ("portal.internal", "1.2.3", "010.77.0.1", "0x0a.1.1.1", "256.1.1.1"):
        assert address(name) is None


def test_an_absolute_address_counts_before_host() -> None:
    assert absolute("http://a.example/x?y=1#z") == ("a.example", "/x?y=1")
    assert absolute("HTTPS://a.example:80") == ("a.example:80", "/")
    assert absolute("http://a.example?y") == ("a.example", "/?y")
    for target in ("/x", "//a.example/x", "ftp://a.example/", "*", "a.example:443"):
        assert absolute(target) is None
