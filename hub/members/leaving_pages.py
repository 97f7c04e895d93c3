"""Leaving, on the member's own pages: stop all messages by one touch, answer what a message asked, be forgotten."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue

from hub.members.asked import change_consent
from hub.members.consent import standing, withdraw
from hub.members.doors import SITE
from hub.members.holdings import holdings
from hub.members.page_base import Holder, PageBase
from hub.storefront.languages import language, locale


class LeavingPages(PageBase):
    """The views of whoever wants less."""

    def leave(self, token: str) -> ResponseReturnValue:
        """Stop all messages, by one touch."""
        holder = self._acting(token, leaving=True)
        if not isinstance(holder, Holder):
            return holder
        self._withdraw(holder, "messages")
        if holder.link.purpose == "leave":
            return make_response(render_template("me/stopped.html"))
        return self._back(token, "stopped")

    def confirm(self, token: str) -> ResponseReturnValue:
        """The answer to what a message asked: yes or no, with equal weight."""
        holder = self._acting(token, leaving=True)
        if not isinstance(holder, Holder):
            return holder
        if holder.link.purpose != "confirm":
            return self._back(token, "")
        yes = request.form.get("do") == "yes"
        if yes and not standing(self._doors.store, holder.member, "messages", "sms", self._now()):
            change_consent(
                self._doors.store,
                holder.profile,
                "messages",
                "sms",
                yes=True,
                language=language(),
                proof="link",
                now=self._now(),
                clock=self._doors.clock(),
            )
        elif not yes:
            self._withdraw(holder, "messages")
        return make_response(render_template("me/confirmed.html", yes=yes))

    def erase(self, token: str) -> ResponseReturnValue:
        """What being forgotten means, and the button that does it."""
        holder = self._holder(token) if request.method == "GET" else self._acting(token)
        if not isinstance(holder, Holder):
            return self._over() if holder is None else holder
        if holder.link.purpose in ("leave", "confirm"):
            return self._over()
        if request.method == "GET" or request.form.get("do") != "erase":
            shop = self._shop()
            holds = holdings(self._doors.store, holder.member, self._now(), shop, language(), locale())
            return make_response(render_template("me/erase.html", token=token, holds=holds))
        self._withdraw(holder, "all")
        return make_response(render_template("me/gone.html"))

    def _withdraw(self, holder: Holder, purpose: Any) -> None:
        withdraw(
            self._doors.store,
            holder.member,
            purpose,
            place=SITE,
            proof=holder.proof,
            now=self._now(),
            clock=self._doors.clock(),
        )

    def _small(self, holder: Holder) -> ResponseReturnValue:
        if request.method == "POST":
            return self.leave(holder.token) if holder.link.purpose == "leave" else self.confirm(holder.token)
        return make_response(render_template(f"me/{holder.link.purpose}.html", token=holder.token))
