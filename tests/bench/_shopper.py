"""What one phone does at a portal, ours or another, and how long it takes. Runs in the phone's namespace, by `guest_inside`."""

from __future__ import annotations

import re
import threading
import time
from typing import Any
from urllib.parse import urlencode, urljoin

from guest_inside import fetch


def click_through(url: str) -> dict[str, Any]:
    """Press the button until there is none, as a person does; how long until then, and until the first page passes."""
    begun = time.monotonic()
    page = {"status": 0, "body": "", "headers": {}}
    for _ in range(8):
        page = fetch("GET", url, {"timeout": 20})
        if "location" in page["headers"]:
            url = urljoin(url, page["headers"]["location"])
            continue
        form = re.search(r'<form action="([^"]*)"(.*?)</form>', page["body"], re.DOTALL)
        if form is None:
            break
        hidden = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form[2]))
        begun = time.monotonic()
        url = f"{urljoin(url, form[1])}?{urlencode(hidden)}"
    return {"status": page["status"], "form_to_packet_s": passes(begun)}


def passes(begun: float, within_s: float = 20.0) -> float:
    """Seconds from `begun` until a page of the internet comes; -1 where none does."""
    while time.monotonic() - begun < within_s:
        came = fetch("GET", "http://198.51.100.7/", {"timeout": 1})
        if came["status"] == 200 and came["body"].startswith("the internet"):
            return time.monotonic() - begun
        time.sleep(0.005)
    return -1.0


def to_page(url: str) -> float:
    """Seconds until a phone that asks for any page has the portal's in whole."""
    begun = time.monotonic()
    for _ in range(5):
        came = fetch("GET", url, {"timeout": 20})
        if "location" not in came["headers"]:
            break
        url = came["headers"]["location"]
    if came["status"] != 200 or "<form" not in came["body"]:
        raise RuntimeError(f"no page: {came}")
    return time.monotonic() - begun


def click(url: str) -> float:
    """Seconds from our form to the first page of the internet."""
    page = fetch("GET", url + "/", {"timeout": 20})
    if page["status"] != 200:
        raise RuntimeError(f"no page: {page}")
    begun = time.monotonic()
    fetch("POST", url + "/enter", {"timeout": 20, "form": {"remember": "no"}})
    return passes(begun)


def click_theirs(url: str) -> float:
    """The same for openNDS."""
    return float(click_through(url)["form_to_packet_s"])


def pages_a_second(url: str, seconds: float, at_once: int) -> dict[str, float]:
    """Whole pages with a form for so many people who ask again and again; what was reset is no page."""
    until = time.monotonic() + seconds
    pages, lost = [0] * at_once, [0] * at_once

    def ask(place: int) -> None:
        while time.monotonic() < until:
            came = fetch("GET", url, {"timeout": 20})
            if came["status"] == 200 and "<form" in came["body"]:
                pages[place] += 1
            else:
                lost[place] += 1
                time.sleep(0.02)

    begun = time.monotonic()
    threads = [threading.Thread(target=ask, args=(place,)) for place in range(at_once)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return {"rate": sum(pages) / (time.monotonic() - begun), "lost": sum(lost)}
