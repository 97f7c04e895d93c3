"""Forms of people who are signed in: was it sent from a page of ours, and the cookie that holds their session."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Request, Response


def from_our_pages(request: Request) -> bool:
    """Whether a form was sent from a page of this very program (Fetch Metadata; Origin for browsers without it)."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    try:
        return origin is None or urlsplit(origin).netloc == request.host
    except ValueError:
        return False


def set_session_cookie(response: Response, name: str, token: str, *, path: str, secure: bool) -> None:
    """Give the browser its session; it forgets it when it is closed."""
    response.set_cookie(name, token, path=path, httponly=True, samesite="Strict", secure=secure)


def drop_session_cookie(response: Response, name: str, *, path: str) -> None:
    """Take it back."""
    response.delete_cookie(name, path=path, httponly=True, samesite="Strict")
