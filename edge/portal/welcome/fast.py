"""The pop-up from memory: a whole HTTP answer for a guest who looks at it again, without a thread or a template."""

from __future__ import annotations


class FrontPage:
    """Whole answers for `GET /`, put together from pieces that the pages made before. Belongs to one `create_welcome`."""

    def answer(self, ip: str, accept_language: str, query: str, now: float) -> bytes | None:  # noqa: ARG002
        """The answer for the phone at this address, headers and all; None where the pages have to make it.

        For a GET of HTTP/1.1 on `/` of this portal. Never hands out a coupon, so it may answer anybody; waits for nothing.
        """
        return None
