"""Customers and staff at a running kiosk, over HTTP with forms alone; where nothing comes they press the same button again."""

from __future__ import annotations

import http.client
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.cookiejar import CookieJar

import zxingcpp
from PIL import Image

from hub.storefront.qr import QUIET_MODULES
from hub.wire.coupon import read_token

PATIENCE_S = 60.0
AGAIN_S = 0.1

_FOUR, _BETWEEN = "([0-9A-HJKMNP-TV-Z]{4})", r"\s*(?:<[^>]+>\s*)*"
CODE = re.compile(rf">\s*{_FOUR}{_BETWEEN}{_FOUR}{_BETWEEN}{_FOUR}\s*<")
"""A coupon's code as a page shows it: three groups of four, with or without markup between them."""


class NoAnswer(Exception):
    """Nothing came for a minute."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a browser shows in the end."""

    status: int
    url: str
    text: str

    def hidden(self, name: str) -> str:
        """A hidden field of the page's first form that has it."""
        found = re.search(rf'name="{name}" value="([^"]+)"', self.text)
        return found.group(1) if found else ""


def read_drawn(page: str) -> str:
    """The text of the QR that a page draws in strokes: its address at a kiosk says nothing of the coupon."""
    drawn = re.search(r'viewBox="0 0 (\d+) \1"[^>]*><path fill="none" stroke="#000" d="([^"]+)"', page)
    if drawn is None:
        return ""
    side = int(drawn[1])
    image = Image.new("L", (side, side), 255)
    for y, strokes in re.findall(r"M\d+ (\d+)\.5((?:h\d+|m\d+ 0)*)", drawn[2]):
        x = QUIET_MODULES
        for dark, light in re.findall(r"h(\d+)|m(\d+) 0", strokes):
            for at in range(x, x + int(dark or 0)):
                image.putpixel((at, int(y)), 0)
            x += int(dark or light)
    found = zxingcpp.read_barcodes(image.resize((side * 4, side * 4)))
    return found[0].text if found else ""


class Customers:
    """One kiosk as its customers and its staff see it."""

    def __init__(self, address: str, pin: str) -> None:
        self._address = address
        self._pin = pin
        self._browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.retries = 0

    def take(self) -> tuple[str, str] | None:
        """Take the first offer: its coupon's serial and code. None where the shop said no."""
        page = self._get("/")
        action = re.search(
            r'<form method="post" action="([^"]+)"[^>]*><input type="hidden" name="request"', page.text
        )
        if action is None:
            return None
        page = self._post(action.group(1), {"request": page.hidden("request")})
        token = read_token(read_drawn(page.text))
        code = CODE.search(page.text)
        return (token.coupon.serial, "".join(code.groups())) if token and code else None

    def redeem(self, code: str) -> str:
        """Redeem at the till; the tone of the verdict: good, note, look, no. The same form is sent until an answer comes."""
        page = self._till()
        fields = {"mark": page.hidden("mark"), "form": page.hidden("form"), "text": code}
        page = self._post("/till/redeem", fields)
        tone = re.search(r"tone-([a-z]+)", page.text)
        return tone.group(1) if tone else f"status {page.status}"

    def _till(self) -> Page:
        page = self._get("/till")
        if not page.hidden("mark"):
            staff = re.search(r'name="staff" value="([^"]+)"', page.text)
            self._post("/till/sign-in", {"staff": staff.group(1) if staff else "", "pin": self._pin})
            page = self._get("/till")
        return page

    def _get(self, path: str) -> Page:
        return self._ask(urllib.request.Request(urllib.parse.urljoin(self._address, path)))

    def _post(self, path: str, fields: dict[str, str]) -> Page:
        body = urllib.parse.urlencode(fields).encode()
        headers = {"Origin": self._address.rstrip("/")}
        return self._ask(urllib.request.Request(urllib.parse.urljoin(self._address, path), body, headers))

    def _ask(self, request: urllib.request.Request) -> Page:
        """The answer, however often the program behind it is killed on the way."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            try:
                with self._browser.open(request, timeout=15) as answer:
                    return Page(answer.status, answer.url, answer.read().decode())
            except urllib.error.HTTPError as answer:
                with answer:
                    return Page(answer.code, answer.url or "", answer.read().decode(errors="replace"))
            except (OSError, http.client.HTTPException):
                self.retries += 1
                time.sleep(AGAIN_S)
        raise NoAnswer(f"{request.full_url} gave no answer for {PATIENCE_S:g} s")
