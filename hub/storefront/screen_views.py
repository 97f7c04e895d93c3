"""What only a screen at the counter has: its wipe, its heartbeat, the page for when its server is away, and its script."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from flask import Response, jsonify, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from hub.storefront.exposure import Exposures
from hub.storefront.forms import from_our_pages
from hub.storefront.screen_static import SCRIPT, WORKER
from hub.storefront.views import Views
from hub.storefront.visits import Visits

logger = logging.getLogger(__name__)

BEAT_BYTES = 20_000
CLEAR = '"cache", "storage", "cookies"'
"""Clear-Site-Data: pages, pictures, and whatever a page might have kept. Browsers obey it on https and on this very machine."""

_YEAR = "public, max-age=31536000, immutable"


class Beat(msgspec.Struct, frozen=True):
    """What a page tells every few seconds. `seen`: campaign, times it came to the front, seconds in which it was visible."""

    page: str = ""
    visit: str = ""
    touched: bool = False
    seen: list[tuple[int, int, float]] = []


@dataclass(slots=True)
class Pulse:
    """When a screen was last heard of, by this machine's steady clock; None before the first time."""

    now: Callable[[], float]
    heard_at: float | None = None
    beats: int = 0

    def heard(self) -> None:
        """A page has told that it lives."""
        self.heard_at = self.now()
        self.beats += 1

    @property
    def silent_s(self) -> float | None:
        """How long no page has told."""
        return None if self.heard_at is None else self.now() - self.heard_at


@dataclass(frozen=True, slots=True)
class ScreenViews:
    """The views of a screen, beside the shopper's pages."""

    views: Views
    visits: Visits
    exposures: Exposures
    pulse: Pulse

    def wipe(self) -> ResponseReturnValue:
        """End the visit: its coupons and words are forgotten here, and the browser is told to forget its own."""
        self.visits.end(request.args.get("visit", ""))
        response = make_response(redirect(self.views.context.start_url, 303))
        response.headers["Clear-Site-Data"] = CLEAR
        return response

    def beat(self) -> ResponseReturnValue:
        """A page lives. The answer says whether its visit goes on, so that a page that outlived it wipes itself."""
        request.max_content_length = BEAT_BYTES
        if not from_our_pages(request):
            return jsonify({"error": "not from this screen"}), 403
        try:
            beat = msgspec.json.decode(request.get_data(), type=Beat)
        except msgspec.MsgspecError:
            return jsonify({"error": "not a heartbeat"}), 400
        self.pulse.heard()
        self.exposures.add(beat.page, beat.seen)
        known = bool(beat.visit) and self.visits.find(beat.visit) is not None
        if known and beat.touched:
            self.visits.touch(beat.visit)
        # Somebody in the middle of something is not led away from it.
        return jsonify({"visit": known, "go": "" if beat.visit else self.views.context.asked_url})

    def state(self) -> ResponseReturnValue:
        """How the screen is, for whoever watches over it."""
        silent_s = self.pulse.silent_s
        return jsonify(
            {
                "program": "screen",
                "silent_s": None if silent_s is None else round(silent_s, 1),
                "beats": self.pulse.beats,
                "visits": len(self.visits),
            }
        )

    def moment(self) -> ResponseReturnValue:
        """The page that a screen shows from its own store while this server is away."""
        return render_template("storefront/moment.html")

    def script(self) -> ResponseReturnValue:
        """The screen's script."""
        response = Response(SCRIPT.text, mimetype="text/javascript")
        response.headers["Cache-Control"] = _YEAR if request.args.get("v") == SCRIPT.version else "no-cache"
        return response

    def worker(self) -> ResponseReturnValue:
        """The worker that keeps the page for when this server is away; what it keeps stands in its first line."""
        context = self.views.context
        shell = [self.views.url("moment"), context.style_url, context.script_url, context.bell_url]
        response = Response(f"const SHELL = {json.dumps(shell)};\n{WORKER.text}", mimetype="text/javascript")
        response.headers["Cache-Control"] = "no-cache"
        return response
