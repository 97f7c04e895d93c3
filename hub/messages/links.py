"""Short links of the shop's own: `/g/CODE` for a long address of its public site, so that a text message weighs less.

A code stands for a page and for no person, and two messages with the same link have the same code. Links that open something of
one person (`/me/…`, `/push/…`) are never shortened: a short code could be guessed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from flask import Blueprint, abort, redirect
from flask.typing import ResponseReturnValue

from hub.store.base import Store
from hub.storefront.headers import guard
from hub.wire.identity import CROCKFORD

PATH = "/g"
CODE_SIGNS = 7
"""32^7: two pages of a shop do not meet by chance."""

_OWN = ("/me/", "/push/", "/manage", "/v1/", "/api/", "/sms/", f"{PATH}/")
_CODE = re.compile(f"[{CROCKFORD}]{{{CODE_SIGNS}}}")
_TRIES = 5


def shorten(
    store: Store, text: str, base: str, now: float, random: Callable[[int], bytes] = os.urandom
) -> str:
    """A text with the long links to the site at `base` made short; others stay as they are. `base` empty: all stay."""
    if not base:
        return text

    def short(found: re.Match[str]) -> str:
        path = found[1]
        if len(path) <= len(PATH) + 1 + CODE_SIGNS or path.startswith(_OWN) or "{" in path:
            return found[0]
        code = _code(store, path, now, random)
        return f"{base.rstrip('/')}{PATH}/{code}" if code else found[0]

    return re.sub(re.escape(base.rstrip("/")) + r"(/[!-~]*[0-9A-Za-z/=_-])", short, text)


def _code(store: Store, path: str, now: float, random: Callable[[int], bytes]) -> str:
    for _ in range(_TRIES):
        code = "".join(CROCKFORD[one % 32] for one in random(CODE_SIGNS))
        found = store.mailings.link_to(path, code, now)
        if found:
            return found
    return ""


def create_links(store: Store) -> Blueprint:
    """Where short links lead: to a path of this very site, and nowhere else."""
    blueprint = Blueprint("short", __name__)

    def follow(code: str) -> ResponseReturnValue:
        path = store.mailings.path_of(code.upper()) if _CODE.fullmatch(code.upper()) else None
        if path is None or not path.startswith("/") or path.startswith("//"):
            abort(404)
        store.mailings.followed(code.upper())
        return redirect(path, 302)

    blueprint.add_url_rule(f"{PATH}/<code>", "follow", follow)
    blueprint.after_request(lambda response: guard(response))
    return blueprint
