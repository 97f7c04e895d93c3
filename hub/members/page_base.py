"""What all of the member's own pages share: who holds a link, who may send a form, the way on when something is over.

Whoever holds a signed link (`hub.members.links`) is taken for the member that it was made for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from hub.client.trouble import StorageError
from hub.members.book import Profile
from hub.members.consent import is_forgotten
from hub.members.doors import Doors, HubJoiner
from hub.members.links import Link, read_link
from hub.storefront.forms import from_our_pages
from hub.wire.snapshot import Shop

logger = logging.getLogger(__name__)

FORM_BYTES = 20_000

ONE_CLICK = "List-Unsubscribe"
"""RFC 8058: what a mail program posts to a link to leave, without a page."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever holds a link: what it says, the token, and the person behind it."""

    link: Link
    token: str
    profile: Profile

    @property
    def member(self) -> str:
        """The id that stands."""
        return self.profile.member

    @property
    def proof(self) -> str:
        """How it is known that it is they."""
        return "card" if self.link.purpose == "visit" else "link"


class PageBase:
    """One request of somebody who holds a link."""

    def __init__(self, doors: Doors, joiner: HubJoiner, now: Callable[[], float]) -> None:
        self._doors = doors
        self._joiner = joiner
        self._now = now

    def _holder(self, token: str) -> Holder | None:
        link = read_link(self._doors.key.secret, token, self._now())
        profile = self._profile(link.member) if link is not None else None
        return Holder(link, token, profile) if link is not None and profile is not None else None

    def _profile(self, member: str) -> Profile | None:
        """The person behind an id; None also from the moment on at which they asked to be forgotten."""
        profile = self._doors.book.profile(member)
        gone = profile is not None and is_forgotten(self._doors.store, profile.member)
        return None if gone else profile

    def _acting(self, token: str, *, leaving: bool = False) -> Holder | ResponseReturnValue:
        """Who sends a form; the answer to give instead, where nobody may."""
        request.max_content_length = FORM_BYTES
        holder = self._holder(token)
        if holder is None:
            return self._over()
        if request.method != "POST" or not (
            from_our_pages(request) or (leaving and ONE_CLICK in request.form)
        ):
            return redirect(url_for(".page", token=token), 303)
        if holder.link.purpose in ("leave", "confirm") and not leaving:
            return self._over()
        return holder

    def _back(self, token: str, done: str, place: str = "") -> ResponseReturnValue:
        return redirect(url_for(".page", token=token, done=done, _anchor=place or None), 303)

    def _over(self) -> Response:
        return make_response(render_template("me/over.html"), 410)

    def _shop(self) -> Shop:
        return self._doors.store.shop.get() or Shop(0, {})

    def broken(self, wrong: Exception) -> ResponseReturnValue:
        """Whatever went wrong: a page with a way on, never a trace."""
        if isinstance(wrong, HTTPException):
            return wrong
        logger.error("page=%s failed", request.endpoint, exc_info=wrong)
        status = 507 if isinstance(wrong, StorageError) else 500
        return make_response(render_template("me/stumbled.html"), status)
