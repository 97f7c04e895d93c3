"""Many phones from one namespace, each with an address of its own: what a whole street does to a portal at once."""

from __future__ import annotations

import socket
import threading
import time

GATEWAY = "10.77.0.1"
REQUEST = b"GET / HTTP/1.1\r\nHost: portal.internal\r\nUser-Agent: phone\r\nAccept-Language: en\r\nConnection: close\r\n\r\n"
THREADS = 16


def ask(source: str, request: bytes, timeout: float = 20.0) -> bytes:
    """One whole answer, from this address."""
    with socket.create_connection((GATEWAY, 80), timeout, (source, 0)) as line:
        line.sendall(request)
        parts = []
        while part := line.recv(65536):
            parts.append(part)
    return b"".join(parts)


def first_pages(addresses: list[str]) -> float:
    """Pages a second, each the first that its phone ever saw, so with a coupon that did not exist before.

    Runs in a namespace that has all these addresses.
    """
    ask(addresses[0], REQUEST)
    left = addresses[1:]
    count = len(left)
    lock, codes, wrong = threading.Lock(), set(), []

    def work() -> None:
        while True:
            with lock:
                if not left:
                    return
                address = left.pop()
            page = ask(address, REQUEST)
            place = page.find(b'<p class="code">')
            with lock:
                if page.startswith(b"HTTP/1.1 200") and place > 0 and b"<svg" in page:
                    codes.add(page[place : place + 120])
                else:
                    wrong.append(page[:200])

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    begun = time.monotonic()
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    seconds = time.monotonic() - begun
    if wrong or len(codes) != count:
        raise RuntimeError(f"{len(wrong)} pages without a coupon, {len(codes)} different codes: {wrong[:1]}")
    return count / seconds
