"""Many phones from one namespace, each with an address of its own: what a whole street does to a portal at once."""

from __future__ import annotations

import selectors
import socket
import time

GATEWAY = "10.77.0.1"
REQUEST = b"GET / HTTP/1.1\r\nHost: portal.internal\r\nUser-Agent: phone\r\nAccept-Language: en\r\nConnection: close\r\n\r\n"
AT_ONCE = 16
WITHIN_S = 20.0


def ask(source: str, request: bytes) -> bytes:
    """One whole answer, from this address."""
    with socket.create_connection((GATEWAY, 80), WITHIN_S, (source, 0)) as line:
        line.sendall(request)
        parts = []
        while part := line.recv(65536):
            parts.append(part)
    return b"".join(parts)


def first_pages(addresses: list[str]) -> float:
    """Pages a second, each the first that its phone ever saw, so with a coupon that did not exist before.

    Runs in a namespace that has all these addresses. One thread for all phones: they must not cost more than the portal.
    """
    ask(addresses[0], REQUEST)
    left = addresses[1:]
    count, pages = len(left), []
    begun = time.monotonic()
    with selectors.DefaultSelector() as waiting:

        def begin() -> None:
            line = socket.create_connection((GATEWAY, 80), WITHIN_S, (left.pop(), 0))
            line.sendall(REQUEST)
            line.setblocking(False)
            waiting.register(line, selectors.EVENT_READ, [])

        for _ in range(min(AT_ONCE, count)):
            begin()
        while len(pages) < count and time.monotonic() < begun + WITHIN_S:
            for key, _ in waiting.select(1.0):
                line, parts = key.fileobj, key.data
                part = line.recv(65536)
                if part:
                    parts.append(part)
                    continue
                waiting.unregister(line)
                line.close()
                pages.append(b"".join(parts))
                if left:
                    begin()
        for key in list(waiting.get_map().values()):
            key.fileobj.close()
    seconds = time.monotonic() - begun
    codes, wrong = set(), []
    for page in pages:
        place = page.find(b'<p class="code">')
        if page.startswith(b"HTTP/1.1 200") and place > 0 and b"<svg" in page:
            codes.add(page[place : place + 120])
        else:
            wrong.append(page[:200])
    if wrong or len(codes) != count:
        raise RuntimeError(f"{len(wrong)} pages without a coupon, {len(codes)} different codes: {wrong[:1]}")
    return count / seconds
