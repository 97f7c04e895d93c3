"""The first look of a phone, without a template: a coupon signed, on disk, and put into a page that others have seen before.

It stands around the application. Whatever is not plain goes on to the pages, which say the same at more length.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from edge.portal.welcome.fast import FrontPage
from edge.portal.welcome.offering import is_limited
from hub.storefront.desk import Desk
from hub.wire.coupon import Issued
from hub.wire.rules import Refused
from hub.wire.snapshot import Campaign

logger = logging.getLogger(__name__)

QUIET_AGENTS = ("CaptiveNetworkSupport",)
"""Programs that fetch the page although nobody looks at it: the helper of iOS and macOS that only wants to know where it ends."""


def is_looked_at(environ: WSGIEnvironment) -> bool:
    """Whether somebody will see this answer: not a program that only wants to know whether there is one."""
    purpose = environ.get("HTTP_SEC_PURPOSE", "") + environ.get("HTTP_PURPOSE", "")
    agent = environ.get("HTTP_USER_AGENT", "")
    return (
        environ.get("REQUEST_METHOD") == "GET"
        and "prefetch" not in purpose
        and not agent.startswith(QUIET_AGENTS)
    )


class Quick:
    """An application with this before it."""

    def __init__(self, app: WSGIApplication, front: FrontPage, desk: Desk, now: Callable[[], float]) -> None:
        self._app = app
        self._front = front
        self._desk = desk
        self._now = now

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer `GET /`, or let the application answer."""
        if environ.get("PATH_INFO") != "/" or not is_looked_at(environ):
            return self._app(environ, start)
        try:
            made = self._made(environ)
        except Exception as wrong:  # noqa: BLE001 - a full disk raises what it likes; the pages know what to show then
            logger.warning("the first page was not made at once: %s", wrong)
            made = None
        if made is None:
            return self._app(environ, start)
        headers, parts = made
        start("200 OK", [*headers, ("Content-Length", str(sum(map(len, parts))))])
        return parts

    def _made(self, environ: WSGIEnvironment) -> tuple[tuple[tuple[str, str], ...], list[bytes]] | None:
        now = self._now()

        def take(campaign: Campaign, mark: str) -> Issued | None:
            if is_limited(campaign):
                return None
            taken = self._desk.take(campaign.number, mark, now, unasked=True)
            return None if isinstance(taken, Refused) else taken

        made = self._front.fresh(
            environ.get("REMOTE_ADDR", ""),
            environ.get("HTTP_ACCEPT_LANGUAGE", ""),
            environ.get("QUERY_STRING", ""),
            now,
            take,
        )
        if made is None:
            return None
        shared, ticket = made
        return shared.headers, [shared.before, ticket, shared.after]
