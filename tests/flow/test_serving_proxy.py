"""Where a request came from: a proxy that was named is believed, and nobody else."""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.client.settings import SettingsError
from hub.config import read_config

PROGRAM = """
import sys
from hub.client.serving import listen, serve

def app(environ, start):
    start("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']}".encode()]

serve(app, listen("127.0.0.1", 0), threads=2, proxy=sys.argv[1], ready=lambda address: print(address, flush=True))
"""
TOLD = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}


@contextmanager
def serving(proxy: str) -> Iterator[int]:
    """A server that answers with what it holds the sender to be; its port."""
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, proxy], stdout=subprocess.PIPE, text=True, cwd=root
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline().rpartition(":")[2])
    finally:
        process.terminate()
        process.communicate(timeout=20)


def asked(port: int, headers: dict[str, str]) -> str:
    """What the server says."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/", headers=headers)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_a_proxy_that_was_named_is_believed_about_the_sender_and_tls() -> None:
    with serving("127.0.0.1") as port:
        assert asked(port, TOLD) == "198.51.100.7 https"
        assert asked(port, {}) == "127.0.0.1 http"


@pytest.mark.parametrize("proxy", ["", "127.0.0.2"])
def test_nobody_else_may_say_from_where_a_request_came(proxy: str) -> None:
    with serving(proxy) as port:
        assert asked(port, TOLD) == "127.0.0.1 http"


def test_a_proxy_is_one_address() -> None:
    assert read_config({"HUB_PROXY": "127.0.0.1"}).proxy == "127.0.0.1"
    with pytest.raises(SettingsError, match="IP address"):
        read_config({"HUB_PROXY": "everybody"})
